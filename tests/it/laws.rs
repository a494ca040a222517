//! The laws of the core, over generated specs and live states, without AWS or an emulator.
use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use provision_cfn::render::{render_per_api, render_template};
use provision_core::access::{Access, AccessOperation, Direction, changes as access_changes};
use provision_core::address::Address;
use provision_core::diff::{Change, ChangeAction, ChangeCause, compare, deferred_changes};
use provision_core::kind::{DesiredState, LiveState};
use provision_core::kinds::KINDS;
use provision_core::kinds::auth::AnyAuthMode;
use provision_core::plan::{Step, expected_state, plan, select_targets};
use provision_core::policy::Policy;
use provision_core::saved_plan::{PlanInputs, SavedPlan};
use provision_core::spec::{export, shared_ids};
use provision_core::text::Placeholder;
use serde_json::{Value, json};

use crate::specs::{DAY_S, Folder, NOON, deploy, documents, folder, site, spec_of};

/// The laws, here and on the emulator, hold for a kind only if the generated specs declare it.
#[test]
fn generated_specs_declare_every_kind() {
    let mut runner = TestRunner::deterministic();
    let sections: BTreeSet<&str> = (0..200)
        .flat_map(|_| {
            let document = documents().new_tree(&mut runner).expect("a document").current();
            let spec = spec_of(&document, &folder(), NOON);
            spec.desired.values().map(|resource| resource.kind.section).collect::<Vec<_>>()
        })
        .collect();
    for kind in KINDS {
        assert!(
            sections.contains(kind.section),
            "tests/it/specs.rs must generate `{}`",
            kind.section
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]

    #[test]
    fn an_applied_plan_leaves_no_changes(before in documents(), after in documents()) {
        let (first, second) = (spec_of(&before, &folder(), NOON), spec_of(&after, &folder(), NOON));
        let live = deploy(&first.desired, &site(NOON));
        let (normalized, changes) = compare(&second.desired, &live, &site(NOON));
        let live = expected_state(&live, &plan(&changes, &normalized, &live));
        prop_assert_eq!(compare(&second.desired, &live, &site(NOON)).1, vec![]);
    }

    #[test]
    fn a_deployed_spec_has_no_changes_now_or_later(document in documents()) {
        let live = deploy(&spec_of(&document, &folder(), NOON).desired, &site(NOON));
        for now in [NOON, NOON + 3_599, NOON + DAY_S / 24] {
            let spec = spec_of(&document, &folder(), now);
            prop_assert_eq!(compare(&spec.desired, &live, &site(now)).1, vec![]);
        }
    }

    #[test]
    fn an_exported_spec_has_an_empty_plan(document in documents()) {
        let live = deploy(&spec_of(&document, &folder(), NOON).desired, &site(NOON));
        let declared = export("generated", &live);
        let spec = spec_of(&declared.document, &Folder(declared.files), NOON);
        prop_assert_eq!(compare(&spec.desired, &live, &site(NOON)).1, vec![]);
    }

    #[test]
    fn the_order_of_a_list_is_not_a_difference(document in documents()) {
        let live = deploy(&spec_of(&document, &folder(), NOON).desired, &site(NOON));
        let spec = spec_of(&with_reversed_lists(&document), &folder(), NOON);
        prop_assert_eq!(compare(&spec.desired, &live, &site(NOON)).1, vec![]);
    }

    #[test]
    fn steps_wait_for_their_dependencies_and_never_for_each_other(before in documents(), after in documents()) {
        let (first, second) = (spec_of(&before, &folder(), NOON), spec_of(&after, &folder(), NOON));
        let live = deploy(&first.desired, &site(NOON));
        let (normalized, changes) = compare(&second.desired, &live, &site(NOON));
        let steps = plan(&changes, &normalized, &live);
        let order = execution_order(&steps);
        prop_assert_eq!(order.len(), steps.len(), "a circle among {:?}", steps);
        execute(&steps, &order, live);
    }

    #[test]
    fn a_target_selects_its_dependencies_and_nothing_else(
        before in documents(), after in documents(), picks in vec(any::<Index>(), 1..3),
    ) {
        let (first, second) = (spec_of(&before, &folder(), NOON), spec_of(&after, &folder(), NOON));
        let live = deploy(&first.desired, &site(NOON));
        let (normalized, changes) = compare(&second.desired, &live, &site(NOON));
        prop_assume!(!changes.is_empty());
        let steps = plan(&changes, &normalized, &live);
        let targets: Vec<Address> = picks.iter().map(|index| index.get(&changes).address.clone()).collect();
        let selected = select_targets(&steps, &targets);
        let within = |address: &Address| targets.iter().any(|target| address == target || address.is_within(target));
        for (n, step) in steps.iter().enumerate() {
            let is_selected = selected.contains(&step.address);
            for need in step.depends_on.iter().filter(|_| is_selected) {
                prop_assert!(selected.contains(&steps[*need].address), "{} is needed", steps[*need].address);
            }
            let is_needed = steps.iter().any(|item| {
                item.address != step.address && selected.contains(&item.address) && item.depends_on.iter()
                    .any(|need| steps[*need].address == step.address)
            });
            prop_assert_eq!(is_selected, within(&step.address) || is_needed, "{} {}", n, step.address);
        }
        // The selected steps can be executed alone, and then the targets match the spec.
        let some: Vec<_> = changes.into_iter().filter(|change| selected.contains(&change.address)).collect();
        let some = plan(&some, &normalized, &live);
        let order = execution_order(&some);
        prop_assert_eq!(order.len(), some.len());
        execute(&some, &order, live.clone());
        let left = compare(&second.desired, &expected_state(&live, &some), &site(NOON)).1;
        prop_assert!(left.iter().all(|change| !within(&change.address)), "{:?}", left);
    }

    #[test]
    fn a_saved_plan_reads_back_unchanged_and_can_be_applied_once(before in documents(), after in documents()) {
        let (first, second) = (spec_of(&before, &folder(), NOON), spec_of(&after, &folder(), NOON));
        let live = deploy(&first.desired, &site(NOON));
        let proposed = |live: &LiveState, desired: &DesiredState| {
            let (normalized, changes) = compare(desired, live, &site(NOON));
            plan(&changes, &normalized, live)
        };
        let steps = proposed(&live, &second.desired);
        let saved = SavedPlan::new(PlanInputs {
            stack: "generated", site: &site(NOON), desired: &second.desired, live: &live,
            steps: &steps, targets: &[], policy: Policy::default(), destroys: false,
        });
        let text = saved.text();
        prop_assert!(SavedPlan::is_saved_plan(text.as_bytes()) && !text.contains("da2-"));
        let read = SavedPlan::read(text.as_bytes()).unwrap();
        prop_assert_eq!(&read, &saved);
        let again = proposed(&live, &read.desired().unwrap());
        prop_assert_eq!(read.staleness_reasons(&live, &again, NOON), Vec::<String>::new());
        let live = expected_state(&live, &steps);
        let again = proposed(&live, &second.desired);
        prop_assert_eq!(read.staleness_reasons(&live, &again, NOON).is_empty(), steps.is_empty());
    }

    #[test]
    fn access_changes_turn_one_matrix_into_the_other(before in documents(), after in documents()) {
        let matrix = |document: &Value| {
            let spec = spec_of(document, &folder(), NOON);
            Access::from_resources(spec.desired.iter().map(|(address, resource)| (address, &resource.properties)))
        };
        let (before, after) = (matrix(&before), matrix(&after));
        prop_assert_eq!(access_changes(&before, &before), vec![]);
        let mut grants = grants(&before);
        for change in access_changes(&before, &after) {
            let grant = (change.address.to_string(), change.channels, change.operation, change.mode);
            match change.change {
                Direction::Gained => prop_assert!(grants.insert(grant)),
                Direction::Lost => prop_assert!(grants.remove(&grant)),
            }
        }
        prop_assert_eq!(grants, self::grants(&after));
    }

    #[test]
    fn rendering_is_deterministic_and_loses_no_resource(document in documents()) {
        let (one, two) = (spec_of(&document, &folder(), NOON), spec_of(&document, &folder(), NOON));
        let whole = render_template(&one, false);
        prop_assert_eq!(whole.document.to_string(), render_template(&two, false).document.to_string());
        let resources = whole.document["Resources"].as_object().unwrap().len();
        prop_assert_eq!(resources + shared_ids(&one.desired).len(), one.desired.len());
        // Divided into templates, no resource is lost, and every reference is within its template.
        let parts = render_per_api(&one, false);
        let placed: BTreeSet<_> = parts.iter().flat_map(|template| &template.resources).cloned().collect();
        prop_assert_eq!(placed, one.desired.keys().cloned().collect());
        for part in parts {
            let placeholders = part.resources.iter().flat_map(|address| one.desired[address].properties.placeholders());
            for placeholder in placeholders {
                if let Placeholder::Attribute { address, .. } = placeholder {
                    prop_assert!(part.resources.contains(&address), "{} lacks {}", part.document, address);
                }
            }
        }
    }
}

/// Everything that is allowed: address, channels, operation and mode.
fn grants(access: &Access) -> BTreeSet<(String, Option<String>, AccessOperation, AnyAuthMode)> {
    let mut grants = BTreeSet::new();
    for api in &access.apis {
        let connect = |mode: &AnyAuthMode| {
            (api.address.to_string(), None, AccessOperation::Connect, mode.clone())
        };
        grants.extend(api.connect.iter().map(connect));
        for namespace in &api.namespaces {
            let grant = |operation, mode: &AnyAuthMode| {
                (
                    namespace.address.to_string(),
                    Some(namespace.channels.clone()),
                    operation,
                    mode.clone(),
                )
            };
            grants.extend(
                namespace.publish.modes.iter().map(|mode| grant(AccessOperation::Publish, mode)),
            );
            grants.extend(
                namespace
                    .subscribe
                    .modes
                    .iter()
                    .map(|mode| grant(AccessOperation::Subscribe, mode)),
            );
        }
    }
    grants
}

/// The document with all lists reversed.
fn with_reversed_lists(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(with_reversed_lists).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), with_reversed_lists(value))).collect()
        }
        plain => plain.clone(),
    }
}

/// An order in which the steps can be executed.
fn execution_order(steps: &[Step]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while let Some(next) = (0..steps.len()).find(|n| {
        !order.contains(n) && steps[*n].depends_on.iter().all(|need| order.contains(need))
    }) {
        order.push(next);
    }
    order
}

/// Executes the steps one by one; what a step depends on must exist when it is executed.
fn execute(steps: &[Step], order: &[usize], mut live: LiveState) {
    for n in order {
        let step = &steps[*n];
        // A domain may be unmanaged; an API is always managed.
        let parent = step.address.parent().filter(|address| address.section() == "apis");
        if let Some(parent) = parent {
            assert!(live.managed.contains_key(&parent), "{} has no parent left", step.address);
        }
        for placeholder in waits_for(step) {
            assert!(
                live.managed.contains_key(&placeholder),
                "{} comes before {placeholder}",
                step.address
            );
        }
        live = expected_state(&live, std::slice::from_ref(step));
    }
}

fn waits_for(step: &Step) -> Vec<provision_core::address::Address> {
    use provision_core::plan::StepAction;
    let (StepAction::Create { properties } | StepAction::Update { properties, .. }) = &step.action
    else {
        return Vec::new();
    };
    let address = |placeholder| match placeholder {
        Placeholder::Attribute { address, .. } => Some(address),
        _ => None,
    };
    properties.placeholders().into_iter().filter_map(address).collect()
}

#[test]
fn a_key_is_not_changed_until_shortly_before_it_expires() {
    let document = |key: Value| {
        json!({ "version": 1, "stack": "s", "apis": { "a": {
        "auth": { "providers": ["API_KEY"] }, "apiKeys": { "web": key } } } })
    };
    let check = |key: Value, days: i64, expected: Option<ChangeAction>| {
        let live = deploy(&spec_of(&document(key.clone()), &folder(), NOON).desired, &site(NOON));
        let now = NOON + days * DAY_S;
        let spec = spec_of(&document(key.clone()), &folder(), now);
        let changes = compare(&spec.desired, &live, &site(now)).1;
        assert_eq!(changes.first().map(|change| change.verb), expected, "{key} after {days} days");
    };
    check(json!({ "validFor": "90d", "renewBefore": "14d" }), 75, None);
    check(json!({ "validFor": "90d", "renewBefore": "14d" }), 77, Some(ChangeAction::Update));
    check(json!({ "validFor": "90d" }), 80, None);
    check(json!({ "validFor": "90d" }), 82, Some(ChangeAction::Update));
    // In AWS's grace period of 60 days it is extended, not created again.
    check(json!({ "validFor": "90d" }), 100, Some(ChangeAction::Update));
    check(json!({}), 6, None);
    check(json!({}), 7, Some(ChangeAction::Update));
}

#[test]
fn a_key_that_expires_too_late_is_shortened() {
    let document = |days: &str| {
        json!({ "version": 1, "stack": "s", "apis": { "a": {
        "auth": { "providers": ["API_KEY"] }, "apiKeys": { "web": { "validFor": days } } } } })
    };
    let live = deploy(&spec_of(&document("90d"), &folder(), NOON).desired, &site(NOON));
    let shorter = spec_of(&document("30d"), &folder(), NOON);
    assert_eq!(compare(&shorter.desired, &live, &site(NOON)).1[0].verb, ChangeAction::Update);
    let longer = spec_of(&document("120d"), &folder(), NOON);
    assert_eq!(compare(&longer.desired, &live, &site(NOON)).1, []);
}

#[test]
fn a_longer_lifetime_is_noted_and_takes_effect_at_the_renewal() {
    let document = |days: &str| {
        json!({ "version": 1, "stack": "s", "apis": { "a": {
        "auth": { "providers": ["API_KEY"] }, "apiKeys": { "web": { "validFor": days } } } } })
    };
    let live = deploy(&spec_of(&document("90d"), &folder(), NOON).desired, &site(NOON));
    let notes = |days: &str| {
        let desired = spec_of(&document(days), &folder(), NOON).desired;
        let (normalized, changes) = compare(&desired, &live, &site(NOON));
        let notes = deferred_changes(&desired, &normalized, &live, &changes, &site(NOON));
        notes.into_iter().map(|note| format!("{}: {}", note.address, note.text)).collect::<Vec<_>>()
    };
    assert_eq!(notes("90d"), [""; 0]);
    // 90 days after 2026-11-24, and 12 before that.
    let note = "apis/a/apiKeys/web: `validFor` takes effect at the renewal on 2027-02-10";
    assert_eq!(notes("120d"), [note]);
}

#[test]
fn the_cause_of_a_change_is_the_spec_only_if_the_spec_changed() {
    let document = json!({ "version": 1, "stack": "s", "apis": { "a": {
        "auth": { "providers": ["API_KEY"] }, "apiKeys": { "web": { "validFor": "90d" } } } } });
    let desired = spec_of(&document, &folder(), NOON).desired;
    let key = Address::parse("apis/a/apiKeys/web").unwrap();
    let cause = |days: i64| {
        let mut live = deploy(&desired, &site(NOON));
        let key = live.managed.get_mut(&key).unwrap();
        let mut properties = json!(key.properties);
        properties["Expires"] = json!(NOON + days * DAY_S);
        key.properties = provision_core::model::Properties::from_typed(&properties);
        let changes = compare(&desired, &live, &site(NOON)).1;
        changes.iter().map(|change| change.cause).collect::<Vec<_>>()
    };
    assert_eq!(cause(2), [ChangeCause::Renewal]);
    assert_eq!(cause(90), []);
    assert_eq!(cause(300), [ChangeCause::Drift]);
}

#[test]
fn a_change_that_follows_a_replaced_name_shows_the_name_and_is_not_drift() {
    let document = |name: &str, certificate: &str| {
        let arn = format!("arn:aws:acm:us-east-1:123456789012:certificate/{certificate}");
        json!({ "version": 1, "stack": "s",
        "apis": { "a": { "auth": { "providers": ["AWS_IAM"] } } },
        "domains": { "d": { "name": name, "certificate": arn, "association": { "api": "a" } } } })
    };
    let one = "12345678-1234-1234-1234-123456789012";
    let from = spec_of(&document("old.example.com", one), &folder(), NOON).desired;
    let live = deploy(&from, &site(NOON));
    let to = spec_of(&document("new.example.com", one), &folder(), NOON).desired;
    let (normalized, changes) = compare(&to, &live, &site(NOON));
    let of = |section: &str| -> &Change {
        changes.iter().find(|change| change.address.section() == section).unwrap()
    };
    let association = of("association");
    assert_eq!((association.verb, association.cause), (ChangeAction::Replace, ChangeCause::Spec));
    assert_eq!(association.fields[0].after, Some(json!("new.example.com")));
    // The step still waits for the new resource.
    assert!(normalized[&association.address].properties.references().next().is_some());
}

#[test]
fn dependents_change_before_a_removal_and_after_an_addition() {
    let document = |mode: &str, source: Value, behavior: &str| {
        let code = (behavior == "CODE").then_some("stored.js");
        let handler = json!({ "dataSource": "s", "behavior": behavior });
        let mut handlers = json!({ "onPublish": handler });
        if let Some(code) = code {
            handlers["code"] = json!(code);
        }
        json!({ "version": 1, "stack": "s", "apis": { "a": {
            "auth": { "providers": [mode] },
            "dataSources": { "s": source },
            "namespaces": { "n": { "publish": [mode], "handlers": handlers } } } } })
    };
    let role = "arn:aws:iam::123456789012:role/call";
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let lambda = json!({ "lambda": { "function": function }, "serviceRole": role });
    let table = json!({ "dynamodb": { "table": "t" }, "serviceRole": role });
    let check = |from: Value, to: Value, expected: &[&str]| {
        let live = deploy(&spec_of(&from, &folder(), NOON).desired, &site(NOON));
        let to = spec_of(&to, &folder(), NOON);
        let (normalized, changes) = compare(&to.desired, &live, &site(NOON));
        let steps = plan(&changes, &normalized, &live);
        let name = |n: &usize| steps[*n].address.name().to_owned();
        let order: Vec<String> = execution_order(&steps).iter().map(name).collect();
        assert_eq!(order, expected);
        // One by one: each waits for the one before.
        assert_eq!(steps.iter().filter(|step| step.depends_on.is_empty()).count(), 1);
    };
    let (iam, key) = ("AWS_IAM", "API_KEY");
    let direct = document(iam, lambda.clone(), "DIRECT");
    let code = document(iam, table.clone(), "CODE");
    check(direct.clone(), code.clone(), &["n", "s"]);
    check(code, direct, &["s", "n"]);
    // The old one of two names goes last.
    let named = |name: &str| {
        let mut lambda = lambda.clone();
        lambda["name"] = json!(name);
        document(iam, lambda, "DIRECT")
    };
    check(named("one"), named("two"), &["s", "s", "n", "s"]);
    let with = |mode| document(mode, lambda.clone(), "CODE");
    check(with(iam), with(key), &["a", "n", "a"]);
}

#[test]
fn a_domain_can_move_from_a_deleted_api_to_one_whose_role_is_replaced() {
    let document = |role: &str, api: &str| {
        let logging = json!({ "level": "ALL", "role": "logs" });
        json!({ "version": 1, "stack": "s",
        "logRoles": { "logs": { "name": role } },
        "apis": { api: { "auth": { "providers": ["AWS_IAM"] }, "logging": logging } },
        "domains": { "d": { "name": "d.example.com", "association": { "api": api } } } })
    };
    let live = deploy(&spec_of(&document("old", "a"), &folder(), NOON).desired, &site(NOON));
    let (normalized, changes) =
        compare(&spec_of(&document("new", "b"), &folder(), NOON).desired, &live, &site(NOON));
    let steps = plan(&changes, &normalized, &live);
    assert_eq!(execution_order(&steps).len(), 5);
}

#[test]
fn a_name_is_released_before_another_key_uses_it() {
    let document = |key: &str| {
        let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/abc";
        let association = json!({ "api": "a" });
        let domain = json!({ "name": "d.example.com", "certificate": certificate, "association": association });
        json!({ "version": 1, "stack": "s",
        "apis": { "a": { "auth": { "providers": ["AWS_IAM"] }, "namespaces": { key: { "name": "n" } } } },
        "domains": { key: domain } })
    };
    let live = deploy(&spec_of(&document("old"), &folder(), NOON).desired, &site(NOON));
    let second = spec_of(&document("new"), &folder(), NOON);
    let (normalized, changes) = compare(&second.desired, &live, &site(NOON));
    let steps = plan(&changes, &normalized, &live);
    let name = |n: &usize| steps[*n].address.to_string();
    let order: Vec<String> = execution_order(&steps).iter().map(name).collect();
    let expected = [
        "apis/a/namespaces/old",
        "apis/a/namespaces/new",
        "domains/old/association",
        "domains/old",
        "domains/new",
        "domains/new/association",
    ];
    assert_eq!(order, expected);
}

#[test]
fn a_role_with_a_new_name_is_replaced_and_its_api_follows() {
    let document = |name: &str| {
        json!({ "version": 1, "stack": "s",
        "logRoles": { "logs": { "name": name } },
        "apis": { "a": { "auth": { "providers": ["AWS_IAM"] }, "logging": { "level": "ALL", "role": "logs" } } } })
    };
    let live = deploy(&spec_of(&document("old"), &folder(), NOON).desired, &site(NOON));
    let (normalized, changes) =
        compare(&spec_of(&document("new"), &folder(), NOON).desired, &live, &site(NOON));
    let verbs: Vec<_> =
        changes.iter().map(|change| (change.address.to_string(), change.verb)).collect();
    assert_eq!(
        verbs,
        [("apis/a".into(), ChangeAction::Update), ("logRoles/logs".into(), ChangeAction::Replace)]
    );
    let steps = plan(&changes, &normalized, &live);
    assert_eq!(execution_order(&steps).len(), 3);
}

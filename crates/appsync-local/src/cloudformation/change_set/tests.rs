//! Descriptions of updates, of stacks that are deployed only in memory.
use std::collections::BTreeMap;
use std::sync::Arc;

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cloudformation::change_set::{
    ActualResource, Description, Update, changes_anything, describe, with_values, without_values,
};
use crate::cloudformation::decision::{Decision, decide};
use crate::cloudformation::drift;
use crate::cloudformation::evaluation::{DeployedResources, Evaluation, Inputs, StackIdentity};
use crate::cloudformation::template::{
    GivenParameter, KNOWN_AFTER_APPLY, ParameterValues, Template, bind_parameters,
};
use crate::protocol::caller::Caller;
use crate::state::changes::{ChangeAction, Replacement};
use crate::state::stacks::{
    Deployment, ResourceStatus, Stack, StackParameter, StackResource, StackStatus,
};
use crate::store::Store;

fn store() -> Arc<Store> {
    Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()))
}

fn inputs(template: &Value, parameters: &[(&str, &str)]) -> Inputs {
    let caller =
        Caller::from_credential("000000000001/20261124/us-east-1/cloudformation/aws4_request");
    let template = Template::parse(&template.to_string()).expect("the template is valid");
    let given: Vec<GivenParameter> = parameters
        .iter()
        .map(|(key, value)| GivenParameter {
            key: (*key).to_owned(),
            value: Some((*value).to_owned()),
            use_previous: false,
        })
        .collect();
    let parameters = bind_parameters(&template, &given, &ParameterValues::new(), &|_| None)
        .expect("the parameters are valid");
    let identity = StackIdentity { id: "arn:stack".into(), name: "s".into() };
    Inputs::new(
        &store(),
        &caller.expect("a credential"),
        &identity,
        template,
        parameters,
        Vec::new(),
    )
}

fn empty_stack() -> Stack {
    Stack {
        id: "arn:stack".into(),
        name: "s".into(),
        created_epoch_s: 0.0,
        updated_epoch_s: None,
        deleted_epoch_s: None,
        status: StackStatus::CreateComplete,
        status_reason: None,
        deployment: Deployment::default(),
        stable: None,
        outputs: Vec::new(),
        disable_rollback: false,
        termination_protection: false,
        timeout_min: None,
        change_set_id: None,
        policy: None,
        operation: None,
        drift: Default::default(),
        resources: Default::default(),
        cleanup: Default::default(),
        events: Default::default(),
        change_sets: Default::default(),
        templates: Default::default(),
    }
}

/// The stack after an update: every resource as the template has it. A new resource gets a new physical id, which its
/// attributes contain; an update in place keeps them.
fn deploy(mut stack: Stack, inputs: &Inputs) -> Stack {
    let evaluation = inputs.evaluate().expect("the template can be evaluated");
    let order = evaluation.scope.dependencies().order().expect("no cycles");
    let ids: Vec<String> = order.into_iter().map(str::to_owned).collect();
    stack.resources.retain(|id, _| ids.iter().any(|known| known == id));
    for id in &ids {
        let values = DeployedResources::all(&stack);
        let (resource_type, mut content) =
            evaluation.resource(id, &values).expect("the resource can be evaluated");
        let known = stack.resources.get(id);
        let is_kept = known.is_some_and(|known| {
            let before = &known.content.properties;
            decide(&resource_type, before, &content.properties, false) != Decision::Replace
        });
        let physical_id = match known.filter(|_| is_kept) {
            Some(known) => known.physical_id.clone(),
            None => {
                let generation = known.map_or(1, |known| known.physical_id.len());
                format!("{id}{}", "-new".repeat(generation))
            }
        };
        content.reference = json!(physical_id);
        content.attributes.insert("Arn".to_owned(), json!(format!("{physical_id}.Arn")));
        let resource = StackResource {
            resource_type: resource_type.name().to_owned(),
            physical_id,
            planned_id: None,
            status: ResourceStatus::CreateComplete,
            reason: None,
            updated_epoch_s: 0.0,
            operation: String::new(),
            is_stub: false,
            content,
            stable: None,
            is_new: false,
            drift: Default::default(),
        };
        stack.resources.insert(id.clone(), resource);
    }
    let parameter = |(key, value): (&String, &crate::cloudformation::template::ParameterValue)| {
        StackParameter {
            key: key.clone(),
            value: value.value.clone(),
            resolved_value: None,
            no_echo: value.no_echo,
            is_list: value.is_list,
        }
    };
    stack.deployment.parameters = inputs.parameters().iter().map(parameter).collect();
    stack.outputs = evaluation.outputs(&DeployedResources::all(&stack)).expect("outputs");
    stack
}

fn describe_update(stack: &Stack, inputs: &Inputs) -> Description {
    let evaluation: Evaluation<'_> = inputs.evaluate().expect("the template can be evaluated");
    let imported = BTreeMap::new();
    describe(Update { stack, evaluation: &evaluation, imported: &imported, actual: None })
}

type Deployed<'a> = (Value, &'a [(&'a str, &'a str)]);

/// The changes from one template with parameters to another: with and without values of properties.
fn changes(before: &Deployed<'_>, after: &Deployed<'_>) -> (Vec<Value>, Vec<Value>) {
    let stack = deploy(empty_stack(), &inputs(&before.0, before.1));
    let description = describe_update(&stack, &inputs(&after.0, after.1));
    assert_eq!(description.failures, []);
    let change = |change: Value| without_nulls(&change["ResourceChange"]);
    let with: Vec<Value> = description.changes.iter().filter_map(with_values).map(change).collect();
    (with, description.changes.iter().map(without_values).map(change).collect())
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name.clone(), without_nulls(member)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        value => value.clone(),
    }
}

/// A resource whose name only a replacement changes.
fn log_group(name: &str, key: Value) -> Value {
    json!({
        "Type": "AWS::Logs::LogGroup",
        "Properties": { "LogGroupName": name, "KmsKeyId": key },
    })
}

#[test]
fn a_literal_edit_has_one_detail() {
    let template =
        |value: &str| (json!({ "Resources": { "P": log_group("/p", json!(value)) } }), &[][..]);
    let (with, without) = changes(&template("a"), &template("b"));
    assert_eq!(
        with,
        [json!({
            "Action": "Modify",
            "LogicalResourceId": "P",
            "PhysicalResourceId": "P-new",
            "ResourceType": "AWS::Logs::LogGroup",
            "Replacement": "False",
            "Scope": ["Properties"],
            "Details": [{
                "Target": {
                    "Attribute": "Properties", "Name": "KmsKeyId", "RequiresRecreation": "Never",
                    "Path": "/Properties/KmsKeyId", "BeforeValue": "a", "AfterValue": "b",
                    "AttributeChangeType": "Modify",
                },
                "Evaluation": "Static", "ChangeSource": "DirectModification",
            }],
            "BeforeContext": r#"{"Properties":{"LogGroupName":"/p","KmsKeyId":"a"}}"#,
            "AfterContext": r#"{"Properties":{"LogGroupName":"/p","KmsKeyId":"b"}}"#,
        })]
    );
    assert_eq!(
        without[0]["Details"],
        json!([{
            "Target": { "Attribute": "Properties", "Name": "KmsKeyId", "RequiresRecreation": "Never" },
            "Evaluation": "Static", "ChangeSource": "DirectModification",
        }])
    );
}

/// The sources of a change's details, with evaluation and causing entity.
fn sources(change: &Value) -> Vec<String> {
    let details = change["Details"].as_array().expect("a list");
    let source = |detail: &Value| {
        let member = |name: &str| detail[name].as_str().unwrap_or("-").to_owned();
        [member("Evaluation"), member("ChangeSource"), member("CausingEntity")].join(" ")
    };
    details.iter().map(source).collect()
}

#[test]
fn a_changed_parameter_is_a_cause_in_addition_to_the_modification() {
    let template = json!({
        "Parameters": { "V": { "Type": "String" } },
        "Resources": { "P": log_group("/p", json!({ "Ref": "V" })) },
    });
    let (with, without) = changes(&(template.clone(), &[("V", "a")]), &(template, &[("V", "b")]));
    let (modification, cause) = ("Dynamic DirectModification -", "Static ParameterReference V");
    assert_eq!(sources(&with[0]), [modification, cause]);
    assert_eq!(sources(&without[0]), [cause, modification]);
    assert_eq!(with[0]["Details"][1]["Target"]["AfterValue"], "b");
}

#[test]
fn what_a_replaced_resource_returns_is_known_after_the_update() {
    let template = |name: &str| {
        let resources = json!({
            "P": log_group(name, json!("v")),
            "Q": log_group("/q", json!({ "Fn::GetAtt": ["P", "Arn"] })),
            "R": log_group("/r", json!({ "Ref": "P" })),
        });
        (json!({ "Resources": resources }), &[][..])
    };
    let (with, without) = changes(&template("/p"), &template("/p2"));
    assert_eq!(with[0]["Replacement"], "True");
    assert_eq!(with[0]["PolicyAction"], "ReplaceAndDelete");
    assert_eq!(with[1]["Replacement"], "False");
    let attribute = "Static ResourceAttribute P.Arn";
    assert_eq!(sources(&with[1]), ["Dynamic DirectModification -", attribute]);
    assert_eq!(with[1]["Details"][0]["Target"]["AfterValue"], KNOWN_AFTER_APPLY);
    assert_eq!(sources(&without[1]), [attribute]);
    assert_eq!(sources(&without[2]), ["Static ResourceReference P"]);
}

#[test]
fn a_resource_that_only_might_change_is_listed_without_values() {
    let template = |value: &str| {
        let resources = json!({
            "P": log_group("/p", json!(value)),
            "Q": log_group("/q", json!({ "Fn::GetAtt": ["P", "Arn"] })),
            "R": log_group("/r", json!({ "Fn::GetAtt": ["Q", "Arn"] })),
            "S": log_group("/s", json!({ "Ref": "P" })),
        });
        (json!({ "Resources": resources }), &[][..])
    };
    let (with, without) = changes(&template("a"), &template("b"));
    let ids = |changes: &[Value]| -> Vec<Value> {
        changes.iter().map(|change| change["LogicalResourceId"].clone()).collect()
    };
    assert_eq!(ids(&with), ["P"]);
    assert_eq!(ids(&without), ["P", "Q", "R"]);
    assert_eq!(sources(&without[1]), ["Dynamic ResourceAttribute P.Arn"]);
    assert_eq!(sources(&without[2]), ["Dynamic ResourceAttribute Q.Arn"]);
    assert_eq!(without[1]["Replacement"], "False");
}

#[test]
fn additions_and_removals_have_one_context_and_no_details() {
    let template = |ids: &[&str], condition: bool| {
        let resources: serde_json::Map<String, Value> = ids
            .iter()
            .map(|id| ((*id).to_owned(), log_group(&format!("/{id}"), json!("v"))))
            .collect();
        let mut template = json!({
            "Conditions": { "C": { "Fn::Equals": [condition.to_string(), "true"] } },
            "Resources": resources,
        });
        template["Resources"]["X"] = log_group("/x", json!("v"));
        template["Resources"]["X"]["Condition"] = json!("C");
        template["Resources"]["X"]["DeletionPolicy"] = json!("Retain");
        (template, &[][..])
    };
    let (with, _) = changes(&template(&["A", "B"], true), &template(&["B", "C"], false));
    let summary: Vec<Value> = with
        .iter()
        .map(|change| {
            json!([
                change["LogicalResourceId"],
                change["Action"],
                change["PolicyAction"],
                change["PhysicalResourceId"],
                change["Scope"],
                change["Details"],
                change.get("BeforeContext").is_some(),
                change.get("AfterContext").is_some(),
                change["Replacement"],
            ])
        })
        .collect();
    assert_eq!(
        summary,
        [
            json!(["A", "Remove", "Delete", "A-new", [], [], true, false, null]),
            json!(["C", "Add", null, null, [], [], false, true, null]),
            json!(["X", "Remove", "Retain", "X-new", [], [], true, false, null]),
        ]
    );
}

#[test]
fn policies_are_modifications_and_dependencies_are_none() {
    let mut after = json!({
        "Resources": { "P": log_group("/p", json!("v")), "Q": log_group("/q", json!("v")) },
    });
    let before = after.clone();
    after["Resources"]["P"]["DeletionPolicy"] = json!("Retain");
    after["Resources"]["Q"]["DependsOn"] = json!("P");
    let (with, _) = changes(&(before, &[]), &(after, &[]));
    assert_eq!(with.len(), 1);
    assert_eq!(with[0]["Scope"], json!(["DeletionPolicy"]));
    assert_eq!(with[0]["Replacement"], "False");
    let target = &with[0]["Details"][0]["Target"];
    assert_eq!(
        (&target["BeforeValue"], &target["AfterValue"]),
        (&json!("Delete"), &json!("Retain"))
    );
}

#[test]
fn secrets_are_hidden() {
    let template = json!({
        "Parameters": { "V": { "Type": "String", "NoEcho": true } },
        "Resources": { "P": log_group("/p", json!({ "Fn::Sub": "x-${V}" })) },
    });
    let (with, _) =
        changes(&(template.clone(), &[("V", "secret1")]), &(template, &[("V", "secret2")]));
    let text = Value::from(with).to_string();
    assert!(!text.contains("secret") && text.contains("****"), "{text}");
}

#[test]
fn outputs_alone_are_a_change_without_changed_resources() {
    let template = |output: &str| {
        json!({
            "Resources": { "P": log_group("/p", json!("v")) },
            "Outputs": { "O": { "Value": output } },
        })
    };
    let stack = deploy(empty_stack(), &inputs(&template("a"), &[]));
    let changes_with = |output: &str, tags: &[(&str, &str)]| {
        let description = describe_update(&stack, &inputs(&template(output), &[]));
        assert!(description.changes.is_empty());
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let deployment = Deployment { tags: tags.collect(), ..Deployment::default() };
        changes_anything(&stack, &deployment, &description)
    };
    assert!(!changes_with("a", &[]));
    assert!(changes_with("b", &[]));
    assert!(changes_with("a", &[("k", "v")]));
}

#[test]
fn an_unknown_export_is_a_failure_of_its_resource() {
    let template = json!({
        "Resources": { "P": log_group("/p", json!({ "Fn::ImportValue": "E" })) },
    });
    let description = describe_update(&empty_stack(), &inputs(&template, &[]));
    assert_eq!(description.failures, [("P".to_owned(), "No export named E".to_owned())]);
    assert_eq!(description.changes.len(), 1);
}

#[test]
fn a_change_set_that_reverts_drift_compares_with_the_resource() {
    let template = |value: &str| json!({ "Resources": { "P": log_group("/p", json!(value)) } });
    let stack = deploy(empty_stack(), &inputs(&template("a"), &[]));
    let change = |after: &str, actual: &str| {
        let inputs = inputs(&template(after), &[]);
        let evaluation = inputs.evaluate().expect("it can be evaluated");
        let declaration = evaluation.scope.template().resource("P").expect("it is declared");
        let resource_type = evaluation.resource_type(declaration).expect("it is emulated");
        let properties = &stack.resources["P"].content.properties;
        let mut read = properties.clone();
        read["KmsKeyId"] = json!(actual);
        let comparison = drift::compare(&resource_type, properties, &read);
        let resource = ActualResource { comparison: Some(comparison), read_epoch_s: 0.0 };
        let actual = BTreeMap::from([("P".to_owned(), resource)]);
        let (imported, evaluation) = (BTreeMap::new(), &evaluation);
        let update =
            Update { stack: &stack, evaluation, imported: &imported, actual: Some(&actual) };
        let description = describe(update);
        description
            .changes
            .first()
            .and_then(with_values)
            .map(|change| without_nulls(&change["ResourceChange"]))
    };
    assert_eq!(change("a", "a"), None);
    let reverted = change("a", "x").expect("it is reverted");
    assert_eq!(reverted["Action"], "Modify");
    assert_eq!(reverted["ResourceDriftStatus"], "MODIFIED");
    let target = &reverted["Details"][0]["Target"];
    assert_eq!(
        target["Drift"],
        json!({
            "PreviousValue": "a", "ActualValue": "x",
            "DriftDetectionTimestamp": "1970-01-01T00:00:00.000Z",
        })
    );
    assert_eq!((&target["BeforeValue"], &target["AfterValue"]), (&json!("x"), &json!("a")));
    let synchronized = change("x", "x").expect("only the record changes");
    assert_eq!(synchronized["Action"], "SyncWithActual");
    assert_eq!(synchronized["Details"][0]["Target"]["AttributeChangeType"], "SyncWithActual");
}

#[test]
fn equal_values_with_other_spellings_are_no_change() {
    let template =
        |value: Value| (json!({ "Resources": { "P": log_group("/p", value) } }), &[][..]);
    let joined = json!({ "Fn::Join": ["", ["1", "2"]] });
    let (with, without) = changes(&template(json!("12")), &template(joined));
    assert_eq!((with, without), (vec![], vec![]));
    let (with, _) = changes(&template(json!("12")), &template(json!(12)));
    assert_eq!(with, Vec::<Value>::new());
}

/// Templates with parameters that refer to each other.
fn template() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(json!("a")),
        Just(json!("b")),
        Just(json!({ "Ref": "V" })),
        Just(json!({ "Ref": "P0" })),
        Just(json!({ "Fn::GetAtt": ["P0", "Arn"] })),
        Just(json!({ "Fn::Sub": "x-${P0.Arn}-${V}" })),
    ];
    let root =
        ("[ab]", "[ab]").prop_map(|(name, value)| log_group(&format!("/{name}"), json!(value)));
    let leaf = ("[cd]", value, prop_oneof![Just("Delete"), Just("Retain")]).prop_map(
        |(name, value, policy)| {
            let mut leaf = log_group(&format!("/{name}"), value);
            leaf["DeletionPolicy"] = json!(policy);
            leaf
        },
    );
    (root, prop::collection::btree_map("P[1-3]", leaf, 0..4)).prop_map(|(root, leaves)| {
        let mut resources: serde_json::Map<String, Value> = leaves.into_iter().collect();
        resources.insert("P0".to_owned(), root);
        json!({ "Parameters": { "V": { "Type": "String" } }, "Resources": resources })
    })
}

/// Whether a described value is what the update gave, where it was known.
fn agrees(described: &Value, actual: &Value) -> bool {
    match (described, actual) {
        (described, _) if described == KNOWN_AFTER_APPLY => true,
        (Value::Object(described), Value::Object(actual)) => {
            described.len() == actual.len()
                && described.iter().all(|(name, value)| {
                    actual.get(name).is_some_and(|actual| agrees(value, actual))
                })
        }
        (described, actual) => described == actual,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_update_does_what_was_described(
        before in template(), after in template(), old in "[ab]", new in "[ab]"
    ) {
        let stack = deploy(empty_stack(), &inputs(&before, &[("V", &old)]));
        let after = inputs(&after, &[("V", &new)]);
        let description = describe_update(&stack, &after);
        let updated = deploy(stack.clone(), &after);
        for (id, resource) in updated.resources.iter() {
            let change = description.changes.iter().find(|change| change.logical_id == *id);
            let properties = &resource.content.properties;
            let Some(change) = change else {
                prop_assert_eq!(properties, &stack.resources[id].content.properties);
                continue;
            };
            let described = &change.after.as_ref().unwrap()["Properties"];
            prop_assert!(agrees(described, properties), "{} {}", described, properties);
            let is_new = stack.resources.get(id).is_none_or(|old| old.physical_id != resource.physical_id);
            let is_planned = change.action == ChangeAction::Add
                || change.replacement == Some(Replacement::True);
            prop_assert_eq!(is_new, is_planned, "{}", id);
        }
        for id in stack.resources.keys().filter(|id| !updated.resources.contains_key(id)) {
            let change = description.changes.iter().find(|change| change.logical_id == *id);
            prop_assert_eq!(change.map(|change| change.action), Some(ChangeAction::Remove));
        }
        prop_assert!(describe_update(&updated, &after).changes.is_empty());
    }
}

//! The laws of the engine over generated specs, on emulators with every undocumented behavior and with injected
//! faults.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use appsync_local::{EmulatorOptions, Store};
use aws_smithy_async::time::SharedTimeSource;
use futures_util::stream::{StreamExt, iter};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use provision_aws::apply::StopSignal;
use provision_aws::client::Aws;
use provision_aws::proposal::{
    ApplyOptions, ApplyReport, ApplyResult, FinalState, Proposal, apply_proposal, propose,
};
use provision_core::diff::{Change, compare};
use provision_core::kind::{DesiredResource, DesiredState, LiveState};
use provision_core::plan::expected_state;
use provision_core::text::Placeholder;
use serde_json::{Value, json};

use crate::account::{FastClock, with_fast_sleep};
use crate::engine::{check_grammar, create_domain, shape, used_domains};
use crate::guard::HANG;
use crate::specs::{documents, folder, spec_of};
use crate::world::{Served, serve_store};

/// Emulator options and faults.
#[derive(Clone, Debug)]
struct Variant {
    options: Value,
    faults: Value,
    /// Whether the emulator keeps values that an update omits, so they cannot be removed.
    keeps: bool,
}

/// Cases of each variant, unless `LAWS` sets another number.
const CASES: usize = 2;
/// The seed of the generated specs, unless `LAWS_SEED` sets another one.
const SEED: u64 = 0;
const CONCURRENT_CASES: usize = 4;
const STACK: &str = "generated";

fn with_options(options: Value) -> Variant {
    Variant { options, faults: json!({}), keeps: false }
}

fn with_faults(faults: Value) -> Variant {
    Variant { options: json!({}), faults, keeps: false }
}

fn variants() -> Vec<Variant> {
    let of_apis = ["ownerContact", "tags", "dns", "created", "wafWebAclArn", "eventConfig"];
    let of_namespaces =
        ["subscribeAuthModes", "publishAuthModes", "codeHandlers", "tags", "handlerConfigs"];
    let kept = json!({ "omitted-members": "kept" });
    let all_kept = json!({ "omitted-members": "kept", "empty-lists": "kept" });
    let rule = |on: Value, fault: &str, chance: f64| json!({ "rules": [{ "on": on, "fault": fault, "chance": chance }] });
    let creates = json!([
        "CreateApi",
        "CreateRole",
        "CreateChannelNamespace",
        "CreateApiKey",
        "CreateDataSource",
        "CreateDomainName",
        "AssociateApi",
        "AssociateWebACL"
    ]);
    vec![
        with_options(json!({})),
        Variant { keeps: true, ..with_options(kept) },
        Variant { keeps: true, ..with_options(all_kept) },
        with_options(json!({ "list-apis-leaves-out": of_apis })),
        with_options(json!({ "list-apis-leaves-out": [] })),
        with_options(json!({ "list-namespaces-leaves-out": of_namespaces })),
        with_options(json!({ "list-namespaces-leaves-out": [] })),
        with_options(json!({ "duplicate-namespace": "bad-request" })),
        with_options(json!({ "constraint-error": "validation" })),
        with_options(json!({ "delete-api": "refused-while-in-use" })),
        with_options(json!({ "associated-api-delete": "allowed" })),
        with_options(json!({ "used-data-source-delete": "allowed" })),
        with_options(json!({ "role-checked": true })),
        with_options(json!({ "page-size": 1 })),
        with_options(json!({ "association-takes-s": 1 })),
        with_faults(rule(json!("*"), "throttle", 0.1)),
        with_faults(rule(json!("*"), "fail-after", 0.05)),
        with_faults(rule(json!("*"), "drop-after", 0.05)),
        with_faults(rule(creates, "drop-after", 0.5)),
        with_faults(
            json!({ "overlap": "conflict", "overlap-ms": 5, "latency-ms": { "min": 1, "max": 9 } }),
        ),
        with_faults(json!({ "roles-settle-s": 1, "iam-reads-lag-s": 1 })),
        with_faults(json!({ "lists-lag-calls": 1 })),
        with_faults(json!({ "lists-lag-calls": 2 })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_laws_hold_under_every_emulator_option_and_with_faults() {
    let variable = |wanted: &str| std::env::vars().find(|(name, _)| name == wanted);
    let cases = variable("LAWS").map_or(CASES, |(_, cases)| cases.parse().unwrap());
    let seed = variable("LAWS_SEED").map_or(SEED, |(_, seed)| seed.parse().unwrap());
    let all = variants().into_iter().enumerate().flat_map(|(n, variant)| {
        // The most likely behavior is tried most.
        let cases = if n == 0 { 4 * cases } else { cases };
        specs(seed, n as u8, cases).into_iter().map(move |specs| (variant.clone(), specs))
    });
    let tried = all.map(|(variant, [before, after])| async move {
        let lawful = tokio::time::timeout(2 * HANG, check_laws(&variant, &before, &after)).await;
        let wrong = lawful.unwrap_or_else(|_| Err("timed out".to_owned())).err()?;
        Some(format!("{variant:?}\n{wrong}\nbefore: {before}\nafter: {after}\n"))
    });
    let wrong: Vec<Option<String>> = iter(tried).buffer_unordered(CONCURRENT_CASES).collect().await;
    let report = format!("{} pairs of specs, {} variants\n", wrong.len(), variants().len());
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/laws.txt"), report).unwrap();
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "seed {seed}\n{}", wrong.join("\n"));
}

/// Pairs of specs for a variant, the same for the same seed.
fn specs(seed: u64, variant: u8, cases: usize) -> Vec<[Value; 2]> {
    let mut bytes = [variant; 32];
    bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(byte, more)| *byte ^= more);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut one = || documents().new_tree(&mut runner).unwrap().current();
    (0..cases).map(|_| [one(), one()]).collect()
}

/// Applies `before`, `after` and an empty spec in this order on one emulator, and `after` alone on another.
async fn check_laws(variant: &Variant, before: &Value, after: &Value) -> Result<(), String> {
    let clock = FastClock::start();
    let now = clock.now_epoch_s();
    let (first, second) = (spec_of(before, &folder(), now), spec_of(after, &folder(), now));
    let others: BTreeSet<String> = [before, after].into_iter().flat_map(used_domains).collect();
    let (long, short) = (aws(variant, &clock, &others).await, aws(variant, &clock, &others).await);
    apply(variant, &clock, &long, &first.desired).await?;
    let in_two_steps = apply(variant, &clock, &long, &second.desired).await?;
    let at_once = apply(variant, &clock, &short, &second.desired).await?;
    let (one, other) = (shape(&in_two_steps), shape(&at_once));
    let differ: Vec<_> =
        one.keys().chain(other.keys()).filter(|key| one.get(*key) != other.get(*key)).collect();
    if !differ.is_empty() && !variant.keeps {
        return Err(format!("in two steps and at once differ at {differ:?}"));
    }
    let emptied = apply(variant, &clock, &long, &DesiredState::new()).await?;
    if !emptied.managed.is_empty() || !emptied.unmanaged.is_empty() {
        return Err(format!(
            "resources remain: {:?} {:?}",
            emptied.managed.keys(),
            emptied.unmanaged
        ));
    }
    check_nothing_remains(&long, &others).await
}

async fn aws(variant: &Variant, clock: &FastClock, others: &BTreeSet<String>) -> Served {
    let options = EmulatorOptions::parse(&variant.options.to_string()).unwrap();
    let store = Store::in_memory_with(SharedTimeSource::new(clock.clone()), options);
    let mut served = serve_store(store.clone(), |router| router).await;
    for name in others {
        create_domain(&served, name).await;
    }
    store.set_faults(serde_json::from_value(variant.faults.clone()).unwrap());
    served.aws = with_fast_sleep(&served);
    served
}

/// Applies, and checks the result against the plan and against another plan.
async fn apply(
    variant: &Variant,
    clock: &FastClock,
    served: &Served,
    desired: &DesiredState,
) -> Result<LiveState, String> {
    let (proposal, done) = run(clock, &served.aws, desired).await?;
    let FinalState { live, remaining: left } =
        done.final_state.map_err(|error| error.to_string())?;
    if !variant.keeps && (!done.outcome.is_complete() || !left.is_empty()) {
        return Err(format!("{:?}\nleft: {left:?}", done.outcome));
    }
    if let Some(stray) =
        left.iter().find(|change| !is_kept(change)).filter(|_| done.outcome.is_complete())
    {
        return Err(format!("not applied: {stray:?}"));
    }
    let kept: BTreeSet<_> = left.iter().map(|change| &change.address).collect();
    let promise = expected_state(&proposal.live, &proposal.steps);
    let promise = as_desired(&promise, &live, desired, &proposal);
    let broken = compare(&promise, &live, &proposal.site).1;
    if let Some(broken) = broken
        .iter()
        .find(|change| !kept.contains(&change.address))
        .filter(|_| done.outcome.is_complete())
    {
        return Err(format!("planned and not applied: {broken:?}"));
    }
    let again = propose(&served.aws, STACK, desired, clock.now_epoch_s()).await;
    let again = again.map_err(|error| error.to_string())?;
    if again
        .changes
        .iter()
        .map(|change| &change.address)
        .ne(left.iter().map(|change| &change.address))
    {
        return Err(format!("left: {left:?}\nplanned: {:?}", again.changes));
    }
    Ok(live)
}

async fn run(
    clock: &FastClock,
    aws: &Aws,
    desired: &DesiredState,
) -> Result<(Proposal, ApplyReport), String> {
    let proposal = propose(aws, STACK, desired, clock.now_epoch_s()).await;
    let proposal = proposal.map_err(|error| error.to_string())?;
    let events = Mutex::new(Vec::new());
    let emit = |event| events.lock().unwrap().push(event);
    let options = ApplyOptions {
        max_concurrent_steps: 64,
        was_confirmed: false,
        stop: &StopSignal::default(),
        emit: &emit,
    };
    let result = apply_proposal(aws, STACK, desired, &proposal, options).await;
    match result.map_err(|error| error.to_string())? {
        ApplyResult::Completed(done) => {
            check_grammar(&events.into_inner().unwrap());
            Ok((proposal, *done))
        }
        ApplyResult::Stale => Err("no other run changes the stack".to_owned()),
    }
}

/// Whether an emulator that keeps omitted values keeps this one.
fn is_kept(change: &Change) -> bool {
    let nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let names = [
        "OwnerContact",
        "CodeHandlers",
        "HandlerConfigs",
        "PublishAuthModes",
        "SubscribeAuthModes",
    ];
    change.fields.iter().all(|change| {
        names.contains(&change.name.as_str()) && change.after.as_ref().is_none_or(nothing)
    })
}

/// The state that the plan promises, as a desired state with the values that AWS has chosen.
fn as_desired(
    promise: &LiveState,
    live: &LiveState,
    desired: &DesiredState,
    proposal: &Proposal,
) -> DesiredState {
    let resolve = |placeholder: &Placeholder| live.resolve(placeholder, &proposal.site);
    let desired = promise.managed.iter().filter_map(|(address, resource)| {
        let declared = desired.get(address)?.declared.clone();
        let properties = resource.properties.resolve(&resolve);
        Some((address.clone(), DesiredResource { kind: resource.kind, properties, declared }))
    });
    desired.collect::<BTreeMap<_, _>>()
}

/// Checks that nothing of a deleted stack remains.
async fn check_nothing_remains(served: &Served, others: &BTreeSet<String>) -> Result<(), String> {
    let aws = &served.aws;
    let roles = aws.iam.list_roles().send().await.unwrap().roles().len();
    let apis = aws.appsync.list_apis().send().await.unwrap().apis().len();
    let mut left = aws.appsync.list_domain_names().into_paginator().items().send();
    let (mut domains, mut tags) = (BTreeSet::new(), 0);
    while let Some(domain) = left.next().await.transpose().unwrap() {
        tags += domain.tags().map_or(0, HashMap::len);
        domains.extend(domain.domain_name);
    }
    match (roles, apis, tags) == (0, 0, 0) && domains == *others {
        true => Ok(()),
        false => Err(format!("{roles} roles, {apis} APIs, {tags} tags, {domains:?}")),
    }
}

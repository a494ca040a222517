//! The laws of the engine over generated specs, on an AWS that behaves in each of the ways that nobody has
//! published, and on bad days.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use appsync_local::{EmulatorOptions, Store};
use aws_smithy_async::time::SharedTimeSource;
use futures_util::stream::{StreamExt, iter};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use provision_aws::apply::StopSignal;
use provision_aws::backend::direct::{
    ApplyOptions, ApplyReport, ApplyResult, Proposal, apply_proposal, propose,
};
use provision_aws::client::Aws;
use provision_core::diff::{Change, compare};
use provision_core::kind::{DesiredResource, DesiredState, LiveState};
use provision_core::plan::expected_state;
use provision_core::text::Hole;
use serde_json::{Value, json};

use crate::account::{HurriedClock, hurried};
use crate::engine::{check_grammar, existing, make_domain, shape};
use crate::guard::HANG;
use crate::specs::{documents, folder, spec_of};
use crate::world::{Served, serve_store};

/// An AWS, by what is said of it.
#[derive(Clone, Debug)]
struct Aspect {
    options: Value,
    faults: Value,
    /// Whether this AWS keeps what cannot be taken away again.
    keeps: bool,
}

/// Cases of each, unless `LAWS` says how many.
const CASES: usize = 2;
const CASES_AT_ONCE: usize = 4;
const STACK: &str = "generated";

fn with_options(options: Value) -> Aspect {
    Aspect { options, faults: json!({}), keeps: false }
}

fn faulty(faults: Value) -> Aspect {
    Aspect { options: json!({}), faults, keeps: false }
}

fn aspects() -> Vec<Aspect> {
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
        Aspect { keeps: true, ..with_options(kept) },
        Aspect { keeps: true, ..with_options(all_kept) },
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
        faulty(rule(json!("*"), "throttle", 0.1)),
        faulty(rule(json!("*"), "fail-after", 0.05)),
        faulty(rule(json!("*"), "drop-after", 0.05)),
        faulty(rule(creates, "drop-after", 0.5)),
        faulty(
            json!({ "overlap": "conflict", "overlap-ms": 5, "latency-ms": { "min": 1, "max": 9 } }),
        ),
        faulty(json!({ "roles-settle-s": 1, "iam-reads-lag-s": 1 })),
        faulty(json!({ "lists-lag-calls": 1 })),
        faulty(json!({ "lists-lag-calls": 2 })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_laws_hold_under_every_emulator_option_and_with_faults() {
    let given = std::env::vars().find(|(name, _)| name == "LAWS");
    let cases = given.map_or(CASES, |(_, cases)| cases.parse().unwrap());
    let all = aspects().into_iter().enumerate().flat_map(|(n, aspect)| {
        // What is most likely is tried most.
        let cases = if n == 0 { 4 * cases } else { cases };
        specs(n as u8, cases).into_iter().map(move |specs| (aspect.clone(), specs))
    });
    let tried = all.map(|(aspect, [before, after])| async move {
        let lawful = tokio::time::timeout(2 * HANG, law(&aspect, &before, &after)).await;
        let wrong = lawful.unwrap_or_else(|_| Err("it does not end".to_owned())).err()?;
        Some(format!("{aspect:?}\n{wrong}\nbefore: {before}\nafter: {after}\n"))
    });
    let wrong: Vec<Option<String>> = iter(tried).buffer_unordered(CASES_AT_ONCE).collect().await;
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Some pairs of specs, the same for the same seed.
fn specs(seed: u8, cases: usize) -> Vec<[Value; 2]> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut one = || documents().new_tree(&mut runner).unwrap().current();
    (0..cases).map(|_| [one(), one()]).collect()
}

/// Goes from nothing to `before`, to `after` and back to nothing, and from nothing to `after`.
async fn law(aspect: &Aspect, before: &Value, after: &Value) -> Result<(), String> {
    let clock = HurriedClock::start();
    let now = clock.now_epoch_s();
    let (was, should) = (spec_of(before, &folder(), now), spec_of(after, &folder(), now));
    let others: BTreeSet<String> = [before, after].into_iter().flat_map(existing).collect();
    let (long, short) = (aws(aspect, &clock, &others).await, aws(aspect, &clock, &others).await);
    apply(aspect, &clock, &long, &was.desired).await?;
    let by_way = apply(aspect, &clock, &long, &should.desired).await?;
    let straight = apply(aspect, &clock, &short, &should.desired).await?;
    let (one, other) = (shape(&by_way), shape(&straight));
    let differ: Vec<_> =
        one.keys().chain(other.keys()).filter(|it| one.get(*it) != other.get(*it)).collect();
    if !differ.is_empty() && !aspect.keeps {
        return Err(format!("by way and straight differ at {differ:?}"));
    }
    let gone = apply(aspect, &clock, &long, &DesiredState::new()).await?;
    if !gone.managed.is_empty() || !gone.unmanaged.is_empty() {
        return Err(format!("something is left: {:?} {:?}", gone.managed.keys(), gone.unmanaged));
    }
    trace(&long, &others).await
}

async fn aws(aspect: &Aspect, clock: &HurriedClock, others: &BTreeSet<String>) -> Served {
    let options = EmulatorOptions::read(&aspect.options.to_string()).unwrap();
    let store = Store::in_memory_with(SharedTimeSource::new(clock.clone()), options);
    let mut served = serve_store(store.clone(), |it| it).await;
    for name in others {
        make_domain(&served, name).await;
    }
    store.set_faults(serde_json::from_value(aspect.faults.clone()).unwrap());
    served.aws = hurried(&served);
    served
}

/// Applies, and holds the engine to what it says.
async fn apply(
    aspect: &Aspect,
    clock: &HurriedClock,
    served: &Served,
    desired: &DesiredState,
) -> Result<LiveState, String> {
    let (proposal, done) = run(clock, &served.aws, desired).await?;
    let (live, left) = done.verified.map_err(|it| it.to_string())?;
    if !aspect.keeps && (!done.outcome.is_complete() || !left.is_empty()) {
        return Err(format!("{:?}\nleft: {left:?}", done.outcome));
    }
    if let Some(stray) = left.iter().find(|it| !is_kept(it)).filter(|_| done.outcome.is_complete())
    {
        return Err(format!("this did not stick: {stray:?}"));
    }
    let kept: BTreeSet<_> = left.iter().map(|it| &it.address).collect();
    let promise = expected_state(&proposal.live, &proposal.steps);
    let promise = as_desired(&promise, &live, desired, &proposal);
    let broken = compare(&promise, &live, &proposal.site).1;
    if let Some(broken) =
        broken.iter().find(|it| !kept.contains(&it.address)).filter(|_| done.outcome.is_complete())
    {
        return Err(format!("promised and not kept: {broken:?}"));
    }
    let again = propose(&served.aws, STACK, desired, clock.now_epoch_s()).await;
    let again = again.map_err(|it| it.to_string())?;
    if again.changes.iter().map(|it| &it.address).ne(left.iter().map(|it| &it.address)) {
        return Err(format!("left: {left:?}\nplanned: {:?}", again.changes));
    }
    Ok(live)
}

async fn run(
    clock: &HurriedClock,
    aws: &Aws,
    desired: &DesiredState,
) -> Result<(Proposal, ApplyReport), String> {
    let proposal = propose(aws, STACK, desired, clock.now_epoch_s()).await;
    let proposal = proposal.map_err(|it| it.to_string())?;
    let told = Mutex::new(Vec::new());
    let tell = |event| told.lock().unwrap().push(event);
    let options = ApplyOptions {
        max_concurrent_steps: 64,
        was_confirmed: false,
        stop: &StopSignal::default(),
        emit: &tell,
    };
    let carried = apply_proposal(aws, STACK, desired, &proposal, options).await;
    match carried.map_err(|it| it.to_string())? {
        ApplyResult::Completed(done) => {
            check_grammar(&told.into_inner().unwrap());
            Ok((proposal, *done))
        }
        ApplyResult::Stale => Err("nobody else is there".to_owned()),
    }
}

/// What such an AWS can't be made to forget.
fn is_kept(change: &Change) -> bool {
    let nothing = |it: &Value| it.is_null() || it.as_array().is_some_and(Vec::is_empty);
    let names = [
        "OwnerContact",
        "CodeHandlers",
        "HandlerConfigs",
        "PublishAuthModes",
        "SubscribeAuthModes",
    ];
    change
        .fields
        .iter()
        .all(|it| names.contains(&it.name.as_str()) && it.after.as_ref().is_none_or(nothing))
}

/// The promise as a wish, with what AWS has decided in the meantime.
fn as_desired(
    promise: &LiveState,
    live: &LiveState,
    desired: &DesiredState,
    proposal: &Proposal,
) -> DesiredState {
    let known = |hole: &Hole| live.resolve(hole, &proposal.site);
    let wish = promise.managed.iter().filter_map(|(address, it)| {
        let declared = desired.get(address)?.declared.clone();
        let properties = it.properties.filled(&known);
        Some((address.clone(), DesiredResource { kind: it.kind, properties, declared }))
    });
    wish.collect::<BTreeMap<_, _>>()
}

/// What is left on AWS of a stack that is gone.
async fn trace(served: &Served, others: &BTreeSet<String>) -> Result<(), String> {
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

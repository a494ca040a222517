//! Lost responses: a run either succeeds or reports what it cannot know, and the next run results in the state of an
//! undisturbed run.
use std::fs;

use futures_util::stream::{StreamExt, iter};
use provision_aws::apply::{ApplyOutcome, StopSignal};
use provision_aws::client::Aws;
use provision_aws::proposal::{
    ApplyOptions, ApplyReport, ApplyResult, FinalState, apply_proposal, propose,
};
use provision_core::kind::DesiredState;
use serde_json::{Value, json};

use crate::account::{Account, with_fast_sleep};
use crate::engine::now;
use crate::kills::{desired, differences, tries_every_point, used_domain};

/// The faults that are injected into a call.
const FAULTS: [&str; 3] = ["drop-after", "fail-after", "fail-before"];
const CONCURRENT_POINTS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_leaves_no_duplicates_and_no_leftovers() {
    let nothing = used_domain().await;
    let one = desired("one.yaml");
    let applied = undisturbed(&nothing, &one).await.0;
    sweep("apply", &nothing, &one).await;
    sweep("update", &applied, &desired("two.yaml")).await;
    sweep("destroy", &applied, &DesiredState::new()).await;
}

/// The account after an undisturbed run, and the number of its calls.
async fn undisturbed(begin: &Account, desired: &DesiredState) -> (Account, usize) {
    let emulator = begin.open(|router| router).await;
    let done = run(&with_fast_sleep(&emulator.served), desired).await.unwrap();
    assert!(done.outcome.is_complete(), "{:?}", done.outcome);
    assert!(done.final_state.unwrap().remaining.is_empty());
    (emulator.account(), emulator.store.calls().len())
}

async fn run(aws: &Aws, desired: &DesiredState) -> Result<ApplyReport, String> {
    let proposal =
        propose(aws, "sweep", desired, now()).await.map_err(|error| error.to_string())?;
    if proposal.changes.is_empty() && proposal.live.active_runs.is_empty() {
        let final_state = Ok(FinalState { live: proposal.live, remaining: vec![] });
        return Ok(ApplyReport { outcome: ApplyOutcome::default(), final_state });
    }
    let options = ApplyOptions {
        max_concurrent_steps: 64,
        was_confirmed: false,
        stop: &StopSignal::default(),
        emit: &|_| {},
    };
    match apply_proposal(aws, "sweep", desired, &proposal, options)
        .await
        .map_err(|error| error.to_string())?
    {
        ApplyResult::Completed(done) => Ok(*done),
        ApplyResult::Stale => Err("stale".to_owned()),
    }
}

async fn sweep(name: &str, begin: &Account, desired: &DesiredState) {
    let (end, calls) = undisturbed(begin, desired).await;
    let expected = &end.shape();
    let points = (0..calls).flat_map(|n| FAULTS.map(|fault| (n, fault)));
    // 11 and 3 are coprime, so each fault hits different calls.
    let points: Vec<_> = points.step_by(if tries_every_point() { 1 } else { 11 }).collect();
    let tried = points.len();
    let lost = iter(points).map(|(n, fault)| lost(begin, desired, expected, n, fault));
    let results: Vec<LossResult> = lost.buffer_unordered(CONCURRENT_POINTS).collect().await;
    let well = results.iter().filter(|result| result.at_once).count();
    let reported: Vec<&String> = results.iter().flat_map(|result| &result.reported).collect();
    let wrong: Vec<&String> = results.iter().flat_map(|result| &result.wrong).collect();
    let report = format!("{name}: {calls} calls, {tried} points, {well} succeeded at once\n");
    let all = format!("{report}{reported:#?}\n");
    fs::write(format!("{}/lost-{name}.txt", env!("CARGO_TARGET_TMPDIR")), all).unwrap();
    let wrong: String = wrong.iter().map(|wrong| format!("{wrong}\n")).collect();
    assert!(wrong.is_empty(), "{report}{wrong}");
    assert!(tried >= 20, "{report}");
}

#[derive(Default)]
struct LossResult {
    /// Whether the disturbed run itself succeeded.
    at_once: bool,
    /// The errors that the run reported.
    reported: Vec<String>,
    wrong: Vec<String>,
}

async fn lost(
    begin: &Account,
    desired: &DesiredState,
    expected: &Value,
    n: usize,
    fault: &str,
) -> LossResult {
    let emulator = begin.open(|router| router).await;
    let aws = with_fast_sleep(&emulator.served);
    let rule = json!({ "rules": [{ "on": "*", "fault": fault, "after": n, "times": 1 }] });
    emulator.store.set_faults(serde_json::from_value(rule).unwrap());
    let mut result = LossResult::default();
    let at = format!("{fault} {n}");
    match run(&aws, desired).await {
        Ok(ApplyReport { outcome, final_state }) => {
            result.at_once = outcome.is_complete()
                && final_state.as_ref().is_ok_and(|state| state.remaining.is_empty());
            for (address, verb, error) in &outcome.failed {
                result.reported.push(format!("{at}: {address} {verb:?}: {error}"));
            }
            if outcome.failed.is_empty() && !result.at_once {
                result.wrong.push(format!("{at}: {outcome:?} {final_state:?}"));
            }
        }
        Err(error) => result.reported.push(format!("{at}: {error}")),
    }
    emulator.store.set_faults(Default::default());
    match run(&aws, desired).await {
        Ok(ApplyReport { outcome, final_state }) => {
            let left = final_state.as_ref().map(|state| state.remaining.clone());
            if !outcome.is_complete() || !left.as_ref().is_ok_and(Vec::is_empty) {
                result.wrong.push(format!("{at}, second run: {outcome:?} {left:?}"));
            }
        }
        Err(error) => result.wrong.push(format!("{at}, second run: {error}")),
    }
    let differ = differences("", expected, &emulator.account().shape());
    if !differ.is_empty() {
        result.wrong.push(format!("{at}:\n{}", differ.join("\n")));
    }
    result
}

//! One step, tried until it is done or can't be done.
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::apply::gate::{Gate, Gates, Passage};
use crate::apply::run::Run;
use crate::calls::Seek;
use crate::error::{AwsError, if_exists};
use crate::kinds::calls_of;
use crate::live::{Runs, look_at, look_for};
use crate::lock::lock;
use provision_core::address::Address;
use provision_core::event::{Event, RetryReason};
use provision_core::failure::ErrorClass;
use provision_core::kind::LiveResource;
use provision_core::model::{Attributes, Properties};
use provision_core::ownership::OwnershipMarker;
use provision_core::plan::{Step, StepAction};
use provision_core::text::Hole;

/// What every attempt shares.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub run: Run<'a>,
    pub known: &'a Mutex<BTreeMap<Address, Attributes>>,
    pub gates: &'a Gates,
}

/// How long a step is retried for one reason. IAM takes a minute at worst; the rest is for throttling.
const PATIENCE: Duration = Duration::from_secs(90);
/// Delays before retries. Each is extended at random by up to its length, so that concurrent steps do not
/// retry at the same time.
const RETRY_DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_jitter()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_millis(2500))
    .without_max_times()
    .with_total_delay(Some(PATIENCE));
/// A new role is usually available within seconds, so retry often.
const ROLE_DELAYS: ExponentialBuilder =
    RETRY_DELAYS.with_min_delay(Duration::from_millis(125)).with_max_delay(Duration::from_secs(1));
/// An address that refused four attempts will refuse the fifth.
const UNREACHABLE_DELAYS: ExponentialBuilder = RETRY_DELAYS.with_max_times(3);
/// After a lost answer: what was made may take a moment to show in a list.
const LOOKS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Longer than a run takes to see that there are two and to take its own away.
const WAY_WAIT: Duration = Duration::from_secs(1);

/// How trying a step ended.
#[derive(Debug)]
pub enum End {
    Done(Attributes),
    Failed(AwsError),
    /// The run was stopped before a call was made.
    NotBegun,
}

/// Tries `step` until it is done, can't be done, or patience ends.
pub async fn attempt(step: &Step, work: Work<'_>) -> End {
    let Run { stop, emit, .. } = work.run;
    let (address, action) = (&step.address, step.verb());
    let gate = work.gates.of(address);
    if !gate.try_enter() {
        emit(Event::Waiting { address: address.clone(), action, behind: address.root() });
        gate.enter().await;
    }
    if stop.is_requested() {
        gate.leave(Passage::Quiet);
        return End::NotBegun;
    }
    emit(Event::Started { address: address.clone(), action });
    match again_and_again(step, &gate, work).await {
        Ok(attributes) => End::Done(attributes),
        Err(error) => End::Failed(error),
    }
}

/// Tries what stands inside its gate for the first time.
async fn again_and_again(step: &Step, gate: &Gate, work: Work<'_>) -> Result<Attributes, AwsError> {
    let Run { aws, stop, emit, .. } = work.run;
    let mut retries = Retries::default();
    loop {
        let error = match call(step, gate, work).await {
            Ok(attributes) => return Ok(attributes),
            Err(error) => error,
        };
        let Some((reason, delay)) = retries.next(error.class).filter(|_| !stop.is_requested())
        else {
            return Err(error);
        };
        emit(Event::Retrying {
            address: step.address.clone(),
            action: step.verb(),
            reason,
            wait_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            attempt: retries.count + 1,
            because: error.to_string(),
        });
        aws.wait(delay).await;
        // A run that is to end begins no call, though it would be the same once more.
        if stop.is_requested() {
            return Err(error);
        }
        gate.enter().await;
    }
}

/// The retries of one step.
struct Retries {
    count: u32,
    role: ExponentialBackoff,
    unreachable: ExponentialBackoff,
    other: ExponentialBackoff,
}

impl Default for Retries {
    fn default() -> Self {
        let (role, unreachable) = (ROLE_DELAYS.build(), UNREACHABLE_DELAYS.build());
        Self { count: 0, role, unreachable, other: RETRY_DELAYS.build() }
    }
}

impl Retries {
    /// Returns why, and after which delay, a call that failed with `class` is repeated. `None`: it is not.
    fn next(&mut self, class: ErrorClass) -> Option<(RetryReason, Duration)> {
        let (reason, delays) = match class {
            ErrorClass::RoleNotReady => (RetryReason::RoleNotReady, &mut self.role),
            ErrorClass::Unreachable => (RetryReason::Unreachable, &mut self.unreachable),
            ErrorClass::Busy => (RetryReason::Busy, &mut self.other),
            ErrorClass::Throttled => (RetryReason::Throttled, &mut self.other),
            // `create` has already looked for what an uncertain create may have made.
            ErrorClass::Uncertain => (RetryReason::Uncertain, &mut self.other),
            _ => return None,
        };
        let delay = delays.next()?;
        self.count += 1;
        Some((reason, delay))
    }
}

/// One call, inside the gate, and out again.
async fn call(step: &Step, gate: &Gate, work: Work<'_>) -> Result<Attributes, AwsError> {
    let answer = match &step.action {
        StepAction::Create { properties } => create(step, properties, work).await,
        StepAction::Update { properties, was } => update(step, properties, was, work).await,
        StepAction::Delete { was } => delete(step, was, work).await,
    };
    let busy = matches!(&answer, Err(error) if matches!(error.class, ErrorClass::Busy | ErrorClass::Throttled));
    gate.leave(if busy { Passage::Conflict } else { Passage::Quiet });
    answer
}

/// Creates have no idempotency token: when the answer is lost, look for what was made and adopt it.
async fn create(
    step: &Step,
    properties: &Properties,
    work: Work<'_>,
) -> Result<Attributes, AwsError> {
    let Run { aws, stack, .. } = work.run;
    let mark = OwnershipMarker {
        run_id: tells_of_runs(step).then(|| work.run.id.to_owned()),
        ..mark(step, stack, None)
    };
    let properties = filled(properties, work);
    let error = match calls_of(step.kind).create(aws, &mark, &properties).await {
        Ok(made) if tells_of_runs(step) => return alone(step, made, work).await,
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    // What exists may be what an earlier attempt of ours made.
    if !matches!(error.class, ErrorClass::Uncertain | ErrorClass::Exists) {
        return Err(error);
    }
    let mut looked = false;
    for wait in LOOKS {
        aws.wait(wait).await;
        let Ok(found) = find_made(step, &properties, work).await else { continue };
        looked = true;
        if let Some(made) = found {
            if made.properties != properties {
                calls_of(step.kind)
                    .update(aws, &mark, &properties, &made.properties, &made.attributes)
                    .await?;
            }
            return Ok(made.attributes);
        }
    }
    if looked && error.class == ErrorClass::Exists {
        let message =
            format!("{}; it does not carry this stack's mark, so it is not touched", error.message);
        return Err(AwsError { message, ..error });
    }
    if looked {
        return Err(error);
    }
    // Whoever does not know whether it was made must not make it again.
    let message = format!("{}; whether it was made can't be found out now", error.message);
    Err(AwsError { message, class: ErrorClass::Unexpected, is_partial: true, ..error })
}

/// Whether a run says on what this step makes that it runs: AWS would take a second one.
fn tells_of_runs(step: &Step) -> bool {
    calls_of(step.kind).twins()
}

/// AWS takes two of one name, so another run may have made one at the same moment. Of two, one gives way:
/// the one of the greater run, unless that of the lesser is still there after a while, which means that it
/// had looked before there were two. What this run itself has made before, and has lost the answer, stays.
async fn alone(step: &Step, mine: Attributes, work: Work<'_>) -> Result<Attributes, AwsError> {
    let Run { aws, id, .. } = work.run;
    let others = others(step, &mine, work).await?;
    if others.is_empty() {
        return Ok(mine);
    }
    if let Some((before, _)) = others.iter().find(|(_, runs)| runs.contains_key(id)) {
        give_way(step, &mine, work).await?;
        return Ok(before.attributes.clone());
    }
    if others.iter().flat_map(|(_, runs)| runs.keys()).all(|theirs| theirs.as_str() > id) {
        aws.wait(WAY_WAIT).await;
        if self::others(step, &mine, work).await?.is_empty() {
            return Ok(mine);
        }
    }
    give_way(step, &mine, work).await?;
    Err(AwsError::superseded("another apply of this stack is making it at the same time"))
}

/// What else carries the mark of what was just made.
async fn others(
    step: &Step,
    mine: &Attributes,
    work: Work<'_>,
) -> Result<Vec<(LiveResource, Runs)>, AwsError> {
    let found = find(step, work).await?;
    Ok(found.into_iter().filter(|(it, _)| !it.attributes.agrees_with(mine)).collect())
}

/// Deletes what this run has just made, and nobody uses yet.
async fn give_way(step: &Step, mine: &Attributes, work: Work<'_>) -> Result<(), AwsError> {
    let StepAction::Create { properties } = &step.action else { return Ok(()) };
    calls_of(step.kind).delete(work.run.aws, &filled(properties, work), mine).await
}

fn mark(step: &Step, stack: &str, had: Option<String>) -> OwnershipMarker {
    let (stack, address) = (stack.to_owned(), step.lives_at().clone());
    OwnershipMarker {
        stack,
        address,
        digest: step.digest.clone(),
        previous_digest: had,
        run_id: None,
    }
}

async fn update(
    step: &Step,
    properties: &Properties,
    was: &LiveResource,
    work: Work<'_>,
) -> Result<Attributes, AwsError> {
    let Run { aws, stack, .. } = work.run;
    let mark = mark(step, stack, was.digest.clone());
    let properties = filled(properties, work);
    calls_of(step.kind).update(aws, &mark, &properties, &was.properties, &was.attributes).await?;
    Ok(was.attributes.clone())
}

async fn delete(step: &Step, was: &LiveResource, work: Work<'_>) -> Result<Attributes, AwsError> {
    // Deleted already is deleted, whoever did it.
    if_exists(calls_of(step.kind).delete(work.run.aws, &was.properties, &was.attributes).await)?;
    Ok(Attributes::default())
}

/// What carries the mark of what `step` makes: by its name where it has one of its own, which shows at once,
/// else by a list.
async fn find_made(
    step: &Step,
    properties: &Properties,
    work: Work<'_>,
) -> Result<Option<LiveResource>, AwsError> {
    let named = step.kind.aws_name.filter(|it| !it.allows_duplicates);
    let name = named.and_then(|it| Some((it.property, properties.get(it.property)?.as_str()?)));
    if let Some((property, name)) = name {
        let (parent, row) = (parent(step, work), step.kind);
        let seek = Seek::under(work.run.stack, parent.as_ref());
        let known = Attributes::default().with(property, Some(name));
        // What does not let itself be read may still be listed.
        if let Ok(Some(found)) = look_at(work.run.aws, row, seek, &step.address, &known).await {
            return Ok(Some(found));
        }
    }
    Ok(find(step, work).await?.into_iter().map(|(it, _)| it).next())
}

/// What `step` is about hangs on, and what is known of that.
fn parent(step: &Step, work: Work<'_>) -> Option<(Address, Attributes)> {
    let parent = step.address.parent()?;
    let known = lock(work.known);
    let attributes = known.get(&parent)?.clone();
    Some((parent, attributes))
}

async fn find(step: &Step, work: Work<'_>) -> Result<Vec<(LiveResource, Runs)>, AwsError> {
    let parent = parent(step, work);
    let seek = Seek::under(work.run.stack, parent.as_ref());
    look_for(work.run.aws, step.kind, seek, &step.address).await
}

/// The properties with everything in them that is known by now, which is all they wait for.
fn filled(properties: &Properties, work: Work<'_>) -> Properties {
    let known = lock(work.known);
    properties.filled(&|hole| match hole {
        Hole::Pseudo(name) => work.run.site.pseudo(name),
        Hole::Parameter(_) => None,
        Hole::Attribute { address, name } => Some(known.get(address)?.get(name)?.to_owned()),
    })
}

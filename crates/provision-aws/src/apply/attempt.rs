//! One step, tried until it is done or can't be done.
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::apply::gate::{Gate, Gates, Passage};
use crate::apply::run::Run;
use crate::calls::Seek;
use crate::error::{AwsError, if_exists};
use crate::kinds::calls_of;
use crate::live::{Runs, look_at, look_for};
use provision_core::address::Address;
use provision_core::event::{Event, Reason};
use provision_core::failure::Class;
use provision_core::kind::Observed;
use provision_core::mark::Mark;
use provision_core::model::{Attributes, Properties};
use provision_core::plan::{Action, Step};
use provision_core::text::Hole;

/// What every attempt shares.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub run: Run<'a>,
    pub known: &'a Mutex<BTreeMap<Address, Attributes>>,
    pub gates: &'a Gates,
}

/// How long one step may be tried in all. A minute is what IAM takes at worst; the rest is for
/// throttling.
const PATIENCE: Duration = Duration::from_secs(90);
/// Where nobody is, nobody will be soon.
const UNREACHABLE_TRIES: u32 = 4;
/// A fresh role is usually there within seconds, so look often at first.
const ROLE_WAITS: Waits =
    Waits { first: Duration::from_millis(250), longest: Duration::from_secs(2) };
const BUSY_WAITS: Waits =
    Waits { first: Duration::from_millis(200), longest: Duration::from_secs(5) };
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

struct Waits {
    first: Duration,
    longest: Duration,
}

impl Waits {
    /// The wait before attempt `n`, doubling, with a random half so that equals don't meet again.
    fn before(&self, n: u32) -> Duration {
        let full = self.first.saturating_mul(1 << n.min(16)).min(self.longest);
        let chance = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        full.mul_f64(0.5 + chance / 2.0)
    }
}

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
    let Run { stop, tell, .. } = work.run;
    let (address, action) = (&step.address, step.verb());
    let gate = work.gates.of(address);
    if !gate.try_enter() {
        tell(Event::Waiting { address: address.clone(), action, behind: address.root() });
        gate.enter().await;
    }
    if stop.is_set() {
        gate.leave(Passage::Quiet);
        return End::NotBegun;
    }
    tell(Event::Started { address: address.clone(), action });
    match again_and_again(step, &gate, work).await {
        Ok(attributes) => End::Done(attributes),
        Err(error) => End::Failed(error),
    }
}

/// Tries what stands inside its gate for the first time.
async fn again_and_again(step: &Step, gate: &Gate, work: Work<'_>) -> Result<Attributes, AwsError> {
    let Run { aws, stop, tell, .. } = work.run;
    let mut waited = Duration::ZERO;
    let mut tries = 0;
    loop {
        let error = match call(step, gate, work).await {
            Ok(attributes) => return Ok(attributes),
            Err(error) => error,
        };
        let Some((reason, waits)) = again(error.class) else { return Err(error) };
        let wait = waits.before(tries);
        tries += 1;
        waited += wait;
        let hopeless =
            waited > PATIENCE || (error.class == Class::Unreachable && tries >= UNREACHABLE_TRIES);
        if hopeless || stop.is_set() {
            return Err(error);
        }
        tell(Event::Retrying {
            address: step.address.clone(),
            action: step.verb(),
            reason,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            attempt: tries + 1,
            because: error.to_string(),
        });
        aws.wait(wait).await;
        // A run that is to end begins no call, though it would be the same once more.
        if stop.is_set() {
            return Err(error);
        }
        gate.enter().await;
    }
}

/// Why and how patiently what failed so is tried again.
fn again(class: Class) -> Option<(Reason, &'static Waits)> {
    match class {
        Class::RoleNotReady => Some((Reason::RoleNotReady, &ROLE_WAITS)),
        Class::Busy => Some((Reason::Busy, &BUSY_WAITS)),
        Class::Throttled => Some((Reason::Throttled, &BUSY_WAITS)),
        Class::Unreachable => Some((Reason::Unreachable, &BUSY_WAITS)),
        // An uncertain create has been looked for by now, and is not there.
        Class::Uncertain => Some((Reason::Uncertain, &BUSY_WAITS)),
        _ => None,
    }
}

/// One call, inside the gate, and out again.
async fn call(step: &Step, gate: &Gate, work: Work<'_>) -> Result<Attributes, AwsError> {
    let answer = match &step.action {
        Action::Create { properties } => create(step, properties, work).await,
        Action::Update { properties, was } => update(step, properties, was, work).await,
        Action::Delete { was } => delete(step, was, work).await,
    };
    let busy =
        matches!(&answer, Err(error) if matches!(error.class, Class::Busy | Class::Throttled));
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
    let mark = Mark {
        run: tells_of_runs(step).then(|| work.run.id.to_owned()),
        ..mark(step, stack, None)
    };
    let properties = filled(properties, work);
    let error = match calls_of(step.kind).create(aws, &mark, &properties).await {
        Ok(made) if tells_of_runs(step) => return alone(step, made, work).await,
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    // What exists may be what an earlier attempt of ours made.
    if !matches!(error.class, Class::Uncertain | Class::Exists) {
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
    if looked && error.class == Class::Exists {
        let message =
            format!("{}; it does not carry this stack's mark, so it is not touched", error.message);
        return Err(AwsError { message, ..error });
    }
    if looked {
        return Err(error);
    }
    // Whoever does not know whether it was made must not make it again.
    let message = format!("{}; whether it was made can't be found out now", error.message);
    Err(AwsError { message, class: Class::Unexpected, half_done: true, ..error })
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
    Err(AwsError::overtaken("another apply of this stack is making it at the same time"))
}

/// What else carries the mark of what was just made.
async fn others(
    step: &Step,
    mine: &Attributes,
    work: Work<'_>,
) -> Result<Vec<(Observed, Runs)>, AwsError> {
    let found = find(step, work).await?;
    Ok(found.into_iter().filter(|(it, _)| !it.attributes.agrees_with(mine)).collect())
}

/// Deletes what this run has just made, and nobody uses yet.
async fn give_way(step: &Step, mine: &Attributes, work: Work<'_>) -> Result<(), AwsError> {
    let Action::Create { properties } = &step.action else { return Ok(()) };
    calls_of(step.kind).delete(work.run.aws, &filled(properties, work), mine).await
}

fn mark(step: &Step, stack: &str, had: Option<String>) -> Mark {
    let (stack, address) = (stack.to_owned(), step.lives_at().clone());
    Mark { stack, address, digest: step.digest.clone(), had, run: None }
}

async fn update(
    step: &Step,
    properties: &Properties,
    was: &Observed,
    work: Work<'_>,
) -> Result<Attributes, AwsError> {
    let Run { aws, stack, .. } = work.run;
    let mark = mark(step, stack, was.digest.clone());
    let properties = filled(properties, work);
    calls_of(step.kind).update(aws, &mark, &properties, &was.properties, &was.attributes).await?;
    Ok(was.attributes.clone())
}

async fn delete(step: &Step, was: &Observed, work: Work<'_>) -> Result<Attributes, AwsError> {
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
) -> Result<Option<Observed>, AwsError> {
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
    let known = work.known.lock().expect("nobody panics while holding it");
    let attributes = known.get(&parent)?.clone();
    Some((parent, attributes))
}

async fn find(step: &Step, work: Work<'_>) -> Result<Vec<(Observed, Runs)>, AwsError> {
    let parent = parent(step, work);
    let seek = Seek::under(work.run.stack, parent.as_ref());
    look_for(work.run.aws, step.kind, seek, &step.address).await
}

/// The properties with everything in them that is known by now, which is all they wait for.
fn filled(properties: &Properties, work: Work<'_>) -> Properties {
    let known = work.known.lock().expect("nobody panics while holding it");
    properties.filled(&|hole| match hole {
        Hole::Pseudo(name) => work.run.site.pseudo(name),
        Hole::Parameter(_) => None,
        Hole::Attribute { address, name } => Some(known.get(address)?.get(name)?.to_owned()),
    })
}

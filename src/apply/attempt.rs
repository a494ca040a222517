//! One step, tried until it is done or can't be done.
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::address::Address;
use crate::apply::Run;
use crate::apply::gate::{Gates, Passage};
use crate::aws::{AwsError, Class};
use crate::calls::Seek;
use crate::event::Event;
use crate::kind::Observed;
use crate::kinds::{calls_of, row_of};
use crate::live::look_for;
use crate::mark::Mark;
use crate::model::{Attributes, Properties};
use crate::plan::{Action, Step};
use crate::text::Hole;

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
/// A fresh role is usually there within seconds, so look often at first.
const ROLE_WAITS: Waits =
    Waits { first: Duration::from_millis(250), longest: Duration::from_secs(2) };
const BUSY_WAITS: Waits =
    Waits { first: Duration::from_millis(200), longest: Duration::from_secs(5) };
/// After a lost answer: what was made may take a moment to show in a list.
const LOOKS: usize = 3;
const LOOK_WAIT: Duration = Duration::from_millis(500);

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

/// Tries `step` until it is done, can't be done, or patience ends.
pub async fn attempt(step: &Step, work: Work<'_>) -> Result<Attributes, AwsError> {
    let Run { aws, tell, .. } = work.run;
    let (address, action) = (&step.address, step.verb());
    tell(Event::Started { address: address.clone(), action });
    let mut waited = Duration::ZERO;
    let mut tries = 0;
    loop {
        let error = match call(step, work).await {
            Ok(attributes) => return Ok(attributes),
            Err(error) => error,
        };
        let wait = match error.class {
            Class::RoleNotReady => ROLE_WAITS.before(tries),
            // An uncertain create has been looked for by now, and is not there.
            Class::Busy | Class::Throttled | Class::Unreachable | Class::Uncertain => {
                BUSY_WAITS.before(tries)
            }
            _ => return Err(error),
        };
        tries += 1;
        waited += wait;
        if waited > PATIENCE || (error.class == Class::Unreachable && tries > 3) {
            return Err(error);
        }
        let because = error.to_string();
        tell(Event::Retrying { address: address.clone(), action, because });
        aws.wait(wait).await;
    }
}

async fn call(step: &Step, work: Work<'_>) -> Result<Attributes, AwsError> {
    let gate = work.gates.of(&step.address);
    gate.enter().await;
    let answer = match &step.action {
        Action::Create { properties } => create(step, properties, work).await,
        Action::Update { properties, was } => update(step, properties, was, work).await,
        Action::Delete { was } => delete(step, was, work).await,
    };
    let busy = matches!(&answer, Err(error) if error.class == Class::Busy);
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
    let mark = mark(step, stack, None);
    let properties = filled(properties, work);
    let error = match (calls_of(step.kind).create)(aws, &mark, &properties).await {
        Ok(attributes) => return Ok(attributes),
        Err(error) => error,
    };
    // What exists may be what an earlier attempt of ours made.
    if !matches!(error.class, Class::Uncertain | Class::Exists) {
        return Err(error);
    }
    for look in 0..LOOKS {
        if look > 0 {
            aws.wait(LOOK_WAIT).await;
        }
        if let Some(made) = find(step, work).await? {
            if made.properties != properties {
                (calls_of(step.kind).update)(
                    aws,
                    &mark,
                    &properties,
                    &made.properties,
                    &made.attributes,
                )
                .await?;
            }
            return Ok(made.attributes);
        }
        if error.class == Class::Exists {
            let message = format!(
                "{}; it does not carry this stack's mark, so it is not touched",
                error.message
            );
            return Err(AwsError { message, ..error });
        }
    }
    Err(error)
}

fn mark(step: &Step, stack: &str, had: Option<String>) -> Mark {
    let (stack, address) = (stack.to_owned(), step.address.clone());
    Mark { stack, address, digest: step.digest.clone(), had }
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
    (calls_of(step.kind).update)(aws, &mark, &properties, &was.properties, &was.attributes).await?;
    Ok(was.attributes.clone())
}

async fn delete(step: &Step, was: &Observed, work: Work<'_>) -> Result<Attributes, AwsError> {
    match (calls_of(step.kind).delete)(work.run.aws, &was.properties, &was.attributes).await {
        // Gone is gone, whoever did it.
        Err(error) if error.class == Class::NotFound => Ok(Attributes::default()),
        answer => answer.map(|()| Attributes::default()),
    }
}

async fn find(step: &Step, work: Work<'_>) -> Result<Option<Observed>, AwsError> {
    let parent = step.address.parent().and_then(|parent| {
        let known = work.known.lock().expect("nobody panics while holding it");
        let attributes = known.get(&parent)?.clone();
        Some((parent, attributes))
    });
    let seek = Seek {
        stack: work.run.stack,
        parent: parent.as_ref().map(|(address, attributes)| (address, attributes)),
    };
    look_for(work.run.aws, row_of(step.kind), seek, &step.address).await
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

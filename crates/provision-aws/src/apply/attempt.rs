//! Attempts one step until it succeeds, fails permanently, or has been retried for long enough.
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::apply::execute::{StepContext, execute};
use crate::apply::limiter::{ConcurrencyLimiter, ConcurrencyLimiters, PermitOutcome};
use crate::apply::run::ApplyRun;
use crate::calls::AwsResult;
use crate::error::AwsError;
use provision_core::event::{Event, RetryReason};
use provision_core::failure::ErrorClass;
use provision_core::model::Attributes;
use provision_core::plan::Step;

/// How long a step is retried for one reason. IAM takes a minute at worst; the rest is for throttling.
const RETRY_TIMEOUT: Duration = Duration::from_secs(90);
/// The delays before retries. Each is extended at random by up to its length, so that concurrent steps do not
/// retry at the same time.
const RETRY_DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_jitter()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_millis(2500))
    .without_max_times()
    .with_total_delay(Some(RETRY_TIMEOUT));
/// A new role is usually available within seconds, so these are short.
const ROLE_DELAYS: ExponentialBuilder =
    RETRY_DELAYS.with_min_delay(Duration::from_millis(125)).with_max_delay(Duration::from_secs(1));
/// An address that refused four attempts is probably wrong.
const UNREACHABLE_DELAYS: ExponentialBuilder = RETRY_DELAYS.with_max_times(3);

/// How the attempts of a step ended.
#[derive(Debug)]
pub enum AttemptResult {
    /// With the attributes of its resource.
    Succeeded(Attributes),
    /// With the error of the last attempt.
    Failed(AwsError),
    /// The run was stopped before the first call.
    NotStarted,
}

/// Attempts `step` until it succeeds or must not be retried. Waits for a permit of its limiter before each call.
pub async fn attempt(
    step: &Step,
    context: StepContext<'_>,
    limiters: &ConcurrencyLimiters,
) -> AttemptResult {
    let ApplyRun { stop, emit, .. } = context.run;
    let (address, action) = (&step.address, step.verb());
    let limiter = limiters.limiter_for(address);
    if !limiter.try_acquire() {
        emit(Event::Waiting { address: address.clone(), action, behind: address.root() });
        limiter.acquire().await;
    }
    if stop.is_requested() {
        limiter.release(PermitOutcome::Success);
        return AttemptResult::NotStarted;
    }
    emit(Event::Started { address: address.clone(), action });
    match retry(step, context, &limiter).await {
        Ok(attributes) => AttemptResult::Succeeded(attributes),
        Err(error) => AttemptResult::Failed(error),
    }
}

/// Executes `step`, for which a permit has been acquired, and retries it.
async fn retry(
    step: &Step,
    context: StepContext<'_>,
    limiter: &ConcurrencyLimiter,
) -> AwsResult<Attributes> {
    let ApplyRun { aws, stop, emit, .. } = context.run;
    let mut retries = Retries::new();
    loop {
        let result = execute(step, context).await;
        let class = result.as_ref().err().map(|error| error.class);
        limiter.release(match class {
            Some(ErrorClass::Busy | ErrorClass::Throttled) => PermitOutcome::Conflict,
            _ => PermitOutcome::Success,
        });
        let error = match result {
            Ok(attributes) => return Ok(attributes),
            Err(error) if stop.is_requested() => return Err(error),
            Err(error) => error,
        };
        let Some((reason, delay)) = retries.next(error.class) else { return Err(error) };
        emit(Event::Retrying {
            address: step.address.clone(),
            action: step.verb(),
            reason,
            wait_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            attempt: retries.count + 1,
            because: error.to_string(),
        });
        aws.wait(delay).await;
        // A run that is stopping makes no further calls, not even repeated ones.
        if stop.is_requested() {
            return Err(error);
        }
        limiter.acquire().await;
    }
}

/// The retries of one step, and the delays that remain for each reason.
struct Retries {
    count: u32,
    role: ExponentialBackoff,
    unreachable: ExponentialBackoff,
    other: ExponentialBackoff,
}

impl Retries {
    fn new() -> Self {
        Self {
            count: 0,
            role: ROLE_DELAYS.build(),
            unreachable: UNREACHABLE_DELAYS.build(),
            other: RETRY_DELAYS.build(),
        }
    }

    /// Returns why, and after which delay, a call that failed with `class` is repeated. `None`: it is not.
    fn next(&mut self, class: ErrorClass) -> Option<(RetryReason, Duration)> {
        let (reason, delays) = match class {
            ErrorClass::RoleNotReady => (RetryReason::RoleNotReady, &mut self.role),
            ErrorClass::Unreachable => (RetryReason::Unreachable, &mut self.unreachable),
            ErrorClass::Busy => (RetryReason::Busy, &mut self.other),
            ErrorClass::Throttled => (RetryReason::Throttled, &mut self.other),
            // An uncertain create has already been looked for, and not been found.
            ErrorClass::Uncertain => (RetryReason::Uncertain, &mut self.other),
            _ => return None,
        };
        let delay = delays.next()?;
        self.count += 1;
        Some((reason, delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_end_after_the_limit_of_their_reason() {
        let delays = |class| -> Vec<Duration> {
            let mut retries = Retries::new();
            std::iter::from_fn(|| Some(retries.next(class)?.1)).collect()
        };
        assert_eq!(delays(ErrorClass::Unreachable).len(), 3);
        assert!(delays(ErrorClass::Denied).is_empty());
        for (class, longest) in [(ErrorClass::RoleNotReady, 2), (ErrorClass::Throttled, 5)] {
            let delays = delays(class);
            let total: Duration = delays.iter().sum();
            assert!(total <= RETRY_TIMEOUT && total > RETRY_TIMEOUT / 2, "{total:?}");
            assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(longest)));
        }
    }
}

//! The verdict of a check: what the outcome of an attempt means for what was expected.
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::verify::report::{Check, CheckedOperation, Expectation, Obstacle};
use crate::verify::report::{CheckResult, CheckVerdict, Remedy};
use crate::verify::target::HandlerSetup;

/// What happened when an operation was tried.
#[derive(Clone, Debug, PartialEq)]
pub enum AttemptOutcome {
    /// The operation was accepted. The latency is known if an event arrived.
    Accepted { latency: Option<Duration>, detail: Option<String> },
    /// The event was accepted, and did not arrive within this time.
    NotDelivered(Duration),
    /// The request was accepted, and the event was rejected for this reason.
    EventRejected(String),
    /// The operation failed.
    Failed(Error),
    /// The operation was not tried.
    NotTried { reason: String, remedy: Option<Remedy> },
}

impl AttemptOutcome {
    /// The operation was accepted, and there is nothing more to report.
    pub fn accepted() -> Self {
        Self::Accepted { latency: None, detail: None }
    }

    pub fn not_tried(reason: impl Into<String>) -> Self {
        Self::NotTried { reason: reason.into(), remedy: None }
    }

    pub fn from_obstacle(obstacle: &Obstacle) -> Self {
        match obstacle {
            Obstacle::Credentials(reason) => Self::not_tried(reason),
            Obstacle::DataSource(name) => Self::NotTried {
                reason: format!("the handler uses the data source `{name}`"),
                remedy: Some(Remedy::AllowDataSources),
            },
        }
    }
}

/// What an outcome means.
struct Evaluation {
    verdict: CheckVerdict,
    detail: Option<String>,
    remedy: Option<Remedy>,
}

impl Evaluation {
    fn new(verdict: CheckVerdict, detail: impl Into<Option<String>>) -> Self {
        Self { verdict, detail: detail.into(), remedy: None }
    }
}

/// Evaluates the outcome of `check`. `handler` is what AWS runs if its own settings accept the
/// operation, `denial_hint` a probable reason for a denial.
pub fn evaluate(
    check: &Check,
    outcome: AttemptOutcome,
    handler: &HandlerSetup,
    denial_hint: Option<&str>,
    duration: Duration,
) -> CheckResult {
    let latency_ms = match &outcome {
        AttemptOutcome::Accepted { latency, .. } => latency.map(milliseconds),
        _ => None,
    };
    let error_type = match &outcome {
        AttemptOutcome::Failed(error) => error.error_type().map(str::to_owned),
        _ => None,
    };
    let Evaluation { verdict, detail, remedy } = match check.expected {
        Expectation::Allowed | Expectation::Declared => {
            evaluate_allowed(outcome, check.operation, handler, denial_hint)
        }
        Expectation::Denied => evaluate_denied(outcome, check.operation, handler),
    };
    CheckResult {
        subject: check.subject.clone(),
        operation: check.operation,
        expected: check.expected,
        verdict,
        error_type,
        detail,
        latency_ms,
        duration_ms: milliseconds(duration),
        remedy,
    }
}

/// Rounds to a tenth of a millisecond: more is noise.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn evaluate_allowed(
    outcome: AttemptOutcome,
    operation: CheckedOperation,
    handler: &HandlerSetup,
    denial_hint: Option<&str>,
) -> Evaluation {
    match outcome {
        AttemptOutcome::Accepted { detail, .. } => Evaluation::new(CheckVerdict::Same, detail),
        AttemptOutcome::NotTried { reason, remedy } => {
            Evaluation { verdict: CheckVerdict::NotTried, detail: Some(reason), remedy }
        }
        AttemptOutcome::NotDelivered(_) if handler.is_declared() => {
            let detail = "accepted, but the handler did not let the event through".to_owned();
            Evaluation {
                remedy: Some(Remedy::ProvideEvent),
                ..Evaluation::new(CheckVerdict::HandlerDecides, detail)
            }
        }
        AttemptOutcome::NotDelivered(limit) => {
            let seconds = limit.as_secs_f32();
            decided_by(handler, format!("accepted, but no event arrived within {seconds} s"))
        }
        AttemptOutcome::EventRejected(reason) => {
            decided_by(handler, format!("the event was rejected: {reason}"))
        }
        AttemptOutcome::Failed(error) if is_denial(&error) => {
            let hint = denial_hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            let error_text = error.to_string();
            let error_text = error_text.trim_end_matches('.');
            let detail =
                |source: &str| format!("denied{source}, but expected to be allowed: {error_text}");
            match denied_by(&error, operation, handler) {
                DeniedBy::Handler => decided_by(handler, detail(" by the handler")),
                DeniedBy::HandlerOrAppSync => {
                    let source = " by the handler or by the authorization (AppSync's answer to a publisher is the same for both)";
                    decided_by(handler, detail(source) + &hint)
                }
                DeniedBy::Firewall => {
                    let detail = detail(", possibly by a firewall in front of the API");
                    Evaluation::new(CheckVerdict::Difference, detail)
                }
                DeniedBy::AppSync => Evaluation::new(CheckVerdict::Difference, detail("") + &hint),
            }
        }
        AttemptOutcome::Failed(error) => Evaluation::new(CheckVerdict::Unclear, error.to_string()),
    }
}

/// The evaluation of a handler's decision, which is as expected only if a handler is expected.
fn decided_by(handler: &HandlerSetup, detail: String) -> Evaluation {
    match handler {
        HandlerSetup::Code | HandlerSetup::DataSource(_) => {
            Evaluation::new(CheckVerdict::HandlerDecides, detail)
        }
        HandlerSetup::None => Evaluation::new(CheckVerdict::Difference, detail),
        HandlerSetup::Undeclared { .. } => {
            let detail = format!("{detail}; AWS has a handler that the spec does not declare");
            Evaluation::new(CheckVerdict::Difference, detail)
        }
    }
}

fn evaluate_denied(
    outcome: AttemptOutcome,
    operation: CheckedOperation,
    handler: &HandlerSetup,
) -> Evaluation {
    match outcome {
        AttemptOutcome::NotTried { reason, remedy } => {
            Evaluation { verdict: CheckVerdict::NotTried, detail: Some(reason), remedy }
        }
        // AppSync accepted the request, which is a difference whatever a handler does then.
        AttemptOutcome::Accepted { .. }
        | AttemptOutcome::NotDelivered(_)
        | AttemptOutcome::EventRejected(_) => {
            let detail = "accepted, but expected to be denied".to_owned();
            Evaluation::new(CheckVerdict::Difference, detail)
        }
        AttemptOutcome::Failed(error) if is_denial(&error) => {
            match denied_by(&error, operation, handler) {
                // A handler only runs if AppSync accepted the request.
                DeniedBy::Handler => Evaluation::new(
                    CheckVerdict::Difference,
                    format!(
                        "accepted by AppSync, but expected to be denied; only the handler denied it: {error}"
                    ),
                ),
                DeniedBy::HandlerOrAppSync => Evaluation::new(
                    CheckVerdict::Difference,
                    format!(
                        "AWS's settings accept it, but it is expected to be denied; the handler or the authorization denied it: {error}"
                    ),
                ),
                DeniedBy::AppSync | DeniedBy::Firewall => Evaluation::new(CheckVerdict::Same, None),
            }
        }
        AttemptOutcome::Failed(error)
            if error.kind() == ErrorKind::InvalidRequest && error.error_type().is_some() =>
        {
            let detail = format!("denied for another reason: {error}");
            Evaluation::new(CheckVerdict::Same, detail)
        }
        AttemptOutcome::Failed(error)
            if operation == CheckedOperation::Connect
                && error.kind() == ErrorKind::ConnectionLost =>
        {
            let detail = "the connection was closed without a reason".to_owned();
            Evaluation::new(CheckVerdict::Same, detail)
        }
        AttemptOutcome::Failed(error) => Evaluation::new(CheckVerdict::Unclear, error.to_string()),
    }
}

/// Who denied an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeniedBy {
    AppSync,
    Handler,
    /// `util.unauthorized()` in `onPublish` and AppSync's authorization have the same answer
    /// (docs/reference/handlers.md#explicit-errors).
    HandlerOrAppSync,
    Firewall,
}

/// Who denied an operation, if `handler` is what AWS runs once its own settings accept it.
fn denied_by(error: &Error, operation: CheckedOperation, handler: &HandlerSetup) -> DeniedBy {
    let error_type = error.error_type().unwrap_or_default();
    let error_type = error_type.split(':').next().unwrap_or_default();
    match (error.kind(), handler) {
        (ErrorKind::Forbidden, _) if error_type == "WAFForbiddenException" => DeniedBy::Firewall,
        (ErrorKind::Forbidden, _) if error_type == "AccessDeniedException" => DeniedBy::AppSync,
        (ErrorKind::Forbidden, HandlerSetup::None) => DeniedBy::Firewall,
        (ErrorKind::Forbidden, _) => DeniedBy::Handler,
        (_, HandlerSetup::None) => DeniedBy::AppSync,
        // Only here AppSync has a separate type for a handler's denial
        // (docs/reference/handlers.md#explicit-errors).
        _ if operation == CheckedOperation::Subscribe && error_type == "Unauthorized" => {
            DeniedBy::Handler
        }
        _ if operation.is_publish() => DeniedBy::HandlerOrAppSync,
        _ => DeniedBy::AppSync,
    }
}

fn is_denial(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::Forbidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth_mode::AuthMode;
    use crate::error::Operation;
    use crate::verify::report::CheckSubject;

    fn check(mode: AuthMode, operation: CheckedOperation, expected: Expectation) -> Check {
        let subject = CheckSubject::Namespace { namespace: "chat".to_owned(), mode };
        Check { subject, operation, expected, obstacle: None }
    }

    fn publish_result(
        expected: Expectation,
        outcome: AttemptOutcome,
        handler: &HandlerSetup,
    ) -> CheckResult {
        let check = check(AuthMode::ApiKey, CheckedOperation::PublishHttp, expected);
        evaluate(&check, outcome, handler, Some("key web has expired"), Duration::from_millis(12))
    }

    fn failed(kind: ErrorKind, error_type: &str) -> AttemptOutcome {
        let error = Error::from_answer(Operation::Publish, error_type, "");
        AttemptOutcome::Failed(error.with_kind(kind))
    }

    fn delivered() -> AttemptOutcome {
        AttemptOutcome::Accepted { latency: Some(Duration::from_micros(1_260)), detail: None }
    }

    #[test]
    fn an_allowed_event_must_be_accepted_and_arrive() {
        let not_delivered = AttemptOutcome::NotDelivered(Duration::from_secs(20));
        let rejected = AttemptOutcome::EventRejected("no".to_owned());
        let unreachable = failed(ErrorKind::Unreachable, "");
        let unauthorized = failed(ErrorKind::Unauthorized, "UnauthorizedException");
        let blocked = failed(ErrorKind::Forbidden, "WAFForbiddenException");
        let forbidden = failed(ErrorKind::Forbidden, "ForbiddenException");
        for (outcome, without_handler, with_handler) in [
            (delivered(), CheckVerdict::Same, CheckVerdict::Same),
            (unauthorized, CheckVerdict::Difference, CheckVerdict::HandlerDecides),
            (blocked, CheckVerdict::Difference, CheckVerdict::Difference),
            (forbidden, CheckVerdict::Difference, CheckVerdict::HandlerDecides),
            (rejected, CheckVerdict::Difference, CheckVerdict::HandlerDecides),
            (not_delivered.clone(), CheckVerdict::Difference, CheckVerdict::HandlerDecides),
            (unreachable, CheckVerdict::Unclear, CheckVerdict::Unclear),
            (AttemptOutcome::not_tried("no token"), CheckVerdict::NotTried, CheckVerdict::NotTried),
        ] {
            let verdict =
                |handler| publish_result(Expectation::Allowed, outcome.clone(), handler).verdict;
            assert_eq!(verdict(&HandlerSetup::None), without_handler, "{outcome:?}");
            assert_eq!(verdict(&HandlerSetup::Code), with_handler, "{outcome:?}");
            // The decisions of a handler that is not declared are never as expected.
            let undeclared = HandlerSetup::Undeclared { data_source: None };
            assert_eq!(verdict(&undeclared), without_handler, "{outcome:?}");
        }
        let worker = HandlerSetup::DataSource("worker".to_owned());
        let result = publish_result(Expectation::Allowed, not_delivered, &worker);
        assert_eq!(result.verdict, CheckVerdict::HandlerDecides);
        assert_eq!(result.remedy, Some(Remedy::ProvideEvent));
    }

    #[test]
    fn a_forbidden_event_must_be_denied_before_a_handler_runs() {
        for (outcome, expected) in [
            // AWS's own settings accept it, or there would be no handler to run.
            (failed(ErrorKind::Unauthorized, "UnauthorizedException"), CheckVerdict::Difference),
            (failed(ErrorKind::InvalidRequest, "BadRequestException"), CheckVerdict::Same),
            (failed(ErrorKind::Unreachable, ""), CheckVerdict::Unclear),
            (failed(ErrorKind::ConnectionLost, ""), CheckVerdict::Unclear),
            (delivered(), CheckVerdict::Difference),
            (AttemptOutcome::NotDelivered(Duration::ZERO), CheckVerdict::Difference),
            (AttemptOutcome::EventRejected("by a handler".to_owned()), CheckVerdict::Difference),
            (AttemptOutcome::not_tried(""), CheckVerdict::NotTried),
        ] {
            let result = publish_result(Expectation::Denied, outcome.clone(), &HandlerSetup::Code);
            assert_eq!(result.verdict, expected, "{outcome:?}");
        }
        let unauthorized = failed(ErrorKind::Unauthorized, "UnauthorizedException");
        let by_appsync = publish_result(Expectation::Denied, unauthorized, &HandlerSetup::None);
        assert_eq!(by_appsync.verdict, CheckVerdict::Same);
        // A handler's denial has no type: AppSync accepted the event.
        let by_handler = failed(ErrorKind::Forbidden, "");
        let by_handler = publish_result(Expectation::Denied, by_handler, &HandlerSetup::Code);
        assert_eq!(by_handler.verdict, CheckVerdict::Difference);
    }

    #[test]
    fn a_connection_that_is_closed_without_a_reason_is_denied() {
        let verdict = |operation| {
            let check = check(AuthMode::Iam, operation, Expectation::Denied);
            let lost = failed(ErrorKind::ConnectionLost, "");
            evaluate(&check, lost, &HandlerSetup::None, None, Duration::ZERO).verdict
        };
        assert_eq!(verdict(CheckedOperation::Connect), CheckVerdict::Same);
        assert_eq!(verdict(CheckedOperation::Subscribe), CheckVerdict::Unclear);
    }

    #[test]
    fn handlers_and_appsync_deny_subscriptions_differently_and_events_alike() {
        let result = |operation, expected, error_type: &str| {
            let check = check(AuthMode::Lambda, operation, expected);
            let unauthorized = failed(ErrorKind::Unauthorized, error_type);
            let result = evaluate(&check, unauthorized, &HandlerSetup::Code, None, Duration::ZERO);
            (result.verdict, result.detail.unwrap_or_default())
        };
        let subscribe = CheckedOperation::Subscribe;
        let (verdict, detail) = result(subscribe, Expectation::Allowed, "UnauthorizedException");
        assert!(verdict == CheckVerdict::Difference && !detail.contains("handler"), "{detail}");
        let (verdict, detail) = result(subscribe, Expectation::Allowed, "Unauthorized");
        assert_eq!(verdict, CheckVerdict::HandlerDecides);
        assert!(detail.starts_with("denied by the handler, "), "{detail}");
        let publish = CheckedOperation::PublishHttp;
        let (verdict, detail) = result(publish, Expectation::Allowed, "UnauthorizedException");
        assert_eq!(verdict, CheckVerdict::HandlerDecides);
        assert!(detail.contains("by the handler or by the authorization"), "{detail}");
        let forbidden = |error_type| result(subscribe, Expectation::Denied, error_type).0;
        assert_eq!(forbidden("UnauthorizedException"), CheckVerdict::Same);
        assert_eq!(forbidden("Unauthorized"), CheckVerdict::Difference);
    }

    #[test]
    fn a_result_has_the_error_type_the_latency_and_the_hint() {
        let unauthorized = failed(ErrorKind::Unauthorized, "UnauthorizedException");
        let result = publish_result(Expectation::Allowed, unauthorized, &HandlerSetup::None);
        assert_eq!(result.error_type.as_deref(), Some("UnauthorizedException"));
        let detail = "denied, but expected to be allowed: publish: UnauthorizedException; key web has expired";
        assert_eq!(result.detail.as_deref(), Some(detail));
        let result = publish_result(Expectation::Allowed, delivered(), &HandlerSetup::None);
        assert_eq!((result.latency_ms, result.duration_ms), (Some(1.3), 12.0));
    }
}

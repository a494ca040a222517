//! What an answer says about the spec.
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::verify::check::{Check, CheckedOperation, Expected};
use crate::verify::report::{CheckResult, CheckVerdict};
use crate::verify::target::HandlerSetup;

/// What came of a try.
#[derive(Clone, Debug, PartialEq)]
pub enum AttemptOutcome {
    /// It was accepted; `latency` is there if an event arrived.
    Accepted {
        latency: Option<Duration>,
        detail: Option<String>,
    },
    /// It was accepted, and nothing arrived within this time.
    Vanished(Duration),
    /// The request was accepted, and the event was not.
    Rejected(String),
    Failed(Error),
    NotTried(String),
}

/// What `attempt` means for `check`. `handling` is what AWS runs once its own settings let it in, and `caution` what
/// may be behind a refusal.
pub fn judge(
    check: &Check,
    attempt: AttemptOutcome,
    handling: &HandlerSetup,
    caution: Option<&str>,
    took: Duration,
) -> CheckResult {
    let latency = match &attempt {
        AttemptOutcome::Accepted { latency, .. } => latency.map(milliseconds),
        _ => None,
    };
    let error_type = match &attempt {
        AttemptOutcome::Failed(error) => error.error_type.clone(),
        _ => None,
    };
    let (verdict, detail) = match check.expected {
        Expected::Allowed | Expected::Declared => {
            allowed(attempt, check.operation, handling, caution)
        }
        Expected::Refused => refused(attempt, check.operation, handling),
    };
    CheckResult {
        about: check.about.clone(),
        operation: check.operation,
        expected: check.expected,
        verdict,
        error_type,
        detail,
        latency_ms: latency,
        took_ms: milliseconds(took),
    }
}

/// To a tenth of a millisecond: more is noise.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn allowed(
    attempt: AttemptOutcome,
    operation: CheckedOperation,
    handling: &HandlerSetup,
    caution: Option<&str>,
) -> (CheckVerdict, Option<String>) {
    match attempt {
        AttemptOutcome::Accepted { detail, .. } => (CheckVerdict::Same, detail),
        AttemptOutcome::NotTried(why) => (CheckVerdict::NotTried, Some(why)),
        AttemptOutcome::Vanished(_) if handling.is_declared() => {
            let why = "accepted, and the handler let nothing through; `--event NAMESPACE=FILE|JSON` gives an event that it lets through";
            (CheckVerdict::HandlerDecides, Some(why.to_owned()))
        }
        AttemptOutcome::Vanished(limit) => {
            let why = format!("accepted, and nothing arrived within {} s", limit.as_secs_f32());
            decided(handling, why)
        }
        AttemptOutcome::Rejected(reason) => {
            decided(handling, format!("the event was refused: {reason}"))
        }
        AttemptOutcome::Failed(error) if is_refusal(&error) => {
            let caution = caution.map(|it| format!("; {it}")).unwrap_or_default();
            let error_told = error.to_string();
            let error_told = error_told.trim_end_matches('.');
            let told = |by: &str| format!("refused{by}, and the spec allows it: {error_told}");
            match refuser(&error, operation, handling) {
                DeniedBy::Handler => decided(handling, told(" by the handler")),
                DeniedBy::HandlerOrAppSync => {
                    let by = " by the handler or by the authorization (AppSync answers a publisher the same for both)";
                    decided(handling, told(by) + &caution)
                }
                DeniedBy::Firewall => {
                    let why = told(", perhaps by a firewall in front of the API");
                    (CheckVerdict::Difference, Some(why))
                }
                DeniedBy::AppSync => (CheckVerdict::Difference, Some(told("") + &caution)),
            }
        }
        AttemptOutcome::Failed(error) => (CheckVerdict::Unclear, Some(error.to_string())),
    }
}

/// What a handler's decision comes to: it is as the spec says only where the spec has a handler.
fn decided(handling: &HandlerSetup, why: String) -> (CheckVerdict, Option<String>) {
    match handling {
        HandlerSetup::Code | HandlerSetup::DataSource(_) => {
            (CheckVerdict::HandlerDecides, Some(why))
        }
        HandlerSetup::None => (CheckVerdict::Difference, Some(why)),
        HandlerSetup::Undeclared(_) => {
            let why = format!("{why}; AWS has a handler that the spec does not declare");
            (CheckVerdict::Difference, Some(why))
        }
    }
}

fn refused(
    attempt: AttemptOutcome,
    operation: CheckedOperation,
    handling: &HandlerSetup,
) -> (CheckVerdict, Option<String>) {
    match attempt {
        AttemptOutcome::NotTried(why) => (CheckVerdict::NotTried, Some(why)),
        // The request itself was let through: that is what counts, whatever a handler makes of it.
        AttemptOutcome::Accepted { .. }
        | AttemptOutcome::Vanished(_)
        | AttemptOutcome::Rejected(_) => {
            (CheckVerdict::Difference, Some("accepted, and the spec forbids it".to_owned()))
        }
        // Whom AppSync forbids it never gets as far as a handler, whose own words these would be.
        AttemptOutcome::Failed(error)
            if is_refusal(&error) && refuser(&error, operation, handling) == DeniedBy::Handler =>
        {
            let why = format!(
                "accepted by AppSync, and the spec forbids it; only the handler refused it: {error}"
            );
            (CheckVerdict::Difference, Some(why))
        }
        AttemptOutcome::Failed(error)
            if is_refusal(&error)
                && refuser(&error, operation, handling) == DeniedBy::HandlerOrAppSync =>
        {
            let why = format!(
                "AWS's settings accept it, and the spec forbids it; it was refused by the handler or by the authorization: {error}"
            );
            (CheckVerdict::Difference, Some(why))
        }
        AttemptOutcome::Failed(error) if is_refusal(&error) => (CheckVerdict::Same, None),
        AttemptOutcome::Failed(error)
            if error.kind == ErrorKind::Invalid && error.error_type.is_some() =>
        {
            (CheckVerdict::Same, Some(format!("refused for another reason: {error}")))
        }
        AttemptOutcome::Failed(error)
            if operation == CheckedOperation::Connect && error.kind == ErrorKind::Lost =>
        {
            (CheckVerdict::Same, Some("the connection was ended without a reason".to_owned()))
        }
        AttemptOutcome::Failed(error) => (CheckVerdict::Unclear, Some(error.to_string())),
    }
}

/// Who refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeniedBy {
    AppSync,
    Handler,
    /// `util.unauthorized()` in onPublish and a refused publisher come to the same answer
    /// (docs/reference/handlers.md#explicit-errors).
    HandlerOrAppSync,
    Firewall,
}

/// Who sends this refusal, where `handling` is what AWS would run once its own settings let it in.
fn refuser(error: &Error, operation: CheckedOperation, handling: &HandlerSetup) -> DeniedBy {
    let name = error.error_type.as_deref().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default();
    match (error.kind, handling) {
        (ErrorKind::Refused, _) if name == "WAFForbiddenException" => DeniedBy::Firewall,
        (ErrorKind::Refused, _) if name == "AccessDeniedException" => DeniedBy::AppSync,
        (ErrorKind::Refused, HandlerSetup::None) => DeniedBy::Firewall,
        (ErrorKind::Refused, _) => DeniedBy::Handler,
        (_, HandlerSetup::None) => DeniedBy::AppSync,
        // The one operation where AppSync has another word for a handler's refusal
        // (docs/reference/handlers.md#explicit-errors).
        _ if operation == CheckedOperation::Subscribe && name == "Unauthorized" => {
            DeniedBy::Handler
        }
        _ if operation.publishes() => DeniedBy::HandlerOrAppSync,
        _ => DeniedBy::AppSync,
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth_mode::AuthMode;
    use crate::verify::check::CheckSubject;

    fn finding(
        expected: Expected,
        attempt: AttemptOutcome,
        handling: &HandlerSetup,
    ) -> CheckResult {
        let about =
            CheckSubject::Namespace { namespace: "chat".to_owned(), mode: AuthMode::ApiKey };
        let check =
            Check { about, operation: CheckedOperation::PublishHttp, expected, hindered: None };
        judge(&check, attempt, handling, Some("key web ended"), Duration::from_millis(12))
    }

    fn error(kind: ErrorKind, error_type: &str) -> AttemptOutcome {
        let error = Error::answered("publish", error_type, "");
        AttemptOutcome::Failed(Error { kind, ..error })
    }

    fn accepted() -> AttemptOutcome {
        AttemptOutcome::Accepted { latency: Some(Duration::from_micros(1_260)), detail: None }
    }

    #[test]
    fn what_is_allowed_has_to_be_accepted_and_to_arrive() {
        let long = Duration::from_secs(20);
        let vanished = || AttemptOutcome::Vanished(long);
        let rejected = || AttemptOutcome::Rejected("no".to_owned());
        let away = || error(ErrorKind::Unreachable, "");
        let unauthorized = || error(ErrorKind::Unauthorized, "UnauthorizedException");
        let blocked = || error(ErrorKind::Refused, "WAFForbiddenException");
        let forbidden = || error(ErrorKind::Refused, "ForbiddenException");
        let nobody = || AttemptOutcome::NotTried("no token".to_owned());
        for (attempt, plain, handled) in [
            (accepted as fn() -> AttemptOutcome, CheckVerdict::Same, CheckVerdict::Same),
            (unauthorized, CheckVerdict::Difference, CheckVerdict::HandlerDecides),
            (blocked, CheckVerdict::Difference, CheckVerdict::Difference),
            (forbidden, CheckVerdict::Difference, CheckVerdict::HandlerDecides),
            (rejected, CheckVerdict::Difference, CheckVerdict::HandlerDecides),
            (away, CheckVerdict::Unclear, CheckVerdict::Unclear),
            (nobody, CheckVerdict::NotTried, CheckVerdict::NotTried),
        ] {
            let of = |handling| finding(Expected::Allowed, attempt(), handling).verdict;
            assert_eq!((of(&HandlerSetup::None), of(&HandlerSetup::Code)), (plain, handled));
            // What the spec does not declare decides nothing as the spec says.
            assert_eq!(of(&HandlerSetup::Undeclared(None)), plain);
        }
        let of = |handling| finding(Expected::Allowed, vanished(), handling).verdict;
        assert_eq!(of(&HandlerSetup::None), CheckVerdict::Difference);
        assert_eq!(
            of(&HandlerSetup::DataSource("worker".to_owned())),
            CheckVerdict::HandlerDecides
        );
    }

    #[test]
    fn what_is_forbidden_has_to_be_refused_whatever_a_handler_does() {
        let ended = |operation| {
            let about = CheckSubject::Connection { mode: AuthMode::Iam };
            let check = Check { about, operation, expected: Expected::Refused, hindered: None };
            let lost = error(ErrorKind::Lost, "");
            judge(&check, lost, &HandlerSetup::None, None, Duration::ZERO).verdict
        };
        for (attempt, expected) in [
            // AWS's own settings let it in, or no handler would be reached.
            (error(ErrorKind::Unauthorized, "UnauthorizedException"), CheckVerdict::Difference),
            (error(ErrorKind::Invalid, "BadRequestException"), CheckVerdict::Same),
            (error(ErrorKind::Unreachable, ""), CheckVerdict::Unclear),
            (error(ErrorKind::Lost, ""), CheckVerdict::Unclear),
            (accepted(), CheckVerdict::Difference),
            (AttemptOutcome::Vanished(Duration::ZERO), CheckVerdict::Difference),
            (AttemptOutcome::Rejected("by a handler".to_owned()), CheckVerdict::Difference),
            (AttemptOutcome::NotTried(String::new()), CheckVerdict::NotTried),
        ] {
            let found = finding(Expected::Refused, attempt.clone(), &HandlerSetup::Code).verdict;
            assert_eq!(found, expected, "{attempt:?}");
        }
        let refused = error(ErrorKind::Unauthorized, "UnauthorizedException");
        let by_appsync = finding(Expected::Refused, refused, &HandlerSetup::None);
        assert_eq!(by_appsync.verdict, CheckVerdict::Same);
        // A handler's own refusal has no type: AppSync let the event through to it.
        let by_handler =
            finding(Expected::Refused, error(ErrorKind::Refused, ""), &HandlerSetup::Code);
        assert_eq!(by_handler.verdict, CheckVerdict::Difference);
        assert_eq!(ended(CheckedOperation::Connect), CheckVerdict::Same);
        assert_eq!(ended(CheckedOperation::Subscribe), CheckVerdict::Unclear);
    }

    #[test]
    fn a_refused_subscription_tells_a_handlers_refusal_from_appsyncs_and_a_refused_publish_does_not()
     {
        let of = |operation, expected, error_type: &str| {
            let about =
                CheckSubject::Namespace { namespace: "chat".to_owned(), mode: AuthMode::Lambda };
            let check = Check { about, operation, expected, hindered: None };
            let refused = error(ErrorKind::Unauthorized, error_type);
            let found = judge(&check, refused, &HandlerSetup::Code, None, Duration::ZERO);
            (found.verdict, found.detail.unwrap_or_default())
        };
        let subscribed =
            |error_type| of(CheckedOperation::Subscribe, Expected::Allowed, error_type);
        let (verdict, why) = subscribed("UnauthorizedException");
        assert!(verdict == CheckVerdict::Difference && !why.contains("handler"), "{why}");
        let (verdict, why) = subscribed("Unauthorized");
        assert!(
            verdict == CheckVerdict::HandlerDecides && why.starts_with("refused by the handler, "),
            "{why}"
        );
        let (verdict, why) =
            of(CheckedOperation::PublishHttp, Expected::Allowed, "UnauthorizedException");
        assert_eq!(verdict, CheckVerdict::HandlerDecides);
        assert!(why.contains("by the handler or by the authorization"), "{why}");
        let forbidden =
            |error_type| of(CheckedOperation::Subscribe, Expected::Refused, error_type).0;
        assert_eq!(forbidden("UnauthorizedException"), CheckVerdict::Same);
        assert_eq!(forbidden("Unauthorized"), CheckVerdict::Difference);
    }

    #[test]
    fn a_finding_tells_the_type_the_latency_and_what_may_be_behind_it() {
        let refused = error(ErrorKind::Unauthorized, "UnauthorizedException");
        let finding_of = finding(Expected::Allowed, refused, &HandlerSetup::None);
        assert_eq!(finding_of.error_type.as_deref(), Some("UnauthorizedException"));
        let told = "refused, and the spec allows it: publish: UnauthorizedException; key web ended";
        assert_eq!(finding_of.detail.as_deref(), Some(told));
        let arrived = finding(Expected::Allowed, accepted(), &HandlerSetup::None);
        assert_eq!((arrived.latency_ms, arrived.took_ms), (Some(1.3), 12.0));
    }
}

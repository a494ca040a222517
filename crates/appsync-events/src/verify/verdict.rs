//! What an answer says about the spec.
use std::time::Duration;

use crate::error::{ClientError, Kind};
use crate::verify::check::{Check, Expected, Operation};
use crate::verify::report::{Finding, Verdict};
use crate::verify::target::Handling;

/// What came of a try.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// It was accepted; `latency` is there if an event arrived.
    Accepted {
        latency: Option<Duration>,
        detail: Option<String>,
    },
    /// It was accepted, and nothing arrived within this time.
    Vanished(Duration),
    /// The request was accepted, and the event was not.
    Rejected(String),
    Failed(ClientError),
    NotTried(String),
}

/// What `attempt` means for `check`. `handling` is what AWS runs once its own settings let it in, and `caution` what
/// may be behind a refusal.
pub fn judge(
    check: &Check,
    attempt: Attempt,
    handling: &Handling,
    caution: Option<&str>,
    took: Duration,
) -> Finding {
    let latency = match &attempt {
        Attempt::Accepted { latency, .. } => latency.map(milliseconds),
        _ => None,
    };
    let error_type = match &attempt {
        Attempt::Failed(error) => error.error_type.clone(),
        _ => None,
    };
    let (verdict, detail) = match check.expected {
        Expected::Allowed | Expected::Declared => {
            allowed(attempt, check.operation, handling, caution)
        }
        Expected::Refused => refused(attempt, check.operation, handling),
    };
    Finding {
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
    attempt: Attempt,
    operation: Operation,
    handling: &Handling,
    caution: Option<&str>,
) -> (Verdict, Option<String>) {
    match attempt {
        Attempt::Accepted { detail, .. } => (Verdict::Same, detail),
        Attempt::NotTried(why) => (Verdict::NotTried, Some(why)),
        Attempt::Vanished(_) if handling.is_declared() => {
            let why = "accepted, and the handler let nothing through; `--event NAMESPACE=FILE|JSON` gives an event that it lets through";
            (Verdict::HandlerDecides, Some(why.to_owned()))
        }
        Attempt::Vanished(limit) => {
            let why = format!("accepted, and nothing arrived within {} s", limit.as_secs_f32());
            decided(handling, why)
        }
        Attempt::Rejected(reason) => decided(handling, format!("the event was refused: {reason}")),
        Attempt::Failed(error) if is_refusal(&error) => {
            let caution = caution.map(|it| format!("; {it}")).unwrap_or_default();
            let error_told = error.to_string();
            let error_told = error_told.trim_end_matches('.');
            let told = |by: &str| format!("refused{by}, and the spec allows it: {error_told}");
            match refuser(&error, operation, handling) {
                Refuser::Handler => decided(handling, told(" by the handler")),
                Refuser::HandlerOrAppSync => {
                    let by = " by the handler or by the authorization (AppSync answers a publisher the same for both)";
                    decided(handling, told(by) + &caution)
                }
                Refuser::Firewall => {
                    let why = told(", perhaps by a firewall in front of the API");
                    (Verdict::Difference, Some(why))
                }
                Refuser::AppSync => (Verdict::Difference, Some(told("") + &caution)),
            }
        }
        Attempt::Failed(error) => (Verdict::Unclear, Some(error.to_string())),
    }
}

/// What a handler's decision comes to: it is as the spec says only where the spec has a handler.
fn decided(handling: &Handling, why: String) -> (Verdict, Option<String>) {
    match handling {
        Handling::Code | Handling::DataSource(_) => (Verdict::HandlerDecides, Some(why)),
        Handling::None => (Verdict::Difference, Some(why)),
        Handling::Undeclared(_) => {
            let why = format!("{why}; AWS has a handler that the spec does not declare");
            (Verdict::Difference, Some(why))
        }
    }
}

fn refused(
    attempt: Attempt,
    operation: Operation,
    handling: &Handling,
) -> (Verdict, Option<String>) {
    match attempt {
        Attempt::NotTried(why) => (Verdict::NotTried, Some(why)),
        // The request itself was let through: that is what counts, whatever a handler makes of it.
        Attempt::Accepted { .. } | Attempt::Vanished(_) | Attempt::Rejected(_) => {
            (Verdict::Difference, Some("accepted, and the spec forbids it".to_owned()))
        }
        // Whom AppSync forbids it never gets as far as a handler, whose own words these would be.
        Attempt::Failed(error)
            if is_refusal(&error) && refuser(&error, operation, handling) == Refuser::Handler =>
        {
            let why = format!(
                "accepted by AppSync, and the spec forbids it; only the handler refused it: {error}"
            );
            (Verdict::Difference, Some(why))
        }
        Attempt::Failed(error)
            if is_refusal(&error)
                && refuser(&error, operation, handling) == Refuser::HandlerOrAppSync =>
        {
            let why = format!(
                "AWS's settings accept it, and the spec forbids it; it was refused by the handler or by the authorization: {error}"
            );
            (Verdict::Difference, Some(why))
        }
        Attempt::Failed(error) if is_refusal(&error) => (Verdict::Same, None),
        Attempt::Failed(error) if error.kind == Kind::Invalid && error.error_type.is_some() => {
            (Verdict::Same, Some(format!("refused for another reason: {error}")))
        }
        Attempt::Failed(error) if operation == Operation::Connect && error.kind == Kind::Lost => {
            (Verdict::Same, Some("the connection was ended without a reason".to_owned()))
        }
        Attempt::Failed(error) => (Verdict::Unclear, Some(error.to_string())),
    }
}

/// Who refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refuser {
    AppSync,
    Handler,
    /// `util.unauthorized()` in onPublish and a refused publisher come to the same answer
    /// (docs/reference/handlers.md#explicit-errors).
    HandlerOrAppSync,
    Firewall,
}

/// Who sends this refusal, where `handling` is what AWS would run once its own settings let it in.
fn refuser(error: &ClientError, operation: Operation, handling: &Handling) -> Refuser {
    let name = error.error_type.as_deref().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default();
    match (error.kind, handling) {
        (Kind::Refused, _) if name == "WAFForbiddenException" => Refuser::Firewall,
        (Kind::Refused, _) if name == "AccessDeniedException" => Refuser::AppSync,
        (Kind::Refused, Handling::None) => Refuser::Firewall,
        (Kind::Refused, _) => Refuser::Handler,
        (_, Handling::None) => Refuser::AppSync,
        // The one operation where AppSync has another word for a handler's refusal
        // (docs/reference/handlers.md#explicit-errors).
        _ if operation == Operation::Subscribe && name == "Unauthorized" => Refuser::Handler,
        _ if operation.publishes() => Refuser::HandlerOrAppSync,
        _ => Refuser::AppSync,
    }
}

fn is_refusal(error: &ClientError) -> bool {
    matches!(error.kind, Kind::Unauthorized | Kind::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode::Mode;
    use crate::verify::check::About;

    fn finding(expected: Expected, attempt: Attempt, handling: &Handling) -> Finding {
        let about = About::Namespace { namespace: "chat".to_owned(), mode: Mode::ApiKey };
        let check = Check { about, operation: Operation::PublishHttp, expected, hindered: None };
        judge(&check, attempt, handling, Some("key web ended"), Duration::from_millis(12))
    }

    fn error(kind: Kind, error_type: &str) -> Attempt {
        let error = ClientError::answered("publish", error_type, "");
        Attempt::Failed(ClientError { kind, ..error })
    }

    fn accepted() -> Attempt {
        Attempt::Accepted { latency: Some(Duration::from_micros(1_260)), detail: None }
    }

    #[test]
    fn what_is_allowed_has_to_be_accepted_and_to_arrive() {
        let long = Duration::from_secs(20);
        let vanished = || Attempt::Vanished(long);
        let rejected = || Attempt::Rejected("no".to_owned());
        let away = || error(Kind::Unreachable, "");
        let unauthorized = || error(Kind::Unauthorized, "UnauthorizedException");
        let blocked = || error(Kind::Refused, "WAFForbiddenException");
        let forbidden = || error(Kind::Refused, "ForbiddenException");
        let nobody = || Attempt::NotTried("no token".to_owned());
        for (attempt, plain, handled) in [
            (accepted as fn() -> Attempt, Verdict::Same, Verdict::Same),
            (unauthorized, Verdict::Difference, Verdict::HandlerDecides),
            (blocked, Verdict::Difference, Verdict::Difference),
            (forbidden, Verdict::Difference, Verdict::HandlerDecides),
            (rejected, Verdict::Difference, Verdict::HandlerDecides),
            (away, Verdict::Unclear, Verdict::Unclear),
            (nobody, Verdict::NotTried, Verdict::NotTried),
        ] {
            let of = |handling| finding(Expected::Allowed, attempt(), handling).verdict;
            assert_eq!((of(&Handling::None), of(&Handling::Code)), (plain, handled));
            // What the spec does not declare decides nothing as the spec says.
            assert_eq!(of(&Handling::Undeclared(None)), plain);
        }
        let of = |handling| finding(Expected::Allowed, vanished(), handling).verdict;
        assert_eq!(of(&Handling::None), Verdict::Difference);
        assert_eq!(of(&Handling::DataSource("worker".to_owned())), Verdict::HandlerDecides);
    }

    #[test]
    fn what_is_forbidden_has_to_be_refused_whatever_a_handler_does() {
        let ended = |operation| {
            let about = About::Connection { mode: Mode::Iam };
            let check = Check { about, operation, expected: Expected::Refused, hindered: None };
            let lost = error(Kind::Lost, "");
            judge(&check, lost, &Handling::None, None, Duration::ZERO).verdict
        };
        for (attempt, expected) in [
            // AWS's own settings let it in, or no handler would be reached.
            (error(Kind::Unauthorized, "UnauthorizedException"), Verdict::Difference),
            (error(Kind::Invalid, "BadRequestException"), Verdict::Same),
            (error(Kind::Unreachable, ""), Verdict::Unclear),
            (error(Kind::Lost, ""), Verdict::Unclear),
            (accepted(), Verdict::Difference),
            (Attempt::Vanished(Duration::ZERO), Verdict::Difference),
            (Attempt::Rejected("by a handler".to_owned()), Verdict::Difference),
            (Attempt::NotTried(String::new()), Verdict::NotTried),
        ] {
            let found = finding(Expected::Refused, attempt.clone(), &Handling::Code).verdict;
            assert_eq!(found, expected, "{attempt:?}");
        }
        let refused = error(Kind::Unauthorized, "UnauthorizedException");
        let by_appsync = finding(Expected::Refused, refused, &Handling::None);
        assert_eq!(by_appsync.verdict, Verdict::Same);
        // A handler's own refusal has no type: AppSync let the event through to it.
        let by_handler = finding(Expected::Refused, error(Kind::Refused, ""), &Handling::Code);
        assert_eq!(by_handler.verdict, Verdict::Difference);
        assert_eq!(ended(Operation::Connect), Verdict::Same);
        assert_eq!(ended(Operation::Subscribe), Verdict::Unclear);
    }

    #[test]
    fn a_refused_subscription_tells_a_handlers_refusal_from_appsyncs_and_a_refused_publish_does_not()
     {
        let of = |operation, expected, error_type: &str| {
            let about = About::Namespace { namespace: "chat".to_owned(), mode: Mode::Lambda };
            let check = Check { about, operation, expected, hindered: None };
            let refused = error(Kind::Unauthorized, error_type);
            let found = judge(&check, refused, &Handling::Code, None, Duration::ZERO);
            (found.verdict, found.detail.unwrap_or_default())
        };
        let subscribed = |error_type| of(Operation::Subscribe, Expected::Allowed, error_type);
        let (verdict, why) = subscribed("UnauthorizedException");
        assert!(verdict == Verdict::Difference && !why.contains("handler"), "{why}");
        let (verdict, why) = subscribed("Unauthorized");
        assert!(
            verdict == Verdict::HandlerDecides && why.starts_with("refused by the handler, "),
            "{why}"
        );
        let (verdict, why) = of(Operation::PublishHttp, Expected::Allowed, "UnauthorizedException");
        assert_eq!(verdict, Verdict::HandlerDecides);
        assert!(why.contains("by the handler or by the authorization"), "{why}");
        let forbidden = |error_type| of(Operation::Subscribe, Expected::Refused, error_type).0;
        assert_eq!(forbidden("UnauthorizedException"), Verdict::Same);
        assert_eq!(forbidden("Unauthorized"), Verdict::Difference);
    }

    #[test]
    fn a_finding_tells_the_type_the_latency_and_what_may_be_behind_it() {
        let refused = error(Kind::Unauthorized, "UnauthorizedException");
        let finding_of = finding(Expected::Allowed, refused, &Handling::None);
        assert_eq!(finding_of.error_type.as_deref(), Some("UnauthorizedException"));
        let told = "refused, and the spec allows it: publish: UnauthorizedException; key web ended";
        assert_eq!(finding_of.detail.as_deref(), Some(told));
        let arrived = finding(Expected::Allowed, accepted(), &Handling::None);
        assert_eq!((arrived.latency_ms, arrived.took_ms), (Some(1.3), 12.0));
    }
}

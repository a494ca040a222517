//! What an answer says about the spec.
use std::time::Duration;

use crate::client::verify::{Check, Expected, Finding, Handling, Operation, Verdict};
use crate::client::{ClientError, Kind};

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

/// What `attempt` means for `check`; `caution` may be behind a refusal.
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
        Expected::Allowed => allowed(attempt, handling, caution),
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
    handling: &Handling,
    caution: Option<&str>,
) -> (Verdict, Option<String>) {
    let handled = *handling != Handling::None;
    match attempt {
        Attempt::Accepted { detail, .. } => (Verdict::Same, detail),
        Attempt::NotTried(why) => (Verdict::NotTried, Some(why)),
        Attempt::Vanished(_) if handled => {
            let why = "accepted, and the handler let nothing through; `--event NAMESPACE=FILE` gives an event that it lets through";
            (Verdict::HandlerDecides, Some(why.to_owned()))
        }
        Attempt::Vanished(limit) => {
            let why = format!("accepted, and nothing arrived within {} s", limit.as_secs_f32());
            (Verdict::Difference, Some(why))
        }
        Attempt::Rejected(reason) => {
            let verdict = if handled { Verdict::HandlerDecides } else { Verdict::Difference };
            (verdict, Some(format!("the event was refused: {reason}")))
        }
        Attempt::Failed(error) if is_refusal(&error) => {
            let told = match (error.kind, caution) {
                _ if handled => format!("{error}; by the handler, perhaps"),
                (Kind::Refused, _) => {
                    format!("{error}; by a firewall in front of the API, perhaps")
                }
                (_, Some(caution)) => format!("{error}; {caution}"),
                (_, None) => error.to_string(),
            };
            let verdict = if handled { Verdict::HandlerDecides } else { Verdict::Difference };
            (verdict, Some(format!("refused, and the spec allows it: {told}")))
        }
        Attempt::Failed(error) => (Verdict::Unclear, Some(error.to_string())),
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
            if error.kind == Kind::Refused
                && *handling != Handling::None
                && error.error_type.is_none() =>
        {
            let why = format!("accepted, it seems, and refused by the handler: {error}");
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

fn is_refusal(error: &ClientError) -> bool {
    matches!(error.kind, Kind::Unauthorized | Kind::Refused)
}

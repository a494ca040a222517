//! What came of the checks.
use schemars::JsonSchema;
use serde::Serialize;

use crate::verify::check::{CheckSubject, CheckedOperation, Expected};

/// What was found out about one API.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiReport {
    /// Its key in the spec.
    pub api: String,
    /// Where it was reached.
    pub url: String,
    pub findings: Vec<CheckResult>,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckResult {
    pub about: CheckSubject,
    pub operation: CheckedOperation,
    pub expected: Expected,
    pub verdict: CheckVerdict,
    /// AppSync's name for the error that it answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// What else there is to say, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// From publishing to arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// How long the check took.
    pub took_ms: f64,
}

/// What came of it, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    /// As the spec says.
    Same,
    /// Nobody was there to try it.
    NotTried,
    /// AppSync lets it through, and the namespace's handler does what it likes.
    HandlerDecides,
    /// It could not be found out.
    Unclear,
    /// Not as the spec says.
    Difference,
}

impl CheckResult {
    /// A difference that is plain without a try.
    pub fn plain_difference(address: &str, detail: String) -> Self {
        Self {
            about: CheckSubject::Resource { address: address.to_owned() },
            operation: CheckedOperation::Compare,
            expected: Expected::Declared,
            verdict: CheckVerdict::Difference,
            error_type: None,
            detail: Some(detail),
            latency_ms: None,
            took_ms: 0.0,
        }
    }
}

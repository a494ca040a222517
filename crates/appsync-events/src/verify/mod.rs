//! Proves that an Event API does what its spec says: who is let in, who is not, and that events arrive.
//!
//! What to try and what it means are values (`matrix`, `judge`); only `run` talks to anybody.
mod judge;
mod line;
mod matrix;
mod namespace;
mod probe;
mod run;
mod who;

pub use judge::{Attempt, judge};
pub use matrix::{Check, matrix};
pub use probe::{Ids, Probe};
pub use run::verify;
pub use who::{Accepted, Bearer, Handling, Place, Subject};

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::Mode;

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a check may take.
    pub timeout: Duration,
    /// Whether only what is forbidden is tried: nothing is published then, if all is as it should be.
    pub only_refusals: bool,
    /// Whether handlers that use data sources may be run.
    pub with_data_sources: bool,
}

/// What was found out about one API.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Its key in the spec.
    pub api: String,
    /// Where it was reached.
    pub url: String,
    pub findings: Vec<Finding>,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub about: About,
    pub operation: Operation,
    pub expected: Expected,
    pub verdict: Verdict,
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

/// What a check is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "kind")]
pub enum About {
    /// A connection in one mode.
    Connection {
        #[schemars(with = "String")]
        mode: Mode,
    },
    /// One namespace, in one mode.
    Namespace {
        namespace: String,
        #[schemars(with = "String")]
        mode: Mode,
    },
    /// An API key that nobody has made.
    WrongKey,
    /// A namespace that the API does not have.
    UnknownNamespace,
    /// Something that the spec declares or AWS has, by its address in the spec.
    Resource { address: String },
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    Connect,
    Subscribe,
    PublishHttp,
    PublishSocket,
    /// Nothing is tried: what AWS has is compared with the spec.
    Compare,
}

/// What the spec says will come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    Allowed,
    Refused,
    /// It is on AWS as the spec declares it.
    Declared,
}

/// What came of it, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
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

impl Finding {
    /// A difference that is plain without a try.
    pub fn plain_difference(address: &str, detail: String) -> Self {
        Self {
            about: About::Resource { address: address.to_owned() },
            operation: Operation::Compare,
            expected: Expected::Declared,
            verdict: Verdict::Difference,
            error_type: None,
            detail: Some(detail),
            latency_ms: None,
            took_ms: 0.0,
        }
    }
}

impl Operation {
    pub fn words(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Subscribe => "subscribe",
            Self::PublishHttp => "publish over HTTP",
            Self::PublishSocket => "publish over a WebSocket",
            Self::Compare => "compare",
        }
    }
    pub fn publishes(self) -> bool {
        matches!(self, Self::PublishHttp | Self::PublishSocket)
    }
}

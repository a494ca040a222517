//! The results of a verification. They serialize to the JSON that `provision verify` documents in
//! `schemas/verification.schema.json`.
use serde::Serialize;

use crate::auth_mode::AuthMode;
#[cfg(feature = "schemars")]
use schemars::JsonSchema;

/// The results for one API.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApiReport {
    /// The name of the API in the spec.
    pub api: String,
    /// The URL for HTTP requests.
    pub url: String,
    /// The results of the checks.
    #[serde(rename = "findings")]
    pub results: Vec<CheckResult>,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckResult {
    /// What was checked.
    #[serde(rename = "about")]
    pub subject: CheckSubject,
    /// What was tried.
    pub operation: CheckedOperation,
    /// What was expected to happen.
    pub expected: Expectation,
    /// Whether it happened.
    pub verdict: CheckVerdict,
    /// AppSync's type of the error, if it answered with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// The explanation, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The time from publishing an event to its arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// The duration of the check.
    #[serde(rename = "tookMs")]
    pub duration_ms: f64,
    /// What the caller can change so the check reaches a verdict.
    #[serde(skip)]
    pub remedy: Option<Remedy>,
}

/// The verdict of a check, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    /// The API behaves as expected.
    Same,
    /// The check was skipped.
    NotTried,
    /// AppSync accepts the operation, and the handler of the namespace decides on it.
    HandlerDecides,
    /// The check failed for an unrelated reason.
    Unclear,
    /// The API does not behave as expected.
    Difference,
}

/// What the caller can change so a check reaches a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Set [`VerifyOptions::with_data_sources`](crate::verify::VerifyOptions::with_data_sources).
    AllowDataSources,
    /// Set [`NamespaceTarget::event`](crate::verify::NamespaceTarget::event) to an event that the
    /// handler accepts.
    ProvideEvent,
}

impl CheckResult {
    /// A difference that is known without trying anything: a resource is missing or different on AWS.
    pub fn from_deployment_difference(address: &str, detail: String) -> Self {
        Self {
            subject: CheckSubject::Resource { address: address.to_owned() },
            operation: CheckedOperation::Compare,
            expected: Expectation::Declared,
            verdict: CheckVerdict::Difference,
            error_type: None,
            detail: Some(detail),
            latency_ms: None,
            duration_ms: 0.0,
            remedy: None,
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub subject: CheckSubject,
    pub operation: CheckedOperation,
    pub expected: Expectation,
    /// Why the check can't be made.
    pub obstacle: Option<Obstacle>,
}

/// Why a check can't be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There are no credentials, for this reason.
    Credentials(String),
    /// The handler uses this data source, and the options exclude those.
    DataSource(String),
}

/// What is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "kind")]
pub enum CheckSubject {
    /// Connecting with one auth mode.
    Connection {
        /// The auth mode.
        #[cfg_attr(feature = "schemars", schemars(with = "String"))]
        mode: AuthMode,
    },
    /// A channel namespace with one auth mode.
    Namespace {
        /// The name of the channel namespace.
        namespace: String,
        /// The auth mode.
        #[cfg_attr(feature = "schemars", schemars(with = "String"))]
        mode: AuthMode,
    },
    /// An API key that does not exist.
    WrongKey,
    /// A channel namespace that does not exist.
    UnknownNamespace,
    /// A resource that is missing or different on AWS.
    Resource {
        /// The address of the resource in the spec.
        address: String,
    },
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckedOperation {
    /// Opening a connection.
    Connect,
    /// Subscribing to a channel.
    Subscribe,
    /// Publishing over HTTP.
    PublishHttp,
    /// Publishing over a WebSocket.
    PublishSocket,
    /// Nothing is tried: the live state is compared with the spec.
    Compare,
}

impl CheckedOperation {
    /// The operation as a verb phrase, such as `publish over HTTP`.
    pub fn description(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Subscribe => "subscribe",
            Self::PublishHttp => "publish over HTTP",
            Self::PublishSocket => "publish over a WebSocket",
            Self::Compare => "compare",
        }
    }

    /// Whether events are published.
    pub fn is_publish(self) -> bool {
        matches!(self, Self::PublishHttp | Self::PublishSocket)
    }
}

/// What is expected to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// AppSync allows the operation.
    Allowed,
    /// AppSync denies the operation.
    #[serde(rename = "refused")]
    Denied,
    /// The resource on AWS is as the spec declares it.
    Declared,
}

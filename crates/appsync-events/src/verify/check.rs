//! Checks: what to try, and what is expected to happen.
#[cfg(feature = "schemars")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth_mode::AuthMode;

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
    /// Connecting with one authorization mode.
    Connection {
        /// The authorization mode.
        #[cfg_attr(feature = "schemars", schemars(with = "String"))]
        mode: AuthMode,
    },
    /// A channel namespace with one authorization mode.
    Namespace {
        /// The name of the channel namespace.
        namespace: String,
        /// The authorization mode.
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

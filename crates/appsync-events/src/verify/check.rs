//! One thing to try, and what the spec says will come of it.
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth_mode::AuthMode;

/// One thing to try, and what the spec says will come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub about: CheckSubject,
    pub operation: CheckedOperation,
    pub expected: Expected,
    /// Why it can't be tried.
    pub hindered: Option<String>,
}

/// What a check is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "kind")]
pub enum CheckSubject {
    /// A connection in one mode.
    Connection {
        #[schemars(with = "String")]
        mode: AuthMode,
    },
    /// One namespace, in one mode.
    Namespace {
        namespace: String,
        #[schemars(with = "String")]
        mode: AuthMode,
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
pub enum CheckedOperation {
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

impl CheckedOperation {
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

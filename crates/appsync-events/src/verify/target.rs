//! Whom a verification is about: the API, its namespaces, and as whom it may act.
use crate::auth_mode::AuthMode;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::verify::check::{CheckedOperation, Expected};
use crate::verify::report::CheckResult;

/// One API, as its spec wants it, and the way to it.
#[derive(Clone, Debug)]
pub struct ApiTarget {
    /// Its key in the spec.
    pub key: String,
    pub client: Client,
    /// The modes that may connect.
    pub connect: Vec<AuthMode>,
    /// The modes that are tried: those that the API offers, and others that there are credentials for.
    pub bearers: Vec<ModeCredentials>,
    pub places: Vec<NamespaceTarget>,
    /// What was found before anything was tried: what the spec declares and AWS lacks.
    pub known: Vec<CheckResult>,
}

/// A mode, and as whom it is tried.
#[derive(Clone, Debug)]
pub struct ModeCredentials {
    pub mode: AuthMode,
    /// Or what is needed, where nobody is at hand.
    pub credentials: Result<Credentials, String>,
    /// What may be behind it if they are refused: that the key has ended, which right is needed.
    pub caution: Option<String>,
}

/// One channel namespace, as its spec wants it.
#[derive(Clone, Debug)]
pub struct NamespaceTarget {
    /// The first segment of its channels.
    pub name: String,
    pub publish: Vec<AuthMode>,
    pub subscribe: Vec<AuthMode>,
    pub on_publish: HandlerSetup,
    pub on_subscribe: HandlerSetup,
    /// What AWS's own settings accept; none where AWS does not have the namespace.
    pub accepted: Option<LiveModes>,
    /// An event that the handler takes, where it does not take every one.
    pub event: Option<String>,
}

/// The modes that a namespace on AWS accepts, by its own settings or the API's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveModes {
    pub publish: Vec<AuthMode>,
    pub subscribe: Vec<AuthMode>,
}

/// What handles events or subscriptions, besides AppSync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandlerSetup {
    None,
    /// The spec's code.
    Code,
    /// The spec's code or function by way of this data source, which may leave traces there.
    DataSource(String),
    /// What AWS has and the spec does not declare, with the data source that it uses, if any.
    Undeclared(Option<String>),
}

impl HandlerSetup {
    /// Whether the spec has a handler there, whose decisions are as the spec says whatever they are.
    pub fn is_declared(&self) -> bool {
        matches!(self, Self::Code | Self::DataSource(_))
    }
    /// The data source that would be used.
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::DataSource(name) | Self::Undeclared(Some(name)) => Some(name),
            Self::None | Self::Code | Self::Undeclared(None) => None,
        }
    }
}

impl ApiTarget {
    pub fn expects_connection(&self, mode: AuthMode) -> Expected {
        expected(&self.connect, mode)
    }
}

impl NamespaceTarget {
    pub fn expects(&self, operation: CheckedOperation, mode: AuthMode) -> Expected {
        let modes = if operation.publishes() { &self.publish } else { &self.subscribe };
        expected(modes, mode)
    }
    pub fn handling(&self, operation: CheckedOperation) -> &HandlerSetup {
        if operation.publishes() { &self.on_publish } else { &self.on_subscribe }
    }
    /// What AWS runs for this mode: nothing where its own settings refuse it before a handler is asked.
    pub fn reached(&self, operation: CheckedOperation, mode: AuthMode) -> &HandlerSetup {
        let accepted = self.accepted.as_ref().is_some_and(|it| {
            let modes = if operation.publishes() { &it.publish } else { &it.subscribe };
            modes.contains(&mode)
        });
        if accepted { self.handling(operation) } else { &HandlerSetup::None }
    }
}

fn expected(modes: &[AuthMode], mode: AuthMode) -> Expected {
    if modes.contains(&mode) { Expected::Allowed } else { Expected::Refused }
}

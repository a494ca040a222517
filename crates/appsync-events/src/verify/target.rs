//! What is verified: an API, its channel namespaces, and the credentials to try.
use crate::auth_mode::AuthMode;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::verify::event_template::EventTemplate;
use crate::verify::report::CheckResult;
use crate::verify::report::{CheckedOperation, Expectation};

/// An API, how to reach it, and what it is expected to allow.
#[derive(Clone, Debug)]
pub struct ApiTarget {
    /// The name of the API in the report.
    pub name: String,
    /// How to reach the API.
    pub client: Client,
    /// The auth modes that can connect.
    pub connect: Vec<AuthMode>,
    /// The auth modes to try: those of the API, and others that must be denied.
    pub credentials: Vec<ModeCredentials>,
    /// The channel namespaces to check.
    pub namespaces: Vec<NamespaceTarget>,
    /// Differences that are known already. They become part of the report.
    pub differences: Vec<CheckResult>,
}

/// The credentials to try for one auth mode.
#[derive(Clone, Debug)]
pub struct ModeCredentials {
    /// The auth mode.
    pub mode: AuthMode,
    /// The credentials, or the reason that there are none. Without credentials the mode's checks are
    /// skipped.
    pub credentials: Result<Credentials, String>,
    /// A probable reason if these credentials are denied, such as that a key has expired.
    pub denial_hint: Option<String>,
}

/// A channel namespace, and what it is expected to allow.
#[derive(Clone, Debug)]
pub struct NamespaceTarget {
    /// The name, which is the first segment of its channels.
    pub name: String,
    /// The auth modes that can publish.
    pub publish: Vec<AuthMode>,
    /// The auth modes that can subscribe.
    pub subscribe: Vec<AuthMode>,
    /// What handles published events.
    pub on_publish: HandlerSetup,
    /// What handles subscriptions.
    pub on_subscribe: HandlerSetup,
    /// The auth modes that the namespace on AWS accepts; `None` if it does not exist.
    pub live_modes: Option<LiveModes>,
    /// An event that the handler accepts, if it does not accept every event.
    pub event: Option<EventTemplate>,
}

/// The auth modes that a channel namespace on AWS accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveModes {
    /// The modes for publishing.
    pub publish: Vec<AuthMode>,
    /// The modes for subscribing.
    pub subscribe: Vec<AuthMode>,
}

/// What handles events or subscriptions after AppSync's authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandlerSetup {
    /// No handler.
    None,
    /// Code without a data source.
    Code,
    /// Code or a function that uses the data source of this name, which can leave traces there.
    DataSource(String),
    /// A handler that exists on AWS but is not expected.
    Undeclared {
        /// The name of its data source, if it uses one.
        data_source: Option<String>,
    },
}

impl HandlerSetup {
    /// Whether a handler is expected. Whatever such a handler decides is as expected.
    pub fn is_declared(&self) -> bool {
        matches!(self, Self::Code | Self::DataSource(_))
    }

    /// The name of the data source that the handler uses.
    pub fn data_source(&self) -> Option<&str> {
        match self {
            Self::DataSource(name) | Self::Undeclared { data_source: Some(name) } => Some(name),
            Self::None | Self::Code | Self::Undeclared { data_source: None } => None,
        }
    }
}

impl ApiTarget {
    pub(crate) fn expects_connection(&self, mode: AuthMode) -> Expectation {
        expectation(&self.connect, mode)
    }
}

impl NamespaceTarget {
    pub(crate) fn expects(&self, operation: CheckedOperation, mode: AuthMode) -> Expectation {
        let modes = if operation.is_publish() { &self.publish } else { &self.subscribe };
        expectation(modes, mode)
    }

    pub(crate) fn handler(&self, operation: CheckedOperation) -> &HandlerSetup {
        if operation.is_publish() { &self.on_publish } else { &self.on_subscribe }
    }

    /// The handler that AWS runs for this mode. None runs if the settings of the namespace already
    /// deny the mode.
    pub(crate) fn live_handler(
        &self,
        operation: CheckedOperation,
        mode: AuthMode,
    ) -> &HandlerSetup {
        let is_accepted = self.live_modes.as_ref().is_some_and(|live_modes| {
            let publish = operation.is_publish();
            let modes = if publish { &live_modes.publish } else { &live_modes.subscribe };
            modes.contains(&mode)
        });
        if is_accepted { self.handler(operation) } else { &HandlerSetup::None }
    }
}

fn expectation(modes: &[AuthMode], mode: AuthMode) -> Expectation {
    if modes.contains(&mode) { Expectation::Allowed } else { Expectation::Denied }
}

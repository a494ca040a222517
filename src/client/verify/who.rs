//! Whom a verification is about: the API, its namespaces, and as whom it may act.
use crate::client::verify::{Expected, Operation};
use crate::client::{Client, Credentials, Mode};

/// One API, as its spec wants it, and the way to it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its key in the spec.
    pub key: String,
    pub client: Client,
    /// The modes that may connect.
    pub connect: Vec<Mode>,
    /// The modes that are tried: those that the API offers, and others that there are credentials for.
    pub bearers: Vec<Bearer>,
    pub places: Vec<Place>,
}

/// A mode, and as whom it is tried.
#[derive(Clone, Debug)]
pub struct Bearer {
    pub mode: Mode,
    /// Or what is needed, where nobody is at hand.
    pub credentials: Result<Credentials, String>,
    /// What may be behind it if they are refused: that the key has ended, which right is needed.
    pub caution: Option<String>,
}

/// One channel namespace, as its spec wants it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The first segment of its channels.
    pub name: String,
    pub publish: Vec<Mode>,
    pub subscribe: Vec<Mode>,
    pub on_publish: Handling,
    pub on_subscribe: Handling,
    /// An event that the handler takes, where it does not take every one.
    pub event: Option<String>,
}

/// What handles events or subscriptions, besides AppSync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handling {
    None,
    Code,
    /// Code or a function by way of this data source, which may leave traces there.
    DataSource(String),
}

impl Subject {
    pub fn expects_connection(&self, mode: Mode) -> Expected {
        expected(&self.connect, mode)
    }
}

impl Place {
    pub fn expects(&self, operation: Operation, mode: Mode) -> Expected {
        let modes = if operation.publishes() { &self.publish } else { &self.subscribe };
        expected(modes, mode)
    }
    pub fn handling(&self, operation: Operation) -> &Handling {
        if operation.publishes() { &self.on_publish } else { &self.on_subscribe }
    }
}

fn expected(modes: &[Mode], mode: Mode) -> Expected {
    if modes.contains(&mode) { Expected::Allowed } else { Expected::Refused }
}

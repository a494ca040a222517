//! Checks that an Event API allows what it should, denies what it should, and delivers events.
//!
//! [`verify`] takes an [`ApiTarget`]: an API, the auth modes that it and its channel
//! namespaces are expected to accept, and credentials for those modes. For every combination of mode,
//! namespace and operation it tries the operation on the API, and compares what happens with what is
//! expected. Where publishing is allowed, it also waits until the event arrives at a subscription.
//!
//! It never calls AWS's control plane: what the API is configured to do is up to the caller to find
//! out. What it publishes is all it leaves behind.
mod connections;
mod event_template;
mod namespace;
mod plan;
mod report;
mod runner;
mod target;
mod verdict;

pub use event_template::EventTemplate;
pub use plan::VerifyOptions;
pub use report::{
    ApiReport, CheckResult, CheckSubject, CheckVerdict, CheckedOperation, Expectation, Remedy,
};
pub use runner::verify;
pub use target::{ApiTarget, HandlerSetup, LiveModes, ModeCredentials, NamespaceTarget};

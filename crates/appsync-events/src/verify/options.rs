//! How to go about a verification.
use std::time::Duration;

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct VerifyOptions {
    /// How long a check may take.
    pub timeout: Duration,
    /// Whether only what is forbidden is tried: nothing is published then, if all is as it should be.
    pub only_refusals: bool,
    /// Whether handlers that use data sources may be run.
    pub with_data_sources: bool,
}

//! What a verification may do.
use std::time::Duration;

/// The limits of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyOptions {
    /// How long one check waits for an event to arrive.
    pub timeout: Duration,
    /// Whether to check only what must be denied. Then nothing is published if the API behaves as
    /// expected.
    pub only_denials: bool,
    /// Whether to publish to handlers that use data sources, which can leave traces there.
    pub with_data_sources: bool,
}

impl Default for VerifyOptions {
    /// All checks, 20 seconds for each, without handlers that use data sources.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(20), only_denials: false, with_data_sources: false }
    }
}

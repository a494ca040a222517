//! How the data plane reaches services outside the emulator.
use std::collections::BTreeMap;
use std::fmt;

/// How the data plane reaches services outside the emulator.
#[derive(Clone, Default)]
pub struct Settings {
    /// The endpoint of the Lambda Invoke API. Without it, no function can be invoked.
    pub lambda_endpoint: Option<String>,
    /// The endpoints of the services of data sources, by service name: `dynamodb`, `events`, …
    pub endpoints: BTreeMap<String, String>,
    /// The URL from which the keys of an issuer of tokens are read, by issuer, if it is not the issuer itself.
    pub issuers: BTreeMap<String, String>,
    /// The secret keys for the verification of signatures, by access key id, in addition to the emulator's own.
    pub credentials: BTreeMap<String, String>,
    /// Whether the console is disabled.
    pub without_console: bool,
}

impl fmt::Debug for Settings {
    /// Omits the secret keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("lambda_endpoint", &self.lambda_endpoint)
            .field("endpoints", &self.endpoints)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

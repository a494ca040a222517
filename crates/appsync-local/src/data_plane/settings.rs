//! How the data plane reaches what is not in it.
use std::collections::BTreeMap;
use std::fmt;

/// How the data plane reaches what is not in it.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where functions are invoked, over the Lambda Invoke API; without, they can't be.
    pub lambda_endpoint: Option<String>,
    /// Where the services of data sources are, by the name they are signed with: `dynamodb`, `events`, …
    pub endpoints: BTreeMap<String, String>,
    /// The address at which the document of each issuer of tokens is really read.
    pub issuers: BTreeMap<String, String>,
    /// The secret keys by access key id for the verification of signatures, in addition to the emulator's own.
    pub credentials: BTreeMap<String, String>,
    /// Whether the console is off.
    pub without_console: bool,
}

impl fmt::Debug for Settings {
    /// Without the secret keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("lambda_endpoint", &self.lambda_endpoint)
            .field("endpoints", &self.endpoints)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

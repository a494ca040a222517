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
    /// Where the document of an issuer of tokens is really to be had, by issuer.
    pub issuers: BTreeMap<String, String>,
    /// The secret keys by access key id that signatures are verified with, beside the local AWS's own.
    pub credentials: BTreeMap<String, String>,
    /// Whether there is no page for people.
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

//! The same with other tools: curl, wscat, aws-amplify. What is printed runs as it stands.
mod amplify;
mod shell;

pub use amplify::js;
pub use shell::{curl, wscat};

/// What to do, where and as whom.
#[derive(Clone, Debug)]
pub struct Snippet<'a> {
    /// The URL to publish to.
    pub http: &'a str,
    /// The URL to connect to.
    pub realtime: &'a str,
    /// What is signed, and stands in every proof.
    pub host: &'a str,
    pub region: &'a str,
    /// AppSync's name for the mode.
    pub mode: &'a str,
    /// The key or the token, if it may be seen; else a variable stands in its place.
    pub secret: Option<&'a str>,
    /// How to get what the variable has to hold, as one line.
    pub source: Option<String>,
    /// A file of certificates to trust.
    pub ca_bundle: Option<String>,
    pub action: Action<'a>,
}

#[derive(Clone, Debug)]
pub enum Action<'a> {
    /// Batches of events, as JSON texts.
    Publish {
        channel: &'a str,
        batches: Vec<Vec<String>>,
    },
    Subscribe {
        channels: Vec<&'a str>,
    },
}

const BY_KEY: &str = "API_KEY";
const BY_SIGNATURE: &str = "AWS_IAM";

impl Snippet<'_> {
    /// The variable that holds the key or the token.
    fn variable(&self) -> &'static str {
        if self.mode == BY_KEY { "API_KEY" } else { "TOKEN" }
    }
    /// The field of a proof, and the header of a request.
    fn field(&self) -> &'static str {
        if self.mode == BY_KEY { "x-api-key" } else { "Authorization" }
    }
}

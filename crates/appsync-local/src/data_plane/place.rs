//! Where a request came to: which API of which account and region, and by which name.

/// The API that a request is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub account: String,
    pub region: String,
    pub api_id: String,
    /// The custom domain by which it was reached (`ctx.request.domainName`), if it was.
    pub domain: Option<String>,
}

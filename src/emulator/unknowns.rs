//! What nobody has published about AWS, and what we chose. Each names its place in the reference.

/// Items on a page when the caller names no number (§1.2: not modelled).
pub const PAGE: usize = 10;
/// The account of callers whose access key id is no account id. Ours to choose.
pub const ACCOUNT: &str = "123456789012";

/// What `ListApis` leaves out of each API (§1.3: "high-level details only", which is not said).
pub const LIST_APIS_LEAVES_OUT: &[&str] = &["eventConfig"];
/// What `ListChannelNamespaces` leaves out (§1.4: the code handlers; the rest is not said).
pub const LIST_NAMESPACES_LEAVES_OUT: &[&str] = &["codeHandlers", "handlerConfigs"];

/// What an unknown API is told (§1.2: text unknown).
pub fn no_such_api(id: &str) -> String {
    format!("Api {id} not found.")
}

/// What an unknown channel namespace is told (§1.2: text unknown).
pub fn no_such_namespace(name: &str) -> String {
    format!("Channel namespace {name} not found.")
}

/// What a broken model constraint is told (§1.2: BadRequestException is the only modelled candidate).
pub fn constraint(member: &str, constraint: &str) -> String {
    format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    )
}

/// A mode that the API does not offer (§2.1: text unknown).
pub fn not_offered(mode: &str) -> String {
    format!("Auth type {mode} is not configured in the authorization providers of the API.")
}

/// A second channel namespace of one name (§1.4: error and text unknown).
pub fn namespace_exists(name: &str) -> String {
    format!("Channel namespace with name {name} already exists.")
}

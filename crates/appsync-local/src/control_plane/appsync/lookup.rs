//! Finds the resource that a request names, or returns AppSync's error for a missing one. It creates none.
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::{Api, DomainName, State};

/// AWS's text for an unknown API, channel namespace or domain name is undocumented (docs/reference/control-plane.md#unknown-resources).
pub fn api<'a>(state: &'a mut State, caller: &Caller, id: &str) -> Result<&'a mut Api, AwsError> {
    require_found(state.region(caller).apis.get_mut(id), || format!("Api {id} not found."))
}

pub fn domain<'a>(
    state: &'a mut State,
    caller: &Caller,
    name: &str,
) -> Result<&'a mut DomainName, AwsError> {
    let domain = state.region(caller).domains.get_mut(name);
    require_found(domain, || format!("Domain name {name} not found."))
}

pub fn namespace<T>(namespace: Option<T>, name: &str) -> Result<T, AwsError> {
    require_found(namespace, || format!("Channel namespace {name} not found."))
}

/// AWS's own text, for a handler that names a data source
/// (docs/reference/data-sources.md#references).
pub fn data_source<T>(source: Option<T>, name: &str) -> Result<T, AwsError> {
    require_found(source, || format!("No data source found named {name}"))
}

/// AWS's text is undocumented. The id is a secret, so no message may have it.
pub fn api_key<T>(key: Option<T>) -> Result<T, AwsError> {
    require_found(key, || "API key not found.".to_owned())
}

/// The resource, or AppSync's error for a missing one.
pub fn require_found<T>(
    resource: Option<T>,
    message: impl FnOnce() -> String,
) -> Result<T, AwsError> {
    resource.ok_or_else(|| AwsError::not_found(message()))
}

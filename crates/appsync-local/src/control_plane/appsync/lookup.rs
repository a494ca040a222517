//! Finds the resource that a request names, or returns AppSync's error for a missing one.
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::{Api, DomainName, State};

/// Of an unknown API, channel namespace or domain name AWS's text is not known (docs/reference/control-plane.md#unknown-resources).
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

/// AWS's own words, of a handler that cites a data source
/// (docs/reference/data-sources.md#references).
pub fn data_source<T>(source: Option<T>, name: &str) -> Result<T, AwsError> {
    require_found(source, || format!("No data source found named {name}"))
}

/// AWS's text is not known, and the id is a secret that no message may hold.
pub fn api_key<T>(key: Option<T>) -> Result<T, AwsError> {
    require_found(key, || "API key not found.".to_owned())
}

/// What is there, or AppSync's one error of what is not.
pub fn require_found<T>(there: Option<T>, message: impl FnOnce() -> String) -> Result<T, AwsError> {
    there.ok_or_else(|| AwsError::not_found(message()))
}

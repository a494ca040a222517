//! TagResource, UntagResource, ListTagsForResource (docs/reference/control-plane.md#tags).
use serde_json::{Value, json};

use crate::control_plane::appsync::input::{Input, check_tag_count, check_tag_key};
use crate::control_plane::appsync::lookup;
use crate::protocol::caller::Caller;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{Region, State, Tags};
use crate::store::Store;

pub fn list(store: &Store, caller: &Caller, arn: &str) -> Result<Value, AwsError> {
    store.read(|state| Ok(json!({ "tags": find_tags(state, caller, arn)? })))
}

pub async fn tag(
    store: &Store,
    caller: &Caller,
    arn: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    let tags = input.tags()?.ok_or_else(|| input.missing_member("tags"))?;
    store
        .change(|state| {
            let tags_of_resource = find_tags(state, caller, arn)?;
            let mut all = tags_of_resource.clone();
            all.extend(tags);
            check_tag_count(&all)?;
            *tags_of_resource = all;
            Ok(json!({}))
        })
        .await
}

pub async fn untag(store: &Store, call: &ApiCall, arn: &str) -> Result<Value, AwsError> {
    let keys = form_urlencoded::parse(call.query.as_bytes());
    let keys: Vec<String> =
        keys.filter(|(name, _)| name == "tagKeys").map(|(_, key)| key.into_owned()).collect();
    if keys.is_empty() {
        return Err(Input::parse(b"")?.missing_member("tagKeys"));
    }
    keys.iter().try_for_each(|key| check_tag_key(key))?;
    store
        .change(|state| {
            find_tags(state, &call.caller, arn)?.retain(|key, _| !keys.contains(key));
            Ok(json!({}))
        })
        .await
}

/// The tags of an API, a channel namespace or a domain name. The model's pattern allows only APIs, but
/// CloudFormation's own handlers tag the others in the same way
/// (docs/reference/control-plane.md#arns-that-take-tags).
fn find_tags<'a>(
    state: &'a mut State,
    caller: &Caller,
    arn: &str,
) -> Result<&'a mut Tags, AwsError> {
    let invalid = || {
        let kinds = "an API, a channel namespace or a domain name";
        AwsError::bad_request(format!("{arn} is not the ARN of {kinds}."))
    };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "appsync", region, account, resource] = parts.as_slice() else {
        return Err(invalid());
    };
    let labels: Vec<&str> = resource.split('/').collect();
    let is_own_scope = *region == caller.region && *account == caller.account;
    let Region { apis, domains, .. } = state.region(caller);
    let tags = match labels.as_slice() {
        _ if !is_own_scope => None,
        ["apis", id] => apis.get_mut(id).map(|api| &mut api.tags),
        ["apis", id, "channelNamespace", name] => {
            let namespace = apis.get_mut(id).and_then(|api| api.namespaces.get_mut(name));
            namespace.map(|namespace| &mut namespace.tags)
        }
        ["domainnames", name] => domains.get_mut(name).map(|domain| &mut domain.tags),
        _ => return Err(invalid()),
    };
    lookup::require_found(tags, || format!("Resource {arn} not found."))
}

//! TagResource, UntagResource, ListTagsForResource (docs/reference/control-plane.md#tags).
use serde_json::json;

use crate::control_plane::appsync::input::{Input, check_tag_count, check_tag_key};
use crate::control_plane::appsync::{Answer, unknown_operation};
use crate::control_plane::dispatch::Call;
use crate::protocol::caller::Caller;
use crate::protocol::response::Fault;
use crate::state::{Region, State, Tags};
use crate::store::Store;

pub async fn answer(store: &Store, call: &Call, arn: &str) -> Answer {
    let caller = &call.caller;
    match call.method.as_str() {
        "GET" => store.look(|state| Ok(json!({ "tags": find(state, caller, arn)? }))),
        "POST" => {
            let input = Input::of(&call.body)?;
            let tags = input.tags()?.ok_or_else(|| input.missing("tags"))?;
            store
                .change(|state| {
                    let found = find(state, caller, arn)?;
                    let mut all = found.clone();
                    all.extend(tags);
                    check_tag_count(&all)?;
                    *found = all;
                    Ok(json!({}))
                })
                .await
        }
        "DELETE" => {
            let keys = form_urlencoded::parse(call.query.as_bytes());
            let keys: Vec<String> =
                keys.filter(|(name, _)| name == "tagKeys").map(|(_, it)| it.into_owned()).collect();
            if keys.is_empty() {
                return Err(Input::of(b"")?.missing("tagKeys"));
            }
            keys.iter().try_for_each(|key| check_tag_key(key))?;
            store
                .change(|state| {
                    find(state, caller, arn)?.retain(|key, _| !keys.contains(key));
                    Ok(json!({}))
                })
                .await
        }
        _ => Err(unknown_operation()),
    }
}

/// The tags of an API, of one of its channel namespaces, or of a domain name. The model's pattern
/// has APIs only, but AWS's own handlers tag the others the same way
/// (docs/reference/control-plane.md#arns-that-take-tags).
fn find<'a>(state: &'a mut State, caller: &Caller, arn: &str) -> Result<&'a mut Tags, Fault> {
    let invalid = || {
        let whose = "an API, a channel namespace or a domain name";
        Fault::bad_request(format!("{arn} is not the ARN of {whose}."))
    };
    let missing = || Fault::not_found(format!("Resource {arn} not found."));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "appsync", region, account, resource] = parts.as_slice() else {
        return Err(invalid());
    };
    let labels: Vec<&str> = resource.split('/').collect();
    if *region != caller.region || *account != caller.account {
        return Err(missing());
    }
    let Region { apis, domains } = state.region(caller);
    match labels.as_slice() {
        ["apis", id] => apis.get_mut(*id).map(|api| &mut api.tags).ok_or_else(missing),
        ["apis", id, "channelNamespace", name] => {
            let namespace = apis.get_mut(*id).and_then(|api| api.namespaces.get_mut(*name));
            namespace.map(|it| &mut it.tags).ok_or_else(missing)
        }
        ["domainnames", name] => domains.get_mut(*name).map(|it| &mut it.tags).ok_or_else(missing),
        _ => Err(invalid()),
    }
}

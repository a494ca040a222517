//! CreateApi, GetApi, UpdateApi, DeleteApi, ListApis (docs/reference/apis.md#members).
use serde_json::{Value, json};

use crate::control_plane::appsync::event_config::{self, check_offered, offered_modes};
use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::{domain_name, lookup};
use crate::control_plane::page::{PageRequest, without_members};
use crate::control_plane::undocumented;
use crate::emulator_options::{ApiDeletion, DeletionWhileInUse, EmulatorOptions, OmissionBehavior};
use crate::ids;
use crate::json::without_nulls;
use crate::protocol::caller::Caller;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{Api, Role, State};
use crate::store::Store;

pub async fn create(store: &Store, caller: &Caller, input: &Input<'_>) -> Result<Value, AwsError> {
    let options = store.options();
    let ApiRequest { name, owner_contact, event_config } = ApiRequest::parse(input, options)?;
    let tags = input.tags()?.unwrap_or_default();
    let max = store.quotas().apis;
    let api = Api {
        id: input.preassigned_id().map_or_else(ids::random_id, str::to_owned),
        name,
        owner_contact,
        event_config,
        tags,
        dns_prefix: ids::random_id(),
        created_epoch_s: now_rounded_to_ms(store),
        namespaces: Default::default(),
        keys: Default::default(),
        data_sources: Default::default(),
        web_acl: None,
    };
    store
        .change(|state| {
            check_log_role(&api.event_config, store, state, caller)?;
            let apis = &mut state.region(caller).apis;
            if apis.len() >= max {
                let message = format!("The limit of {max} Event APIs in this Region is reached.");
                return Err(AwsError::new(402, "ServiceQuotaExceededException", message));
            }
            let response = api_response(&api, caller);
            apis.insert(api.id.clone(), api);
            Ok(response)
        })
        .await
}

pub fn get(store: &Store, caller: &Caller, id: &str) -> Result<Value, AwsError> {
    store.read(|state| Ok(api_response(lookup::api(state, caller, id)?, caller)))
}

pub fn list(store: &Store, call: &ApiCall) -> Result<Value, AwsError> {
    let (caller, options) = (&call.caller, store.options());
    let page = PageRequest::parse(call, options)?;
    let write = |api: &Api| without_members(api_json(api, caller), &options.list_apis_leaves_out);
    store.read(|state| Ok(page.page_of("apis", &state.region(caller).apis, write)))
}

/// Replaces everything except the tags (docs/reference/control-plane.md#omitted-members).
pub async fn update(
    store: &Store,
    caller: &Caller,
    id: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    let options = store.options();
    let ApiRequest { name, owner_contact, event_config } = ApiRequest::parse(input, options)?;
    store
        .change(|state| {
            lookup::api(state, caller, id)?;
            check_log_role(&event_config, store, state, caller)?;
            let api = lookup::api(state, caller, id)?;
            let offered = offered_modes(&event_config);
            for namespace in api.namespaces.values() {
                for modes in [&namespace.publish, &namespace.subscribe] {
                    let modes = modes.as_array().map_or(&[][..], Vec::as_slice);
                    check_offered(modes, &offered, options)?;
                }
            }
            (api.name, api.event_config) = (name, event_config.clone());
            if owner_contact.is_some() || options.omitted_members == OmissionBehavior::Cleared {
                api.owner_contact = owner_contact;
            }
            Ok(api_response(api, caller))
        })
        .await
}

/// Deletes the child resources, too (docs/reference/apis.md#deletion: inferred).
pub async fn delete(store: &Store, caller: &Caller, id: &str) -> Result<Value, AwsError> {
    let options = store.options();
    store
        .change(|state| {
            let api = lookup::api(state, caller, id)?;
            let is_empty = api.namespaces.is_empty()
                && api.keys.is_empty()
                && api.data_sources.is_empty();
            if !is_empty && options.delete_api == ApiDeletion::RefusedWhileInUse {
                let message = "API can not be deleted as it still has channel namespaces, API keys or data sources";
                return Err(AwsError::bad_request(message));
            }
            let has_domain_name = domain_name::has_domain_name(state, caller, id);
            if has_domain_name && options.associated_api_delete == DeletionWhileInUse::Refused {
                // AWS's own text, which it uses for GraphQL APIs (docs/reference/domains.md#deletion).
                let message = "API can not be deleted as it is associated to a domain";
                return Err(AwsError::bad_request(message));
            }
            domain_name::remove_associations(state, caller, id);
            state.region(caller).apis.remove(id);
            Ok(json!({}))
        })
        .await
}

/// AppSync must be able to assume the log role. Whether it must exist in IAM is an emulator option.
fn check_log_role(
    event_config: &Value,
    store: &Store,
    state: &mut State,
    caller: &Caller,
) -> Result<(), AwsError> {
    let arn = event_config["logConfig"]["cloudWatchLogsRoleArn"].as_str();
    let Some(arn) = arn else { return Ok(()) };
    store.check_role(arn)?;
    if !store.options().role_checked {
        return Ok(());
    }
    let is_log_role = |role: &Role| {
        let arn_suffix = format!(":iam::{}:role{}{}", caller.account, role.path, role.name);
        arn.ends_with(&arn_suffix)
    };
    match state.account(caller).roles.values().any(is_log_role) {
        true => Ok(()),
        false => Err(undocumented::missing_role(arn)),
    }
}

/// What CreateApi and UpdateApi have in common.
struct ApiRequest {
    name: String,
    owner_contact: Option<String>,
    /// As AppSync returns it.
    event_config: Value,
}

impl ApiRequest {
    fn parse(input: &Input<'_>, options: &EmulatorOptions) -> Result<Self, AwsError> {
        let name = input.require_text("name")?;
        let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_- ".contains(letter);
        input.check_text("name", name, 1, 50, is_allowed)?;
        let contact = input.text("ownerContact")?;
        if let Some(contact) = contact {
            // AWS's documents disagree on the limit; 256 is in most of them
            // (docs/reference/apis.md#owner-contact).
            input.check_text("ownerContact", contact, 0, 256, |_| true)?;
        }
        Ok(Self {
            name: name.to_owned(),
            owner_contact: contact.map(str::to_owned),
            event_config: event_config::parse(input, options)?,
        })
    }
}

/// The current time, to the millisecond, as AWS returns it.
pub fn now_rounded_to_ms(store: &Store) -> f64 {
    (store.now_epoch_s() * 1_000.0).floor() / 1_000.0
}

fn api_response(api: &Api, caller: &Caller) -> Value {
    json!({ "api": api_json(api, caller) })
}

fn api_json(api: &Api, caller: &Caller) -> Value {
    let (prefix, region, suffix) = (&api.dns_prefix, &caller.region, caller.dns_suffix());
    without_nulls(json!({
        "apiId": api.id,
        "name": api.name,
        "ownerContact": api.owner_contact,
        "tags": (!api.tags.is_empty()).then_some(&api.tags),
        "dns": {
            "HTTP": format!("{prefix}.appsync-api.{region}.{suffix}"),
            "REALTIME": format!("{prefix}.appsync-realtime-api.{region}.{suffix}"),
        },
        "apiArn": arn(&api.id, caller),
        "created": api.created_epoch_s,
        "xrayEnabled": false,
        "wafWebAclArn": api.web_acl,
        "eventConfig": api.event_config,
    }))
}

pub fn arn(api_id: &str, caller: &Caller) -> String {
    let Caller { region, account, .. } = caller;
    format!("arn:{}:appsync:{region}:{account}:apis/{api_id}", caller.partition())
}

//! The API of a stack: the only one, the one with the channel's namespace, or the one of `--api`.
use serde_json::Value;

use crate::cli::event_api::args::ConnectionArgs;
use crate::cli::event_api::network::{address, endpoint};
use crate::cli::stack_outputs::no_api;
use crate::cli::target::Session;
use crate::cli::{Exit, Failure};
use crate::render::outputs::{ApiOutputs, outputs};
use appsync_events::{Channel, Endpoint};
use provision_aws::proposal::propose;
use provision_core::kind::{DesiredResource, DesiredState};
use provision_core::kinds::auth::AuthMode;
use provision_core::spec::Spec;
use provision_core::suggest::closest_match;

/// The API of a stack, with the values of its keys.
#[derive(Debug)]
pub struct StackApi {
    /// The arguments with which another command selects the same stack.
    pub follow_up_args: String,
    pub api: ApiOutputs,
    desired: DesiredState,
}

impl StackApi {
    /// Whether the namespace has a handler, which can deny what AppSync accepts.
    pub fn has_handlers(&self, name: &str) -> bool {
        namespace(&self.desired, &self.api.key, name).is_some_and(|namespace| {
            let handlers = ["CodeHandlers", "HandlerConfigs"];
            handlers.iter().any(|property| namespace.properties.get(property).is_some())
        })
    }

    /// The issuer of this mode's tokens, unless the spec has a placeholder there.
    pub fn issuer(&self, mode: AuthMode, region: &str) -> Option<String> {
        let (_, api) = self.desired.iter().find(|(address, _)| {
            address.section() == "apis" && address.root().name() == self.api.key
        })?;
        let providers = api.properties.get("EventConfig")?.get("AuthProviders")?.as_array()?;
        let provider = providers.iter().find(|provider| provider["AuthType"] == mode.as_str())?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match mode {
            AuthMode::OpenIdConnect => text(&provider["OpenIDConnectConfig"]["Issuer"]),
            _ => {
                let pool = text(&provider["CognitoConfig"]["UserPoolId"])?;
                let pool_region = text(&provider["CognitoConfig"]["AwsRegion"]);
                let region = pool_region.unwrap_or_else(|| region.to_owned());
                Some(format!("https://cognito-idp.{region}.amazonaws.com/{pool}"))
            }
        }
    }

    /// The error for a channel whose namespace does not exist.
    pub fn missing_namespace(&self, channel: &Channel) -> Failure {
        let (api, name) = (&self.api, channel.namespace());
        let namespaces = api.namespaces.iter();
        let names: Vec<&str> = namespaces.map(|namespace| namespace.name.as_str()).collect();
        let message = format!("{channel}: API {} has no channel namespace `{name}`", api.key);
        let is_declared = namespace(&self.desired, &api.key, name).is_some();
        let hint = match closest_match(name, names.iter().copied()) {
            _ if is_declared => {
                let args = &self.follow_up_args;
                format!("the spec declares it; to create it, run: provision apply {args}")
            }
            Some(closest) => {
                format!("did you mean `{closest}`? The API has {}", names.join(", "))
            }
            None if names.is_empty() => {
                "the API has no namespaces: declare one and apply the spec".to_owned()
            }
            None => format!("the API has {}", names.join(", ")),
        };
        Failure::error(message).with_hint(hint)
    }
}

/// Finds the API on AWS.
pub async fn find_stack_api(
    args: &ConnectionArgs,
    spec: Spec,
    channels: &[Channel],
    session: &Session,
    now_epoch_s: i64,
    follow_up_args: String,
) -> Result<(StackApi, Endpoint), Failure> {
    let proposal = propose(&session.aws, &spec.stack, &DesiredState::new(), now_epoch_s).await?;
    let outputs = outputs(&spec.stack, &proposal.site, &proposal.live, true);
    if outputs.apis.is_empty() {
        let message = format!("stack {} has no API in region {}", outputs.stack, outputs.region);
        let hint = format!("apply the spec first: provision apply {follow_up_args}");
        return Err(Failure::error(message).with_hint(hint));
    }
    let api = match &args.api {
        Some(key) => api_with_key(outputs.apis, key, &spec.stack)?,
        None => api_with_channels(outputs.apis, channels, &spec)?,
    };
    let endpoint = match &args.endpoint {
        Some(url) => endpoint("--endpoint", url)?,
        None => endpoint("the API's address", &address(&api, session))?,
    };
    Ok((StackApi { follow_up_args, api, desired: spec.desired }, endpoint))
}

fn api_with_key(apis: Vec<ApiOutputs>, key: &str, stack: &str) -> Result<ApiOutputs, Failure> {
    let keys = keys(&apis);
    let api = apis.into_iter().find(|api| api.key == key);
    api.ok_or_else(|| no_api(stack, key, &keys.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// The only API, or the one that has the namespaces of all channels, on AWS or in the spec.
fn api_with_channels(
    mut apis: Vec<ApiOutputs>,
    channels: &[Channel],
    spec: &Spec,
) -> Result<ApiOutputs, Failure> {
    let all_keys = keys(&apis);
    if apis.len() > 1 {
        let has_namespace = |api: &ApiOutputs, name: &str| {
            api.namespaces.iter().any(|namespace| namespace.name == name)
                || namespace(&spec.desired, &api.key, name).is_some()
        };
        let has_all = |api: &ApiOutputs| {
            channels.iter().all(|channel| has_namespace(api, channel.namespace()))
        };
        apis.retain(has_all);
    }
    if let [api] = apis.as_slice() {
        return Ok(api.clone());
    }
    let mut names: Vec<&str> = channels.iter().map(Channel::namespace).collect();
    names.dedup();
    let names = names.join("`, `");
    let (reason, keys) = match apis.is_empty() {
        true => (format!("none with `{names}`"), all_keys),
        false => (format!("more than one with `{names}`"), keys(&apis)),
    };
    let message = format!("stack {} has several APIs, and {reason}", spec.stack);
    Err(Failure::new(Exit::Usage, message)
        .with_hint(format!("select one with `--api`: {}", keys.join(", "))))
}

fn keys(apis: &[ApiOutputs]) -> Vec<String> {
    apis.iter().map(|api| api.key.clone()).collect()
}

/// The namespace in the spec, which may not be applied yet.
fn namespace<'a>(desired: &'a DesiredState, api: &str, name: &str) -> Option<&'a DesiredResource> {
    let resource = desired.iter().find(|(address, resource)| {
        let resource_name = resource.properties.get("Name").and_then(Value::as_str);
        address.section() == "namespaces"
            && address.root().name() == api
            && resource_name == Some(name)
    });
    resource.map(|(_, resource)| resource)
}

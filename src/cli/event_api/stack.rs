//! The API that is meant: the stack's only one, the one with the channel's namespace, or the one that is named.
use crate::cli::event_api::args::ReachArgs;
use crate::cli::event_api::network::{address, endpoint};
use crate::cli::stack_outputs::no_api;
use crate::cli::target::Session;
use crate::cli::{Exit, Failure};
use crate::render::outputs::{ApiOutputs, outputs};
use appsync_events::{AuthMode, Channel, Endpoint};
use provision_aws::backend::direct::propose;
use provision_core::kind::{DesiredResource, DesiredState};
use provision_core::spec::Spec;
use provision_core::suggest::meant;

/// The API of a stack. The values of its keys are in it.
#[derive(Debug)]
pub struct Stack {
    /// What a command is given so that it is about the same stack in the same AWS.
    pub again: String,
    pub api: ApiOutputs,
    desired: DesiredState,
}

impl Stack {
    /// Whether a handler of the namespace may refuse what AppSync itself accepts.
    pub fn has_handlers(&self, name: &str) -> bool {
        namespace(&self.desired, &self.api.key, name).is_some_and(|it| {
            it.properties.get("CodeHandlers").or(it.properties.get("HandlerConfigs")).is_some()
        })
    }
    /// Who issues the tokens of this mode, where the spec says it in plain text.
    pub fn issuer(&self, mode: AuthMode, region: &str) -> Option<String> {
        let (_, api) = self.desired.iter().find(|(address, _)| {
            address.section() == "apis" && address.root().name() == self.api.key
        })?;
        let providers = api.properties.get("EventConfig")?.get("AuthProviders")?.as_array()?;
        let provider = providers.iter().find(|it| it["AuthType"] == mode.as_str())?;
        let text = |it: &serde_json::Value| it.as_str().map(str::to_owned);
        match mode {
            AuthMode::Oidc => text(&provider["OpenIDConnectConfig"]["Issuer"]),
            _ => {
                let pool = text(&provider["CognitoConfig"]["UserPoolId"])?;
                let own = text(&provider["CognitoConfig"]["AwsRegion"]);
                let region = own.unwrap_or_else(|| region.to_owned());
                Some(format!("https://cognito-idp.{region}.amazonaws.com/{pool}"))
            }
        }
    }
    pub fn lacks(&self, channel: &Channel) -> Failure {
        let (api, name) = (&self.api, channel.namespace());
        let names: Vec<&str> = api.namespaces.iter().map(|it| it.name.as_str()).collect();
        let message = format!("{channel}: API {} has no channel namespace `{name}`", api.key);
        let declared = namespace(&self.desired, &api.key, name).is_some();
        let hint = match meant(name, names.iter().copied()) {
            _ if declared => format!("the spec declares it: provision apply {}", self.again),
            Some(meant) => format!("did you mean `{meant}`? It has {}", names.join(", ")),
            None if names.is_empty() => "it has none: declare one and apply the spec".to_owned(),
            None => format!("it has {}", names.join(", ")),
        };
        Failure::error(message).hint(hint)
    }
}

/// The API, and where it is; `again` is what a command is given that is about the same.
pub async fn look(
    args: &ReachArgs,
    spec: Spec,
    channels: &[Channel],
    session: &Session,
    now_epoch_s: i64,
    again: String,
) -> Result<(Stack, Endpoint), Failure> {
    let proposal = propose(&session.aws, &spec.stack, &DesiredState::new(), now_epoch_s).await?;
    let found = outputs(&spec.stack, &proposal.site, &proposal.live, true);
    if found.apis.is_empty() {
        let message = format!("stack {} has no API in region {}", found.stack, found.region);
        return Err(
            Failure::error(message).hint(format!("apply the spec first: provision apply {again}"))
        );
    }
    let api = match &args.api {
        Some(key) => named(found.apis, key, &spec.stack)?,
        None => only(found.apis, channels, &spec)?,
    };
    let endpoint = match &args.endpoint {
        Some(url) => endpoint("--endpoint", url)?,
        None => endpoint("the API's address", &address(&api, session))?,
    };
    Ok((Stack { again, api, desired: spec.desired }, endpoint))
}

/// The API of that key.
fn named(apis: Vec<ApiOutputs>, key: &str, stack: &str) -> Result<ApiOutputs, Failure> {
    let keys = keys(&apis);
    apis.into_iter()
        .find(|it| it.key == key)
        .ok_or_else(|| no_api(stack, key, &keys.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// The one API there is, or the one of several that has all the namespaces, on AWS or in the spec.
fn only(
    mut apis: Vec<ApiOutputs>,
    channels: &[Channel],
    spec: &Spec,
) -> Result<ApiOutputs, Failure> {
    let all = keys(&apis);
    if apis.len() > 1 {
        let has = |api: &ApiOutputs, name: &str| {
            api.namespaces.iter().any(|it| it.name == name)
                || namespace(&spec.desired, &api.key, name).is_some()
        };
        apis.retain(|api| channels.iter().all(|it| has(api, it.namespace())));
    }
    if let [only] = apis.as_slice() {
        return Ok(only.clone());
    }
    let mut names: Vec<&str> = channels.iter().map(Channel::namespace).collect();
    names.dedup();
    let names = names.join("`, `");
    let (which, keys) = match apis.is_empty() {
        true => (format!("none with `{names}`"), all),
        false => (format!("more than one with `{names}`"), keys(&apis)),
    };
    let message = format!("stack {} has several APIs, and {which}", spec.stack);
    Err(Failure::new(Exit::Usage, message)
        .hint(format!("choose with `--api`: {}", keys.join(", "))))
}

fn keys(apis: &[ApiOutputs]) -> Vec<String> {
    apis.iter().map(|it| it.key.clone()).collect()
}

/// The namespace as the spec has it, applied or not.
fn namespace<'a>(desired: &'a DesiredState, api: &str, name: &str) -> Option<&'a DesiredResource> {
    let found = desired.iter().find(|(address, it)| {
        address.section() == "namespaces"
            && address.root().name() == api
            && it.properties.get("Name").and_then(|it| it.as_str()) == Some(name)
    });
    found.map(|(_, it)| it)
}

//! The APIs to verify: what they should allow, from the spec, and how to reach them, from AWS.
use std::time::Duration;

use serde_json::Value;

use crate::cli::event_api::{
    address, client_mode, client_modes, from_client_mode, network, token_expiry,
};
use crate::cli::follow_up::FollowUp;
use crate::cli::target::Session;
use crate::cli::verification::deployment_diff::differences;
use crate::cli::verification::selection::{CheckSelection, VerifyRequest, name, names};
use crate::cli::verification::token::TokenSource;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{ApiOutputs, longest_lived, outputs};
use appsync_events::verify::{
    ApiReport, ApiTarget, CheckResult, EventTemplate, HandlerSetup, LiveModes, ModeCredentials,
    NamespaceTarget,
};
use appsync_events::{Client, Credentials, Endpoint, Network, Secret, Signer, Timing};
use provision_aws::proposal::{Proposal, propose};
use provision_core::access::{Access, ApiAccess, NamespaceAccess};
use provision_core::kind::DesiredState;
use provision_core::kinds::auth::{AnyAuthMode, AuthMode, mode_names};
use provision_core::model::Properties;
use provision_core::suggest::closest_match;

/// The APIs to verify, and the reports on those that do not exist on AWS.
pub struct VerifyTargets {
    pub targets: Vec<ApiTarget>,
    pub missing: Vec<ApiReport>,
}

/// What the targets of all APIs of the stack are built from.
struct TargetBuilder<'a> {
    selection: &'a CheckSelection,
    desired: &'a DesiredState,
    follow_up: &'a FollowUp,
    proposal: &'a Proposal,
    session: &'a Session,
    network: Network,
    timing: Timing,
    /// The events of `--event`, by namespace.
    events: Vec<(String, EventTemplate)>,
}

/// Finds the APIs to verify.
pub async fn verify_targets(
    request: VerifyRequest<'_>,
    timeout: Duration,
    session: &Session,
    io: &mut Io,
) -> Result<VerifyTargets, Failure> {
    let VerifyRequest { stack, desired, selection, follow_up } = request;
    let resources = desired.iter();
    let access = Access::from_resources(
        resources.map(|(address, resource)| (address, &resource.properties)),
    );
    let apis = select_apis(&access, selection)?;
    let events = selection.events.iter().map(|event| event.read(io)).collect::<Result<_, _>>()?;
    let network = network(selection.ca_bundle.as_ref(), io)?;
    let proposal = propose(&session.aws, stack, desired, io.now_epoch_s()).await?;
    let deployed = outputs(stack, &proposal.site, &proposal.live, true);
    if apis.is_empty() {
        let message = format!("stack {stack} has no API to verify");
        return Err(
            Failure::error(message).with_hint("declare one under `apis:`, and apply the spec")
        );
    }
    if !proposal.changes.is_empty() {
        let plan = follow_up.command("plan");
        io.eprint_unless_quiet(&format!(
            "AWS does not match the spec; to see the differences, run: {plan}\n\n"
        ));
    }
    let timing = Timing {
        answer_timeout: timeout,
        request_timeout: timeout,
        max_attempts: 3,
        ..Timing::default()
    };
    let proposal = &proposal;
    let builder =
        TargetBuilder { selection, desired, follow_up, proposal, session, network, timing, events };
    let (mut targets, mut missing) = (Vec::new(), Vec::new());
    for api in &apis {
        match deployed.apis.iter().find(|deployed| deployed.key == api.address.name()) {
            Some(deployed) => targets.push(builder.target(api, deployed, io).await?),
            None => missing.push(missing_api(api, &deployed.region, follow_up)),
        }
    }
    reject_unavailable_mode(selection, &apis, &targets)?;
    Ok(VerifyTargets { targets, missing })
}

/// A selected mode that no API has would result in no checks, which looks like success.
fn reject_unavailable_mode(
    selection: &CheckSelection,
    apis: &[&ApiAccess],
    targets: &[ApiTarget],
) -> Result<(), Failure> {
    let credentials = targets.iter().flat_map(|target| &target.credentials);
    let available: Vec<AuthMode> =
        credentials.map(|credentials| from_client_mode(credentials.mode)).collect();
    let mut unavailable = selection.modes.iter().filter(|mode| !available.contains(mode));
    let Some(mode) = unavailable.next().filter(|_| !targets.is_empty()) else { return Ok(()) };
    let modes =
        |api: &&ApiAccess| format!("{} has {}", api.address, mode_names(api.modes()).join(", "));
    let modes: Vec<String> = apis.iter().map(modes).collect();
    let message = format!("--mode: none of the APIs to verify has {mode}");
    Err(Failure::new(Exit::Usage, message).with_hint(modes.join("; ")))
}

/// The selected APIs. A name that does not exist in the spec is an error.
fn select_apis<'a>(
    access: &'a Access,
    selection: &CheckSelection,
) -> Result<Vec<&'a ApiAccess>, Failure> {
    let keys: Vec<&str> = access.apis.iter().map(|api| api.address.name()).collect();
    reject_unknown("--api", "API", &selection.apis, &keys)?;
    let contains = |selected: &[String], name: &str| selected.iter().any(|other| other == name);
    let mut apis: Vec<&ApiAccess> = access.apis.iter().collect();
    apis.retain(|api| selection.apis.is_empty() || contains(&selection.apis, api.address.name()));
    let namespaces = apis.iter().flat_map(|api| &api.namespaces);
    let known: Vec<&str> = namespaces.flat_map(names).collect();
    reject_unknown("--namespace", "namespace", &selection.namespaces, &known)?;
    let events = selection.events.iter();
    let event_namespaces: Vec<String> = events.map(|event| event.namespace.clone()).collect();
    reject_unknown("--event", "namespace", &event_namespaces, &known)?;
    let has_selected = |api: &ApiAccess| {
        let mut names = api.namespaces.iter().flat_map(names);
        names.any(|name| contains(&selection.namespaces, name))
    };
    apis.retain(|api| selection.namespaces.is_empty() || has_selected(api));
    Ok(apis)
}

fn reject_unknown(
    option: &str,
    noun: &str,
    selected: &[String],
    known: &[&str],
) -> Result<(), Failure> {
    let unknown = selected.iter().find(|name| !known.contains(&name.as_str()));
    let Some(unknown) = unknown else { return Ok(()) };
    let message = format!("{option}: the spec has no {noun} `{unknown}`");
    let mut names = known.to_vec();
    names.sort_unstable();
    names.dedup();
    let hint = match closest_match(unknown, names.iter().copied()) {
        Some(closest) => format!("did you mean `{closest}`?"),
        None => format!("it has {}", names.join(", ")),
    };
    Err(Failure::new(Exit::Usage, message).with_hint(hint))
}

/// The report on an API that does not exist on AWS.
fn missing_api(api: &ApiAccess, region: &str, follow_up: &FollowUp) -> ApiReport {
    let detail = format!(
        "AWS does not have this API in region {region}; to create it, run: {}",
        follow_up.command("apply")
    );
    let results = vec![CheckResult::from_deployment_difference(api.address.as_str(), detail)];
    ApiReport { api: api.address.name().to_owned(), url: "not on AWS".to_owned(), results }
}

/// The credentials for a mode, or the reason that there are none; and a probable reason if AWS denies
/// them.
type HintedCredentials = (Result<Credentials, String>, Option<String>);

impl TargetBuilder<'_> {
    async fn target(
        &self,
        api: &ApiAccess,
        deployed: &ApiOutputs,
        io: &Io,
    ) -> Result<ApiTarget, Failure> {
        let url = address(deployed, self.session);
        let endpoint = Endpoint::parse(&url).map_err(|error| Failure::error(error.to_string()))?;
        let client =
            Client::new(endpoint).with_network(self.network.clone()).with_timing(self.timing);
        let is_selected = |namespace: &&NamespaceAccess| {
            self.selection.includes_namespace(&namespace.address, api)
        };
        let namespaces = api.namespaces.iter().filter(is_selected);
        Ok(ApiTarget {
            name: api.address.name().to_owned(),
            client,
            connect: client_modes(&api.connect),
            credentials: self.all_credentials(api, deployed, io).await,
            namespaces: namespaces
                .map(|namespace| self.namespace_target(namespace, deployed))
                .collect(),
            differences: differences(self.proposal, api, self.selection, self.follow_up),
        })
    }

    /// Credentials for the modes of the API, and for other modes with credentials, which the API must
    /// deny.
    async fn all_credentials(
        &self,
        api: &ApiAccess,
        deployed: &ApiOutputs,
        io: &Io,
    ) -> Vec<ModeCredentials> {
        let api_modes: Vec<AuthMode> =
            api.modes().into_iter().filter_map(AnyAuthMode::known).collect();
        let mut modes = api_modes.clone();
        let tokens = self.selection.tokens.iter().map(|token| token.mode);
        let key = (!deployed.api_keys.is_empty()).then_some(AuthMode::ApiKey);
        for mode in key.into_iter().chain([AuthMode::AwsIam]).chain(tokens) {
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        modes.retain(|mode| self.selection.includes_mode(*mode));
        let mut credentials = Vec::new();
        for mode in modes {
            credentials.push(self.mode_credentials(mode, &api_modes, deployed, io).await);
        }
        credentials
    }

    async fn mode_credentials(
        &self,
        mode: AuthMode,
        api_modes: &[AuthMode],
        deployed: &ApiOutputs,
        io: &Io,
    ) -> ModeCredentials {
        let (credentials, denial_hint) = match mode {
            AuthMode::ApiKey => key_credentials(deployed, io.now_epoch_s()),
            AuthMode::AwsIam => self.iam_credentials(deployed, io),
            AuthMode::Cognito | AuthMode::OpenIdConnect | AuthMode::Lambda => {
                let (args, emulator_url) = (&self.selection.tokens, self.emulator_url());
                let tokens = TokenSource { args, emulator_url };
                let token = tokens.find(mode, api_modes, &deployed.id, io).await;
                let expiry = token.as_ref().ok().and_then(token_expiry);
                let is_expired = expiry.is_some_and(|expiry| expiry <= io.now_epoch_s());
                let hint = is_expired.then(|| "the token has expired".to_owned());
                (token.map(|token| Credentials::Token(client_mode(mode), token)), hint)
            }
        };
        ModeCredentials { mode: client_mode(mode), credentials, denial_hint }
    }

    fn iam_credentials(&self, deployed: &ApiOutputs, io: &Io) -> HintedCredentials {
        let aws = &self.session.aws;
        let credentials = match aws.credentials.clone() {
            Some(provider) => {
                let signer = Signer::new(provider, &aws.region);
                Ok(Credentials::Iam(signer.with_time_source(io.clock.clone())))
            }
            None => Err("AWS credentials are required".to_owned()),
        };
        // The emulator does not evaluate policies.
        let hint = self.emulator_url().is_none().then(|| format!(
            "IAM must allow appsync:EventConnect on {arn}, appsync:EventPublish and appsync:EventSubscribe on {arn}/channelNamespace/*",
            arn = deployed.arn
        ));
        (credentials, hint)
    }

    /// The URL of the emulator, which creates tokens, if the stack is deployed there.
    fn emulator_url(&self) -> Option<&str> {
        self.session.emulator_url().filter(|url| url.starts_with("http://"))
    }

    fn namespace_target(
        &self,
        namespace: &NamespaceAccess,
        deployed: &ApiOutputs,
    ) -> NamespaceTarget {
        let mut events = self.events.iter();
        let event = events.find(|(name, _)| names(namespace).contains(&name.as_str()));
        let mut live = deployed.namespaces.iter();
        let live = live.find(|live| live.key == namespace.address.name());
        NamespaceTarget {
            name: name(namespace).to_owned(),
            publish: client_modes(&namespace.publish.modes),
            subscribe: client_modes(&namespace.subscribe.modes),
            on_publish: self.handler_setup(namespace, "OnPublish"),
            on_subscribe: self.handler_setup(namespace, "OnSubscribe"),
            live_modes: live.map(|live| LiveModes {
                publish: client_modes(&live.publish),
                subscribe: client_modes(&live.subscribe),
            }),
            event: event.map(|(_, template)| template.clone()),
        }
    }

    /// What handles `operation`: the handler of the spec or, if the spec has none, the handler that someone
    /// added on AWS.
    fn handler_setup(&self, namespace: &NamespaceAccess, operation: &str) -> HandlerSetup {
        let desired = self.desired.get(&namespace.address).map(|resource| {
            match handler(&resource.properties, operation) {
                // The name in the properties is a placeholder until the data source exists.
                HandlerSetup::DataSource(_) => {
                    let key = if operation == "OnPublish" { "onPublish" } else { "onSubscribe" };
                    let name = resource.declared["handlers"][key]["dataSource"].as_str();
                    HandlerSetup::DataSource(name.unwrap_or_default().to_owned())
                }
                other => other,
            }
        });
        let live = self.proposal.live.managed.get(&namespace.address);
        let live = live.map(|resource| handler(&resource.properties, operation));
        match (desired.unwrap_or(HandlerSetup::None), live.unwrap_or(HandlerSetup::None)) {
            (HandlerSetup::None, HandlerSetup::None) => HandlerSetup::None,
            (HandlerSetup::None, live) => {
                HandlerSetup::Undeclared { data_source: live.data_source().map(str::to_owned) }
            }
            // AWS still uses the data source, even if the spec no longer does.
            (HandlerSetup::Code, live @ HandlerSetup::DataSource(_)) => live,
            (desired, _) => desired,
        }
    }
}

/// What handles `operation`, by CloudFormation's `HandlerConfigs` and `CodeHandlers`.
fn handler(properties: &Properties, operation: &str) -> HandlerSetup {
    let config = properties.get("HandlerConfigs").and_then(|configs| configs.get(operation));
    let data_source = config.and_then(|config| config.pointer("/Integration/DataSourceName"));
    let code = properties.get("CodeHandlers").and_then(Value::as_str);
    let is_exported =
        code.map(provision_core::handler::analyze).is_some_and(|exports| match operation {
            "OnPublish" => exports.on_publish.is_some(),
            _ => exports.on_subscribe.is_some(),
        });
    match data_source {
        Some(name) => HandlerSetup::DataSource(name.as_str().unwrap_or_default().to_owned()),
        None if is_exported || config.is_some() => HandlerSetup::Code,
        None => HandlerSetup::None,
    }
}

/// The API key that expires last. An expired one is tried as well: AWS's clock decides.
fn key_credentials(deployed: &ApiOutputs, now_epoch_s: i64) -> HintedCredentials {
    let Some(key) = longest_lived(&deployed.api_keys) else {
        return (Err("the API has no key".to_owned()), None);
    };
    let expiry = key.expires.as_ref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let is_expired = expiry.is_some_and(|expiry| expiry.as_second() <= now_epoch_s);
    let expires = key.expires.as_deref().unwrap_or("an unknown time");
    let hint = match deployed.api_keys.len() {
        1 => format!("key {} expired at {expires}: applying the spec renews it", key.key),
        _ => format!(
            "all keys of the API have expired, {} last, at {expires}: applying the spec renews them",
            key.key
        ),
    };
    let value = key.value.as_deref().unwrap_or_default();
    (Ok(Credentials::ApiKey(Secret::new(value))), is_expired.then_some(hint))
}

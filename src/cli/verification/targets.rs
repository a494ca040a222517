//! What is to be proved, from the spec; how to get there and as whom, from AWS.
use std::time::Duration;

use serde_json::Value;

use crate::cli::event_api::{address, auth_modes, end_of, network};
use crate::cli::follow_up::Again;
use crate::cli::target::Session;
use crate::cli::verification::deployment_diff::differences;
use crate::cli::verification::selection::{Choice, Wanted, name};
use crate::cli::verification::token::Tokens;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{ApiOutputs, lasting, outputs};
use appsync_events::verify::{
    ApiReport, ApiTarget, CheckResult, EventTemplate, HandlerSetup, LiveModes, ModeCredentials,
    NamespaceTarget,
};
use appsync_events::{AuthMode, Client, Credentials, Endpoint, Network, Secret, Signer, Timing};
use provision_aws::backend::direct::{Proposal, propose};
use provision_core::access::{Access, ApiAccess, NamespaceAccess};
use provision_core::kind::DesiredState;
use provision_core::suggest::meant;

/// The APIs to verify, and what there is to say of those that AWS does not have.
pub struct Found {
    pub subjects: Vec<ApiTarget>,
    pub absent: Vec<ApiReport>,
}

/// What the stack's APIs have in common.
struct Common<'a> {
    choice: &'a Choice,
    desired: &'a DesiredState,
    again: &'a Again,
    proposal: &'a Proposal,
    session: &'a Session,
    network: Network,
    timing: Timing,
    /// The events of `--event`, by namespace.
    events: Vec<(String, EventTemplate)>,
}

pub async fn subjects(
    wanted: Wanted<'_>,
    timeout: Duration,
    session: &Session,
    io: &mut Io,
) -> Result<Found, Failure> {
    let Wanted { stack, desired, choice, again } = wanted;
    let access = Access::of(desired.iter().map(|(address, it)| (address, &it.properties)));
    let chosen = chosen(&access, choice)?;
    let events = choice.events.iter().map(|it| it.read(io)).collect::<Result<_, _>>()?;
    let network = network(choice.ca_bundle.as_ref(), io)?;
    let proposal = propose(&session.aws, stack, desired, io.now_epoch_s()).await?;
    let deployed = outputs(stack, &proposal.site, &proposal.live, true);
    if chosen.is_empty() {
        let message = format!("stack {stack} has no API that could be verified");
        return Err(Failure::error(message).hint("declare one under `apis:`, and apply the spec"));
    }
    if !proposal.changes.is_empty() {
        let shown = again.command("plan");
        io.note(&format!("AWS is not as the spec says; this shows what differs: {shown}\n\n"));
    }
    let timing = Timing {
        answer_timeout: timeout,
        request_timeout: timeout,
        max_attempts: 3,
        ..Timing::default()
    };
    let proposal = &proposal;
    let common = Common { choice, desired, again, proposal, session, network, timing, events };
    let mut found = Found { subjects: Vec::new(), absent: Vec::new() };
    for api in &chosen {
        match deployed.apis.iter().find(|it| it.key == api.address.name()) {
            Some(deployed) => found.subjects.push(common.subject(api, deployed, io).await?),
            None => found.absent.push(absent(api, &deployed.region, again)),
        }
    }
    reject_unoffered(choice, &chosen, &found)?;
    Ok(found)
}

/// A mode that is asked for and that no API takes would try nothing, and look like a proof.
fn reject_unoffered(choice: &Choice, apis: &[&ApiAccess], found: &Found) -> Result<(), Failure> {
    let bearers: Vec<AuthMode> =
        found.subjects.iter().flat_map(|it| &it.credentials).map(|it| it.mode).collect();
    let mut asked = choice.modes.iter().map(|it| it.mode());
    let Some(mode) = asked.find(|it| !found.subjects.is_empty() && !bearers.contains(it)) else {
        return Ok(());
    };
    let offers = |api: &&ApiAccess| format!("{} offers {}", api.address, api.modes().join(", "));
    let offers: Vec<String> = apis.iter().map(offers).collect();
    let message = format!("--mode: {mode} is offered by none of the APIs that are to be verified");
    Err(Failure::new(Exit::Usage, message).hint(offers.join("; ")))
}

/// The APIs that are asked for. A name that the spec lacks is refused.
fn chosen<'a>(access: &'a Access, choice: &Choice) -> Result<Vec<&'a ApiAccess>, Failure> {
    let keys: Vec<&str> = access.apis.iter().map(|it| it.address.name()).collect();
    reject_strangers("--api", "API", &choice.apis, &keys)?;
    let is = |keys: &[String], key: &str| keys.iter().any(|it| it == key);
    let mut apis: Vec<&ApiAccess> = access.apis.iter().collect();
    apis.retain(|it| choice.apis.is_empty() || is(&choice.apis, it.address.name()));
    let all = apis.iter().flat_map(|it| &it.namespaces);
    let names: Vec<&str> = all.flat_map(|it| [it.address.name(), name(it)]).collect();
    reject_strangers("--namespace", "namespace", &choice.namespaces, &names)?;
    let of_events: Vec<String> = choice.events.iter().map(|it| it.namespace.clone()).collect();
    reject_strangers("--event", "namespace", &of_events, &names)?;
    let has_one = |api: &ApiAccess| {
        let mut names = api.namespaces.iter().flat_map(|it| [it.address.name(), name(it)]);
        names.any(|it| is(&choice.namespaces, it))
    };
    apis.retain(|it| choice.namespaces.is_empty() || has_one(it));
    Ok(apis)
}

fn reject_strangers(
    option: &str,
    what: &str,
    asked: &[String],
    known: &[&str],
) -> Result<(), Failure> {
    let Some(stranger) = asked.iter().find(|it| !known.contains(&it.as_str())) else {
        return Ok(());
    };
    let message = format!("{option}: the spec has no {what} called `{stranger}`");
    let mut names = known.to_vec();
    names.sort_unstable();
    names.dedup();
    let hint = match meant(stranger, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("it has {}", names.join(", ")),
    };
    Err(Failure::new(Exit::Usage, message).hint(hint))
}

fn absent(api: &ApiAccess, region: &str, again: &Again) -> ApiReport {
    let why = format!(
        "AWS does not have this API in region {region}; this makes it: {}",
        again.command("apply")
    );
    let results = vec![CheckResult::from_deployment_difference(api.address.as_str(), why)];
    ApiReport { api: api.address.name().to_owned(), url: "not on AWS".to_owned(), results }
}

impl Common<'_> {
    async fn subject(
        &self,
        api: &ApiAccess,
        deployed: &ApiOutputs,
        io: &Io,
    ) -> Result<ApiTarget, Failure> {
        let url = address(deployed, self.session);
        let endpoint = Endpoint::parse(&url).map_err(|error| Failure::error(error.to_string()))?;
        let client =
            Client::new(endpoint).with_network(self.network.clone()).with_timing(self.timing);
        let wanted = |it: &&NamespaceAccess| self.choice.takes_namespace(&it.address, api);
        Ok(ApiTarget {
            name: api.address.name().to_owned(),
            client,
            connect: auth_modes(&api.connect),
            credentials: self.bearers(api, deployed, io).await,
            namespaces: api
                .namespaces
                .iter()
                .filter(wanted)
                .map(|it| self.place(it, deployed))
                .collect(),
            differences: differences(self.proposal, api, self.choice, self.again),
        })
    }

    /// The modes that the API offers, and others that somebody is at hand for: nobody may come in by those.
    async fn bearers(
        &self,
        api: &ApiAccess,
        deployed: &ApiOutputs,
        io: &Io,
    ) -> Vec<ModeCredentials> {
        let offered: Vec<AuthMode> =
            api.modes().into_iter().filter_map(|name| name.parse().ok()).collect();
        let mut modes = offered.clone();
        let given = self.choice.tokens.iter().map(|it| it.mode);
        let key = (!deployed.api_keys.is_empty()).then_some(AuthMode::ApiKey);
        for mode in key.into_iter().chain([AuthMode::Iam]).chain(given) {
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        modes.retain(|it| self.choice.takes_mode(*it));
        let mut bearers = Vec::new();
        for mode in modes {
            bearers.push(self.bearer(mode, &offered, deployed, io).await);
        }
        bearers
    }

    async fn bearer(
        &self,
        mode: AuthMode,
        offered: &[AuthMode],
        deployed: &ApiOutputs,
        io: &Io,
    ) -> ModeCredentials {
        let (credentials, caution) = match mode {
            AuthMode::ApiKey => key(deployed, io.now_epoch_s()),
            AuthMode::Iam => self.iam(deployed, io),
            AuthMode::Cognito | AuthMode::Oidc | AuthMode::Lambda => {
                let local = self.local();
                let tokens = Tokens { given: &self.choice.tokens, local: local.as_deref() };
                let token = tokens.find(mode, offered, &deployed.id, io).await;
                let end = token.as_ref().ok().and_then(end_of);
                let ended = end.filter(|it| *it <= io.now_epoch_s());
                let caution = ended.map(|_| "the token has ended".to_owned());
                (token.map(|it| Credentials::Token(mode, it)), caution)
            }
        };
        ModeCredentials { mode, credentials, refusal_hint: caution }
    }

    fn iam(&self, deployed: &ApiOutputs, io: &Io) -> (Result<Credentials, String>, Option<String>) {
        let aws = &self.session.aws;
        let signer = aws.credentials.clone();
        let signer =
            signer.map(|it| Signer::new(it, &aws.region).with_time_source(io.clock.clone()));
        let credentials =
            signer.map(Credentials::Iam).ok_or("AWS credentials are needed".to_owned());
        // A local AWS asks no policies.
        let caution = self.local().is_none().then(|| format!(
            "IAM has to allow appsync:EventConnect on {arn}, appsync:EventPublish and appsync:EventSubscribe on {arn}/channelNamespace/*",
            arn = deployed.arn
        ));
        (credentials, caution)
    }

    /// The local AWS that makes tokens, if we talk to one.
    fn local(&self) -> Option<String> {
        let url = self.session.url_here()?;
        url.starts_with("http://").then(|| url.to_owned())
    }

    fn place(&self, it: &NamespaceAccess, deployed: &ApiOutputs) -> NamespaceTarget {
        let event = self
            .events
            .iter()
            .find(|(namespace, _)| namespace == it.address.name() || namespace == name(it));
        let there = deployed.namespaces.iter().find(|there| there.key == it.address.name());
        NamespaceTarget {
            name: name(it).to_owned(),
            publish: auth_modes(&it.publish.modes),
            subscribe: auth_modes(&it.subscribe.modes),
            on_publish: self.handling(it, "OnPublish"),
            on_subscribe: self.handling(it, "OnSubscribe"),
            live_modes: there.map(|it| LiveModes {
                publish: auth_modes(&it.publish),
                subscribe: auth_modes(&it.subscribe),
            }),
            event: event.map(|(_, template)| template.clone()),
        }
    }

    /// What handles `operation`, by the spec or, where the spec has nothing, by what somebody put there on AWS.
    fn handling(&self, it: &NamespaceAccess, operation: &str) -> HandlerSetup {
        let wanted = self.desired.get(&it.address).map(|it| {
            // In properties the data source is open as long as AWS does not have it.
            let word = if operation == "OnPublish" { "onPublish" } else { "onSubscribe" };
            let source = &it.declared["handlers"][word]["dataSource"];
            let (configs, code) =
                (it.properties.get("HandlerConfigs"), it.properties.get("CodeHandlers"));
            match handler(configs, code, operation) {
                HandlerSetup::DataSource(_) => {
                    HandlerSetup::DataSource(source.as_str().unwrap_or_default().to_owned())
                }
                other => other,
            }
        });
        let there = self.proposal.live.managed.get(&it.address).map(|it| {
            handler(
                it.properties.get("HandlerConfigs"),
                it.properties.get("CodeHandlers"),
                operation,
            )
        });
        match (wanted.unwrap_or(HandlerSetup::None), there.unwrap_or(HandlerSetup::None)) {
            (HandlerSetup::None, HandlerSetup::None) => HandlerSetup::None,
            (HandlerSetup::None, there) => {
                HandlerSetup::Undeclared { data_source: there.data_source().map(str::to_owned) }
            }
            // What AWS would still do counts, even if the spec has it no longer.
            (HandlerSetup::Code, there @ HandlerSetup::DataSource(_)) => there,
            (wanted, _) => wanted,
        }
    }
}

/// What handles `operation`, by CloudFormation's `HandlerConfigs` and `CodeHandlers`.
fn handler(configs: Option<&Value>, code: Option<&Value>, operation: &str) -> HandlerSetup {
    let config = configs.and_then(|it| it.get(operation));
    let source = config.and_then(|it| it.pointer("/Integration/DataSourceName"));
    let code = code.and_then(|it| it.as_str());
    let exported = code.map(provision_core::handler::read).is_some_and(|it| match operation {
        "OnPublish" => it.on_publish.is_some(),
        _ => it.on_subscribe.is_some(),
    });
    match source {
        Some(name) => HandlerSetup::DataSource(name.as_str().unwrap_or_default().to_owned()),
        None if exported || config.is_some() => HandlerSetup::Code,
        None => HandlerSetup::None,
    }
}

/// The key that lasts longest. One that has ended is tried, too: AWS's clock counts.
fn key(deployed: &ApiOutputs, now: i64) -> (Result<Credentials, String>, Option<String>) {
    let Some(key) = lasting(&deployed.api_keys) else {
        return (Err("the API has no key".to_owned()), None);
    };
    let end = key.expires.as_ref().and_then(|it| it.parse::<jiff::Timestamp>().ok());
    let ended = end.is_some_and(|it| it.as_second() <= now);
    let expires = key.expires.as_deref().unwrap_or("some time");
    let caution = match deployed.api_keys.len() {
        1 => format!("key {} ended at {expires}: applying the spec renews it", key.key),
        _ => format!(
            "all keys of the API have ended, {} last, at {expires}: applying the spec renews them",
            key.key
        ),
    };
    let value = key.value.as_deref().unwrap_or_default();
    (Ok(Credentials::ApiKey(Secret::new(value))), ended.then_some(caution))
}

//! How a command reaches an Event API: where it is, as whom, and what it means if that is refused.
mod credentials;
mod refused;

pub use credentials::{end_of, is_jwt, lasting};
pub use refused::failure;

use std::path::{Path, PathBuf};

use crate::aws::{Aws, Endpoint as AwsEndpoint, Target, connect};
use crate::backend::direct::propose;
use crate::cli::load::{Warns, sound};
use crate::cli::parameters::{ParameterArgs, with_name};
use crate::cli::target::{self, Declared, Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::client::{Channel, Client, Endpoint, Mode, Net, NetOptions, Timing, is_of_aws};
use crate::kind::Desired;
use crate::render::outputs::{ApiOutputs, NamespaceOutputs, outputs};
use crate::spec::Spec;
use crate::suggest::meant;

#[derive(Clone, Debug, clap::Args)]
pub struct ReachArgs {
    /// Instead of a spec: the URL to publish to of any Event API, `https://HOST/event`
    #[arg(long, value_name = "URL", help_heading = "Event API")]
    pub url: Option<String>,
    /// Another URL of the spec's API than AWS's own, such as one with a custom domain
    #[arg(long, value_name = "URL", conflicts_with = "url", help_heading = "Event API")]
    endpoint: Option<String>,
    /// The API, by its key in the spec, where the spec has several
    #[arg(long, value_name = "KEY", conflicts_with = "url", help_heading = "Event API")]
    api: Option<String>,
    /// As whom; without it, the first mode that the namespace accepts and that there are credentials for
    #[arg(long, value_enum, value_name = "MODE", help_heading = "Event API")]
    mode: Option<ModeArg>,
    /// Which of the spec's API keys, by its key in the spec; without it, the one that lasts longest
    #[arg(long, value_name = "NAME", conflicts_with = "url", help_heading = "Event API")]
    key: Option<String>,
    /// With --url: the variable of the environment that holds the API key
    #[arg(
        long,
        value_name = "VARIABLE",
        default_value = "PROVISION_API_KEY",
        help_heading = "Event API"
    )]
    api_key_env: String,
    /// The token for Cognito, OpenID Connect or a Lambda authorizer; `-` reads it from standard input, and the
    /// variable PROVISION_TOKEN keeps it out of the list of processes
    #[arg(long, value_name = "TOKEN", help_heading = "Event API")]
    token: Option<String>,
    /// Certificates in PEM to trust besides those that this machine trusts; or the variable AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", help_heading = "Event API")]
    pub ca_bundle: Option<PathBuf>,
}

/// A mode, in words that are easily typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ModeArg {
    ApiKey,
    Iam,
    Cognito,
    Oidc,
    Lambda,
}

impl ModeArg {
    pub fn mode(self) -> Mode {
        match self {
            Self::ApiKey => Mode::ApiKey,
            Self::Iam => Mode::Iam,
            Self::Cognito => Mode::Cognito,
            Self::Oidc => Mode::Oidc,
            Self::Lambda => Mode::Lambda,
        }
    }
}

/// What a command does on the data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Publish,
    Subscribe,
}

impl Doing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }
    /// The modes that a namespace accepts for it.
    fn accepted(self, namespace: &NamespaceOutputs) -> &[String] {
        match self {
            Self::Publish => &namespace.publish,
            Self::Subscribe => &namespace.subscribe,
        }
    }
}

/// An Event API, and all that is known of it.
#[derive(Debug)]
pub struct Reached {
    pub client: Client,
    pub stack: Option<Stack>,
    pub region: String,
    args: ReachArgs,
    /// What was given, or read from standard input.
    token: Option<crate::client::Secret>,
    api_key: Option<crate::client::Secret>,
    aws: Option<Aws>,
    session: Option<Session>,
    now_epoch_s: i64,
}

/// The API of a stack. The values of its keys are in it.
#[derive(Debug)]
pub struct Stack {
    /// The spec, as people name it.
    pub spec: PathBuf,
    pub api: ApiOutputs,
    desired: Desired,
}

/// The spec and the further words of a command line: with `--url` there is no spec, and its place is a word's.
pub fn words(
    args: &ReachArgs,
    spec: Option<&String>,
    rest: &[String],
) -> (Option<PathBuf>, Vec<String>) {
    let first = spec.into_iter().cloned();
    match args.url {
        Some(_) => (None, first.chain(rest.iter().cloned()).collect()),
        None => (spec.map(PathBuf::from), rest.to_vec()),
    }
}

/// Finds the API: by its URL, or by what AWS has of the spec's stack.
pub async fn reach(
    args: &ReachArgs,
    spec: Option<&Path>,
    parameters: &ParameterArgs,
    target: &TargetArgs,
    io: &mut Io,
) -> Result<Reached, Failure> {
    let net = net(args.ca_bundle.as_ref(), io)?;
    let token = credentials::token(args, io)?;
    let client = |endpoint| Client { endpoint, net, timing: Timing::default() };
    let now_epoch_s = io.now_epoch_s();
    let args = args.clone();
    let Some(spec) = spec else {
        let endpoint = endpoint("--url", args.url.as_deref().unwrap_or_default())?;
        let region = target.region().cloned().or_else(|| endpoint.region().map(str::to_owned));
        let aws = credentials::aws(&args, region.clone(), target).await?;
        let region = region.or_else(|| Some(aws.as_ref()?.region.clone())).unwrap_or_default();
        let api_key = credentials::api_key(&args, io);
        let (stack, session) = (None, None);
        let client = client(endpoint);
        return Ok(Reached {
            client,
            stack,
            region,
            args,
            token,
            api_key,
            aws,
            session,
            now_epoch_s,
        });
    };
    let given = parameters.given(io)?;
    let parsed = with_name(sound(spec, &given, Warns::No, io)?, &given)?;
    let (region, account) = (parsed.region.as_ref(), parsed.account.as_ref());
    let declared = Declared { region, account, is_planned: false };
    let session = target::open(target, declared, io).await?;
    let found = look(&args, parsed, spec, &session, now_epoch_s).await;
    let (stack, endpoint) = match found {
        Ok(found) => found,
        Err(failure) => {
            session.close().await?;
            return Err(failure);
        }
    };
    let (aws, region) = (Some(session.aws.clone()), session.aws.region.clone());
    let (stack, session) = (Some(stack), Some(session));
    let client = client(endpoint);
    Ok(Reached { client, stack, region, args, token, api_key: None, aws, session, now_epoch_s })
}

impl Reached {
    /// Ends the local AWS, if this command served it.
    pub async fn close(self) -> Result<(), Failure> {
        let Self { session, aws, .. } = self;
        drop(aws);
        match session {
            Some(session) => session.close().await,
            None => Ok(()),
        }
    }
    /// The file of certificates that was named.
    pub fn ca_bundle(&self) -> Option<String> {
        self.args.ca_bundle.as_ref().map(|it| it.display().to_string())
    }
    /// Whether nobody else can reach this API.
    pub fn is_brief(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_brief)
    }
    /// The namespace of a channel, where the stack is known; a name that the API lacks is refused.
    pub fn namespace(&self, channel: &Channel) -> Result<Option<&NamespaceOutputs>, Failure> {
        let Some(stack) = &self.stack else { return Ok(None) };
        let (api, name) = (&stack.api, channel.namespace());
        if let Some(found) = api.namespaces.iter().find(|it| it.name == name) {
            return Ok(Some(found));
        }
        let names: Vec<&str> = api.namespaces.iter().map(|it| it.name.as_str()).collect();
        let message = format!("{channel}: API {} has no channel namespace `{name}`", api.key);
        let declared = stack.declares(name);
        let hint = match meant(name, names.iter().copied()) {
            _ if declared => {
                format!("the spec declares it: provision apply {}", stack.spec.display())
            }
            Some(meant) => format!("did you mean `{meant}`? It has {}", names.join(", ")),
            None if names.is_empty() => "it has none: declare one and apply the spec".to_owned(),
            None => format!("it has {}", names.join(", ")),
        };
        Err(Failure::error(message).hint(hint))
    }
}

impl Stack {
    /// Whether the spec has a namespace of this name in the API, applied or not.
    fn declares(&self, name: &str) -> bool {
        self.namespace_in_spec(name).is_some()
    }
    /// Whether a handler of the namespace may refuse what AppSync itself accepts.
    fn has_handlers(&self, name: &str) -> bool {
        self.namespace_in_spec(name).is_some_and(|it| {
            it.properties.get("CodeHandlers").or(it.properties.get("HandlerConfigs")).is_some()
        })
    }
    fn namespace_in_spec(&self, name: &str) -> Option<&crate::kind::Resource> {
        let found = self.desired.iter().find(|(address, it)| {
            address.section() == "namespaces"
                && address.root().name() == self.api.key
                && it.properties.get("Name").and_then(|it| it.as_str()) == Some(name)
        });
        found.map(|(_, it)| it)
    }
}

async fn look(
    args: &ReachArgs,
    spec: Spec,
    path: &Path,
    session: &Session,
    now_epoch_s: i64,
) -> Result<(Stack, Endpoint), Failure> {
    let proposal = propose(&session.aws, &spec.stack, &Desired::new(), now_epoch_s).await?;
    let found = outputs(&spec.stack, &proposal.site, &proposal.live, true);
    if found.apis.is_empty() {
        let message = format!("stack {} has no API in region {}", found.stack, found.region);
        return Err(Failure::error(message).hint("apply the spec first"));
    }
    let api = choose(found.apis, args.api.as_deref(), &spec.stack)?;
    let endpoint = match &args.endpoint {
        Some(url) => endpoint("--endpoint", url)?,
        None => endpoint("the API's address", &address(&api, session))?,
    };
    let stack = Stack { spec: path.to_owned(), api, desired: spec.desired };
    Ok((stack, endpoint))
}

fn choose(apis: Vec<ApiOutputs>, key: Option<&str>, stack: &str) -> Result<ApiOutputs, Failure> {
    let keys: Vec<String> = apis.iter().map(|it| it.key.clone()).collect();
    let mut apis = apis.into_iter();
    let Some(key) = key else {
        return match (apis.next(), apis.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Failure::new(Exit::Usage, format!("stack {stack} has several APIs"))
                .hint(format!("choose with `--api`: {}", keys.join(", ")))),
        };
    };
    apis.find(|it| it.key == key).ok_or_else(|| {
        let hint = match meant(key, keys.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("it has {}", keys.join(", ")),
        };
        Failure::error(format!("stack {stack} has no API called `{key}`")).hint(hint)
    })
}

/// Where the API is. An AWS on this machine serves under one address all the hosts that only AWS has.
pub fn address(api: &ApiOutputs, session: &Session) -> String {
    let local = session.url.as_ref().filter(|_| is_of_aws(&api.http.host)).filter(|url| {
        let host = url.split("://").nth(1).unwrap_or_default();
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|it| host.starts_with(it))
    });
    match local {
        Some(url) => format!("{}/apis/{}/event", url.trim_end_matches('/'), api.id),
        None => api.http.url.clone(),
    }
}

fn endpoint(what: &str, url: &str) -> Result<Endpoint, Failure> {
    Endpoint::parse(url).map_err(|reason| {
        Failure::new(Exit::Usage, format!("{what}: {reason}"))
            .hint("an Event API is published to at a URL such as https://HOST/event")
    })
}

/// The network, as the environment and the user describe it.
pub fn net(ca_bundle: Option<&PathBuf>, io: &Io) -> Result<Net, Failure> {
    let variable = |names: &[&str]| {
        let found = names.iter().find_map(|it| io.environment.get(*it).filter(|it| !it.is_empty()));
        found.cloned()
    };
    let named = ca_bundle.cloned().or_else(|| variable(&["AWS_CA_BUNDLE"]).map(PathBuf::from));
    let unusable = |reason: String| {
        let shown = named.as_deref().unwrap_or(Path::new("")).display();
        Failure::error(format!("the certificates in {shown} can't be used: {reason}"))
            .hint("give a file of PEM certificates with `--ca-bundle` or AWS_CA_BUNDLE")
    };
    let certificates = named.as_ref().map(|it| std::fs::read(io.path(it))).transpose();
    let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
    let all = ["ALL_PROXY", "all_proxy"];
    let options = NetOptions {
        https_proxy: variable(&["HTTPS_PROXY", "https_proxy"]).or_else(|| variable(&all)),
        http_proxy: variable(&["http_proxy", "HTTP_PROXY"]).or_else(|| variable(&all)),
        no_proxy: variable(&["NO_PROXY", "no_proxy"]),
        certificates,
    };
    Net::new(options).map_err(unusable)
}

/// A connection that is used for its credentials only.
async fn only_credentials(region: Option<String>, target: &TargetArgs) -> Result<Aws, Failure> {
    let profile = target.profile().cloned();
    let endpoint = AwsEndpoint::Aws;
    Ok(connect(&Target { region, account: None, profile, endpoint }).await?)
}

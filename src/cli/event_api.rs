//! How a command reaches an Event API: where it is, as whom, and what it means if that is refused.
mod credentials;
mod errors;
pub mod snippet;
mod stack;

pub use credentials::{Proof, end_of, is_jwt};
pub use errors::failure;
pub use stack::Stack;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::follow_up::again;
use crate::cli::load::{Warns, sound};
use crate::cli::parameters::{ParameterArgs, with_name};
use crate::cli::target::{self, Declared, LOCAL_FOLDER, Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{ApiOutputs, NamespaceOutputs};
use crate::render::shell::word;
use appsync_events::{
    AuthMode, Channel, Client, Endpoint, Network, NetworkOptions, Timing, is_of_aws,
};
use provision_aws::client::Aws;
use provision_aws::connect::{Endpoint as AwsEndpoint, Target, connect};

/// Which Event API, in which AWS, and as whom.
#[derive(Clone, Debug, clap::Args)]
pub struct ApiArgs {
    #[command(flatten)]
    reach: ReachArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ReachArgs {
    /// Instead of a spec: the URL to publish to of any Event API, `https://HOST/event`
    #[arg(long, value_name = "URL", help_heading = "Event API")]
    url: Option<String>,
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
    pub fn named(word: &str) -> Option<Self> {
        Self::from_str(word, false).ok()
    }
    /// How a mode is called on a command line.
    pub fn word(mode: AuthMode) -> String {
        let all = Self::value_variants().iter();
        let value = all.filter(|it| it.mode() == mode).find_map(Self::to_possible_value);
        value.map(|it| it.get_name().to_owned()).unwrap_or_default()
    }
    pub fn mode(self) -> AuthMode {
        match self {
            Self::ApiKey => AuthMode::ApiKey,
            Self::Iam => AuthMode::Iam,
            Self::Cognito => AuthMode::Cognito,
            Self::Oidc => AuthMode::Oidc,
            Self::Lambda => AuthMode::Lambda,
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
    token: Option<appsync_events::Secret>,
    api_key: Option<appsync_events::Secret>,
    aws: Option<Aws>,
    session: Option<Session>,
    /// The folder of the local AWS, if it is that one.
    folder: Option<PathBuf>,
    now_epoch_s: i64,
}

/// The spec and the further words of a command line: with `--url` there is no spec, and its place is a word's.
pub fn words(
    args: &ApiArgs,
    spec: Option<&String>,
    rest: &[String],
) -> (Option<PathBuf>, Vec<String>) {
    let first = spec.into_iter().cloned();
    match args.reach.url {
        Some(_) => (None, first.chain(rest.iter().cloned()).collect()),
        None => (spec.map(PathBuf::from), rest.to_vec()),
    }
}

/// Finds the API: by its URL, or by what AWS has of the spec's stack, where it has the namespaces of `channels`.
pub async fn reach(
    args: &ApiArgs,
    spec: Option<&Path>,
    channels: &[Channel],
    io: &mut Io,
) -> Result<Reached, Failure> {
    let ApiArgs { reach: args, parameters, target } = args;
    let net = net(args.ca_bundle.as_ref(), io)?;
    let token = credentials::token(args, io)?;
    let client = |endpoint| Client { endpoint, net, timing: Timing::default() };
    let (now_epoch_s, folder) = (io.now_epoch_s(), target.folder().cloned());
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
            folder,
            now_epoch_s,
        });
    };
    let given = parameters.given(io)?;
    let parsed = with_name(sound(spec, &given, Warns::No, io)?, &given)?;
    let (region, account) = (parsed.region.as_ref(), parsed.account.as_ref());
    let declared = Declared { region, account, is_planned: false };
    let session = target::open(target, declared, io).await?;
    let command = again(spec, parameters, target);
    let found = stack::look(&args, parsed, channels, &session, now_epoch_s, command).await;
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
    let api_key = None;
    Ok(Reached { client, stack, region, args, token, api_key, aws, session, folder, now_epoch_s })
}

/// Keeps `Reached` in one place: whoever has it closes it, also after an error.
pub async fn closing<T>(reached: Reached, result: Result<T, Failure>) -> Result<T, Failure> {
    let Reached { session, aws, .. } = reached;
    drop(aws);
    match session {
        Some(session) => target::closing(session, result).await,
        None => result,
    }
}

impl Reached {
    /// The file of certificates that was named.
    pub fn ca_bundle(&self) -> Option<String> {
        self.args.ca_bundle.as_ref().map(|it| it.display().to_string())
    }
    /// Whether nobody else can reach this API.
    pub fn is_brief(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_brief)
    }
    /// Says that nobody else can reach this API, so that they can't do `what`.
    pub fn note_brief(&self, what: &str, io: &mut Io) {
        if self.is_brief() {
            let serve = self.of_local("").unwrap_or_default();
            io.note(&format!(
                "this local AWS is there for this command only, so that nobody can {what}; \
                 serve it with `{serve}` in another terminal\n"
            ));
        }
    }
    /// Whether it is the local AWS of a folder.
    pub fn is_local(&self) -> bool {
        self.folder.is_some()
    }
    /// The command that serves this local AWS, or makes a token for it, as its place is given.
    pub fn of_local(&self, command: &str) -> Option<String> {
        let folder = self.folder.as_ref()?;
        Some(match folder == Path::new(LOCAL_FOLDER) {
            true => format!("provision local{command}"),
            false => {
                let folder = word(&folder.display().to_string());
                format!("provision local{command} --data-dir {folder}")
            }
        })
    }
}

/// Where the API is. An AWS on this machine serves under one address all the hosts that only AWS has.
pub fn address(api: &ApiOutputs, session: &Session) -> String {
    let local = session.url_here().filter(|_| is_of_aws(&api.http.host));
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
pub fn net(ca_bundle: Option<&PathBuf>, io: &Io) -> Result<Network, Failure> {
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
    let options = NetworkOptions {
        https_proxy: variable(&["HTTPS_PROXY", "https_proxy"]).or_else(|| variable(&all)),
        http_proxy: variable(&["http_proxy", "HTTP_PROXY"]).or_else(|| variable(&all)),
        no_proxy: variable(&["NO_PROXY", "no_proxy"]),
        certificates,
    };
    Network::new(options).map_err(unusable)
}

/// A connection that is used for its credentials only.
async fn only_credentials(region: Option<String>, target: &TargetArgs) -> Result<Aws, Failure> {
    let profile = target.profile().cloned();
    let endpoint = AwsEndpoint::Aws;
    let target = Target { region, account: None, profile, endpoint };
    connect(&target).await.map_err(|error| match error.message.starts_with("no region") {
        true => Failure::error("no region to sign for: the URL names none")
            .hint("give it with `--region`, AWS_REGION, or the AWS profile"),
        false => error.into(),
    })
}

/// Why a text is no channel.
pub fn no_channel(text: &str, reason: &str) -> Failure {
    Failure::new(Exit::Usage, format!("`{text}` is no channel: {reason}")).hint(
        "a channel is such as /sample/a/b: one to five segments of letters, digits and dashes",
    )
}

//! Which Event API, in which AWS, and as whom: the options of every command on the data plane.
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::parameters::ParameterArgs;
use crate::cli::target::TargetArgs;
use crate::cli::{Exit, Failure};
use crate::render::outputs::NamespaceOutputs;
use appsync_events::{AuthMode, InvalidChannel};

/// Which Event API, in which AWS, and as whom.
#[derive(Clone, Debug, clap::Args)]
pub struct ApiArgs {
    #[command(flatten)]
    pub reach: ReachArgs,
    #[command(flatten)]
    pub parameters: ParameterArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ReachArgs {
    /// Instead of a spec: the URL to publish to of any Event API, `https://HOST/event`
    #[arg(long, value_name = "URL", help_heading = "Event API")]
    pub url: Option<String>,
    /// Another URL of the spec's API than AWS's own, such as one with a custom domain
    #[arg(long, value_name = "URL", conflicts_with = "url", help_heading = "Event API")]
    pub endpoint: Option<String>,
    /// The API, by its key in the spec, where the spec has several
    #[arg(long, value_name = "KEY", conflicts_with = "url", help_heading = "Event API")]
    pub api: Option<String>,
    /// As whom; without it, the first mode that the namespace accepts and that there are credentials for
    #[arg(long, value_enum, value_name = "MODE", help_heading = "Event API")]
    pub mode: Option<ModeArg>,
    /// Which of the spec's API keys, by its key in the spec; without it, the one that lasts longest
    #[arg(long, value_name = "NAME", conflicts_with = "url", help_heading = "Event API")]
    pub key: Option<String>,
    /// With --url: the variable of the environment that holds the API key
    #[arg(
        long,
        value_name = "VARIABLE",
        default_value = "PROVISION_API_KEY",
        help_heading = "Event API"
    )]
    pub api_key_env: String,
    /// The token for Cognito, OpenID Connect or a Lambda authorizer; `-` reads it from standard input, and the
    /// variable PROVISION_TOKEN keeps it out of the list of processes
    #[arg(long, value_name = "TOKEN", help_heading = "Event API")]
    pub token: Option<String>,
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

/// The modes with these names. A name that is not known here is omitted: AppSync may have new ones.
pub fn auth_modes(names: &[String]) -> Vec<AuthMode> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
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
    pub fn accepted(self, namespace: &NamespaceOutputs) -> &[String] {
        match self {
            Self::Publish => &namespace.publish,
            Self::Subscribe => &namespace.subscribe,
        }
    }
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

pub fn invalid_channel(error: &InvalidChannel) -> Failure {
    Failure::new(Exit::Usage, error.to_string()).hint(
        "a channel has one to five segments of letters, digits and dashes, such as /sample/a/b",
    )
}

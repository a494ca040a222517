//! Which Event API to talk to, and with which credentials: the options of every command on the data
//! plane.
use std::path::PathBuf;

use crate::cli::event_api::auth_mode::auth_mode_parser;
use crate::cli::parameters::ParameterArgs;
use crate::cli::target::TargetArgs;
use crate::cli::{Exit, Failure};
use crate::render::outputs::NamespaceOutputs;
use appsync_events::InvalidChannel;
use provision_core::kinds::auth::{AnyAuthMode, AuthMode};

#[derive(Clone, Debug, clap::Args)]
pub struct ApiArgs {
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub parameters: ParameterArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ConnectionArgs {
    /// The HTTP URL of any Event API, `https://HOST/event`, instead of a spec
    #[arg(long, value_name = "URL", help_heading = "Event API")]
    pub url: Option<String>,
    /// Another HTTP URL of the spec's API, such as one with a custom domain
    #[arg(long, value_name = "URL", conflicts_with = "url", help_heading = "Event API")]
    pub endpoint: Option<String>,
    /// The API, by its key in the spec, if the spec has several
    #[arg(long, value_name = "KEY", conflicts_with = "url", help_heading = "Event API")]
    pub api: Option<String>,
    /// The auth mode; without it, the first that the namespace accepts and that has credentials
    #[arg(long, value_parser = auth_mode_parser(), value_name = "MODE", help_heading = "Event API")]
    pub mode: Option<AuthMode>,
    /// The API key, by its key in the spec; without it, the one that expires last
    #[arg(long, value_name = "NAME", conflicts_with = "url", help_heading = "Event API")]
    pub key: Option<String>,
    /// With --url: the environment variable with the API key
    #[arg(
        long,
        value_name = "VARIABLE",
        default_value = "PROVISION_API_KEY",
        help_heading = "Event API"
    )]
    pub api_key_env: String,
    /// The token for Cognito, OpenID Connect or a Lambda authorizer; `-` reads it from stdin, and the environment
    /// variable PROVISION_TOKEN keeps it out of the process list
    #[arg(long, value_name = "TOKEN", help_heading = "Event API")]
    pub token: Option<String>,
    /// CA certificates in PEM to trust in addition to those of the machine; also the environment variable
    /// AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", help_heading = "Event API")]
    pub ca_bundle: Option<PathBuf>,
}

/// What a command does on the data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventCommand {
    Publish,
    Subscribe,
}

impl EventCommand {
    pub fn verb(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }

    pub fn gerund(self) -> &'static str {
        match self {
            Self::Publish => "publishing",
            Self::Subscribe => "subscribing",
        }
    }

    /// The auth modes that a namespace accepts for this command.
    pub fn accepted(self, namespace: &NamespaceOutputs) -> &[AnyAuthMode] {
        match self {
            Self::Publish => &namespace.publish,
            Self::Subscribe => &namespace.subscribe,
        }
    }
}

/// The spec and the other positional arguments. `--url` replaces the spec: what clap parsed as the spec is
/// then the first of the others.
pub fn split_arguments(
    args: &ApiArgs,
    spec: Option<&String>,
    others: &[String],
) -> (Option<PathBuf>, Vec<String>) {
    match args.connection.url {
        Some(_) => (None, spec.into_iter().chain(others).cloned().collect()),
        None => (spec.map(PathBuf::from), others.to_vec()),
    }
}

pub fn invalid_channel(error: &InvalidChannel) -> Failure {
    Failure::new(Exit::Usage, error.to_string()).with_hint(
        "a channel has one to five segments of letters, digits and dashes, such as /sample/a/b",
    )
}

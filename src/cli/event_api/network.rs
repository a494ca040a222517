//! Where an Event API is, and the network that leads there.
use std::path::{Path, PathBuf};

use crate::cli::target::{Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::ApiOutputs;
use appsync_events::{Endpoint, Network, NetworkOptions, is_aws_host};
use provision_aws::client::Aws;
use provision_aws::connect::{AwsEndpoint, Target, connect};

/// Where the API is. An AWS on this machine serves under one address all the hosts that only AWS has.
pub fn address(api: &ApiOutputs, session: &Session) -> String {
    let local = session.url_here().filter(|_| is_aws_host(&api.http.host));
    match local {
        Some(url) => format!("{}/apis/{}/event", url.trim_end_matches('/'), api.id),
        None => api.http.url.clone(),
    }
}

pub fn endpoint(what: &str, url: &str) -> Result<Endpoint, Failure> {
    Endpoint::parse(url).map_err(|error| {
        Failure::new(Exit::Usage, format!("{what}: {error}"))
            .hint("an Event API is published to at a URL such as https://HOST/event")
    })
}

/// The network, as the environment and the user describe it.
pub fn network(ca_bundle: Option<&PathBuf>, io: &Io) -> Result<Network, Failure> {
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
        extra_certificates: certificates,
    };
    Network::new(options).map_err(|error| unusable(error.to_string()))
}

/// A connection that is used for its credentials only.
pub async fn only_credentials(region: Option<String>, target: &TargetArgs) -> Result<Aws, Failure> {
    let profile = target.profile().cloned();
    let endpoint = AwsEndpoint::Aws;
    let target = Target { region, account: None, profile, endpoint };
    connect(&target).await.map_err(|error| match error.message.starts_with("no region") {
        true => Failure::error("no region to sign for: the URL names none")
            .hint("give it with `--region`, AWS_REGION, or the AWS profile"),
        false => error.into(),
    })
}

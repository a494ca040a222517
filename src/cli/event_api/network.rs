//! The URL of an Event API, and the network to reach it.
use std::path::{Path, PathBuf};

use crate::cli::target::{Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::ApiOutputs;
use appsync_events::{Endpoint, Network, NetworkOptions, is_aws_host};
use provision_aws::client::Aws;
use provision_aws::connect::{AwsEndpoint, Target, connect};

/// The HTTP URL of the API. The emulator serves the hosts that only AWS has under its own address.
pub fn address(api: &ApiOutputs, session: &Session) -> String {
    let emulator = session.emulator_url().filter(|_| is_aws_host(&api.http.host));
    match emulator {
        Some(url) => format!("{}/apis/{}/event", url.trim_end_matches('/'), api.id),
        None => api.http.url.clone(),
    }
}

/// Parses the URL of an Event API. `source` is where it comes from, such as an option.
pub fn endpoint(source: &str, url: &str) -> Result<Endpoint, Failure> {
    Endpoint::parse(url).map_err(|error| {
        Failure::new(Exit::Usage, format!("{source}: {error}"))
            .with_hint("the HTTP URL of an Event API is such as https://HOST/event")
    })
}

/// The proxies and certificates of the environment and the command line.
pub fn network(ca_bundle: Option<&PathBuf>, io: &Io) -> Result<Network, Failure> {
    let variable = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| io.environment.get(*name));
        values.find(|value| !value.is_empty()).cloned()
    };
    let path = ca_bundle.cloned().or_else(|| variable(&["AWS_CA_BUNDLE"]).map(PathBuf::from));
    let unusable = |reason: String| {
        let path = path.as_deref().unwrap_or(Path::new("")).display();
        Failure::error(format!("cannot use the certificates in `{path}`: {reason}"))
            .with_hint("pass a file with PEM certificates: `--ca-bundle FILE` or AWS_CA_BUNDLE")
    };
    let certificates = path.as_ref().map(|path| std::fs::read(io.path(path))).transpose();
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

/// An AWS client that is used for its credentials only.
pub async fn credentials_only(region: Option<String>, target: &TargetArgs) -> Result<Aws, Failure> {
    let profile = target.profile().cloned();
    let endpoint = AwsEndpoint::Aws;
    let target = Target { region, account: None, profile, endpoint };
    connect(&target).await.map_err(|error| match error.message.starts_with("no region") {
        true => Failure::error("no region to sign for: the URL does not have one")
            .with_hint("set it with `--region`, AWS_REGION, or the AWS profile"),
        false => error.into(),
    })
}

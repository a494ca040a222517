//! Finds the Event API that the command line selects.
use std::path::Path;

use crate::cli::event_api::args::{ApiArgs, ConnectionArgs};
use crate::cli::event_api::network::{endpoint, network};
use crate::cli::event_api::resolved_api::ResolvedApi;
use crate::cli::event_api::{credentials, stack_api};
use crate::cli::follow_up::follow_up_options;
use crate::cli::load::{WarningPolicy, load_valid_spec};
use crate::cli::parameters::check_stack_name;
use crate::cli::target::{self, ExpectedTarget, TargetArgs};
use crate::cli::{Failure, Io};
use appsync_events::{Channel, Client, Network};

/// Finds the API by its URL, or the API of the spec's stack that has the namespaces of `channels`.
pub async fn resolve_api(
    args: &ApiArgs,
    spec: Option<&Path>,
    channels: &[Channel],
    io: &mut Io,
) -> Result<ResolvedApi, Failure> {
    let network = network(args.connection.ca_bundle.as_ref(), io)?;
    match spec {
        Some(spec) => resolve_by_spec(args, spec, channels, network, io).await,
        None => resolve_by_url(&args.connection, &args.target, network, io).await,
    }
}

async fn resolve_by_url(
    args: &ConnectionArgs,
    target: &TargetArgs,
    network: Network,
    io: &mut Io,
) -> Result<ResolvedApi, Failure> {
    let token = credentials::token(args, io)?;
    let endpoint = endpoint("--url", args.url.as_deref().unwrap_or_default())?;
    let region = target.region().cloned().or_else(|| endpoint.region().map(str::to_owned));
    let aws = credentials::aws(args, region.clone(), target).await?;
    let region = region.or_else(|| Some(aws.as_ref()?.region.clone())).unwrap_or_default();
    Ok(ResolvedApi {
        client: Client::new(endpoint).with_network(network),
        stack: None,
        region,
        args: args.clone(),
        token,
        api_key: credentials::api_key(args, io),
        aws,
        session: None,
        folder: target.folder().cloned(),
        now_epoch_s: io.now_epoch_s(),
    })
}

async fn resolve_by_spec(
    args: &ApiArgs,
    spec_path: &Path,
    channels: &[Channel],
    network: Network,
    io: &mut Io,
) -> Result<ResolvedApi, Failure> {
    let ApiArgs { connection: args, parameters, target } = args;
    let token = credentials::token(args, io)?;
    let values = parameters.values(io)?;
    let spec = load_valid_spec(spec_path, &values, WarningPolicy::No, io)?;
    check_stack_name(&spec, &values)?;
    let (region, account) = (spec.region.as_ref(), spec.account.as_ref());
    let declared = ExpectedTarget { region, account, is_planned: false };
    let session = target::open(target, declared, io).await?;
    let follow_up_args = follow_up_options(spec_path, parameters, target);
    let now_epoch_s = io.now_epoch_s();
    let stack =
        stack_api::find_stack_api(args, spec, channels, &session, now_epoch_s, follow_up_args);
    let (stack, endpoint) = match stack.await {
        Ok(stack) => stack,
        Err(failure) => {
            session.close().await?;
            return Err(failure);
        }
    };
    Ok(ResolvedApi {
        client: Client::new(endpoint).with_network(network),
        stack: Some(stack),
        region: session.aws.region.clone(),
        args: args.clone(),
        token,
        api_key: None,
        aws: Some(session.aws.clone()),
        session: Some(session),
        folder: target.folder().cloned(),
        now_epoch_s,
    })
}

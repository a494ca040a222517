//! Finds the Event API that a command line means.
use std::path::Path;

use crate::cli::event_api::api::Reached;
use crate::cli::event_api::args::ApiArgs;
use crate::cli::event_api::network::{endpoint, network};
use crate::cli::event_api::{credentials, stack};
use crate::cli::follow_up::again;
use crate::cli::load::{Warns, sound};
use crate::cli::parameters::with_name;
use crate::cli::target::{self, Declared};
use crate::cli::{Failure, Io};
use appsync_events::{Channel, Client};

/// Finds the API: by its URL, or by what AWS has of the spec's stack, where it has the namespaces of `channels`.
pub async fn reach(
    args: &ApiArgs,
    spec: Option<&Path>,
    channels: &[Channel],
    io: &mut Io,
) -> Result<Reached, Failure> {
    let ApiArgs { reach: args, parameters, target } = args;
    let network = network(args.ca_bundle.as_ref(), io)?;
    let token = credentials::token(args, io)?;
    let client = |endpoint| Client::new(endpoint).with_network(network);
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

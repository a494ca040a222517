//! Which AWS a command talks to: the user's, or the local one of this folder.
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cli::arguments::region_name;
use crate::cli::{Exit, Failure, Io};
use crate::render::shell::word;
use appsync_local::cli::{DATA_DIR, StoreAccess};
use appsync_local::{DataPlane, OpenError, Settings};
use provision_aws::client::Aws;
use provision_aws::connect::{AwsEndpoint, Target, connect};

/// Where the local AWS of a folder keeps what it knows.
pub const LOCAL_FOLDER: &str = DATA_DIR;
#[derive(Clone, Debug, clap::Args)]
pub struct TargetArgs {
    /// Talk to the local AWS that keeps its state in DIR; no account is needed
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = LOCAL_FOLDER, help_heading = "AWS")]
    local: Option<PathBuf>,
    /// The AWS region, where the spec names none
    #[arg(long, value_name = "REGION", value_parser = region_name, help_heading = "AWS")]
    region: Option<String>,
    /// The profile of the AWS configuration to use
    #[arg(long, value_name = "NAME", conflicts_with = "local", help_heading = "AWS")]
    profile: Option<String>,
    /// Another AWS endpoint, for all services
    #[arg(long, value_name = "URL", conflicts_with = "local", help_heading = "AWS")]
    endpoint_url: Option<String>,
}

impl TargetArgs {
    pub fn region(&self) -> Option<&String> {
        self.region.as_ref()
    }
    pub fn profile(&self) -> Option<&String> {
        self.profile.as_ref()
    }
    /// The folder of the local AWS, if it is that one.
    pub fn folder(&self) -> Option<&PathBuf> {
        self.local.as_ref()
    }
    /// The same arguments, as a shell takes them.
    pub fn follow_up_options(&self) -> Vec<String> {
        let local = self.local.as_ref().map(|folder| match folder == Path::new(LOCAL_FOLDER) {
            true => "--local".to_owned(),
            false => format!("--local={}", word(&folder.display().to_string())),
        });
        let pair = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{name} {}", word(value)))
        };
        let pairs = [
            pair("--region", &self.region),
            pair("--profile", &self.profile),
            pair("--endpoint-url", &self.endpoint_url),
        ];
        local.into_iter().chain(pairs.into_iter().flatten()).collect()
    }
}

/// Where a stack is to stand, as far as its spec says.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExpectedTarget<'a> {
    pub region: Option<&'a String>,
    /// The only account that may be looked at and changed.
    pub account: Option<&'a String>,
    /// Whether a saved plan says so, and no spec.
    pub is_planned: bool,
}

/// A connection for the length of a command, and the local AWS if it serves one itself.
#[derive(Debug)]
pub struct Session {
    pub aws: Aws,
    /// What a person calls this AWS, if it isn't AWS's own.
    pub place: Option<String>,
    /// Where this AWS is, if it isn't AWS's own.
    pub url: Option<String>,
    server: Option<Server>,
}

#[derive(Debug)]
struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// Opens a connection for a stack that stands where `declared` says, if it says so. In another account
/// than the declared one nothing is even looked at.
pub async fn open(
    args: &TargetArgs,
    declared: ExpectedTarget<'_>,
    io: &mut Io,
) -> Result<Session, Failure> {
    let region = match (&args.region, declared.region) {
        (Some(asked), Some(declared)) if asked != declared => {
            let message = format!("--region is {asked} and the spec's region is {declared}");
            return Err(Failure::new(Exit::Usage, message)
                .with_hint("leave `--region` away, or take `region:` out of the spec"));
        }
        (asked, declared) => asked.clone().or_else(|| declared.cloned()),
    };
    let named = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    if let Some(url) = args.endpoint_url.as_ref().filter(|url| !named(url)) {
        let message = format!("--endpoint-url `{url}` is no URL");
        return Err(Failure::new(Exit::Usage, message).with_hint("such as http://127.0.0.1:4100"));
    }
    if args.local.as_ref().is_some_and(|local| local.to_string_lossy().contains("://")) {
        let message = "--local names a folder, not a URL";
        return Err(
            Failure::new(Exit::Usage, message).with_hint("give a URL with `--endpoint-url`")
        );
    }
    let mut served_at = None;
    let (endpoint, place, server) = match (&args.local, &args.endpoint_url) {
        (Some(folder), _) => {
            let place = format!("local AWS in {}", folder.display());
            let (url, server) = local(&io.path(folder), io).await?;
            served_at = server.is_none().then(|| url.clone());
            (AwsEndpoint::Local(url), Some(place), server)
        }
        (None, Some(url)) => (AwsEndpoint::Url(url.clone()), Some(format!("at {url}")), None),
        (None, None) => (AwsEndpoint::Aws, None, None),
    };
    let url = match &endpoint {
        AwsEndpoint::Aws => None,
        AwsEndpoint::Url(url) | AwsEndpoint::Local(url) => Some(url.clone()),
    };
    let account = declared.account.cloned();
    let target = Target { region, account, profile: args.profile.clone(), endpoint };
    let mut aws = connect(&target).await?;
    aws.served_at = served_at;
    let place = place.or_else(|| aws.custom_endpoints.clone());
    let url = url.or_else(|| aws.custom_endpoints.as_ref()?.strip_prefix("at ").map(str::to_owned));
    let session = Session { aws, place, url, server };
    match check_target(&session.aws, declared).await {
        Ok(()) => Ok(session),
        Err(failure) => {
            session.close().await?;
            Err(failure)
        }
    }
}

/// Refuses any account but the declared one.
async fn check_target(aws: &Aws, declared: ExpectedTarget<'_>) -> Result<(), Failure> {
    let Some(account) = declared.account else { return Ok(()) };
    let identity = aws.identity().await?;
    if identity.account == *account {
        return Ok(());
    }
    let what = if declared.is_planned { "plan was made" } else { "stack is" };
    let message = format!(
        "the {what} for account {account}, and these credentials belong to account {} ({})",
        identity.account, identity.arn
    );
    let otherwise = match declared.is_planned {
        true => "plan again with these",
        false => "mend `account:` in the spec",
    };
    Err(Failure::new(Exit::Refused, message).with_hint(format!(
        "use credentials of that account, perhaps with `--profile`, or {otherwise}"
    )))
}

impl Session {
    /// The URL of an AWS on this machine, if we talk to one.
    pub fn emulator_url(&self) -> Option<&str> {
        let url = self.url.as_deref()?;
        let host = url.split("://").nth(1).unwrap_or_default();
        let here = ["127.0.0.1", "localhost", "[::1]"].iter().any(|text| host.starts_with(text));
        here.then_some(url)
    }
    /// Whether the local AWS ends with this command: nobody reaches its Event APIs then.
    pub fn is_ephemeral(&self) -> bool {
        self.server.is_some()
    }
    /// Ends the local AWS, if this session served it, once its answers are out.
    pub async fn close(self) -> Result<(), Failure> {
        let Some(Server { stop, task }) = self.server else { return Ok(()) };
        drop(self.aws);
        let _ = stop.send(());
        match task.await {
            Ok(served) => Ok(served?),
            Err(error) => Err(Failure::error(format!("the local AWS broke down: {error}"))),
        }
    }
}

/// Keeps `Session` in one place: whoever opens one closes it, also after an error.
pub async fn close_after<T>(session: Session, result: Result<T, Failure>) -> Result<T, Failure> {
    let closed = session.close().await;
    let value = result?;
    closed?;
    Ok(value)
}

/// The running local AWS of `folder`, or one of our own over the same store.
async fn local(folder: &Path, io: &mut Io) -> Result<(String, Option<Server>), Failure> {
    let store = match wait_for(folder, io).await? {
        StoreAccess::Served(url) => return Ok((url, None)),
        StoreAccess::Exclusive(store) => store,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let plane = DataPlane::new(store, Settings::default());
    let task = tokio::spawn(appsync_local::serve(vec![listener], plane, None, shutdown));
    Ok((url, Some(Server { stop, task })))
}

/// Why the store can't be had, and where else one can be.
fn open_failure(error: &OpenError) -> Failure {
    let failure = Failure::error(error.to_string());
    match error {
        OpenError::Io { .. } => {
            failure.with_hint("keep the local AWS in a folder that you may write: `--local=DIR`")
        }
        _ => failure,
    }
}

/// Opens the store, or finds who serves it; waits for a command that has it for a moment.
async fn wait_for(folder: &Path, io: &mut Io) -> Result<StoreAccess, Failure> {
    let clock = io.clock.clone();
    let waiting = |folder: &Path| {
        io.note(&format!("waiting for another command that uses {}\n", folder.display()));
    };
    let opened = appsync_local::cli::access_store(folder, &clock, waiting).await;
    opened.map_err(|error| open_failure(&error))
}

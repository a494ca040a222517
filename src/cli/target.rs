//! Connects a command to AWS or to the local emulator, which it starts if it is not running.
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

/// The default folder of the emulator's state.
pub const LOCAL_FOLDER: &str = DATA_DIR;
#[derive(Clone, Debug, clap::Args)]
pub struct TargetArgs {
    /// Use the local emulator with its state in DIR; requires no AWS account
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = LOCAL_FOLDER, help_heading = "AWS")]
    local: Option<PathBuf>,
    /// The AWS region, if the spec does not set one
    #[arg(long, value_name = "REGION", value_parser = region_name, help_heading = "AWS")]
    region: Option<String>,
    /// The profile of the AWS configuration
    #[arg(long, value_name = "NAME", conflicts_with = "local", help_heading = "AWS")]
    profile: Option<String>,
    /// The endpoint of all AWS services
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
    /// Returns the folder of the emulator's state, with `--local`.
    pub fn folder(&self) -> Option<&PathBuf> {
        self.local.as_ref()
    }
    /// Returns the same arguments, quoted for a shell.
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

/// The region and account that a spec or a saved plan requires.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExpectedTarget<'a> {
    pub region: Option<&'a String>,
    /// The only account that may be read and changed.
    pub account: Option<&'a String>,
    /// Whether a saved plan requires them, not a spec.
    pub is_planned: bool,
}

/// The connection of a command, and the emulator if the command started one.
#[derive(Debug)]
pub struct Session {
    pub aws: Aws,
    /// The description of the endpoint in messages; `None` for AWS itself.
    pub place: Option<String>,
    /// The URL of the endpoint; `None` for AWS itself.
    pub url: Option<String>,
    server: Option<Server>,
}

#[derive(Debug)]
struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// Connects to the account and region that `declared` requires. Reads nothing in any other account.
pub async fn open(
    args: &TargetArgs,
    declared: ExpectedTarget<'_>,
    io: &mut Io,
) -> Result<Session, Failure> {
    let region = match (&args.region, declared.region) {
        (Some(option), Some(declared)) if option != declared => {
            let message = format!("--region is {option}, but the spec's region is {declared}");
            return Err(Failure::new(Exit::Usage, message)
                .with_hint("omit `--region`, or remove `region:` from the spec"));
        }
        (option, declared) => option.clone().or_else(|| declared.cloned()),
    };
    let is_url = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    if let Some(url) = args.endpoint_url.as_ref().filter(|url| !is_url(url)) {
        let message = format!("--endpoint-url: `{url}` is not a valid URL");
        return Err(Failure::new(Exit::Usage, message)
            .with_hint("pass a URL such as http://127.0.0.1:4100"));
    }
    if args.local.as_ref().is_some_and(|local| local.to_string_lossy().contains("://")) {
        let message = "--local requires a directory, not a URL";
        return Err(
            Failure::new(Exit::Usage, message).with_hint("pass a URL with `--endpoint-url`")
        );
    }
    let mut served_at = None;
    let (endpoint, place, server) = match (&args.local, &args.endpoint_url) {
        (Some(folder), _) => {
            let place = format!("local emulator in {}", folder.display());
            let (url, server) = connect_local(&io.path(folder), io).await?;
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

/// Rejects credentials of any other account than the declared one.
async fn check_target(aws: &Aws, declared: ExpectedTarget<'_>) -> Result<(), Failure> {
    let Some(account) = declared.account else { return Ok(()) };
    let identity = aws.identity().await?;
    if identity.account == *account {
        return Ok(());
    }
    let subject = if declared.is_planned { "plan was made" } else { "stack is" };
    let message = format!(
        "the {subject} for account {account}, but the credentials belong to account {} ({})",
        identity.account, identity.arn
    );
    let alternative = match declared.is_planned {
        true => "create a new plan with these credentials",
        false => "fix `account:` in the spec",
    };
    Err(Failure::new(Exit::Blocked, message).with_hint(format!(
        "use credentials of that account, for example with `--profile`, or {alternative}"
    )))
}

impl Session {
    /// Returns the URL of the endpoint if it is on this machine.
    pub fn emulator_url(&self) -> Option<&str> {
        let url = self.url.as_deref()?;
        let host = url.split("://").nth(1).unwrap_or_default();
        let is_local =
            ["127.0.0.1", "localhost", "[::1]"].iter().any(|text| host.starts_with(text));
        is_local.then_some(url)
    }
    /// Returns whether the emulator runs only for this command, so that its Event APIs are unreachable afterwards.
    pub fn is_ephemeral(&self) -> bool {
        self.server.is_some()
    }
    /// Stops the emulator, if this session started it, after its responses are sent.
    pub async fn close(self) -> Result<(), Failure> {
        let Some(Server { stop, task }) = self.server else { return Ok(()) };
        drop(self.aws);
        let _ = stop.send(());
        match task.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Failure::error(format!("the local emulator crashed: {error}"))),
        }
    }
}

/// Closes a session, also after an error, and returns the first error.
pub async fn close_after<T>(session: Session, result: Result<T, Failure>) -> Result<T, Failure> {
    let close_result = session.close().await;
    let value = result?;
    close_result?;
    Ok(value)
}

/// Returns the URL of the running emulator of `folder`, or starts one over its store.
async fn connect_local(folder: &Path, io: &mut Io) -> Result<(String, Option<Server>), Failure> {
    let store = match access_store(folder, io).await? {
        StoreAccess::Served(url) => return Ok((url, None)),
        StoreAccess::Exclusive(store) => store,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stop_requested) = oneshot::channel();
    let shutdown = async move {
        let _ = stop_requested.await;
    };
    let plane = DataPlane::new(store, Settings::default());
    let task = tokio::spawn(appsync_local::serve(vec![listener], plane, None, shutdown));
    Ok((url, Some(Server { stop, task })))
}

/// Returns the failure for a store that cannot be opened, with another location as help.
fn open_failure(error: &OpenError) -> Failure {
    let failure = Failure::error(error.to_string());
    match error {
        OpenError::Io { .. } => failure.with_hint(
            "keep the emulator's state in a directory that you may write to: `--local=DIR`",
        ),
        _ => failure,
    }
}

/// Opens the store, or returns the URL of the process that serves it; waits for a command that uses it briefly.
async fn access_store(folder: &Path, io: &mut Io) -> Result<StoreAccess, Failure> {
    let clock = io.clock.clone();
    let waiting = |folder: &Path| {
        io.eprint_unless_quiet(&format!(
            "waiting for another command that uses {}\n",
            folder.display()
        ));
    };
    let access = appsync_local::cli::access_store(folder, &clock, waiting).await;
    access.map_err(|error| open_failure(&error))
}

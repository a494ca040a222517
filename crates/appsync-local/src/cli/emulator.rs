//! The emulator as a server in this process: its options, its ports and its files. It prints nothing.
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::cli::environment::{CommandError, DATA_DIR, Environment};
use crate::cli::settings::SettingsArgs;
use crate::cli::trust::load_authority;
use crate::cloudformation;
use crate::data_plane::DataPlane;
use crate::emulator_options::EmulatorOptions;
use crate::faults::{Faults, Latency};
use crate::server::serve::serve;
use crate::server::tls;
use crate::stack_settings::{StackSettings, StackTime};
use crate::state::folder::Announcement;
use crate::store::Store;

/// The options of the emulator.
#[derive(Debug, clap::Args)]
pub struct EmulatorArgs {
    /// The port on 127.0.0.1; with 0, any free port
    #[arg(long, default_value_t = 4100)]
    port: u16,
    /// The folder of the emulator's state
    #[arg(long, value_name = "DIR", default_value = DATA_DIR)]
    pub data_dir: PathBuf,
    /// Inject the faults in a JSON file (see docs/faults.md)
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Delay every response by this many milliseconds
    #[arg(long, value_name = "MILLISECONDS")]
    latency: Option<u64>,
    /// Set the emulator options in a JSON file, for undocumented behavior of AWS (see docs/local-emulator.md)
    #[arg(long, value_name = "FILE")]
    emulator_options: Option<PathBuf>,
    /// Accept CloudFormation resources of these types and create nothing for them, such as
    /// `AWS::Lambda::Function,AWS::DynamoDB::*`
    #[arg(long, value_name = "TYPES")]
    stub_types: Vec<String>,
    /// Let operations on CloudFormation stacks take time [default: they are complete before the response]
    #[arg(long, value_name = "CLOCK")]
    stack_time: Option<StackTime>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// An emulator that listens on its port and has announced its URL, but does not respond yet.
#[derive(Debug)]
pub struct Emulator {
    /// The URL for clients, with the port.
    pub url: String,
    /// The port of [`Emulator::url`].
    pub port: u16,
    /// The data plane, for those that watch it.
    pub data_plane: Arc<DataPlane>,
    listeners: Vec<TcpListener>,
    tls: Arc<ServerConfig>,
    announcement: Announcement,
}

impl Emulator {
    /// Handles requests until `shutdown` completes. Passes a line to `report` for each operation on a stack that ended.
    ///
    /// # Errors
    ///
    /// Fails if the emulator stops for another reason.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
        mut report: impl FnMut(&str),
    ) -> std::io::Result<()> {
        let Self { data_plane, listeners, tls, announcement, .. } = self;
        let mut lines = data_plane.store.stack_lines.subscribe();
        // What a kill interrupted goes on before anyone sees it, unless it takes time.
        cloudformation::resume(&data_plane.store).await;
        let mut serving = pin!(serve(listeners, data_plane, Some(tls), shutdown));
        let served = loop {
            tokio::select! {
                served = &mut serving => break served,
                // A terminal that is too slow misses lines.
                line = lines.recv() => {
                    if let Ok(line) = line {
                        report(&line);
                    }
                }
            }
        };
        drop(announcement);
        served
    }

    /// The text for people once the emulator runs; `trust` is the command that explains its certificate authority.
    pub fn welcome_text(&self, data_dir: &Path, trust: &str) -> String {
        let Self { url, port, .. } = self;
        format!(
            "the emulator is running, with its state in {}; press Ctrl-C to stop it\n\
             console: {url}/_console\n\
             other tools: AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local \
             AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n\
             clients of Event APIs: https://localhost:{port}/apis/ID/event, with its own certificate (see `{trust}`)\n",
            data_dir.display()
        )
    }
}

/// Opens the store, listens on the port and announces the URL to other commands.
///
/// # Errors
///
/// Fails if a file of the arguments cannot be read or is not valid, if another process has the store, or if the
/// port is in use.
pub async fn open_emulator(
    args: &EmulatorArgs,
    console: bool,
    environment: &Environment,
) -> Result<Emulator, CommandError> {
    let mut settings = args.settings.read(environment)?;
    settings.without_console = !console;
    let faults = read_faults(args, environment)?;
    let folder = environment.path(&args.data_dir);
    let options = match &args.emulator_options {
        Some(path) => read_emulator_options(path, &environment.path(path))?,
        None => EmulatorOptions::default(),
    };
    let stub_types = args.stub_types.clone();
    cloudformation::check_stub_types(&stub_types)
        .map_err(|error| CommandError::new(error).with_help("the types are those of CloudFormation's registry; separate several with commas, or repeat `--stub-types`"))?;
    let stack_settings = StackSettings { stub_types, time: args.stack_time };
    let clock = environment.clock.clone();
    let store = Store::open_with_stacks(&folder, clock, options, stack_settings)?;
    store.set_faults(faults);
    let listeners = listen(args.port).await?;
    let port = listeners[0].local_addr()?.port();
    let url = format!("http://{}", listeners[0].local_addr()?);
    let authority = load_authority(&folder, environment)?;
    let tls = tls::server_config(Arc::clone(&store), authority)?;
    raise_open_files();
    let announcement = store.announce(&url)?;
    let data_plane = DataPlane::new(store, settings);
    Ok(Emulator { url, port, data_plane, listeners, tls, announcement })
}

/// Listens on the loopback address of IPv4, and on that of IPv6 if there is one: `localhost` can be either.
async fn listen(port: u16) -> Result<Vec<TcpListener>, CommandError> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        CommandError::new(format!("cannot listen on port {port}: {error}"))
            .with_help("use another port with `--port`, or any free one with `--port 0`")
    })?;
    let port = first.local_addr()?.port();
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
    Ok(std::iter::once(first).chain(second).collect())
}

/// Raises the limit of open files: every client of an Event API is one, and most shells allow few.
fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // If raising it is not permitted, the limit of the shell applies.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// The faults of the file, with the latency of the command line.
fn read_faults(args: &EmulatorArgs, environment: &Environment) -> Result<Faults, CommandError> {
    let file = args.faults.as_deref();
    let mut faults = file
        .map(|path| read_faults_file(&environment.path(path), path))
        .transpose()?
        .unwrap_or_default();
    if let Some(ms) = args.latency {
        faults.latency_ms = Some(Latency { min: ms, max: ms });
    }
    Ok(faults)
}

fn read_faults_file(path: &Path, shown: &Path) -> Result<Faults, CommandError> {
    let shown = shown.display();
    let text = fs::read_to_string(path).map_err(|error| {
        CommandError::new(format!("cannot read the faults in `{shown}`: {error}"))
    })?;
    Faults::parse(&text).map_err(|error| {
        let (line, column, message) = (error.line(), error.column(), error.to_string());
        let position = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&position).unwrap_or(&message);
        CommandError::new(format!("{shown}:{line}:{column}: {message}"))
            .with_help("docs/faults.md has every member with an example")
    })
}

fn read_emulator_options(shown: &Path, path: &Path) -> Result<EmulatorOptions, CommandError> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    text.and_then(|text| EmulatorOptions::parse(&text)).map_err(|error| {
        CommandError::new(format!("{}: {error}", shown.display())).with_help(
            "emulator options are a JSON object; docs/local-emulator.md has their names and values",
        )
    })
}

/// Completes at Ctrl-C, or at the signal that stops services. Signals count from this call on, not from the first
/// poll: a program that calls this before it reports that it is ready misses none.
pub fn stop_signal() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate)) = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

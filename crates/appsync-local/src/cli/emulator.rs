//! The emulator as a service of this process.
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::cli::environment::{CommandError, Environment};
use crate::cli::settings::SettingsArgs;
use crate::cli::trust;
use crate::data_plane::DataPlane;
use crate::emulator_options::EmulatorOptions;
use crate::faults::{Faults, Latency};
use crate::server::serve::serve;
use crate::server::tls;
use crate::state::folder::Announcement;
use crate::store::Store;

/// Where the emulator of a folder keeps its state.
pub const DATA_DIR: &str = ".provision";

/// How the emulator is served.
#[derive(Debug, clap::Args)]
pub struct EmulatorArgs {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 4100)]
    port: u16,
    /// Where its state is kept
    #[arg(long, value_name = "DIR", default_value = DATA_DIR)]
    pub data_dir: PathBuf,
    /// What goes wrong on purpose, as JSON (docs/faults.md)
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// How much longer every answer takes, in milliseconds
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
    /// How it behaves where AWS's behaviour is not known: a JSON file (see docs/local-emulator.md)
    #[arg(long, value_name = "FILE")]
    emulator_options: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// An emulator whose port is taken and whose address is announced.
#[derive(Debug)]
pub struct Emulator {
    pub url: String,
    pub port: u16,
    pub data_plane: Arc<DataPlane>,
    listeners: Vec<TcpListener>,
    tls: Arc<ServerConfig>,
    announcement: Announcement,
}

impl Emulator {
    /// Answers until `shutdown`.
    ///
    /// # Errors
    ///
    /// Fails when the emulator ends by itself.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let Self { data_plane: plane, listeners, tls, announcement: announced, .. } = self;
        let served = serve(listeners, plane, Some(tls), shutdown).await;
        drop(announced);
        served
    }

    /// The lines that a person sees once it runs; `trust` is the command that explains its certificates.
    pub fn welcome_text(&self, data_dir: &Path, trust: &str) -> String {
        let Self { url, port, .. } = self;
        format!(
            "the emulator is running, with its state in {}; press Ctrl-C to stop it\n\
             for people: {url}/_console\n\
             for other tools: AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n\
             for clients of Event APIs: https://localhost:{port}/apis/ID/event, with its own certificate (see `{trust}`)\n",
            data_dir.display()
        )
    }
}

/// Opens the store, takes the port and announces the URL to other commands.
///
/// # Errors
///
/// Fails when a file of the arguments can't be read, when another process has the store, or when the port is
/// taken.
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
    let store = Store::open_with(&folder, environment.clock.clone(), options)?;
    store.set_faults(faults);
    let listeners = listen(args.port).await?;
    let port = listeners[0].local_addr()?.port();
    let url = format!("http://{}", listeners[0].local_addr()?);
    let authority = trust::load_authority(&folder, environment)?;
    let tls = tls::server_config(Arc::clone(&store), authority)?;
    raise_open_files();
    let announced = store.announce(&url)?;
    let plane = DataPlane::new(store, settings);
    Ok(Emulator { url, port, data_plane: plane, listeners, tls, announcement: announced })
}

/// On the loopback address of IPv4, and of IPv6 where there is one: `localhost` means either.
async fn listen(port: u16) -> Result<Vec<TcpListener>, CommandError> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        CommandError::new(format!("port {port} can't be used: {error}"))
            .with_help("choose another with `--port`, or any with `--port 0`")
    })?;
    let port = first.local_addr()?.port();
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
    Ok(std::iter::once(first).chain(second).collect())
}

/// Every client of an Event API is an open file, and most shells allow few.
fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // If it is not permitted, the shell's limit stays.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// What the file says, with the latency of the command line.
fn read_faults(args: &EmulatorArgs, environment: &Environment) -> Result<Faults, CommandError> {
    let file = args.faults.as_deref();
    let mut faults =
        file.map(|it| read_faults_file(&environment.path(it), it)).transpose()?.unwrap_or_default();
    if let Some(ms) = args.latency {
        faults.latency_ms = Some(Latency { min: ms, max: ms });
    }
    Ok(faults)
}

fn read_faults_file(path: &Path, shown: &Path) -> Result<Faults, CommandError> {
    let shown = shown.display();
    let text = fs::read_to_string(path).map_err(|error| {
        CommandError::new(format!("the faults in {shown} can't be read: {error}"))
    })?;
    Faults::parse(&text).map_err(|error| {
        let (line, column, message) = (error.line(), error.column(), error.to_string());
        let place = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&place).unwrap_or(&message);
        CommandError::new(format!("{shown}:{line}:{column}: {message}"))
            .with_help("every member and an example of each is in docs/faults.md")
    })
}

fn read_emulator_options(shown: &Path, path: &Path) -> Result<EmulatorOptions, CommandError> {
    let read = fs::read_to_string(path).map_err(|error| error.to_string());
    read.and_then(|text| EmulatorOptions::parse(&text)).map_err(|error| {
        CommandError::new(format!("{}: {error}", shown.display())).with_help(
            "emulator options are a JSON object; docs/local-emulator.md has their names and values",
        )
    })
}

/// Ends with Ctrl-C, or with the signal that asks a service to stop. Signals count from this call on, not from the
/// first poll: a program that calls this before it reports that it is ready misses none.
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

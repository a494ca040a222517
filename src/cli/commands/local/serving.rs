//! The local AWS as a service of this process: what `local` and `dev` have in common.
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::cli::commands::local::settings::SettingsArgs;
use crate::cli::commands::local::trust;
use crate::cli::target::LOCAL_FOLDER;
use crate::cli::{Failure, Io};
use appsync_local::{Announcement, DataPlane, Faults, Latency, Store, Switches};

#[derive(Debug, clap::Args)]
pub struct ServingArgs {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 4100)]
    port: u16,
    /// Where its state is kept
    #[arg(long, value_name = "DIR", default_value = LOCAL_FOLDER)]
    pub data_dir: PathBuf,
    /// What goes wrong on purpose, as JSON (docs/faults.md)
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// How much longer every answer takes, in milliseconds
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
    /// How it behaves where AWS's behaviour is not known: a JSON file (see docs/local-emulator.md)
    #[arg(long, value_name = "FILE")]
    switches: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A local AWS whose port is taken and whose address is announced.
#[derive(Debug)]
pub struct Serving {
    pub url: String,
    pub port: u16,
    pub plane: Arc<DataPlane>,
    listeners: Vec<TcpListener>,
    tls: Arc<ServerConfig>,
    announced: Announcement,
}

impl Serving {
    /// Answers until `shutdown`.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let Self { plane, listeners, tls, announced, .. } = self;
        let served = appsync_local::serve(listeners, plane, Some(tls), shutdown).await;
        drop(announced);
        served
    }
}

/// Opens the store, takes the port and tells other commands of it.
pub async fn open(args: &ServingArgs, console: bool, io: &Io) -> Result<Serving, Failure> {
    let mut settings = args.settings.read(io)?;
    settings.without_console = !console;
    let faults = faults(args, io)?;
    let folder = io.path(&args.data_dir);
    let switches = match &args.switches {
        Some(path) => switches(path, &io.path(path))?,
        None => Switches::default(),
    };
    let store = Store::open_with(&folder, io.clock.clone(), switches)
        .map_err(|error| Failure::error(error.to_string()))?;
    store.set_faults(faults);
    let listeners = listen(args.port).await?;
    let port = listeners[0].local_addr()?.port();
    let url = format!("http://{}", listeners[0].local_addr()?);
    let authority = trust::authority(&folder, io)?;
    let tls = appsync_local::tls(Arc::clone(&store), authority)?;
    raise_open_files();
    let announced = store.announce(&url)?;
    let plane = DataPlane::new(store, settings);
    Ok(Serving { url, port, plane, listeners, tls, announced })
}

/// On the loopback address of IPv4, and of IPv6 where there is one: `localhost` means either.
async fn listen(port: u16) -> Result<Vec<TcpListener>, Failure> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        Failure::error(format!("port {port} can't be used: {error}"))
            .hint("choose another with `--port`, or any with `--port 0`")
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
        // Whoever may not stays with what the shell allows.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// What the file says, with the latency of the command line.
fn faults(args: &ServingArgs, io: &Io) -> Result<Faults, Failure> {
    let file = args.faults.as_deref();
    let mut faults = file.map(|it| read(&io.path(it), it)).transpose()?.unwrap_or_default();
    if let Some(ms) = args.latency {
        faults.latency_ms = Some(Latency { min: ms, max: ms });
    }
    Ok(faults)
}

fn read(path: &Path, shown: &Path) -> Result<Faults, Failure> {
    let shown = shown.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::error(format!("the faults in {shown} can't be read: {error}")))?;
    Faults::read(&text).map_err(|error| {
        let (line, column, message) = (error.line(), error.column(), error.to_string());
        let place = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&place).unwrap_or(&message);
        Failure::error(format!("{shown}:{line}:{column}: {message}"))
            .hint("every member and an example of each is in docs/faults.md")
    })
}

fn switches(shown: &Path, path: &Path) -> Result<Switches, Failure> {
    let read = fs::read_to_string(path).map_err(|error| error.to_string());
    read.and_then(|text| Switches::read(&text)).map_err(|error| {
        Failure::error(format!("{}: {error}", shown.display())).hint(
            "a file of switches is a JSON object; docs/local-emulator.md has their names and values",
        )
    })
}

//! A hermetic world: a temporary folder, the real program, and an emulator.
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use appsync_local::{Store, router};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use provision_aws::client::Aws;
use provision_aws::connect::{AwsEndpoint, Target, connect};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

use crate::guard::unless_it_hangs;

/// A folder in which commands run.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
}

/// The exit code and the output of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl World {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
    /// A world with the article's spec in it.
    pub fn with_article() -> Self {
        let world = Self::new();
        world.write("spec.yaml", &fs::read_to_string(root("templates/article/spec.yaml")).unwrap());
        world
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    /// The program with these arguments, in this folder, without the machine's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let done = self.command(arguments).output().unwrap();
        Ran {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    }
    /// Starts `provision local` in this world with `more` arguments, on any port unless they name one. It stops when
    /// the result is dropped.
    pub fn serve(&self, more: &[&str]) -> Serving {
        let port: &[&str] = if more.contains(&"--port") { &[] } else { &["--port", "0"] };
        let mut command = self.command(&[&["local"], port, more].concat());
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut url = String::new();
        let mut out = BufReader::new(server.stdout.take().unwrap());
        out.read_line(&mut url).unwrap();
        Serving { url: url.trim().to_owned(), server }
    }
    /// Runs a command that must succeed, and returns what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let Ran { code, out, err } = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}\n{out}\n{err}");
        out
    }
}

/// A process whose exit a test can await.
#[derive(Debug)]
pub struct Running {
    child: Child,
    reading: JoinHandle<[Vec<u8>; 2]>,
    /// Its output, after it has exited.
    output: Option<[Vec<u8>; 2]>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let reading = tokio::task::spawn_blocking(move || {
            let stderr = std::thread::spawn(move || read(&mut err));
            [read(&mut out), stderr.join().unwrap()]
        });
        Self { child, reading, output: None }
    }
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }
    /// Returns once it has exited. Cancel safe.
    pub async fn wait(&mut self) {
        if self.output.is_none() {
            self.output = Some((&mut self.reading).await.unwrap());
        }
    }
    pub async fn output(mut self) -> Output {
        unless_it_hangs(self.wait()).await;
        let [stdout, stderr] = self.output.unwrap();
        Output { status: self.child.wait().unwrap(), stdout, stderr }
    }
}

fn read(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// An emulator in another process, which stops when this is dropped.
#[derive(Debug)]
pub struct Serving {
    pub url: String,
    server: Child,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.server.kill().and_then(|()| self.server.wait());
    }
}

/// An address on which no one listens or can listen for as long as the socket lives.
pub fn unused_address() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A free port that the system does not assign by itself, so a server can be restarted on it.
pub fn steady_port() -> u16 {
    // The system assigns ports from 32,768 on, or higher ones.
    let begin = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (begin..32_000).find(is_free).unwrap()
}

/// The number of open files and sockets of a process, on systems that report it.
pub fn open_files(process: u32) -> Option<usize> {
    fs::read_dir(format!("/proc/{process}/fd")).ok().map(Iterator::count)
}

/// A path in the project.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// An emulator in this process, in memory and on its own port.
#[derive(Debug)]
pub struct Served {
    pub url: String,
    pub aws: Aws,
    _service: Service,
}

/// The task that serves, until it is dropped.
#[derive(Debug)]
struct Service(JoinHandle<()>);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves an empty emulator. `wrap` may add layers to the router.
pub async fn serve(wrap: impl FnOnce(axum::Router) -> axum::Router) -> Served {
    let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
    serve_store(store, wrap).await
}

pub async fn serve_store(
    store: Arc<Store>,
    wrap: impl FnOnce(axum::Router) -> axum::Router,
) -> Served {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = wrap(router(store));
    let service = async move { axum::serve(listener, router).await.unwrap() };
    let service = Service(tokio::spawn(service));
    let region = Some("ap-northeast-1".to_owned());
    let endpoint = AwsEndpoint::Local(url.clone());
    let aws = connect(&Target { region, endpoint, ..Target::default() }).await.unwrap();
    Served { url, aws, _service: service }
}

//! A hermetic world: a folder of its own, the real program, and an AWS that is ours.
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

/// How a command ended and what it said.
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
    /// The program with these arguments, in this folder, with nothing of the machine's environment.
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
    /// `provision local` in this world with `more` arguments, until it is dropped; on any port, unless they name one.
    pub fn serve(&self, more: &[&str]) -> Serving {
        let port: &[&str] = if more.contains(&"--port") { &[] } else { &["--port", "0"] };
        let mut command = self.command(&[&["local"], port, more].concat());
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut url = String::new();
        let mut out = BufReader::new(server.stdout.take().unwrap());
        out.read_line(&mut url).unwrap();
        Serving { url: url.trim().to_owned(), server }
    }
    /// Runs what must succeed, and returns what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let Ran { code, out, err } = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}\n{out}\n{err}");
        out
    }
}

/// A process whose end can be waited for beside other things.
#[derive(Debug)]
pub struct Running {
    child: Child,
    reading: JoinHandle<[Vec<u8>; 2]>,
    /// What it wrote, once it has ended.
    written: Option<[Vec<u8>; 2]>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let reading = tokio::task::spawn_blocking(move || {
            let erred = std::thread::spawn(move || read(&mut err));
            [read(&mut out), erred.join().unwrap()]
        });
        Self { child, reading, written: None }
    }
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }
    /// Returns once it has ended. Nothing is lost if this is dropped.
    pub async fn ended(&mut self) {
        if self.written.is_none() {
            self.written = Some((&mut self.reading).await.unwrap());
        }
    }
    pub async fn output(mut self) -> Output {
        unless_it_hangs(self.ended()).await;
        let [stdout, stderr] = self.written.unwrap();
        Output { status: self.child.wait().unwrap(), stdout, stderr }
    }
}

fn read(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A local AWS that another process serves.
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

/// An address at which nobody listens, and nobody else can for as long as the socket lives.
pub fn nobody() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A port that is free, and that no socket gets which takes any: a server can be started anew there.
pub fn steady_port() -> u16 {
    // The system gives away ports from 32,768 on, or higher ones.
    let begin = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (begin..32_000).find(is_free).unwrap()
}

/// How many files and sockets a process has open, where the system says so.
pub fn open_files(process: u32) -> Option<usize> {
    fs::read_dir(format!("/proc/{process}/fd")).ok().map(Iterator::count)
}

/// A path in the project.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The local AWS, served from memory on a port of its own.
#[derive(Debug)]
pub struct Served {
    pub url: String,
    pub aws: Aws,
    _service: Service,
}

/// What serves, until it is dropped.
#[derive(Debug)]
struct Service(JoinHandle<()>);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves an empty AWS whose router `wrap` may put something around.
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

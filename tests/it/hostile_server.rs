//! The real program under attack, and a client that checks that it still works.
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::faulty::Faulty;
use crate::guard::{HANG, unless_it_hangs, until};
use crate::plane::{Plane, Socket, data};
use crate::world::{World, open_files};

const ERRORS: &str = "server.err";

/// `provision local` in a separate process.
pub struct Server {
    world: World,
    server: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(more: &[&str]) -> Self {
        let world = World::new();
        let mut command = world.command(&[&["local", "--port", "0"], more].concat());
        command.stdout(Stdio::piped()).stderr(File::create(world.path(ERRORS)).unwrap());
        let mut server = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let address = url.trim().trim_start_matches("http://").parse().unwrap();
        Self { world, server, address }
    }
    pub async fn plane(&self) -> Plane {
        Plane::create(Faulty::at(self.address)).await
    }

    /// The current and the highest memory use, in kilobytes.
    pub fn memory(&self) -> (usize, usize) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').trim_end_matches("kB").trim().parse().unwrap()
        };
        (of("VmRSS"), of("VmHWM"))
    }
    pub fn open_files(&self) -> usize {
        open_files(self.server.id()).unwrap()
    }

    /// Sends `bytes` on a new connection, and returns everything until the server closes it.
    pub async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may close the connection before everything is sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let read = timeout(HANG, stream.read_to_end(&mut answer)).await;
        assert!(
            read.is_ok(),
            "the connection stays open after {:?}",
            String::from_utf8_lossy(&answer)
        );
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends SIGTERM, and checks that it exits with 0 and without a panic.
    pub fn stop(mut self) {
        let process = rustix::process::Pid::from_child(&self.server);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let server = RefCell::new(&mut self.server);
        until(|| server.borrow_mut().try_wait().unwrap().is_some());
        assert_eq!(self.server.wait().unwrap().code(), Some(0));
        let stderr = fs::read_to_string(self.world.path(ERRORS)).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.server.kill().and_then(|()| self.server.wait());
    }
}

/// A client that publishes events and receives each of them.
pub struct Witness {
    socket: Socket<TcpStream>,
    count: usize,
}

impl Witness {
    pub async fn start(plane: &Plane) -> Self {
        let mut socket = plane.connect().await;
        socket.subscribe(plane, "witness", "/other/witness").await;
        Self { socket, count: 0 }
    }
    /// Publishes one more event over HTTP, and waits until it arrives.
    pub async fn expect_service(&mut self, plane: &Plane) {
        self.count += 1;
        let event = self.count.to_string();
        let round_trip = async {
            assert_eq!(plane.publish("/other/witness", &[&event]).await.status, 200);
            assert_eq!(self.socket.text().await, data("witness", &event));
        };
        unless_it_hangs(round_trip).await;
    }
    /// Publishes and receives events until `attack` is done, and once more.
    pub async fn run_during<T>(&mut self, plane: &Plane, attack: impl Future<Output = T>) -> T {
        let mut attack = std::pin::pin!(attack);
        loop {
            let mut service = std::pin::pin!(self.expect_service(plane));
            tokio::select! {
                () = service.as_mut() => {}
                done = attack.as_mut() => {
                    service.await;
                    return done;
                }
            }
        }
    }
}

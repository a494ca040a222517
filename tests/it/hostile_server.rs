//! The real program under attack, with somebody who goes on using it beside.
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

/// `provision local` in a process of its own.
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
        Plane::of(Faulty::at(self.address)).await
    }

    /// Kilobytes that it has in memory, and the most that it ever had.
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

    /// Sends `bytes` on a connection of its own, and what comes until the server closes.
    pub async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // It may be cut off while it still sends.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let read = timeout(HANG, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "no end comes after {:?}", String::from_utf8_lossy(&answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks it to end as a service is asked, and sees that it does so, well, and without a panic.
    pub fn end(mut self) {
        let process = rustix::process::Pid::from_child(&self.server);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let server = RefCell::new(&mut self.server);
        until(|| server.borrow_mut().try_wait().unwrap().is_some());
        assert_eq!(self.server.wait().unwrap().code(), Some(0));
        let said = fs::read_to_string(self.world.path(ERRORS)).unwrap();
        assert!(!said.contains("panicked"), "{said}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.server.kill().and_then(|()| self.server.wait());
    }
}

/// Somebody who publishes and hears each event.
pub struct Witness {
    socket: Socket<TcpStream>,
    count: usize,
}

impl Witness {
    pub async fn of(plane: &Plane) -> Self {
        let mut socket = plane.connect().await;
        socket.subscribe(plane, "witness", "/other/witness").await;
        Self { socket, count: 0 }
    }
    /// One more event, over HTTP and back.
    pub async fn goes_on(&mut self, plane: &Plane) {
        self.count += 1;
        let event = self.count.to_string();
        let heard = async {
            assert_eq!(plane.publish("/other/witness", &[&event]).await.status, 200);
            assert_eq!(self.socket.text().await, data("witness", &event));
        };
        unless_it_hangs(heard).await;
    }
    /// Goes on for as long as `attack` lasts, and once more.
    pub async fn beside<T>(&mut self, plane: &Plane, attack: impl Future<Output = T>) -> T {
        let mut attack = std::pin::pin!(attack);
        loop {
            let mut going = std::pin::pin!(self.goes_on(plane));
            tokio::select! {
                () = going.as_mut() => {}
                done = attack.as_mut() => {
                    going.await;
                    return done;
                }
            }
        }
    }
}

//! The program as a process: how fast it starts, and how much memory it uses.
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::measure::compare;
use crate::specs::{HANDLER, spec};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_provision");

/// Starts the program and, for comparison, a program that does nothing.
pub fn starts() {
    let folder = tempfile::tempdir().unwrap();
    let small = write(folder.path(), "small.yaml", &spec(1, 3, 1));
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().stdin(Stdio::null());
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{program} {arguments:?}");
    };
    let nothing = || run("/bin/true", &[]);
    compare("start: --version", &|| run(PROGRAM, &["--version"]), &nothing);
    compare("start: validate of a small spec", &|| run(PROGRAM, &["validate", &small]), &nothing);
}

/// The peak memory of `validate`, compared with that of a start.
pub fn memory(large: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "large.yaml", large);
    let (takes, base) = (peak_kb(&["validate", &path]), peak_kb(&["schema"]));
    println!(
        "{:<56} {:>8.1} MB {:>8.1} MB {:>6.1}",
        format!("peak memory: validate of {} kB, beside `schema`", large.len() / 1024),
        takes as f64 / 1024.0,
        base as f64 / 1024.0,
        takes as f64 / base as f64
    );
}

pub fn write(folder: &Path, name: &str, text: &str) -> String {
    fs::write(folder.join("handler.js"), HANDLER).unwrap();
    fs::write(folder.join(name), text).unwrap();
    folder.join(name).to_str().unwrap().to_owned()
}

/// The peak memory of the program when it prints its result.
///
/// Its output is a full pipe, so the program blocks there and Linux can report the peak.
fn peak_kb(arguments: &[&str]) -> u64 {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (out, err) = (writer.try_clone().unwrap(), writer.try_clone().unwrap());
    let filling = thread::spawn(move || while writer.write_all(&[b' '; 4_096]).is_ok() {});
    // Fill the pipe: with space left in it, the program would end too early.
    thread::sleep(Duration::from_millis(50));
    let mut command = Command::new(PROGRAM);
    let mut child: Child =
        command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
    drop(command);
    let (mut peak, mut still) = (0, 0);
    while still < 20 {
        thread::sleep(Duration::from_millis(2));
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let now =
            field("VmHWM:").and_then(|field| field.trim().trim_end_matches(" kB").parse().ok());
        let sleeps = field("State:").is_some_and(|field| field.trim().starts_with('S'));
        still = if sleeps && now == Some(peak) { still + 1 } else { 0 };
        peak = now.unwrap_or(peak);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    filling.join().unwrap();
    peak
}

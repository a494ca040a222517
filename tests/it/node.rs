//! Scripts in JavaScript that tests run, with pinned packages.
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::world::root;

/// Runs a script of `tests/interop/node`, and returns the JSON that it prints.
pub fn run_node_script(script: &str, arguments: &[&OsStr]) -> Value {
    run_script("node", script, arguments, &[])
}

/// Runs a copy of a script of `tests/interop/{packages}` next to its packages, with these environment variables,
/// and returns the JSON that it prints. Each test has its own copy, because tests run concurrently.
pub fn run_script(
    packages: &str,
    script: &str,
    arguments: &[&OsStr],
    variables: &[(&str, &OsStr)],
) -> Value {
    let environment = environment(packages);
    let copy = tempfile::Builder::new().suffix(".mjs").tempfile_in(environment).unwrap();
    fs::copy(root("tests/interop").join(packages).join(script), copy.path()).unwrap();
    let mut command = Command::new("node");
    let done =
        command.arg(copy.path()).args(arguments).envs(variables.iter().copied()).output().unwrap();
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The folder with the pinned packages in `node_modules`, which is created again if the list changes.
pub fn environment(packages: &str) -> PathBuf {
    let folder = root("target/interop");
    let (node, made) = (folder.join(packages), folder.join(format!("{packages}-made-from.json")));
    let source = root("tests/interop").join(packages);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(format!("{packages}-lock")))
        .unwrap();
    lock.lock().unwrap();
    let packages = source.join("package-lock.json");
    if fs::read(&made).ok() != Some(fs::read(&packages).unwrap()) {
        let _ = fs::remove_dir_all(&node);
        fs::create_dir_all(&node).unwrap();
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(source.join(name), node.join(name)).unwrap();
        }
        let done = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&node)
            .output()
            .unwrap_or_else(|error| panic!("npm ci: {error}; the tests need Node.js"));
        assert!(done.status.success(), "npm ci: {}", String::from_utf8_lossy(&done.stderr));
        fs::copy(&packages, &made).unwrap();
    }
    node
}

/// The browser for tests of web pages; `tests/chromium.sh` finds or installs it.
pub fn browser() -> String {
    let done = Command::new("sh").arg(root("tests/chromium.sh")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

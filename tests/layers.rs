//! The allowed dependencies of each crate, and the folders without side effects.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate, and prefixes of the names of crates that it never depends on, directly or not.
const NEVER: &[(&str, &[&str])] = &[
    ("provision-core", &["tokio", "aws-", "hyper", "provision-aws", "provision-cfn", "appsync-"]),
    ("provision-cfn", &["tokio", "aws-", "hyper", "provision-aws", "appsync-"]),
    ("appsync-local", &["provision", "aws-sdk-", "appsync-events"]),
    ("appsync-events", &["provision", "aws-sdk-", "appsync-local"]),
    ("provision-aws", &["appsync-", "provision-cfn"]),
];

/// Folders of pure code: no network, no files, no waiting.
const PURE: &[&str] = &[
    "crates/provision-core/src",
    "crates/provision-cfn/src",
    "crates/appsync-local/src/cloudformation/template",
    "src/render",
];

#[test]
fn no_crate_has_a_forbidden_dependency() {
    for (name, never) in NEVER {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "-p", name])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        assert!(tree.starts_with(name), "{tree}");
        for dependency in tree.lines().skip(1) {
            let forbidden = never.iter().find(|prefix| dependency.starts_with(**prefix));
            assert_eq!(forbidden, None, "{name} depends on {dependency}");
        }
    }
}

#[test]
fn pure_folders_have_no_side_effects() {
    for folder in PURE {
        // Tests read the files that they compare with.
        let is_test = |path: &Path| path.components().any(|part| part.as_os_str() == "tests");
        for (path, text) in sources(folder).into_iter().filter(|(path, _)| !is_test(path)) {
            for effect in ["std::fs", "std::net", "tokio::", "aws_sdk", "async fn", "std::io"] {
                assert!(!text.contains(effect), "{} uses {effect}", path.display());
            }
        }
    }
}

/// README runs the program by `cargo run` alone, and the workspace has two programs.
#[test]
fn cargo_run_runs_provision() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let default_runs: Vec<&str> =
        packages.iter().filter_map(|package| package["default_run"].as_str()).collect();
    assert_eq!(default_runs, ["provision"]);
}

/// The path and the text of every source file of a folder, without its tests.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let (mut found, mut folders) = (Vec::new(), vec![root]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folders:?} has no sources");
    found
}

#!/bin/sh
# Everything that must hold before a change lands. Needs Rust and Python 3; sets up the rest itself.
set -eu
cd "$(dirname "$0")/.."

stage() { printf '\n== %s\n' "$1"; }

stage "format"
cargo fmt --check
stage "lints"
cargo clippy --locked --all-targets -- -D warnings
stage "tests (the first run makes a Python environment in target/interop)"
cargo test --locked
stage "done"

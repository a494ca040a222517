#!/bin/sh
# Everything that must hold before a change lands. Needs Rust, Python 3 and Node.js; sets up the rest itself.
set -eu
cd "$(dirname "$0")/.."

stage() { printf '\n== %s\n' "$1"; }

stage "format"
cargo fmt --check
stage "lints"
cargo clippy --locked --all-targets -- -D warnings
stage "a browser for the tests of pages"
CHROMIUM=$(sh tests/chromium.sh)
export CHROMIUM
stage "tests (the first run makes environments for Python and Node.js in target/interop)"
cargo test --locked
stage "done"

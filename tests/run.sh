#!/bin/sh
# Runs everything that must pass before a change lands. Needs Rust, Python 3 and Node.js; installs the rest.
set -eu
cd "$(dirname "$0")/.."

begun=$(date +%s)
since=$begun
name=
stage() {
    now=$(date +%s)
    [ -z "$name" ] || printf '== %s: %s s\n' "$name" $((now - since))
    name=$1
    since=$now
    printf '\n== %s\n' "$name"
}

stage "format"
cargo fmt --all --check
stage "lints"
cargo clippy --workspace --locked --all-targets -- -D warnings
stage "a browser for the tests of web pages"
CHROMIUM=$(sh tests/chromium.sh)
export CHROMIUM
stage "tests (the first run creates environments for Python and Node.js in target/interop)"
skips=target/tmp/skips.txt
rm -f "$skips"
cargo test --workspace --locked --no-fail-fast
stage "skipped tests"
sh tests/skips.sh "$skips"
stage "done"
printf 'in %s s\n' $((since - begun))

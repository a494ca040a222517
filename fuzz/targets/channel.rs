//! Any text as a channel: it is one if docs/reference/data-plane.md#channels says so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|text: &str| fuzzing::channel(text));

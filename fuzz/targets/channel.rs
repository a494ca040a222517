//! Parses any text as a channel: it is valid exactly if it matches docs/reference/data-plane.md#channels.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|text: &str| fuzzing::channel(text));

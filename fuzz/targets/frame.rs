//! Passes any bytes as messages of a WebSocket: each gets one response.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::frame(bytes));

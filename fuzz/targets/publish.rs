//! Passes any bytes as a request to publish over HTTP: it gets a response, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::publish(bytes));

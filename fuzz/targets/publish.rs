//! Any bytes as a request to publish over HTTP: it is answered, and nothing breaks down.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::publish(bytes));

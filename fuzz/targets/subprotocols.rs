//! Any bytes as the subprotocols of an upgrade: read, and let in only with a good key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::subprotocols(bytes));

//! Passes any bytes as the subprotocols of an upgrade: only a valid key is authorized.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::subprotocols(bytes));

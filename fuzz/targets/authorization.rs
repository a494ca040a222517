//! Passes any text as credentials, including signatures and tokens: no client is authorized.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|text: &str| fuzzing::authorization(text));

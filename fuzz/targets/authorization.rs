//! Any text as credentials, signatures and tokens among them: nobody is let in by chance.
#![no_main]

use libfuzzer_sys::fuzz_target;
use appsync_local::fuzzing;

fuzz_target!(|text: &str| fuzzing::authorization(text));

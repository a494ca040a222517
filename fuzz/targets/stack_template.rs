//! Evaluates any bytes as the template of a local stack: parsing and evaluating end, and keep to their limits.
#![no_main]

use appsync_local::fuzz_template;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz_template(bytes));

//! No file of a crate imports another that imports it back, directly or through others.
//!
//! A cycle of files is one unit that can be understood, tested and moved only as a whole. Imports
//! are `use` declarations and paths in code, macros and attributes. An import counts for the file
//! that defines the item, not for those that re-export it; so a `mod.rs` that only declares and
//! re-exports is part of no cycle. Tests may import what they test: their files are compared with
//! each other only. Methods are not resolved.
mod cases;
mod graph;
mod module_tree;
mod read;
mod report;
mod resolve;
mod test_code;
mod tokens;

use std::path::Path;

use report::Report;

#[test]
fn no_crate_has_an_import_cycle() {
    let report = Report::new(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(report.is_clean(), "{}", report.text());
}

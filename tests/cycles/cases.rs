//! The check itself, on the small repositories in `tests/data/cycles`.
use std::path::Path;

use crate::report::Report;

fn report(name: &str) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cycles").join(name);
    assert!(folder.is_dir(), "{} exists", folder.display());
    Report::new(&folder)
}

/// Expects one cycle, of the imports `expected`.
#[track_caller]
fn check_cycle(name: &str, expected: &[&str]) {
    let report = report(name);
    assert_eq!(report.errors, [""; 0]);
    assert_eq!(report.cycles.len(), 1, "{}", report.text());
    let text = report.text();
    let imports: Vec<&str> = text.lines().filter(|line| line.contains(" is in ")).collect();
    assert_eq!(imports, expected);
}

#[track_caller]
fn check_no_cycle(name: &str) {
    let report = report(name);
    assert!(report.is_clean(), "{}", report.text());
}

#[test]
fn a_cycle_is_reported_with_its_files_imports_and_help() {
    let report = report("use");
    assert_eq!(report.errors, [""; 0]);
    let expected = "
import cycle of 3 files:
  crates/shop/src/cart.rs
  crates/shop/src/order/item.rs
  crates/shop/src/price.rs
crates/shop/src/cart.rs:1: crate::order::item::Item is in crates/shop/src/order/item.rs
crates/shop/src/cart.rs:1: crate::order::item::total is in crates/shop/src/order/item.rs
crates/shop/src/order/item.rs:1: super::super::price::Price is in crates/shop/src/price.rs
crates/shop/src/price.rs:1: crate::cart::Cart is in crates/shop/src/cart.rs
crates/shop/src/price.rs:3: Basket::is_empty is in crates/shop/src/cart.rs
help: ";
    let text = report.text();
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn an_import_counts_for_the_file_that_defines_the_item() {
    check_cycle(
        "re-export",
        &[
            "src/kind/definition.rs:1: crate::plan::Plan is in src/plan.rs",
            "src/plan.rs:1: crate::kind::Kind is in src/kind/definition.rs",
        ],
    );
    check_cycle(
        "glob-re-export",
        &[
            "src/kind/definition.rs:2: plan::plan is in src/plan.rs",
            "src/plan.rs:1: crate::Kind is in src/kind/definition.rs",
        ],
    );
    check_no_cycle("re-exports-only");
}

#[test]
fn a_module_file_that_defines_an_item_is_imported_with_it() {
    check_cycle(
        "module-file",
        &[
            "src/kind/definition.rs:1: super::LIMIT is in src/kind/mod.rs",
            "src/kind/mod.rs:3: definition::Kind is in src/kind/definition.rs",
        ],
    );
}

#[test]
fn paths_in_code_macros_and_attributes_are_imports() {
    check_cycle(
        "inline-path",
        &[
            "src/function.rs:2: super::macros::NAME is in src/macros.rs",
            "src/macros.rs:4: crate::types::Size is in src/types.rs",
            "src/patterns.rs:3: crate::function::LIMIT is in src/function.rs",
            "src/types.rs:1: crate::with::Seconds is in src/with.rs",
            "src/with.rs:2: crate::patterns::serialize is in src/patterns.rs",
        ],
    );
}

#[test]
fn a_glob_import_is_an_import_of_all_names_that_it_makes_visible() {
    check_cycle(
        "glob",
        &[
            "src/parent.rs:1: crate::source::Source is in src/source.rs",
            "src/parent/child.rs:1: super::* is in src/parent.rs",
            "src/parent/child.rs:1: super::* is in src/source.rs",
            "src/sibling.rs:1: crate::parent::* is in src/parent.rs",
            "src/sibling.rs:3: child::Child is in src/parent/child.rs",
            "src/source.rs:1: crate::parent::child::Child is in src/parent/child.rs",
            "src/source.rs:1: crate::sibling::Sibling is in src/sibling.rs",
        ],
    );
}

#[test]
fn a_module_and_a_function_may_share_a_name() {
    check_cycle(
        "same-name",
        &[
            "src/access/check.rs:2: crate::spec::Spec is in src/spec.rs",
            "src/spec.rs:5: access::check is in src/access/check.rs",
        ],
    );
}

#[test]
fn macros_generate_items_and_reach_child_modules() {
    check_cycle(
        "macros",
        &[
            "src/names.rs:9: child::Child is in src/names/child.rs",
            "src/names/child.rs:1: crate::names::Generated is in src/names.rs",
            "src/names/child.rs:3: names is in src/names.rs",
        ],
    );
}

#[test]
fn tests_may_import_what_they_test_and_not_each_other_in_cycles() {
    check_no_cycle("tests");
    check_cycle(
        "test-cycle",
        &[
            "src/fixture.rs:3: crate::plan::tests::NAME is in src/plan.rs (tests)",
            "src/plan.rs:7: crate::fixture::plan is in src/fixture.rs (tests)",
        ],
    );
}

#[test]
fn a_block_can_have_its_own_imports() {
    check_cycle(
        "block",
        &[
            "src/inner.rs:1: crate::outer::NAME is in src/outer.rs",
            "src/outer.rs:5: module::LENGTH is in src/inner.rs",
        ],
    );
}

#[test]
fn what_could_hide_an_import_is_an_error() {
    let report = report("errors");
    let expected = [
        "src/lib.rs:3: this check does not support `#[path]`",
        "src/place.rs: cannot read: ",
        "src/code.rs:1: cannot resolve `crate::missing::Item`",
        "src/code.rs:2: cannot resolve `crate::missing::*`",
        "src/code.rs:5: cannot resolve `super::code::absent`",
        "src/code.rs:6: cannot resolve `known::absent`",
        "src/code.rs:6: cannot resolve `known::Size`",
        "src/code.rs:15: cannot resolve `crate::known::absent`",
        "src/code.rs:15: cannot resolve `crate::known::nested::name`",
        "src/elsewhere.rs: no module declares this file",
    ];
    assert_eq!(report.errors.len(), expected.len(), "{}", report.text());
    for (error, expected) in report.errors.iter().zip(expected) {
        assert!(error.starts_with(expected), "{}", report.text());
    }
}

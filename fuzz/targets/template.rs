//! Imports any bytes as a CloudFormation template: importing ends, and a spec without errors is valid.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use provision_core::diagnostic::{ReferencedFile, Severity};
use provision_core::kind::Files;
use provision::render::diagnostics;
use provision_cfn::render::render_template;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, load};
use provision_cfn::import::{ImportOptions, import};

/// 2026-11-24T03:00:00Z.
const NOON: i64 = 1_795_489_200;
/// Diagnostics beyond this are not printed: printing takes as long as they are long.
const SHOWN_MAX: usize = 50;

/// No files: the code is in the spec.
#[derive(Debug)]
struct Nothing;

impl Files for Nothing {
    fn file(&self, _: &str) -> Result<Arc<ReferencedFile>, String> {
        Err("no such file".to_owned())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (source, diagnostics) = Source::parse("template.yaml", bytes);
    if !diagnostics.is_empty() {
        return;
    }
    let values: ParameterValues = [("Stage".to_owned(), "prod".to_owned())].into();
    let region = Some("eu-west-1".to_owned());
    let options =
        ImportOptions { stack: "fuzz".to_owned(), region, values, inline_code: true, now_epoch_s: NOON };
    let imported = import(&source, &options);
    let valid = imported.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error || diagnostic.code == "PV512");
    let shown = imported.diagnostics.len().min(SHOWN_MAX);
    diagnostics::text(&source, &imported.diagnostics[..shown], false);
    let Some(spec) = imported.spec.filter(|_| valid) else { return };
    let (source, diagnostics) = Source::parse("spec.yaml", spec.text.as_bytes());
    assert_eq!(diagnostics, [], "{}", spec.text);
    let (loaded, diagnostics) = load(&source, &Nothing, NOON, &ParameterValues::new());
    let loaded = loaded.unwrap_or_else(|| panic!("{diagnostics:#?}\n{}", spec.text));
    render_template(&loaded, false);
});

//! Checks any bytes as a spec: checking ends, and a valid spec renders in every format.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use provision_core::access::Access;
use provision_core::diagnostic::ReferencedFile;
use provision_core::kind::Files;
use provision::render::access::{markdown, mermaid, table};
use provision::render::diagnostics;
use provision_cfn::render::render_template;
use provision_cfn::yaml;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, load};

/// 2026-11-24T03:00:00Z.
const NOON: i64 = 1_795_489_200;
/// Diagnostics beyond this are not printed: printing takes as long as they are long.
const SHOWN_MAX: usize = 50;

/// The files next to every spec.
#[derive(Debug)]
struct Fixed;

impl Files for Fixed {
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String> {
        let text = match path {
            "handlers/chat.js" => "export const onPublish = (ctx) => ctx.events\n",
            "empty.js" => "",
            _ => return Err("no such file".to_owned()),
        };
        Ok(ReferencedFile::relative_to("spec.yaml", path, text.to_owned()).into())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (source, mut diagnostics) = Source::parse("spec.yaml", bytes);
    let given: ParameterValues = [("stage".to_owned(), "prod".to_owned())].into();
    let (spec, more) = load(&source, &Fixed, NOON, &given);
    diagnostics.extend(more);
    diagnostics.truncate(SHOWN_MAX);
    diagnostics::text(&source, &diagnostics, false);
    let Some(spec) = spec else { return };
    let text = yaml::to_string(&render_template(&spec, false).document);
    let (_, diagnostics) = Source::parse("template.yaml", text.as_bytes());
    assert_eq!(diagnostics, [], "{text}");
    let access = Access::from_resources(spec.desired.iter().map(|(address, resource)| (address, &resource.properties)));
    table(&access);
    markdown(&access);
    mermaid(&access);
});

//! Time and memory, as ratios to work that cannot be avoided.
//!
//! `cargo bench` runs it. No ratio depends much on the machine; `benches/README.md` records them.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    reason = "a benchmark looks at the clock, prints, and ends where something is wrong"
)]
mod bare;
mod flow;
mod measure;
mod network;
mod process;
mod specs;
mod store;

use std::hint::black_box;

use provision_cfn::render::render_template;
use provision_cfn::yaml;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, load};

use measure::compare;
use specs::{Handler, spec};

/// 2026-11-24T03:00:00Z.
const NOON: i64 = 1_795_489_200;

fn main() {
    let asked = |name: &str| std::env::args().any(|arg| arg == name);
    match () {
        () if asked("bare") => return bare::serve(),
        () if asked("flow") => return flow::flow(),
        () if asked("network") => return network::network(),
        () if asked("store") => return store::store(),
        () => {}
    }
    println!("{:<44} {:>10} {:>10} {:>7}", "", "takes", "baseline", "ratio");
    for (name, text) in [
        ("1 API, 50 namespaces", spec(1, 50, 1)),
        ("20 APIs, 50 namespaces and 3 keys each", spec(20, 50, 3)),
        ("1,000 namespaces in 20 APIs", spec(20, 50, 1)),
    ] {
        compare(&format!("load: {name}"), &|| loaded(&text), &|| parsed(&text));
        compare(&format!("load + render: {name}"), &|| rendered(&text), &|| parsed(&text));
    }
    // More than AppSync's quota, to show that no cost grows faster than the spec.
    let crowded = spec(1, 1_000, 1);
    compare("load: 1,000 namespaces in 1 API", &|| loaded(&crowded), &|| parsed(&crowded));
    process::starts();
    process::memory(&spec(20, 50, 3));
    network::network();
    flow::flow();
    store::store();
}

fn parsed(text: &str) {
    black_box(Source::parse("spec.yaml", text.as_bytes()));
}

fn loaded(text: &str) {
    let (source, _) = Source::parse("spec.yaml", text.as_bytes());
    black_box(load(&source, &Handler, NOON, &ParameterValues::new()));
}

fn rendered(text: &str) {
    let (source, _) = Source::parse("spec.yaml", text.as_bytes());
    let (spec, diagnostics) = load(&source, &Handler, NOON, &ParameterValues::new());
    black_box(yaml::to_string(
        &render_template(&spec.unwrap_or_else(|| panic!("{diagnostics:?}")), false).document,
    ));
}

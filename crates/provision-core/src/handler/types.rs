//! TypeScript, which AppSync does not take.
use crate::handler::code::{Code, node_span};

/// Reports the outermost of each piece of syntax that only TypeScript has.
pub fn check(code: &mut Code<'_, '_>) {
    let is_typed = |name: &str| name.starts_with("TS") || name.starts_with("JSDoc");
    let mut found = false;
    for (node, kind) in code.nodes() {
        let inner = is_typed(&code.parent(node).debug_name());
        if is_typed(&kind.debug_name()) && !inner {
            found = true;
            reject(code, node_span(&kind));
        }
    }
    if !found {
        // A modifier, a `?` or an `import type`: nothing of its own in the tree.
        let first = code.text.len() - code.text.trim_start().len();
        reject(code, first..first + 1);
    }
}

fn reject(code: &mut Code<'_, '_>, at: std::ops::Range<usize>) {
    let help =
        "AppSync takes JavaScript only: leave it out, or have `tsc` or `esbuild` write the file";
    code.error("PV332", at, "this is TypeScript", help);
}

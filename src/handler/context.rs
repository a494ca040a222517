//! What a handler is given is not its own to change, but for `stash`.
use oxc_ast::AstKind;
use oxc_ast::ast::BindingPattern;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::handler::code::{Code, bytes};

/// Looks at the functions that AppSync calls, and at those that AWS's linter goes by: a `request` and a
/// `response`.
pub fn check(code: &mut Code<'_, '_>, entries: &[NodeId]) {
    let mut changed: Vec<(Span, String)> = Vec::new();
    for (node, kind) in code.nodes() {
        let (name, parameters) = match kind {
            AstKind::Function(it) => (it.id.as_ref(), &it.params),
            AstKind::ArrowFunctionExpression(it) => (None, &it.params),
            _ => continue,
        };
        let called_so = name.is_some_and(|it| it.name == "request" || it.name == "response");
        if !called_so && !entries.contains(&node) {
            continue;
        }
        if let Some(BindingPattern::BindingIdentifier(it)) =
            parameters.items.first().map(|it| &it.pattern)
            && let Some(symbol) = it.symbol_id.get()
        {
            changes(code, symbol, it.name.as_str(), &mut changed);
        }
    }
    for (span, what) in changed {
        let message = format!("`{what}` is read-only");
        let help = "keep it in a variable, or in `ctx.stash.name`; return new events";
        code.warning("PV333", bytes(span), &message, help);
    }
}

/// Where the parameter itself or one of its properties is set.
fn changes(code: &Code<'_, '_>, symbol: SymbolId, name: &str, found: &mut Vec<(Span, String)>) {
    for reference in code.semantic.scoping().get_resolved_references(symbol) {
        let node = reference.node_id();
        if reference.is_write() {
            found.push((code.kind(node).span(), name.to_owned()));
            continue;
        }
        let member = code.parent_id(node);
        let (object, property) = match code.kind(member) {
            AstKind::StaticMemberExpression(it) => {
                (it.object.span(), Some(it.property.name.as_str()))
            }
            AstKind::ComputedMemberExpression(it) => (it.object.span(), None),
            _ => continue,
        };
        if object == code.kind(node).span() && is_changed(code, member) {
            let what = property.map_or(name.to_owned(), |it| format!("{name}.{it}"));
            found.push((code.kind(member).span(), what));
        }
    }
}

fn is_changed(code: &Code<'_, '_>, member: NodeId) -> bool {
    let span = code.kind(member).span();
    match code.parent(member) {
        AstKind::AssignmentExpression(it) => it.left.span() == span,
        AstKind::UpdateExpression(_) => true,
        AstKind::UnaryExpression(it) => it.operator.is_delete(),
        AstKind::ForInStatement(it) => it.left.span() == span,
        AstKind::ForOfStatement(it) => it.left.span() == span,
        _ => false,
    }
}

//! What a handler is given: what there is in it, and that it is not its own to change, but for `stash`.
use oxc_ast::AstKind;
use oxc_ast::ast::BindingPattern;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::handler::code::{Code, byte_range};
use crate::suggest::closest_match;

/// Looks at the functions that AppSync calls, and at those that AWS's linter goes by: a `request` and a
/// `response`.
pub fn check(code: &mut Code<'_, '_>, entries: &[NodeId]) {
    let mut changed: Vec<(Span, String)> = Vec::new();
    let mut unknown: Vec<UnknownMember> = Vec::new();
    for (node, kind) in code.nodes() {
        let (name, parameters) = match kind {
            AstKind::Function(it) => (it.id.as_ref(), &it.params),
            AstKind::ArrowFunctionExpression(it) => (None, &it.params),
            _ => continue,
        };
        let called_so = name.is_some_and(|identifier| {
            identifier.name == "request" || identifier.name == "response"
        });
        if !called_so && !entries.contains(&node) {
            continue;
        }
        if let Some(BindingPattern::BindingIdentifier(it)) =
            parameters.items.first().map(|parameter| &parameter.pattern)
            && let Some(symbol) = it.symbol_id.get()
        {
            changes(code, symbol, it.name.as_str(), &mut changed);
            members(code, symbol, it.name.as_str(), &mut unknown);
        }
    }
    for UnknownMember { span, of, name, known } in unknown {
        let message = format!("`{of}` has no `{name}`");
        let help = match closest_match(&name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("it has {}", known.join(", ")),
        };
        code.warning("PV334", byte_range(span), &message, &help);
    }
    for (span, what) in changed {
        let message = format!("`{what}` is read-only");
        let help = "keep it in a variable, or in `ctx.stash.name`; return new events";
        code.warning("PV333", byte_range(span), &message, help);
    }
}

/// A member that is asked for and is not there.
struct UnknownMember {
    span: Span,
    /// `ctx.info`.
    of: String,
    name: String,
    known: &'static [&'static str],
}

/// What there is in the context and in its parts (docs/reference/handlers.md#context). What the guide's listings have
/// and no payload shows, nobody is warned of.
const MEMBERS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "events",
            "identity",
            "info",
            "request",
            "stash",
            "result",
            "error",
            "prev",
            "outErrors",
            "channel",
            "channelNamespace",
            "operation",
        ],
    ),
    (".info", &["channel", "channelNamespace", "operation"]),
    (".info.channel", &["path", "segments"]),
    (".info.channelNamespace", &["name"]),
    (".request", &["headers", "domainName"]),
];

/// Looks for members of the parameter that AppSync does not give.
fn members(code: &Code<'_, '_>, symbol: SymbolId, name: &str, found: &mut Vec<UnknownMember>) {
    for reference in code.semantic.scoping().get_resolved_references(symbol) {
        let (mut node, mut path) = (reference.node_id(), String::new());
        while let Some((_, known)) = MEMBERS.iter().find(|(text, _)| *text == path) {
            let member = code.parent_id(node);
            let AstKind::StaticMemberExpression(it) = code.kind(member) else { break };
            if it.object.span() != code.kind(node).span() {
                break;
            }
            let property = it.property.name.as_str();
            if !known.contains(&property) {
                found.push(UnknownMember {
                    span: it.property.span,
                    of: format!("{name}{path}"),
                    name: property.to_owned(),
                    known,
                });
                break;
            }
            path = format!("{path}.{property}");
            node = member;
        }
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
            let what = property.map_or(name.to_owned(), |property| format!("{name}.{property}"));
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

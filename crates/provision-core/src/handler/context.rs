//! Reports unknown members of the context, the parameter of a handler, and assignments to it. Only its `stash` can
//! be changed.
use oxc_ast::AstKind;
use oxc_ast::ast::BindingPattern;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::handler::code::{Code, byte_range};
use crate::suggest::closest_match;

/// Checks the functions that AppSync calls, `entries`, and like AWS's linter every function with the name `request`
/// or `response`.
pub fn check(code: &mut Code<'_, '_>, entries: &[NodeId]) {
    let mut assignments: Vec<(Span, String)> = Vec::new();
    let mut unknown: Vec<UnknownMember> = Vec::new();
    for (node, kind) in code.nodes() {
        let (name, parameters) = match kind {
            AstKind::Function(function) => (function.id.as_ref(), &function.params),
            AstKind::ArrowFunctionExpression(function) => (None, &function.params),
            _ => continue,
        };
        let has_entry_name = name.is_some_and(|identifier| {
            identifier.name == "request" || identifier.name == "response"
        });
        if !has_entry_name && !entries.contains(&node) {
            continue;
        }
        if let Some(BindingPattern::BindingIdentifier(context)) =
            parameters.items.first().map(|parameter| &parameter.pattern)
            && let Some(symbol) = context.symbol_id.get()
        {
            find_assignments(code, symbol, context.name.as_str(), &mut assignments);
            find_unknown_members(code, symbol, context.name.as_str(), &mut unknown);
        }
    }
    for UnknownMember { span, object, name, known } in unknown {
        let message = format!("`{object}` has no member `{name}`");
        let help = match closest_match(&name, known.iter().copied()) {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None => format!("valid members: {}", known.join(", ")),
        };
        code.warning("PV334", byte_range(span), &message, &help);
    }
    for (span, target) in assignments {
        let message = format!("`{target}` is read-only");
        let help = "assign to a variable or to `ctx.stash.name`; to change events, return new ones";
        code.warning("PV333", byte_range(span), &message, help);
    }
}

/// A member that the code reads and that does not exist.
struct UnknownMember {
    span: Span,
    /// The object, such as `ctx.info`.
    object: String,
    name: String,
    known: &'static [&'static str],
}

/// The members of the context and of its objects (docs/reference/handlers.md#context). Includes members that AppSync's
/// guide lists although no recorded payload has them: a warning about them could be wrong.
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

/// Adds the members of the context that AppSync does not provide.
fn find_unknown_members(
    code: &Code<'_, '_>,
    symbol: SymbolId,
    name: &str,
    unknown: &mut Vec<UnknownMember>,
) {
    for reference in code.semantic.scoping().get_resolved_references(symbol) {
        let (mut node, mut path) = (reference.node_id(), String::new());
        while let Some((_, known)) = MEMBERS.iter().find(|(text, _)| *text == path) {
            let member = code.parent_id(node);
            let AstKind::StaticMemberExpression(expression) = code.kind(member) else { break };
            if expression.object.span() != code.kind(node).span() {
                break;
            }
            let property = expression.property.name.as_str();
            if !known.contains(&property) {
                unknown.push(UnknownMember {
                    span: expression.property.span,
                    object: format!("{name}{path}"),
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

/// Adds the assignments to the context itself or to one of its properties.
fn find_assignments(
    code: &Code<'_, '_>,
    symbol: SymbolId,
    name: &str,
    assignments: &mut Vec<(Span, String)>,
) {
    for reference in code.semantic.scoping().get_resolved_references(symbol) {
        let node = reference.node_id();
        if reference.is_write() {
            assignments.push((code.kind(node).span(), name.to_owned()));
            continue;
        }
        let member = code.parent_id(node);
        let (object, property) = match code.kind(member) {
            AstKind::StaticMemberExpression(expression) => {
                (expression.object.span(), Some(expression.property.name.as_str()))
            }
            AstKind::ComputedMemberExpression(expression) => (expression.object.span(), None),
            _ => continue,
        };
        if object == code.kind(node).span() && is_assigned(code, member) {
            let target = property.map_or(name.to_owned(), |property| format!("{name}.{property}"));
            assignments.push((code.kind(member).span(), target));
        }
    }
}

fn is_assigned(code: &Code<'_, '_>, member: NodeId) -> bool {
    let span = code.kind(member).span();
    match code.parent(member) {
        AstKind::AssignmentExpression(assignment) => assignment.left.span() == span,
        AstKind::UpdateExpression(_) => true,
        AstKind::UnaryExpression(unary) => unary.operator.is_delete(),
        AstKind::ForInStatement(statement) => statement.left.span() == span,
        AstKind::ForOfStatement(statement) => statement.left.span() == span,
        _ => false,
    }
}

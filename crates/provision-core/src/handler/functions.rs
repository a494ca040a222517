//! Reports recursion, functions that are used as values, and too many functions.
use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;

use crate::handler::code::{Code, byte_range, node_span};

/// AppSync's quota (docs/reference/quotas.md#handlers).
const FUNCTIONS_MAX: usize = 10;

/// The methods that accept a function.
const TAKE_CALLBACKS: &[&str] = &[
    "every",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "flatMap",
    "forEach",
    "map",
    "reduce",
    "reduceRight",
    "some",
];

/// The built-ins that accept a function in JavaScript, but not in APPSYNC_JS.
const NO_CALLBACKS: &[&str] = &["parse", "replace", "replaceAll", "stringify"];

/// Reports unsupported uses of functions (PV306, PV322, PV328).
pub fn check(code: &mut Code<'_, '_>) {
    check_recursion(code);
    check_values(code);
    check_number(code);
}

fn check_recursion(code: &mut Code<'_, '_>) {
    let mut calls: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    let mut call_sites = Vec::new();
    for (node, kind) in code.nodes() {
        let AstKind::CallExpression(call) = kind else { continue };
        let Expression::Identifier(name) = &call.callee else { continue };
        let callee = code.symbol(name).and_then(|symbol| code.function(symbol));
        if let (Some(caller), Some(callee)) = (code.enclosing_function(node), callee) {
            calls.entry(caller).or_default().insert(callee);
            call_sites.push((caller, callee, name.name.as_str(), node_span(&**name)));
        }
    }
    for (caller, callee, name, span) in call_sites {
        if !reaches(&calls, callee, caller) {
            continue;
        }
        let message = match caller == callee {
            true => format!("`{name}` calls itself"),
            false => format!("`{name}` calls a function that calls it"),
        };
        let help =
            "APPSYNC_JS does not support recursion: write out the levels, or loop over a list";
        code.error("PV322", span, &message, help);
    }
}

/// Whether calls lead from one function to another.
fn reaches(calls: &BTreeMap<NodeId, BTreeSet<NodeId>>, from: NodeId, to: NodeId) -> bool {
    let (mut visited, mut pending) = (BTreeSet::from([from]), vec![from]);
    while let Some(node) = pending.pop() {
        if node == to {
            return true;
        }
        pending.extend(
            calls.get(&node).into_iter().flatten().filter(|node_id| visited.insert(**node_id)),
        );
    }
    false
}

fn check_values(code: &mut Code<'_, '_>) {
    for (_, kind) in code.nodes() {
        match kind {
            AstKind::CallExpression(call) => check_arguments(code, call),
            AstKind::ReturnStatement(statement) => {
                check_return_value(code, statement.argument.as_ref());
            }
            AstKind::ArrowFunctionExpression(function) => {
                check_return_value(code, function.get_expression());
            }
            AstKind::VariableDeclarator(declarator) => check_alias(code, declarator.init.as_ref()),
            AstKind::AssignmentExpression(assignment) if assignment.operator.is_assign() => {
                check_alias(code, Some(&assignment.right));
            }
            _ => {}
        }
    }
}

fn check_arguments(code: &mut Code<'_, '_>, call: &CallExpression<'_>) {
    let callee = match call.callee.get_inner_expression() {
        Expression::StaticMemberExpression(member) => {
            let is_own = matches!(&member.object, Expression::Identifier(name)
                if code.symbol(name).and_then(|symbol_id| code.initializer(symbol_id))
                    .is_some_and(|expression| matches!(expression, Expression::ObjectExpression(_))));
            let name = member.property.name.as_str();
            match is_own {
                true => Some("functions of the handler"),
                false if TAKE_CALLBACKS.contains(&name) => None,
                false => NO_CALLBACKS.contains(&name).then_some("this built-in"),
            }
        }
        callee => code.function_of(callee).map(|_| "functions of the handler"),
    };
    let Some(callee) = callee else { return };
    for argument in &call.arguments {
        if code.function_of_argument(argument).is_some() {
            let message = format!("APPSYNC_JS does not support functions as arguments of {callee}");
            let help = "pass the function's result, or call the function by its name";
            code.error("PV328", byte_range(argument.span()), &message, help);
        }
    }
}

fn check_return_value(code: &mut Code<'_, '_>, value: Option<&Expression<'_>>) {
    if let Some(value) = value.filter(|expression| code.function_of(expression).is_some()) {
        let help = "return the function's result";
        let message = "APPSYNC_JS does not support functions as return values";
        code.error("PV328", node_span(value), message, help);
    }
}

fn check_alias(code: &mut Code<'_, '_>, value: Option<&Expression<'_>>) {
    if let Some(value @ Expression::Identifier(_)) = value
        && code.function_of(value).is_some()
    {
        let message = "APPSYNC_JS does not support a second name for a function";
        let help = "use the first name; to export another one, write `export { first as second }`";
        code.error("PV328", node_span(value), message, help);
    }
}

/// Functions that are passed directly to a method such as `map` are not counted: how AWS counts is undocumented.
fn check_number(code: &mut Code<'_, '_>) {
    let is_own = |node, kind: AstKind<'_>| {
        kind.is_function_like() && !matches!(code.parent(node), AstKind::CallExpression(_))
    };
    let mut own = code.nodes().filter(|(node, kind)| is_own(*node, *kind));
    let Some((_, extra)) = own.nth(FUNCTIONS_MAX) else { return };
    let number = FUNCTIONS_MAX + 1 + own.count();
    let span = byte_range(match extra {
        AstKind::Function(function) => function.id.as_ref().map_or(function.span, |id| id.span),
        other => other.span(),
    });
    let first_line = code.text.get(span.clone()).and_then(|text| text.lines().next());
    let span = span.start..first_line.map_or(span.end, |line| span.start + line.len());
    let message =
        format!("the code has {number} functions, and AppSync's quota is {FUNCTIONS_MAX}");
    code.warning("PV306", span, &message, "write short functions where they are called");
}

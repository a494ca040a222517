//! Functions that call themselves, functions as values, and how many there are.
use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;

use crate::handler::code::{Code, byte_range, node_span};

/// AppSync's quota (docs/reference/quotas.md#handlers).
const FUNCTIONS_MAX: usize = 10;

/// The methods that take a function.
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

/// The built-ins that take a function in JavaScript, and none in APPSYNC_JS.
const NO_CALLBACKS: &[&str] = &["parse", "replace", "replaceAll", "stringify"];

pub fn check(code: &mut Code<'_, '_>) {
    check_recursion(code);
    check_values(code);
    check_number(code);
}

fn check_recursion(code: &mut Code<'_, '_>) {
    let mut calls: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    let mut places = Vec::new();
    for (node, kind) in code.nodes() {
        let AstKind::CallExpression(call) = kind else { continue };
        let Expression::Identifier(name) = &call.callee else { continue };
        let callee = code.symbol(name).and_then(|symbol| code.function(symbol));
        if let (Some(caller), Some(callee)) = (code.enclosing_function(node), callee) {
            calls.entry(caller).or_default().insert(callee);
            places.push((caller, callee, name.name.as_str(), node_span(&**name)));
        }
    }
    for (caller, callee, name, at) in places {
        if !reaches(&calls, callee, caller) {
            continue;
        }
        let message = match caller == callee {
            true => format!("`{name}` calls itself"),
            false => format!("`{name}` calls what calls it"),
        };
        let help = "APPSYNC_JS has no recursion: write the levels out, or a loop over a list";
        code.error("PV322", at, &message, help);
    }
}

/// Whether calls lead from one function to another.
fn reaches(calls: &BTreeMap<NodeId, BTreeSet<NodeId>>, from: NodeId, to: NodeId) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        open.extend(
            calls.get(&node).into_iter().flatten().filter(|node_id| seen.insert(**node_id)),
        );
    }
    false
}

fn check_values(code: &mut Code<'_, '_>) {
    for (_, kind) in code.nodes() {
        match kind {
            AstKind::CallExpression(call) => check_passed(code, call),
            AstKind::ReturnStatement(it) => check_returned(code, it.argument.as_ref()),
            AstKind::ArrowFunctionExpression(it) => check_returned(code, it.get_expression()),
            AstKind::VariableDeclarator(it) => check_renamed(code, it.init.as_ref()),
            AstKind::AssignmentExpression(it) if it.operator.is_assign() => {
                check_renamed(code, Some(&it.right));
            }
            _ => {}
        }
    }
}

fn check_passed(code: &mut Code<'_, '_>, call: &CallExpression<'_>) {
    let takes = match call.callee.get_inner_expression() {
        Expression::StaticMemberExpression(member) => {
            let own = matches!(&member.object, Expression::Identifier(name)
                if code.symbol(name).and_then(|symbol_id| code.initializer(symbol_id))
                    .is_some_and(|expression| matches!(expression, Expression::ObjectExpression(_))));
            let name = member.property.name.as_str();
            match own {
                true => Some("a function of one's own"),
                false if TAKE_CALLBACKS.contains(&name) => None,
                false => NO_CALLBACKS.contains(&name).then_some("this built-in"),
            }
        }
        callee => code.function_of(callee).map(|_| "a function of one's own"),
    };
    let Some(takes) = takes else { return };
    for argument in &call.arguments {
        if code.function_of_argument(argument).is_some() {
            let message = format!("APPSYNC_JS passes no functions to {takes}");
            let help = "pass what the function would give, or call it by its name";
            code.error("PV328", byte_range(argument.span()), &message, help);
        }
    }
}

fn check_returned(code: &mut Code<'_, '_>, value: Option<&Expression<'_>>) {
    if let Some(value) = value.filter(|expression| code.function_of(expression).is_some()) {
        let help = "return what the function would give";
        code.error("PV328", node_span(value), "APPSYNC_JS returns no functions", help);
    }
}

fn check_renamed(code: &mut Code<'_, '_>, value: Option<&Expression<'_>>) {
    if let Some(value @ Expression::Identifier(_)) = value
        && code.function_of(value).is_some()
    {
        let message = "APPSYNC_JS gives a function no second name";
        code.error(
            "PV328",
            node_span(value),
            message,
            "use its first, or `export { first as second }`",
        );
    }
}

/// Functions that are handed to `map` and its like are no functions of the handler's.
fn check_number(code: &mut Code<'_, '_>) {
    let is_own = |node, kind: AstKind<'_>| {
        kind.is_function_like() && !matches!(code.parent(node), AstKind::CallExpression(_))
    };
    let mut own = code.nodes().filter(|(node, kind)| is_own(*node, *kind));
    let Some((_, extra)) = own.nth(FUNCTIONS_MAX) else { return };
    let number = FUNCTIONS_MAX + 1 + own.count();
    let at = match extra {
        AstKind::Function(it) => it.id.as_ref().map_or(it.span, |id| id.span),
        other => other.span(),
    };
    let at = at.start as usize
        ..code.text.get(at.start as usize..at.end as usize).map_or(at.end as usize, |text| {
            at.start as usize + text.lines().next().unwrap_or_default().len()
        });
    let message =
        format!("this code has {number} functions, and AppSync's quota is {FUNCTIONS_MAX}");
    code.warning("PV306", at, &message, "write the short ones where they are called");
}

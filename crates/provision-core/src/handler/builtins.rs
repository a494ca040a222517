//! Reports methods of strings, arrays and objects that APPSYNC_JS does not support.
use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression, StaticMemberExpression};
use oxc_span::GetSpan;

use crate::handler::code::{Code, byte_range, node_span};
use crate::handler::names::is_util;

/// The members that AppSync's guide lists for each built-in object.
const STATIC_METHODS: &[(&str, &[&str])] = &[
    ("Object", &["assign", "entries", "hasOwn", "keys", "values"]),
    ("Array", &[]),
    ("String", &["raw"]),
    ("Number", &["isFinite", "isNaN"]),
    ("Math", &["random", "min", "max", "round", "floor", "ceil"]),
    ("JSON", &["stringify", "parse"]),
    ("console", &["log", "error", "debug"]),
];

/// The members of these objects that AWS's linter rejects.
const UNSUPPORTED: &[(&str, &[&str])] = &[
    (
        "Object",
        &[
            "create",
            "defineProperties",
            "defineProperty",
            "freeze",
            "getOwnPropertyDescriptor",
            "getOwnPropertyDescriptors",
            "getOwnPropertyNames",
            "getOwnPropertySymbols",
            "getPrototypeOf",
            "is",
            "isExtensible",
            "isFrozen",
            "isSealed",
            "preventExtensions",
            "seal",
            "setPrototypeOf",
        ],
    ),
    ("Array", &["from", "of"]),
    ("String", &["fromCharCode", "fromCodePoint"]),
];

/// Methods of strings and arrays that AWS's linter rejects, and an alternative for each.
const UNSUPPORTED_METHODS: &[(&str, &str)] = &[
    ("copyWithin", "build a new list with `map` or `slice`"),
    ("entries", "write `list.forEach((item, n) => …)`, or `Object.entries(object)`"),
    ("keys", "write `list.forEach((item, n) => …)`, or `Object.keys(object)`"),
    ("values", "use the list itself; for an object, `Object.values(object)`"),
    ("group", "build an object with `reduce`"),
    ("groupToMap", "build an object with `reduce`"),
    ("charCodeAt", "compare the texts that `charAt` returns"),
    ("localeCompare", "compare with `<` and `>`"),
    ("matchAll", "use `util.matches`, or `split` and `indexOf`"),
    ("search", "use `util.matches`, or `indexOf`"),
    ("padEnd", "append the padding with `concat`"),
    ("padStart", "prepend the padding with `concat`"),
    ("repeat", "write it out, or `join` a list"),
    ("toLocaleLowerCase", "use `toLowerCase`"),
    ("toLocaleUpperCase", "use `toUpperCase`"),
];

/// Methods that the guide does not list, and an alternative for each.
const UNDOCUMENTED_METHODS: &[(&str, &str)] = &[
    ("match", "use `util.matches('pattern', text)`"),
    ("substring", "use `slice`"),
    ("substr", "use `slice`"),
    ("codePointAt", "use `charAt`"),
    ("normalize", "use `util.str.normalize(text, 'nfc')`"),
    ("at", "use `charAt` for a text, `list[n]` for a list"),
    ("toSorted", "use `sort()`"),
    ("toReversed", "use `reverse()`"),
    ("toSpliced", "use `splice`"),
    ("hasOwnProperty", "use `Object.hasOwn(object, key)`"),
];

/// Reports unsupported methods (PV324, PV329, PV330).
pub fn check(code: &mut Code<'_, '_>) {
    for (_, kind) in code.nodes() {
        let AstKind::CallExpression(call) = kind else { continue };
        let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression() else {
            continue;
        };
        if has_own_methods(code, &member.object) {
            continue;
        }
        match builtin_object(code, &member.object) {
            Some(object) => check_static(code, object, member),
            None => check_method(code, call, member),
        }
    }
}

/// Whether AppSync or the code itself defines the methods of `object`, so that they are not built-in.
fn has_own_methods(code: &Code<'_, '_>, object: &Expression<'_>) -> bool {
    match object {
        object if is_util(code, object) => true,
        Expression::StaticMemberExpression(member) => is_util(code, &member.object),
        Expression::Identifier(name) => code.symbol(name).is_some_and(|symbol| {
            let (_, declaration) = code.declaration(symbol);
            let imported = matches!(
                declaration,
                AstKind::ImportSpecifier(_)
                    | AstKind::ImportNamespaceSpecifier(_)
                    | AstKind::ImportDefaultSpecifier(_)
            );
            imported || matches!(code.initializer(symbol), Some(Expression::ObjectExpression(_)))
        }),
        _ => false,
    }
}

fn builtin_object(code: &Code<'_, '_>, expression: &Expression<'_>) -> Option<&'static str> {
    STATIC_METHODS.iter().map(|(name, _)| *name).find(|name| code.is_global(expression, name))
}

fn check_static(code: &mut Code<'_, '_>, object: &str, member: &StaticMemberExpression<'_>) {
    let name = member.property.name.as_str();
    let members_in = |list: &'static [(&str, &'static [&str])]| {
        list.iter().find(|pair| pair.0 == object).map_or(&[][..], |pair| pair.1)
    };
    let supported = members_in(STATIC_METHODS);
    if supported.contains(&name) {
        return;
    }
    let help = match (object, name) {
        ("Array", "from" | "of") => "write a list, `[...list]`, or use `map`".to_owned(),
        ("Array", "isArray") => "test for a member such as `length`".to_owned(),
        ("Array", _) => "use the methods of a list".to_owned(),
        _ => format!("valid members of `{object}`: {}", supported.join(", ")),
    };
    let span = byte_range(member.span);
    if members_in(UNSUPPORTED).contains(&name) {
        code.error("PV330", span, &format!("APPSYNC_JS does not support `{object}.{name}`"), &help);
    } else {
        let message = format!("AppSync's guide does not list `{object}.{name}` for handlers");
        code.warning("PV330", span, &message, &help);
    }
}

fn check_method(
    code: &mut Code<'_, '_>,
    call: &CallExpression<'_>,
    member: &StaticMemberExpression<'_>,
) {
    let (name, span) = (member.property.name.as_str(), node_span(&member.property));
    let help_in =
        |list: &[(&str, &'static str)]| list.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
    match (name, call.arguments.first()) {
        ("apply" | "bind" | "call", _) => {
            let message = format!("APPSYNC_JS does not support the method `{name}` of functions");
            code.error("PV324", span, &message, "call the function by its name: `f(a, ...list)`");
        }
        ("sort", Some(order)) => {
            let message = "APPSYNC_JS does not support a comparison function for `sort`";
            let help =
                "write `sort()`, which sorts as text; to sort objects, sort a list of their keys";
            code.error("PV329", byte_range(order.span()), message, help);
        }
        _ => {
            if let Some(help) = help_in(UNSUPPORTED_METHODS) {
                code.error("PV330", span, &format!("APPSYNC_JS does not support `{name}()`"), help);
            } else if let Some(help) = help_in(UNDOCUMENTED_METHODS) {
                let message = format!("AppSync's guide does not list `{name}()` for handlers");
                code.warning("PV330", span, &message, help);
            }
        }
    }
}

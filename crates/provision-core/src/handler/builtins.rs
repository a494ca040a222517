//! The methods of texts, lists and objects: which of them APPSYNC_JS has.
use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression, StaticMemberExpression};
use oxc_span::GetSpan;

use crate::handler::code::{Code, byte_range, node_span};
use crate::handler::names::is_util;

/// What the guide names under the objects that are there.
const STATIC_METHODS: &[(&str, &[&str])] = &[
    ("Object", &["assign", "entries", "hasOwn", "keys", "values"]),
    ("Array", &[]),
    ("String", &["raw"]),
    ("Number", &["isFinite", "isNaN"]),
    ("Math", &["random", "min", "max", "round", "floor", "ceil"]),
    ("JSON", &["stringify", "parse"]),
    ("console", &["log", "error", "debug"]),
];

/// What AWS's linter refuses under them.
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

/// Methods of texts and lists that AWS's linter refuses, and what is there instead.
const UNSUPPORTED_METHODS: &[(&str, &str)] = &[
    ("copyWithin", "build a new list with `map` or `slice`"),
    ("entries", "write `list.forEach((item, n) => …)`, or `Object.entries(object)`"),
    ("keys", "write `list.forEach((item, n) => …)`, or `Object.keys(object)`"),
    ("values", "the list itself has them; of an object, `Object.values(object)`"),
    ("group", "fill an object with `reduce`"),
    ("groupToMap", "fill an object with `reduce`"),
    ("charCodeAt", "compare the texts that `charAt` gives"),
    ("localeCompare", "compare with `<` and `>`"),
    ("matchAll", "use `util.matches`, or `split` and `indexOf`"),
    ("search", "use `util.matches`, or `indexOf`"),
    ("padEnd", "add what is missing with `concat`"),
    ("padStart", "add what is missing with `concat`"),
    ("repeat", "write it out, or `join` a list"),
    ("toLocaleLowerCase", "use `toLowerCase`"),
    ("toLocaleUpperCase", "use `toUpperCase`"),
];

/// Methods that the guide does not name.
const UNDOCUMENTED_METHODS: &[(&str, &str)] = &[
    ("match", "use `util.matches('pattern', text)`"),
    ("substring", "use `slice`"),
    ("substr", "use `slice`"),
    ("codePointAt", "use `charAt`"),
    ("normalize", "use `util.str.normalize(text, 'nfc')`"),
    ("at", "use `charAt` of a text, `list[n]` of a list"),
    ("toSorted", "use `sort()`"),
    ("toReversed", "use `reverse()`"),
    ("toSpliced", "use `splice`"),
    ("hasOwnProperty", "use `Object.hasOwn(object, key)`"),
];

pub fn check(code: &mut Code<'_, '_>) {
    for (_, kind) in code.nodes() {
        let AstKind::CallExpression(call) = kind else { continue };
        let Expression::StaticMemberExpression(member) = callee_object(&call.callee) else {
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

/// What is called, `?.` or not.
fn callee_object<'a, 'e>(callee: &'e Expression<'a>) -> &'e Expression<'a> {
    callee.get_inner_expression()
}

/// Whether the methods of `object` are AppSync's or the code's own, and so not a text's or a list's.
fn has_own_methods(code: &Code<'_, '_>, object: &Expression<'_>) -> bool {
    match object {
        object if is_util(code, object) => true,
        Expression::StaticMemberExpression(it) => is_util(code, &it.object),
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

fn builtin_object(code: &Code<'_, '_>, it: &Expression<'_>) -> Option<&'static str> {
    STATIC_METHODS.iter().map(|(name, _)| *name).find(|name| code.is_global(it, name))
}

fn check_static(code: &mut Code<'_, '_>, object: &str, member: &StaticMemberExpression<'_>) {
    let name = member.property.name.as_str();
    let of = |list: &'static [(&str, &'static [&str])]| {
        list.iter().find(|pair| pair.0 == object).map_or(&[][..], |pair| pair.1)
    };
    let named = of(STATIC_METHODS);
    if named.contains(&name) {
        return;
    }
    let help = match (object, name) {
        ("Array", "from" | "of") => "write a list, `[...list]`, or use `map`".to_owned(),
        ("Array", "isArray") => "look at `length`, or know what is published".to_owned(),
        ("Array", _) => "use the methods of a list".to_owned(),
        _ => format!("`{object}` has {}", named.join(", ")),
    };
    let at = byte_range(member.span);
    if of(UNSUPPORTED).contains(&name) {
        code.error("PV330", at, &format!("APPSYNC_JS has no `{object}.{name}`"), &help);
    } else {
        let message = format!("AppSync's guide names no `{object}.{name}` for handlers");
        code.warning("PV330", at, &message, &help);
    }
}

fn check_method(
    code: &mut Code<'_, '_>,
    call: &CallExpression<'_>,
    member: &StaticMemberExpression<'_>,
) {
    let (name, at) = (member.property.name.as_str(), node_span(&member.property));
    let of =
        |list: &[(&str, &'static str)]| list.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
    match (name, call.arguments.first()) {
        ("apply" | "bind" | "call", _) => {
            let message = format!("APPSYNC_JS has no `{name}` of functions");
            code.error("PV324", at, &message, "call the function with its parameters");
        }
        ("sort", Some(order)) => {
            let message = "APPSYNC_JS sorts without a function that compares";
            let help = "write `sort()`, which goes by text; sort lists of their keys";
            code.error("PV329", byte_range(order.span()), message, help);
        }
        _ => {
            if let Some(help) = of(UNSUPPORTED_METHODS) {
                code.error("PV330", at, &format!("APPSYNC_JS has no `{name}()`"), help);
            } else if let Some(help) = of(UNDOCUMENTED_METHODS) {
                let message = format!("AppSync's guide names no `{name}()` for handlers");
                code.warning("PV330", at, &message, help);
            }
        }
    }
}

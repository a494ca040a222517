//! Reports names that neither the code nor APPSYNC_JS declares, and unknown members of `util`.
use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, IdentifierReference, StaticMemberExpression};

use crate::handler::code::{Code, node_span};
use crate::suggest;

/// The globals that AppSync's guide lists, and those that every JavaScript runtime has.
const SUPPORTED_GLOBALS: &[&str] = &[
    "Array",
    "Boolean",
    "Infinity",
    "JSON",
    "Math",
    "NaN",
    "Number",
    "Object",
    "String",
    "console",
    "extensions",
    "runtime",
    "undefined",
    "util",
];

/// Globals of JavaScript that the guide does not list, and an alternative for each.
const UNDOCUMENTED_GLOBALS: &[(&str, &str)] = &[
    ("Date", "use `util.time`: `util.time.nowISO8601()`"),
    ("Map", "use a plain object, and `Object.hasOwn`"),
    ("Set", "use a list, and `includes`"),
    ("WeakMap", "use a plain object, and `Object.hasOwn`"),
    ("WeakSet", "use a list, and `includes`"),
    ("Symbol", "use a text"),
    ("BigInt", "use a number, or a text"),
    ("Error", "call `util.error('message')`, which stops the handler"),
    ("TypeError", "call `util.error('message')`, which stops the handler"),
    ("RangeError", "call `util.error('message')`, which stops the handler"),
    ("Proxy", "use a plain object"),
    ("Reflect", "use the methods of `Object`, such as `Object.keys` and `Object.hasOwn`"),
    ("Intl", "use `util.time.nowFormatted`, or format the value in the client"),
    ("Uint8Array", "use texts: `util.base64Encode`"),
    ("ArrayBuffer", "use texts: `util.base64Encode`"),
    ("globalThis", "use the names directly: `util`, `runtime`"),
    ("encodeURIComponent", "use `util.urlEncode`"),
    ("encodeURI", "use `util.urlEncode`"),
    ("decodeURIComponent", "use `util.urlDecode`"),
    ("decodeURI", "use `util.urlDecode`"),
    ("parseInt", "write `Math.floor(+text)`"),
    ("parseFloat", "write `+text`"),
    ("isNaN", "write `Number.isNaN`"),
    ("isFinite", "write `Number.isFinite`"),
    ("arguments", "declare a rest parameter: `(...rest)`"),
];

/// Globals of Node.js and browsers, and an alternative for each.
const UNAVAILABLE_GLOBALS: &[(&str, &str)] = &[
    ("fetch", "use an HTTP data source"),
    ("XMLHttpRequest", "use an HTTP data source"),
    ("WebSocket", "use a data source"),
    ("require", "write `import { util } from '@aws-appsync/utils'`"),
    ("module", "write `export function onPublish(ctx) { … }`"),
    ("exports", "write `export function onPublish(ctx) { … }`"),
    ("process", "handlers have no environment variables; write the value into the code"),
    ("Buffer", "use `util.base64Encode` and `util.base64Decode`"),
    ("atob", "use `util.base64Decode`"),
    ("btoa", "use `util.base64Encode`"),
    ("crypto", "use `util.autoId()` for an id"),
    ("setTimeout", "handlers cannot wait; call the function directly"),
    ("setInterval", "handlers cannot wait; call the function directly"),
    ("setImmediate", "handlers cannot wait; call the function directly"),
    ("queueMicrotask", "handlers cannot wait; call the function directly"),
    ("structuredClone", "copy with `{ ...object }`, or `JSON.parse(JSON.stringify(object))`"),
    ("URL", "use `split` and `util.urlDecode`"),
    ("URLSearchParams", "use `util.urlEncode`"),
    ("TextEncoder", "use `util.base64Encode`"),
    ("TextDecoder", "use `util.base64Decode`"),
    ("window", "handlers do not run in a browser; use `ctx` and `util`"),
    ("document", "handlers do not run in a browser; use `ctx` and `util`"),
    ("localStorage", "store data in a data source"),
    ("global", "use the names directly: `util`, `runtime`"),
    ("__dirname", "handlers cannot read files; write the value into the code"),
    ("__filename", "handlers cannot read files; write the value into the code"),
];

const UTIL: &[&str] = &[
    "appendError",
    "authType",
    "autoId",
    "autoKsuid",
    "autoUlid",
    "base64Decode",
    "base64Encode",
    "dynamodb",
    "error",
    "escapeJavaScript",
    "http",
    "math",
    "matches",
    "rds",
    "str",
    "time",
    "transform",
    "unauthorized",
    "urlDecode",
    "urlEncode",
    "xml",
];

const TIME: &[&str] = &[
    "epochMilliSecondsToFormatted",
    "epochMilliSecondsToISO8601",
    "epochMilliSecondsToSeconds",
    "nowEpochMilliSeconds",
    "nowEpochSeconds",
    "nowFormatted",
    "nowISO8601",
    "parseFormattedToEpochMilliSeconds",
    "parseISO8601ToEpochMilliSeconds",
];

const DYNAMODB: &[&str] = &[
    "fromS3ObjectJson",
    "toBinary",
    "toBinaryJson",
    "toBinarySet",
    "toBinarySetJson",
    "toBoolean",
    "toBooleanJson",
    "toDynamoDB",
    "toDynamoDBJson",
    "toList",
    "toListJson",
    "toMap",
    "toMapJson",
    "toMapValues",
    "toMapValuesJson",
    "toNull",
    "toNullJson",
    "toNumber",
    "toNumberJson",
    "toNumberSet",
    "toNumberSetJson",
    "toS3Object",
    "toS3ObjectJson",
    "toString",
    "toStringJson",
    "toStringSet",
    "toStringSetJson",
];

/// Reports unknown names and members (PV321, PV323, PV325, PV327, PV331).
pub fn check(code: &mut Code<'_, '_>) {
    for (node, kind) in code.nodes() {
        match kind {
            AstKind::IdentifierReference(identifier) if code.symbol(identifier).is_none() => {
                let is_type = identifier.reference_id.get().is_some_and(|reference_id| {
                    code.semantic.scoping().get_reference(reference_id).is_type()
                });
                // `typeof name` works for a name that does not exist.
                let is_typeof = matches!(code.parent(node), AstKind::UnaryExpression(unary) if unary.operator.is_typeof());
                if !is_type && !is_typeof {
                    check_global(code, identifier);
                }
            }
            AstKind::StaticMemberExpression(member) => check_util_member(code, member),
            AstKind::NewExpression(expression) => {
                let is_global = matches!(&expression.callee, Expression::Identifier(name) if code.symbol(name).is_none());
                if !is_global {
                    let span = code.token(expression.span.start..expression.span.end, "new");
                    let help = "call a function that returns an object";
                    code.error("PV323", span, "APPSYNC_JS does not support `new`", help);
                }
            }
            _ => {}
        }
    }
}

/// Checks a name that the code does not declare.
fn check_global(code: &mut Code<'_, '_>, name: &IdentifierReference<'_>) {
    let (span, name) = (node_span(name), name.name.as_str());
    match name {
        _ if SUPPORTED_GLOBALS.contains(&name) => return,
        "Promise" => {
            let help = "AppSync waits for the data source before it calls `response`";
            return code.error("PV321", span, "APPSYNC_JS does not support promises", help);
        }
        "Function" | "eval" => {
            let help = "write the function itself";
            let message = format!("APPSYNC_JS does not support `{name}`");
            return code.error("PV323", span, &message, help);
        }
        "RegExp" => {
            let help = "use `util.matches('pattern', text)`, or the methods of texts";
            return code.error("PV325", span, "APPSYNC_JS does not support `RegExp`", help);
        }
        _ => {}
    }
    let help_in =
        |list: &[(&str, &'static str)]| list.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
    if let Some(help) = help_in(UNDOCUMENTED_GLOBALS) {
        let message = format!("AppSync's guide does not list `{name}` for handlers");
        return code.warning("PV327", span, &message, help);
    }
    if let Some(help) = help_in(UNAVAILABLE_GLOBALS) {
        return code.error("PV327", span, &format!("APPSYNC_JS does not support `{name}`"), help);
    }
    let declarations = code.semantic.scoping().symbol_names();
    let candidates = declarations.chain(SUPPORTED_GLOBALS.iter().copied());
    let help = match suggest::closest_match(name, candidates) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None => format!("declare it, or import it: `const {name} = …`"),
    };
    code.error("PV327", span, &format!("unknown name `{name}`"), &help);
}

/// Checks `util.name` and `util.time.name`.
fn check_util_member(code: &mut Code<'_, '_>, member: &StaticMemberExpression<'_>) {
    let (object, members) = match &member.object {
        object if is_util(code, object) => ("util", UTIL),
        Expression::StaticMemberExpression(inner) if is_util(code, &inner.object) => {
            match inner.property.name.as_str() {
                "time" => ("util.time", TIME),
                "dynamodb" => ("util.dynamodb", DYNAMODB),
                _ => return,
            }
        }
        _ => return,
    };
    let name = member.property.name.as_str();
    if members.contains(&name) {
        return;
    }
    let help = match (suggest::closest_match(name, members.iter().copied()), name) {
        (_, "toJson" | "parseJson") => "use `JSON.stringify` and `JSON.parse`".to_owned(),
        (_, "unauthorize") => "did you mean `unauthorized`?".to_owned(),
        (Some(suggestion), _) => format!("did you mean `{suggestion}`?"),
        (None, _) => format!("valid members of `{object}`: {}", members.join(", ")),
    };
    let message = format!("`{object}` has no member `{name}`");
    code.warning("PV331", node_span(&member.property), &message, &help);
}

/// Whether the expression is AppSync's `util`, imported or global.
pub fn is_util(code: &Code<'_, '_>, expression: &Expression<'_>) -> bool {
    let Expression::Identifier(name) = expression else { return false };
    match code.symbol(name).map(|symbol_id| code.declaration(symbol_id).1) {
        None => name.name == "util",
        Some(AstKind::ImportSpecifier(import)) => import.imported.name() == "util",
        Some(_) => false,
    }
}

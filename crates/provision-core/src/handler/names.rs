//! Names that the code uses and does not declare: what AppSync has, and what it hasn't.
use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, IdentifierReference, StaticMemberExpression};

use crate::handler::code::{Code, node_span};
use crate::suggest;

/// What the guide names, and what nothing refuses.
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

/// Objects of JavaScript that the guide does not name, and what is there instead.
const UNDOCUMENTED_GLOBALS: &[(&str, &str)] = &[
    ("Date", "use `util.time`: `util.time.nowISO8601()`"),
    ("Map", "use a plain object, and `Object.hasOwn`"),
    ("Set", "use a list, and `includes`"),
    ("WeakMap", "use a plain object, and `Object.hasOwn`"),
    ("WeakSet", "use a list, and `includes`"),
    ("Symbol", "use a text"),
    ("BigInt", "use a number, or a text"),
    ("Error", "call `util.error('message')`, which ends the handler"),
    ("TypeError", "call `util.error('message')`, which ends the handler"),
    ("RangeError", "call `util.error('message')`, which ends the handler"),
    ("Proxy", "use a plain object"),
    ("Reflect", "use `Object.keys`, `Object.hasOwn` and their like"),
    ("Intl", "use `util.time.nowFormatted`, or format where it is shown"),
    ("Uint8Array", "use texts: `util.base64Encode`"),
    ("ArrayBuffer", "use texts: `util.base64Encode`"),
    ("globalThis", "name things as they are: `util`, `runtime`"),
    ("encodeURIComponent", "use `util.urlEncode`"),
    ("encodeURI", "use `util.urlEncode`"),
    ("decodeURIComponent", "use `util.urlDecode`"),
    ("decodeURI", "use `util.urlDecode`"),
    ("parseInt", "write `Math.floor(+text)`"),
    ("parseFloat", "write `+text`"),
    ("isNaN", "write `Number.isNaN`"),
    ("isFinite", "write `Number.isFinite`"),
    ("arguments", "take the rest as a parameter: `(...rest)`"),
];

/// What belongs to Node.js and to browsers.
const UNAVAILABLE_GLOBALS: &[(&str, &str)] = &[
    ("fetch", "the network is reached through a data source: an HTTP one for this"),
    ("XMLHttpRequest", "the network is reached through a data source: an HTTP one for this"),
    ("WebSocket", "the network is reached through a data source"),
    ("require", "write `import { util } from '@aws-appsync/utils'`"),
    ("module", "write `export function onPublish(ctx) { … }`"),
    ("exports", "write `export function onPublish(ctx) { … }`"),
    ("process", "there is no environment; write the value into the code"),
    ("Buffer", "use `util.base64Encode` and `util.base64Decode`"),
    ("atob", "use `util.base64Decode`"),
    ("btoa", "use `util.base64Encode`"),
    ("crypto", "use `util.autoId()` for an id"),
    ("setTimeout", "a handler can't wait"),
    ("setInterval", "a handler can't wait"),
    ("setImmediate", "a handler can't wait"),
    ("queueMicrotask", "a handler can't wait"),
    ("structuredClone", "copy with `{ ...object }`, or `JSON.parse(JSON.stringify(object))`"),
    ("URL", "use `split` and `util.urlDecode`"),
    ("URLSearchParams", "use `util.urlEncode`"),
    ("TextEncoder", "use `util.base64Encode`"),
    ("TextDecoder", "use `util.base64Decode`"),
    ("window", "there is no browser"),
    ("document", "there is no browser"),
    ("localStorage", "keep data in a data source"),
    ("global", "name things as they are: `util`, `runtime`"),
    ("__dirname", "there are no files"),
    ("__filename", "there are no files"),
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

pub fn check(code: &mut Code<'_, '_>) {
    for (node, kind) in code.nodes() {
        match kind {
            AstKind::IdentifierReference(it) if code.symbol(it).is_none() => {
                let typed = it.reference_id.get().is_some_and(|reference_id| {
                    code.semantic.scoping().get_reference(reference_id).is_type()
                });
                // `typeof name` asks, and is answered.
                let asks = matches!(code.parent(node), AstKind::UnaryExpression(it) if it.operator.is_typeof());
                if !typed && !asks {
                    check_global(code, it);
                }
            }
            AstKind::StaticMemberExpression(it) => check_util_member(code, it),
            AstKind::NewExpression(it) => {
                let is_global = matches!(&it.callee, Expression::Identifier(name) if code.symbol(name).is_none());
                if !is_global {
                    let at = code.token(it.span.start..it.span.end, "new");
                    let help = "write a function that returns an object, and call it";
                    code.error("PV323", at, "APPSYNC_JS has no `new`", help);
                }
            }
            _ => {}
        }
    }
}

/// A name that the code doesn't declare.
fn check_global(code: &mut Code<'_, '_>, name: &IdentifierReference<'_>) {
    let (at, name) = (node_span(name), name.name.as_str());
    match name {
        _ if SUPPORTED_GLOBALS.contains(&name) => return,
        "Promise" => {
            let help =
                "nothing has to be waited for: the data source answers before `response` runs";
            return code.error("PV321", at, "APPSYNC_JS has no promises", help);
        }
        "Function" | "eval" => {
            let help = "write the function itself";
            let message = format!("APPSYNC_JS has no `{name}`: code can't make code");
            return code.error("PV323", at, &message, help);
        }
        "RegExp" => {
            let help = "use `util.matches('pattern', text)`, or the methods of texts";
            return code.error("PV325", at, "APPSYNC_JS has no `RegExp`", help);
        }
        _ => {}
    }
    let of =
        |list: &[(&str, &'static str)]| list.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
    if let Some(help) = of(UNDOCUMENTED_GLOBALS) {
        let message = format!("AppSync's guide names no `{name}` for handlers");
        return code.warning("PV327", at, &message, help);
    }
    if let Some(help) = of(UNAVAILABLE_GLOBALS) {
        return code.error("PV327", at, &format!("APPSYNC_JS has no `{name}`"), help);
    }
    let declared = code.semantic.scoping().symbol_names();
    let help = match suggest::closest_match(name, declared.chain(SUPPORTED_GLOBALS.iter().copied()))
    {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("declare it, or import it: `const {name} = …`"),
    };
    code.error("PV327", at, &format!("nothing is called `{name}` here"), &help);
}

/// `util.name` and `util.time.name`.
fn check_util_member(code: &mut Code<'_, '_>, it: &StaticMemberExpression<'_>) {
    let (whole, members) = match &it.object {
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
    let name = it.property.name.as_str();
    if members.contains(&name) {
        return;
    }
    let help = match (suggest::closest_match(name, members.iter().copied()), name) {
        (_, "toJson" | "parseJson") => "use `JSON.stringify` and `JSON.parse`".to_owned(),
        (_, "unauthorize") => "did you mean `unauthorized`?".to_owned(),
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, _) => format!("`{whole}` has {}", members.join(", ")),
    };
    code.warning("PV331", node_span(&it.property), &format!("`{whole}` has no `{name}`"), &help);
}

/// `util` as AppSync has it, imported or not.
pub fn is_util(code: &Code<'_, '_>, expression: &Expression<'_>) -> bool {
    let Expression::Identifier(name) = expression else { return false };
    match code.symbol(name).map(|symbol_id| code.declaration(symbol_id).1) {
        None => name.name == "util",
        Some(AstKind::ImportSpecifier(it)) => it.imported.name() == "util",
        Some(_) => false,
    }
}

//! A namespace's code, as far as AppSync looks at it before it takes it.
use oxc_ast::AstKind;
use oxc_ast::ast::{Program, UnaryOperator};
use oxc_semantic::SemanticBuilder;
use oxc_span::{GetSpan, Span};
use serde_json::{Value, json};

use crate::emulator_options::{Acceptance, EmulatorOptions};
use crate::javascript::{self, ParseError};
use crate::protocol::response::AwsError;

pub const HANDLERS: [&str; 2] = ["onPublish", "onSubscribe"];

/// Whether AppSync would accept the code: a module in its language, with handlers.
pub fn check(code: &str, options: &EmulatorOptions) -> Result<(), AwsError> {
    let looked = javascript::parse_module(code, |parsed| {
        let exports = &parsed.module_record.exported_bindings;
        let handlers = HANDLERS.iter().any(|handler| exports.contains_key(*handler));
        (handlers, find_unsupported_syntax(&parsed.program))
    });
    let errors = match looked {
        Err(errors) => {
            let error = |ParseError { message, span: place }: &ParseError| {
                let value = format!("Parsing error: {message}");
                code_error("PARSER_ERROR", &value, location(code, *place))
            };
            errors.iter().map(error).collect()
        }
        Ok((handlers, refused)) => {
            let mut errors: Vec<Value> = Vec::new();
            if options.unsupported_syntax == Acceptance::Refused {
                let error = |(what, place): &(&str, (usize, usize))| {
                    let value = format!("{what}: not supported in APPSYNC_JS");
                    code_error("LINT_ERROR", &value, location(code, Some(*place)))
                };
                errors.extend(refused.iter().map(error));
            }
            if !handlers && options.code_without_handlers == Acceptance::Refused {
                let value = "Parsing error: No handler is exported: onPublish or onSubscribe";
                errors.push(code_error("PARSER_ERROR", value, location(code, None)));
            }
            errors
        }
    };
    if errors.is_empty() {
        return Ok(());
    }
    let members = json!({ "reason": "CODE_ERROR", "detail": { "codeErrors": errors } });
    Err(AwsError::bad_request("The code contains one or more errors.").with_members(members))
}

/// The handlers that the code exports.
pub fn exported_handlers(code: &str) -> Vec<&'static str> {
    let exported = javascript::parse_module(code, |parsed| {
        let exports = &parsed.module_record.exported_bindings;
        HANDLERS.into_iter().filter(|handler| exports.contains_key(*handler)).collect()
    });
    exported.unwrap_or_default()
}

fn code_error(kind: &str, value: &str, location: Value) -> Value {
    json!({ "errorType": kind, "value": value, "location": location })
}

/// Line and column from one; what is not known is 0, and a length of -1, as the model says.
fn location(code: &str, place: Option<(usize, usize)>) -> Value {
    let Some((start, length)) = place else {
        return json!({ "line": 0, "column": 0, "span": -1 });
    };
    let before = code.get(..start).unwrap_or(code);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    json!({ "line": line, "column": column, "span": length })
}

/// What APPSYNC_JS omits from JavaScript, according to AppSync's linter (docs/reference/handlers.md#language):
/// what each thing is called, and the bytes that it begins at and takes. A second reading: the checks of specs do not
/// share it.
fn find_unsupported_syntax(program: &Program<'_>) -> Vec<(&'static str, (usize, usize))> {
    let built = SemanticBuilder::new().with_build_nodes(true).build(program);
    let found = built.semantic.nodes().iter().filter_map(|node| {
        let kind = node.kind();
        let Span { start, end, .. } = kind.span();
        Some((unsupported_syntax(kind)?, (start as usize, (end - start) as usize)))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(_, (start, _))| *start);
    found
}

fn unsupported_syntax(kind: AstKind<'_>) -> Option<&'static str> {
    Some(match kind {
        AstKind::UpdateExpression(_) => "`++` and `--`",
        AstKind::UnaryExpression(it) if it.operator == UnaryOperator::BitwiseNot => "`~`",
        AstKind::BinaryExpression(it)
            if it.operator.is_relational() && it.operator.is_keyword() =>
        {
            "`in` and `instanceof`"
        }
        AstKind::PrivateInExpression(_) => "`in` and `instanceof`",
        AstKind::TryStatement(_) => "`try`",
        AstKind::ThrowStatement(_) => "`throw`",
        AstKind::WhileStatement(_) | AstKind::DoWhileStatement(_) => "`while`",
        AstKind::ForStatement(_) => "`for` with a counter",
        AstKind::ContinueStatement(_) => "`continue`",
        AstKind::LabeledStatement(_) => "labels",
        AstKind::Class(_) => "classes",
        AstKind::Function(it) if it.generator => "generators",
        AstKind::Function(it) if it.r#async => "`async`",
        AstKind::ArrowFunctionExpression(it) if it.r#async => "`async`",
        AstKind::AwaitExpression(_) => "`await`",
        AstKind::ForOfStatement(it) if it.r#await => "`await`",
        AstKind::YieldExpression(_) => "generators",
        AstKind::RegExpLiteral(_) => "regular-expression literals",
        AstKind::ThisExpression(_) => "`this`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_not_a_module_or_has_no_handler_is_rejected_at_its_place() {
        let check = |code: &str, expected: Option<Value>| {
            let fault = check(code, &EmulatorOptions::default()).err();
            let detail = fault.and_then(|error| error.members);
            let place =
                detail.map(|members| members["detail"]["codeErrors"][0]["location"].clone());
            assert_eq!(place, expected, "{code}");
        };
        let unknown = json!({ "line": 0, "column": 0, "span": -1 });
        check("export function onPublish(ctx) { return ctx.events }", None);
        check("export const onSubscribe = { request() {}, response() {} }", None);
        check("const a = () => null;\nexport { a as onPublish }", None);
        check("export { onPublish } from './other'", None);
        check("const è = 1;\n  const = 2", Some(json!({ "line": 2, "column": 9, "span": 1 })));
        check("export {}", Some(unknown.clone()));
        check("export default function onPublish() {}", Some(unknown));
        check("export const { onPublish } = {}", None);
        let at = json!({ "line": 1, "column": 41, "span": 3 });
        check("export const onPublish = () => { let a; a++ }", Some(at));
    }
}

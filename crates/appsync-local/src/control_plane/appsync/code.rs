//! The checks of AppSync on a namespace's code: it must be a module in AppSync's language that exports a handler.
//! The code is never run here. The checks are written independently of those of specs.
use oxc_ast::AstKind;
use oxc_ast::ast::{Program, UnaryOperator};
use oxc_semantic::SemanticBuilder;
use oxc_span::{GetSpan, Span};
use serde_json::{Value, json};

use crate::emulator_options::{Acceptance, EmulatorOptions};
use crate::javascript::{self, ParseError};
use crate::protocol::response::AwsError;

pub const HANDLERS: [&str; 2] = ["onPublish", "onSubscribe"];

/// Rejects code that AppSync would reject, with the position of each error.
pub fn check(code: &str, options: &EmulatorOptions) -> Result<(), AwsError> {
    let module = javascript::parse_module(code, |parsed| {
        let exports = &parsed.module_record.exported_bindings;
        let handlers = HANDLERS.iter().any(|handler| exports.contains_key(*handler));
        (handlers, find_unsupported_syntax(&parsed.program))
    });
    let errors = match module {
        Err(errors) => {
            let error = |ParseError { message, span: position }: &ParseError| {
                let value = format!("Parsing error: {message}");
                code_error("PARSER_ERROR", &value, location(code, *position))
            };
            errors.iter().map(error).collect()
        }
        Ok((handlers, unsupported)) => {
            let mut errors: Vec<Value> = Vec::new();
            if options.unsupported_syntax == Acceptance::Refused {
                let error = |(what, position): &(&str, (usize, usize))| {
                    let value = format!("{what}: not supported in APPSYNC_JS");
                    code_error("LINT_ERROR", &value, location(code, Some(*position)))
                };
                errors.extend(unsupported.iter().map(error));
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

/// Line and column from 1. As in the model, an unknown location has 0 for both, and the length -1.
fn location(code: &str, position: Option<(usize, usize)>) -> Value {
    let Some((start, length)) = position else {
        return json!({ "line": 0, "column": 0, "span": -1 });
    };
    let before = code.get(..start).unwrap_or(code);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    json!({ "line": line, "column": column, "span": length })
}

/// What APPSYNC_JS omits from JavaScript, according to AppSync's linter (docs/reference/handlers.md#language):
/// the name of each construct, with its first byte and its length.
fn find_unsupported_syntax(program: &Program<'_>) -> Vec<(&'static str, (usize, usize))> {
    let built = SemanticBuilder::new().with_build_nodes(true).build(program);
    let constructs = built.semantic.nodes().iter().filter_map(|node| {
        let kind = node.kind();
        let Span { start, end, .. } = kind.span();
        Some((unsupported_syntax(kind)?, (start as usize, (end - start) as usize)))
    });
    let mut constructs: Vec<_> = constructs.collect();
    constructs.sort_by_key(|(_, (start, _))| *start);
    constructs
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
    fn code_that_is_not_a_module_or_has_no_handler_is_rejected_with_its_position() {
        let check = |code: &str, expected: Option<Value>| {
            let error = check(code, &EmulatorOptions::default()).err();
            let members = error.and_then(|error| error.members);
            let position =
                members.map(|members| members["detail"]["codeErrors"][0]["location"].clone());
            assert_eq!(position, expected, "{code}");
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
        let location = json!({ "line": 1, "column": 41, "span": 3 });
        check("export const onPublish = () => { let a; a++ }", Some(location));
    }
}

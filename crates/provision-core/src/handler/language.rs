//! Reports syntax that APPSYNC_JS does not support: operators, statements, classes, promises, TypeScript.
use std::ops::Range;

use oxc_ast::AstKind;
use oxc_ast::ast::{Function, UnaryOperator};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::handler::code::{Code, byte_range, node_span};

/// Reports JavaScript that APPSYNC_JS does not support (PV310 to PV321, PV325, PV326).
pub fn check(code: &mut Code<'_, '_>) {
    for (node, kind) in code.nodes() {
        check_operator(code, kind);
        check_statement(code, kind);
        check_function(code, node, kind);
        match kind {
            AstKind::Class(class) => {
                let span = code.token(class.span.start..class.span.end, "class");
                let help = "use functions and plain objects";
                code.error("PV319", span, "APPSYNC_JS does not support classes", help);
            }
            AstKind::RegExpLiteral(_) => {
                let help = "use `util.matches('pattern', text)`, or the methods of texts";
                let message = "APPSYNC_JS does not support regular expression literals";
                code.error("PV325", node_span(&kind), message, help);
            }
            AstKind::ThisExpression(_) => {
                let help = "pass the value as an argument, such as `ctx`";
                code.error("PV326", node_span(&kind), "APPSYNC_JS does not support `this`", help);
            }
            _ => {}
        }
    }
}

fn check_operator(code: &mut Code<'_, '_>, kind: AstKind<'_>) {
    match kind {
        AstKind::UpdateExpression(update) => {
            let operator = update.operator.as_str();
            let Span { start, end, .. } = update.span;
            let span = if update.prefix { start..start + 2 } else { end - 2..end };
            let help = format!("write `{}= 1`", &operator[..1]);
            let message = format!("APPSYNC_JS does not support `{operator}`");
            code.error("PV310", span.start as usize..span.end as usize, &message, &help);
        }
        AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::BitwiseNot => {
            let span = code.token(unary.span.start..unary.span.end, "~");
            code.error("PV311", span, "APPSYNC_JS does not support `~`", "write `-x - 1` for `~x`");
        }
        AstKind::BinaryExpression(binary)
            if binary.operator.is_relational() && binary.operator.is_keyword() =>
        {
            let operator = binary.operator.as_str();
            let span = code.token(binary.left.span().end..binary.right.span().start, operator);
            let help = match operator {
                "in" => "write `Object.hasOwn(object, key)`",
                _ => "test a property or `typeof`; APPSYNC_JS does not support classes",
            };
            code.error("PV312", span, &format!("APPSYNC_JS does not support `{operator}`"), help);
        }
        AstKind::PrivateInExpression(private) => {
            let span = code.token(private.left.span().end..private.right.span().start, "in");
            let help = "write `Object.hasOwn(object, key)`";
            code.error("PV312", span, "APPSYNC_JS does not support `in`", help);
        }
        _ => {}
    }
}

fn check_statement(code: &mut Code<'_, '_>, kind: AstKind<'_>) {
    let (number, keyword, help) = match kind {
        AstKind::TryStatement(_) => {
            ("PV313", "try", "check `ctx.error` in `response`; `JSON.parse` does not throw")
        }
        AstKind::ThrowStatement(_) => {
            ("PV314", "throw", "call `util.error('message')`, which stops the handler")
        }
        AstKind::WhileStatement(_) => ("PV315", "while", "write `for (const item of list)`"),
        AstKind::DoWhileStatement(_) => ("PV315", "do", "write `for (const item of list)`"),
        AstKind::ForStatement(_) => {
            ("PV316", "for", "write `for (const item of list)`, or `list.forEach(…)`")
        }
        AstKind::ContinueStatement(_) => {
            ("PV317", "continue", "put the rest of the loop into an `if`, or `filter` the list")
        }
        AstKind::LabeledStatement(statement) => {
            let help = "move the loop into a function, and `return` from it";
            let message = "APPSYNC_JS does not support labels";
            code.error("PV318", node_span(&statement.label), message, help);
            return;
        }
        _ => return,
    };
    let message = match keyword {
        "for" => "APPSYNC_JS does not support `for (…; …; …)`".to_owned(),
        keyword => format!("APPSYNC_JS does not support `{keyword}`"),
    };
    let start = kind.span().start;
    code.error(number, code.token(start..kind.span().end, keyword), &message, help);
}

/// Reports generators and promises.
fn check_function(code: &mut Code<'_, '_>, node: NodeId, kind: AstKind<'_>) {
    let generator = |code: &mut Code<'_, '_>, span| {
        code.error("PV320", span, "APPSYNC_JS does not support generators", "return a list");
    };
    let promise = |code: &mut Code<'_, '_>, span| {
        let help = "AppSync waits for the data source before it calls `response`";
        code.error("PV321", span, "APPSYNC_JS does not support promises", help);
    };
    match kind {
        AstKind::Function(function) => {
            let head = function_head(code, node, function);
            if function.generator {
                generator(code, code.token(head.start..head.end, "*"));
            }
            if function.r#async {
                promise(code, code.token(head.start..head.end, "async"));
            }
        }
        AstKind::ArrowFunctionExpression(function) if function.r#async => {
            promise(code, code.token(function.span.start..function.span.end, "async"));
        }
        AstKind::AwaitExpression(expression) => {
            promise(code, code.token(expression.span.start..expression.span.end, "await"));
        }
        AstKind::ForOfStatement(statement) if statement.r#await => {
            promise(code, code.token(statement.span.start..statement.span.end, "await"));
        }
        AstKind::YieldExpression(expression) => {
            generator(code, code.token(expression.span.start..expression.span.end, "yield"));
        }
        _ => {}
    }
}

/// Returns the part of a function before its parameters. For a method, it starts at the property.
fn function_head(code: &Code<'_, '_>, node: NodeId, function: &Function<'_>) -> Span {
    let parent = code.parent(node);
    let is_method = matches!(parent, AstKind::ObjectProperty(it) if it.method)
        || matches!(parent, AstKind::MethodDefinition(_));
    let start = if is_method { parent.span().start } else { function.span.start };
    Span::new(start, byte_range(function.params.span).start.try_into().unwrap_or(start))
}

/// Reports TypeScript, which AppSync does not accept (PV332): the outermost nodes that only TypeScript has.
pub fn check_typescript(code: &mut Code<'_, '_>) {
    let is_typed = |name: &str| name.starts_with("TS") || name.starts_with("JSDoc");
    let mut found = false;
    for (node, kind) in code.nodes() {
        let inner = is_typed(&code.parent(node).debug_name());
        if is_typed(&kind.debug_name()) && !inner {
            found = true;
            report_typescript(code, node_span(&kind));
        }
    }
    if !found {
        // A modifier, a `?` or an `import type` has no node in the tree.
        let first = code.text.len() - code.text.trim_start().len();
        report_typescript(code, first..first + 1);
    }
}

fn report_typescript(code: &mut Code<'_, '_>, span: Range<usize>) {
    let help =
        "AppSync accepts JavaScript only: remove the types, or compile with `tsc` or `esbuild`";
    code.error("PV332", span, "TypeScript syntax is not valid in a handler", help);
}

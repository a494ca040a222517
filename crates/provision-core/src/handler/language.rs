//! What the language of APPSYNC_JS leaves out: operators, statements, classes, promises.
use oxc_ast::AstKind;
use oxc_ast::ast::{Function, UnaryOperator};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::handler::code::{Code, byte_range, node_span};

pub fn check(code: &mut Code<'_, '_>) {
    for (node, kind) in code.nodes() {
        check_operator(code, kind);
        check_statement(code, kind);
        check_function(code, node, kind);
        match kind {
            AstKind::Class(it) => {
                let at = code.token(it.span.start..it.span.end, "class");
                let help = "write functions, and keep data in plain objects";
                code.error("PV319", at, "APPSYNC_JS has no classes", help);
            }
            AstKind::RegExpLiteral(_) => {
                let help = "use `util.matches('pattern', text)`, or the methods of texts";
                let message = "APPSYNC_JS has no regular-expression literals";
                code.error("PV325", node_span(&kind), message, help);
            }
            AstKind::ThisExpression(_) => {
                let help = "take what is needed as a parameter: `ctx` is one";
                code.error("PV326", node_span(&kind), "APPSYNC_JS has no `this`", help);
            }
            _ => {}
        }
    }
}

fn check_operator(code: &mut Code<'_, '_>, kind: AstKind<'_>) {
    match kind {
        AstKind::UpdateExpression(it) => {
            let sign = it.operator.as_str();
            let Span { start, end, .. } = it.span;
            let at = if it.prefix { start..start + 2 } else { end - 2..end };
            let help = format!("write `{}= 1`", &sign[..1]);
            let message = format!("APPSYNC_JS has no `{sign}`");
            code.error("PV310", at.start as usize..at.end as usize, &message, &help);
        }
        AstKind::UnaryExpression(it) if it.operator == UnaryOperator::BitwiseNot => {
            let at = code.token(it.span.start..it.span.end, "~");
            code.error("PV311", at, "APPSYNC_JS has no `~`", "`~x` is `-x - 1`");
        }
        AstKind::BinaryExpression(it)
            if it.operator.is_relational() && it.operator.is_keyword() =>
        {
            let sign = it.operator.as_str();
            let at = code.token(it.left.span().end..it.right.span().start, sign);
            let help = match sign {
                "in" => "write `Object.hasOwn(object, key)`",
                _ => "look at a property, or at `typeof`; there are no classes",
            };
            code.error("PV312", at, &format!("APPSYNC_JS has no `{sign}`"), help);
        }
        AstKind::PrivateInExpression(it) => {
            let at = code.token(it.left.span().end..it.right.span().start, "in");
            let help = "write `Object.hasOwn(object, key)`";
            code.error("PV312", at, "APPSYNC_JS has no `in`", help);
        }
        _ => {}
    }
}

fn check_statement(code: &mut Code<'_, '_>, kind: AstKind<'_>) {
    let (number, keyword, help) = match kind {
        AstKind::TryStatement(_) => {
            ("PV313", "try", "look at `ctx.error` in `response`; `JSON.parse` throws nothing")
        }
        AstKind::ThrowStatement(_) => {
            ("PV314", "throw", "call `util.error('message')`, which ends the handler")
        }
        AstKind::WhileStatement(_) => ("PV315", "while", "write `for (const item of list)`"),
        AstKind::DoWhileStatement(_) => ("PV315", "do", "write `for (const item of list)`"),
        AstKind::ForStatement(_) => {
            ("PV316", "for", "write `for (const item of list)`, or `list.forEach(…)`")
        }
        AstKind::ContinueStatement(_) => {
            ("PV317", "continue", "put the rest of the loop into an `if`, or `filter` the list")
        }
        AstKind::LabeledStatement(it) => {
            let help = "put the loop into a function, and `return` from it";
            code.error("PV318", node_span(&it.label), "APPSYNC_JS has no labels", help);
            return;
        }
        _ => return,
    };
    let message = match keyword {
        "for" => "APPSYNC_JS has no `for (…; …; …)`".to_owned(),
        keyword => format!("APPSYNC_JS has no `{keyword}`"),
    };
    let start = kind.span().start;
    code.error(number, code.token(start..kind.span().end, keyword), &message, help);
}

/// Generators and promises.
fn check_function(code: &mut Code<'_, '_>, node: NodeId, kind: AstKind<'_>) {
    let generator = |code: &mut Code<'_, '_>, at| {
        let help = "build the list, and return it";
        code.error("PV320", at, "APPSYNC_JS has no generators", help);
    };
    let promise = |code: &mut Code<'_, '_>, at| {
        let help = "nothing has to be waited for: the data source answers before `response` runs";
        code.error("PV321", at, "APPSYNC_JS has no promises", help);
    };
    match kind {
        AstKind::Function(it) => {
            let head = function_head(code, node, it);
            if it.generator {
                generator(code, code.token(head.start..head.end, "*"));
            }
            if it.r#async {
                promise(code, code.token(head.start..head.end, "async"));
            }
        }
        AstKind::ArrowFunctionExpression(it) if it.r#async => {
            promise(code, code.token(it.span.start..it.span.end, "async"));
        }
        AstKind::AwaitExpression(it) => {
            promise(code, code.token(it.span.start..it.span.end, "await"));
        }
        AstKind::ForOfStatement(it) if it.r#await => {
            promise(code, code.token(it.span.start..it.span.end, "await"));
        }
        AstKind::YieldExpression(it) => {
            generator(code, code.token(it.span.start..it.span.end, "yield"));
        }
        _ => {}
    }
}

/// What stands before a function's parameters. A method's begins with the property that it is.
fn function_head(code: &Code<'_, '_>, node: NodeId, function: &Function<'_>) -> Span {
    let parent = code.parent(node);
    let is_method = matches!(parent, AstKind::ObjectProperty(it) if it.method)
        || matches!(parent, AstKind::MethodDefinition(_));
    let start = if is_method { parent.span().start } else { function.span.start };
    Span::new(start, byte_range(function.params.span).start.try_into().unwrap_or(start))
}

/// Reports the outermost of each piece of syntax that only TypeScript has.
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
        // A modifier, a `?` or an `import type`: nothing of its own in the tree.
        let first = code.text.len() - code.text.trim_start().len();
        report_typescript(code, first..first + 1);
    }
}

fn report_typescript(code: &mut Code<'_, '_>, at: std::ops::Range<usize>) {
    let help =
        "AppSync takes JavaScript only: leave it out, or have `tsc` or `esbuild` write the file";
    code.error("PV332", at, "this is TypeScript", help);
}

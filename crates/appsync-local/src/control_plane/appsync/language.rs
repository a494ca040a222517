//! What APPSYNC_JS leaves out of JavaScript, as far as AppSync's linter says so (docs/reference/handlers.md#language).
//! A second reading: the checks of specs have one of their own.
use oxc_ast::AstKind;
use oxc_ast::ast::{Program, UnaryOperator};
use oxc_semantic::SemanticBuilder;
use oxc_span::{GetSpan, Span};

/// Each thing that is refused: what it is called, and the bytes that it begins at and takes.
pub fn refused(program: &Program<'_>) -> Vec<(&'static str, (usize, usize))> {
    let built = SemanticBuilder::new().with_build_nodes(true).build(program);
    let found = built.semantic.nodes().iter().filter_map(|node| {
        let kind = node.kind();
        let Span { start, end, .. } = kind.span();
        Some((name(kind)?, (start as usize, (end - start) as usize)))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(_, (start, _))| *start);
    found
}

fn name(kind: AstKind<'_>) -> Option<&'static str> {
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

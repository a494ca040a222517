//! Code that is looked through, and what has been found in it.
use std::fmt;
use std::ops::Range;

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression, IdentifierReference};
use oxc_semantic::{NodeId, Semantic, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::diagnostic::Severity;
use crate::handler::analysis::{DIAGNOSTICS_MAX, HandlerDiagnostic};

/// A syntax tree with its names resolved.
pub struct Code<'a, 's> {
    pub text: &'a str,
    pub semantic: &'s Semantic<'a>,
    /// The function around each node, by the node's number.
    enclosing_functions: Vec<Option<NodeId>>,
    diagnostics: Vec<HandlerDiagnostic>,
}

impl fmt::Debug for Code<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("findings", &self.diagnostics).finish_non_exhaustive()
    }
}

impl<'a, 's> Code<'a, 's> {
    pub fn new(text: &'a str, semantic: &'s Semantic<'a>) -> Self {
        let nodes = semantic.nodes();
        let mut around: Vec<Option<NodeId>> = Vec::with_capacity(nodes.len());
        for (n, node) in nodes.iter().enumerate() {
            // A node's parent comes before it; the first is its own.
            let parent = nodes.parent_id(node.id());
            let beyond = around.get(parent.index()).copied().flatten();
            let is_function = nodes.kind(parent).is_function_like() && parent.index() < n;
            around.push(if is_function { Some(parent) } else { beyond });
        }
        Self { text, semantic, enclosing_functions: around, diagnostics: Vec::new() }
    }

    /// Every node with its number, parents first.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, AstKind<'a>)> + use<'a, 's> {
        self.semantic.nodes().iter().map(|node| (node.id(), node.kind()))
    }
    pub fn kind(&self, node: NodeId) -> AstKind<'a> {
        self.semantic.nodes().kind(node)
    }
    pub fn parent(&self, node: NodeId) -> AstKind<'a> {
        self.semantic.nodes().parent_kind(node)
    }
    pub fn parent_id(&self, node: NodeId) -> NodeId {
        self.semantic.nodes().parent_id(node)
    }
    /// The function whose code the node is part of.
    pub fn enclosing_function(&self, node: NodeId) -> Option<NodeId> {
        self.enclosing_functions.get(node.index()).copied().flatten()
    }

    /// What a name stands for, if the code itself declares it.
    pub fn symbol(&self, name: &IdentifierReference<'_>) -> Option<SymbolId> {
        self.semantic.scoping().get_reference(name.reference_id.get()?).symbol_id()
    }
    /// The node that declares a name, and its number.
    pub fn declaration(&self, symbol: SymbolId) -> (NodeId, AstKind<'a>) {
        let node = self.semantic.symbol_declaration(symbol);
        (node.id(), node.kind())
    }
    /// The value that a name is declared with: `x` of `const name = x`.
    pub fn initializer(&self, symbol: SymbolId) -> Option<&'a Expression<'a>> {
        match self.declaration(symbol).1 {
            AstKind::VariableDeclarator(it) if it.id.is_binding_identifier() => it.init.as_ref(),
            _ => None,
        }
    }
    /// The function that a name stands for: `function name() {}` or `const name = () => {}`.
    pub fn function(&self, symbol: SymbolId) -> Option<NodeId> {
        match self.declaration(symbol) {
            (node, AstKind::Function(_)) => Some(node),
            _ => function_node(self.initializer(symbol)?),
        }
    }
    /// The function that an expression is, or that its name stands for.
    pub fn function_of(&self, expression: &Expression<'_>) -> Option<NodeId> {
        match expression {
            Expression::Identifier(name) => self.function(self.symbol(name)?),
            other => function_node(other),
        }
    }
    pub fn function_of_argument(&self, argument: &Argument<'_>) -> Option<NodeId> {
        self.function_of(argument.as_expression()?)
    }
    /// Whether a name is one of AppSync's or of the language: the code doesn't declare it.
    pub fn is_global(&self, expression: &Expression<'_>, name: &str) -> bool {
        matches!(expression, Expression::Identifier(it) if it.name == name && self.symbol(it).is_none())
    }

    /// The first `token` in a part of the text, as a place of its own.
    pub fn token(&self, within: Range<u32>, token: &str) -> Range<usize> {
        let (start, end) = (within.start as usize, within.end as usize);
        let found = self.text.get(start..end).and_then(|text| text.find(token));
        found.map_or(start..end, |n| start + n..start + n + token.len())
    }

    pub fn push(&mut self, finding: HandlerDiagnostic) {
        self.diagnostics.push(finding);
    }
    pub fn error(&mut self, code: &'static str, span: Range<usize>, message: &str, help: &str) {
        self.add(code, Severity::Error, span, message, help);
    }
    pub fn warning(&mut self, code: &'static str, span: Range<usize>, message: &str, help: &str) {
        self.add(code, Severity::Warning, span, message, help);
    }
    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        span: Range<usize>,
        message: &str,
        help: &str,
    ) {
        let help = Some(help.to_owned());
        self.diagnostics.push(HandlerDiagnostic {
            code,
            severity,
            span,
            message: message.to_owned(),
            help,
        });
    }
    pub fn into_diagnostics(mut self) -> Vec<HandlerDiagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.code));
        self.diagnostics.truncate(DIAGNOSTICS_MAX);
        self.diagnostics
    }
}

/// The number of the function that an expression itself is.
pub fn function_node(expression: &Expression<'_>) -> Option<NodeId> {
    match expression {
        Expression::FunctionExpression(it) => Some(it.node_id.get()),
        Expression::ArrowFunctionExpression(it) => Some(it.node_id.get()),
        _ => None,
    }
}

/// Bytes, as the rest of the program counts them.
pub fn byte_range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// Where something stands.
pub fn node_span(node: &impl GetSpan) -> Range<usize> {
    byte_range(node.span())
}

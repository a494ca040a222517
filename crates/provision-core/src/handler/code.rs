//! The code that the checks read, and the diagnostics that they report.
use std::fmt;
use std::ops::Range;

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression, IdentifierReference};
use oxc_semantic::{NodeId, Semantic, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::diagnostic::Severity;
use crate::handler::analysis::{DIAGNOSTICS_MAX, HandlerDiagnostic};

/// A syntax tree with resolved names, and the diagnostics so far.
pub struct Code<'a, 's> {
    pub text: &'a str,
    pub semantic: &'s Semantic<'a>,
    /// The innermost function around each node, by the node's id.
    enclosing_functions: Vec<Option<NodeId>>,
    diagnostics: Vec<HandlerDiagnostic>,
}

impl fmt::Debug for Code<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("diagnostics", &self.diagnostics).finish_non_exhaustive()
    }
}

impl<'a, 's> Code<'a, 's> {
    pub fn new(text: &'a str, semantic: &'s Semantic<'a>) -> Self {
        let nodes = semantic.nodes();
        let mut enclosing_functions: Vec<Option<NodeId>> = Vec::with_capacity(nodes.len());
        for (n, node) in nodes.iter().enumerate() {
            // A node's parent comes before it. The root is its own parent.
            let parent = nodes.parent_id(node.id());
            let outer = enclosing_functions.get(parent.index()).copied().flatten();
            let is_function = nodes.kind(parent).is_function_like() && parent.index() < n;
            enclosing_functions.push(if is_function { Some(parent) } else { outer });
        }
        Self { text, semantic, enclosing_functions, diagnostics: Vec::new() }
    }

    /// Returns every node with its id, parents first.
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
    /// Returns the innermost function around the node.
    pub fn enclosing_function(&self, node: NodeId) -> Option<NodeId> {
        self.enclosing_functions.get(node.index()).copied().flatten()
    }

    /// Returns the declaration that a name refers to, if the code itself declares it.
    pub fn symbol(&self, name: &IdentifierReference<'_>) -> Option<SymbolId> {
        self.semantic.scoping().get_reference(name.reference_id.get()?).symbol_id()
    }
    /// Returns the node that declares a name, and its id.
    pub fn declaration(&self, symbol: SymbolId) -> (NodeId, AstKind<'a>) {
        let node = self.semantic.symbol_declaration(symbol);
        (node.id(), node.kind())
    }
    /// Returns the value that a name is declared with: `x` in `const name = x`.
    pub fn initializer(&self, symbol: SymbolId) -> Option<&'a Expression<'a>> {
        match self.declaration(symbol).1 {
            AstKind::VariableDeclarator(declarator) if declarator.id.is_binding_identifier() => {
                declarator.init.as_ref()
            }
            _ => None,
        }
    }
    /// Returns the function that a name refers to: `function name() {}` or `const name = () => {}`.
    pub fn function(&self, symbol: SymbolId) -> Option<NodeId> {
        match self.declaration(symbol) {
            (node, AstKind::Function(_)) => Some(node),
            _ => function_node(self.initializer(symbol)?),
        }
    }
    /// Returns the function that an expression is or refers to by name.
    pub fn function_of(&self, expression: &Expression<'_>) -> Option<NodeId> {
        match expression {
            Expression::Identifier(name) => self.function(self.symbol(name)?),
            other => function_node(other),
        }
    }
    pub fn function_of_argument(&self, argument: &Argument<'_>) -> Option<NodeId> {
        self.function_of(argument.as_expression()?)
    }
    /// Whether the expression is the global `name`, which the code itself does not declare.
    pub fn is_global(&self, expression: &Expression<'_>, name: &str) -> bool {
        matches!(expression, Expression::Identifier(identifier)
            if identifier.name == name && self.symbol(identifier).is_none())
    }

    /// Returns the first `token` in a part of the text, or that part if it does not contain the token.
    pub fn token(&self, part: Range<u32>, token: &str) -> Range<usize> {
        let (start, end) = (part.start as usize, part.end as usize);
        let offset = self.text.get(start..end).and_then(|text| text.find(token));
        offset.map_or(start..end, |n| start + n..start + n + token.len())
    }

    pub fn push(&mut self, diagnostic: HandlerDiagnostic) {
        self.diagnostics.push(diagnostic);
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

/// Returns the id of the function that an expression itself is.
pub fn function_node(expression: &Expression<'_>) -> Option<NodeId> {
    match expression {
        Expression::FunctionExpression(function) => Some(function.node_id.get()),
        Expression::ArrowFunctionExpression(function) => Some(function.node_id.get()),
        _ => None,
    }
}

/// Converts a span of the parser.
pub fn byte_range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// Returns the bytes of a node.
pub fn node_span(node: &impl GetSpan) -> Range<usize> {
    byte_range(node.span())
}

//! Instruments a handler's code, so that it counts the iterations of its loops. Positions in errors stay those of the
//! original code.
use oxc_ast::AstKind;
use oxc_ast::ast::{Program, Statement};
use oxc_semantic::SemanticBuilder;
use oxc_span::GetSpan;

use crate::data_plane::handlers::runtime::modules::LOOPS;
use crate::javascript;

/// Instrumented code.
#[derive(Debug, PartialEq)]
pub struct Script {
    /// The file name in positions.
    pub name: String,
    /// The instrumented code. It has the lines of the original.
    pub instrumented: String,
    /// The insertions.
    insertions: Vec<Insertion>,
}

/// A position in the original code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePosition {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// Text that was inserted into a line.
#[derive(Debug, PartialEq)]
struct Insertion {
    line: usize,
    /// The column in the instrumented line.
    column: usize,
    length: usize,
}

impl Script {
    pub fn new(name: &str, text: &str) -> Self {
        // Code that cannot be parsed is unchanged: the engine reports its errors.
        let bodies = javascript::parse_module(text, |r#return| loop_bodies(&r#return.program))
            .unwrap_or_default();
        let (counted, insertions) = instrument(text, &bodies);
        Self { name: name.to_owned(), instrumented: counted, insertions }
    }

    /// Returns the first position of a stack trace that is in this code.
    pub fn position(&self, stack: &str) -> Option<CodePosition> {
        let position = stack.lines().find_map(|line| {
            let (_, position) = line.split_once(&format!("{}:", self.name))?;
            let (line, column) = position.trim_end_matches(')').split_once(':')?;
            Some((line.parse().ok()?, column.parse().ok()?))
        });
        let (line, column): (usize, usize) = position?;
        let before = self
            .insertions
            .iter()
            .filter(|insertion| insertion.line == line && insertion.column < column);
        let insertions: usize = before.map(|insertion| insertion.length).sum();
        Some(CodePosition { line, column: column.saturating_sub(insertions).max(1) })
    }
}

/// Returns where the bodies of loops begin and end, and whether they have braces.
fn loop_bodies(program: &Program<'_>) -> Vec<(usize, usize, bool)> {
    let built = SemanticBuilder::new().with_build_nodes(true).build(program);
    let bodies = built.semantic.nodes().iter().filter_map(|node| {
        let body = match node.kind() {
            AstKind::ForOfStatement(it) => &it.body,
            AstKind::ForInStatement(it) => &it.body,
            AstKind::ForStatement(it) => &it.body,
            AstKind::WhileStatement(it) => &it.body,
            AstKind::DoWhileStatement(it) => &it.body,
            _ => return None,
        };
        let span = body.span();
        let braced = matches!(body, Statement::BlockStatement(_));
        Some((span.start as usize, span.end as usize, braced))
    });
    bodies.collect()
}

fn instrument(text: &str, bodies: &[(usize, usize, bool)]) -> (String, Vec<Insertion>) {
    if bodies.is_empty() {
        return (text.to_owned(), Vec::new());
    }
    let mut name = "$round".to_owned();
    while text.contains(&name) {
        name.push('$');
    }
    let mut pieces: Vec<(usize, String)> = Vec::new();
    for (start, end, braced) in bodies {
        match braced {
            true => pieces.push((start + 1, format!("{name}();"))),
            false => pieces.extend([(*start, format!("{{{name}();")), (*end, "}".to_owned())]),
        }
    }
    // An insertion that ends at a position precedes one that begins there.
    pieces.sort_by_key(|(at, piece)| (*at, piece != "}"));
    let (mut out, mut insertions, mut copied) = (String::with_capacity(text.len()), Vec::new(), 0);
    for (at, piece) in pieces {
        out.push_str(&text[copied..at]);
        let line = out.matches('\n').count() + 1;
        let column = out.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        insertions.push(Insertion { line, column, length: piece.chars().count() });
        out.push_str(&piece);
        copied = at;
    }
    out.push_str(&text[copied..]);
    out.push_str(&format!("\nimport {{ tick as {name} }} from '{LOOPS}'\n"));
    (out, insertions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_count_their_iterations_and_positions_stay_the_same() {
        let text = "for (const a of b) for (const c in d) e(f)\nfor (const g of h) {\n  i\n}";
        let script = Script::new("code.js", text);
        let expected = "for (const a of b) {$round();for (const c in d) {$round();e(f)}}
for (const g of h) {$round();
  i
}
import { tick as $round } from '@'
";
        assert_eq!(script.instrumented, expected.replace('@', LOOPS));
        let column = script.instrumented.find("e(f)").unwrap() + 1;
        let position = script.position(&format!("at x (y.js:1:1)\n  at f (code.js:1:{column})\n"));
        assert_eq!(
            position,
            Some(CodePosition { line: 1, column: text.find("e(f)").unwrap() + 1 })
        );
        assert_eq!(script.position("at other.js:1:2"), None);
    }

    #[test]
    fn code_without_loops_and_invalid_code_are_unchanged() {
        for text in ["export const a = 1", "for (const", "const $round = 1", "(((((((((((((((("] {
            assert_eq!(Script::new("code.js", text).instrumented, text);
        }
        let script = Script::new("code.js", "for (const $round of a) {}");
        assert!(script.instrumented.starts_with("for (const $round of a) {$round$();}"));
    }
}

//! A handler's code, made to count the rounds of its loops.
use oxc_ast::AstKind;
use oxc_ast::ast::{Program, Statement};
use oxc_semantic::SemanticBuilder;
use oxc_span::GetSpan;

use crate::data_plane::handlers::runtime::modules::LOOPS;
use crate::javascript;

/// Code that can be run.
#[derive(Debug, PartialEq)]
pub struct Script {
    /// Its name in positions.
    pub name: String,
    /// With the counting in it. Lines are where they were.
    pub instrumented: String,
    /// What was put in.
    insertions: Vec<Insertion>,
}

/// A place in the code as it was written, both from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePosition {
    pub line: usize,
    pub column: usize,
}

/// Something that was put into a line.
#[derive(Debug, PartialEq)]
struct Insertion {
    line: usize,
    /// Where, in the line as it became.
    column: usize,
    length: usize,
}

impl Script {
    pub fn new(name: &str, text: &str) -> Self {
        // What can't be read here, the engine will not read either; it says why.
        let bodies =
            javascript::parse_module(text, |it| loop_bodies(&it.program)).unwrap_or_default();
        let (counted, put) = instrument(text, &bodies);
        Self { name: name.to_owned(), instrumented: counted, insertions: put }
    }

    /// The first place of a stack that is in this code.
    pub fn position(&self, stack: &str) -> Option<CodePosition> {
        let place = stack.lines().find_map(|line| {
            let (_, place) = line.split_once(&format!("{}:", self.name))?;
            let (line, column) = place.trim_end_matches(')').split_once(':')?;
            Some((line.parse().ok()?, column.parse().ok()?))
        });
        let (line, column): (usize, usize) = place?;
        let before = self.insertions.iter().filter(|it| it.line == line && it.column < column);
        let put: usize = before.map(|it| it.length).sum();
        Some(CodePosition { line, column: column.saturating_sub(put).max(1) })
    }
}

/// Where the bodies of loops begin and end, and whether they have braces.
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
    let (mut out, mut put, mut done) = (String::with_capacity(text.len()), Vec::new(), 0);
    for (at, piece) in pieces {
        out.push_str(&text[done..at]);
        let line = out.matches('\n').count() + 1;
        let column = out.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        put.push(Insertion { line, column, length: piece.chars().count() });
        out.push_str(&piece);
        done = at;
    }
    out.push_str(&text[done..]);
    out.push_str(&format!("\nimport {{ tick as {name} }} from '{LOOPS}'\n"));
    (out, put)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_count_their_rounds_and_places_stay_what_they_were() {
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
        let place = script.position(&format!("at x (y.js:1:1)\n  at f (code.js:1:{column})\n"));
        assert_eq!(place, Some(CodePosition { line: 1, column: text.find("e(f)").unwrap() + 1 }));
        assert_eq!(script.position("at other.js:1:2"), None);
    }

    #[test]
    fn code_without_loops_and_code_that_is_none_stay_as_they_are() {
        for text in ["export const a = 1", "for (const", "const $round = 1", "(((((((((((((((("] {
            assert_eq!(Script::new("code.js", text).instrumented, text);
        }
        let script = Script::new("code.js", "for (const $round of a) {}");
        assert!(script.instrumented.starts_with("for (const $round of a) {$round$();}"));
    }
}

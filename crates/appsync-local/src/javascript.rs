//! Parses untrusted JavaScript. Nested code makes a parser recurse, so the depth is limited and the stack is large
//! enough for it. It never runs code.
use std::thread;

use oxc_allocator::Allocator;
use oxc_parser::{Parser, ParserReturn};
use oxc_span::SourceType;

/// The maximum depth of nested brackets. Real code has fewer, and the parser's time grows with their square.
const DEPTH_MAX: usize = 256;
/// Stack per byte of code. No construct needs more than half of it.
const STACK_FOR_BYTE: usize = 4 << 10;
const STACK_LEAST: usize = 2 << 20;

/// Why code is not a valid module.
#[derive(Debug, PartialEq)]
pub struct ParseError {
    pub message: String,
    /// The position and the number of the bytes that the error is about.
    pub span: Option<(usize, usize)>,
}

/// Parses a module and returns the result of `look`, or all errors.
pub fn parse_module<T: Send>(
    code: &str,
    look: impl for<'a> FnOnce(&'a ParserReturn<'a>) -> T + Send,
) -> Result<T, Vec<ParseError>> {
    let no_module = |message: &str, span| vec![ParseError { message: message.to_owned(), span }];
    if let Some(at) = first_too_deep(code) {
        return Err(no_module("The code is nested too deeply", Some((at, 1))));
    }
    let stack = STACK_LEAST + code.len() * STACK_FOR_BYTE;
    let read = thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(stack);
        reader.spawn_scoped(scope, || parse_in_arena(code, look)).ok()?.join().ok()
    });
    read.unwrap_or_else(|| Err(no_module("The code cannot be parsed", None)))
}

/// Returns the first bracket that is too deep. Brackets in strings and comments count, too, for simplicity.
fn first_too_deep(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    code.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEPTH_MAX
    })
}

fn parse_in_arena<T>(
    code: &str,
    look: impl for<'a> FnOnce(&'a ParserReturn<'a>) -> T,
) -> Result<T, Vec<ParseError>> {
    let arena = Allocator::default();
    let parsed = Parser::new(&arena, code, SourceType::mjs()).parse();
    if parsed.diagnostics.is_empty() {
        return Ok(look(&parsed));
    }
    let errors = parsed.diagnostics.iter().map(|error| ParseError {
        message: error.message.to_string(),
        span: error.labels.first().map(|span| (span.offset() as usize, span.len() as usize)),
    });
    Err(errors.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeply_nested_code_is_harmless() {
        for piece in ["(", "{a:", "!", "- ", "a=>", "a?b:", "if(a)", "a."] {
            let _ = parse_module(&piece.repeat(32_768 / piece.len()), |_| ());
        }
        assert_eq!(parse_module("export {}", |r#return| r#return.program.body.len()), Ok(1));
        let error = parse_module("export {", |_| ()).unwrap_err().remove(0);
        assert!(error.span.is_some(), "{error:?}");
    }
}

//! Parses untrusted code safely: nested code makes a parser recurse.
use std::thread;

use oxc_allocator::Allocator;
use oxc_parser::{Parser, ParserReturn};
use oxc_span::SourceType;

/// The depth of nested brackets. Real code has fewer, and the parser's time grows with their square.
const DEPTH_MAX: usize = 256;
/// No construct takes more stack than half of this for each of its bytes.
const STACK_FOR_BYTE: usize = 4 << 10;
const STACK_LEAST: usize = 2 << 20;

/// Why code is not a valid module.
#[derive(Debug, PartialEq)]
pub struct ParseError {
    pub message: String,
    /// The bytes that it is about: where they begin, and how many.
    pub span: Option<(usize, usize)>,
}

/// What `look` sees in a module; without one, all that is wrong with it.
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
    read.unwrap_or_else(|| Err(no_module("The code can't be read", None)))
}

/// Where too many brackets are open. Those in texts and comments count, which is close enough.
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
    let told = parsed.diagnostics.iter().map(|error| ParseError {
        message: error.message.to_string(),
        span: error.labels.first().map(|it| (it.offset() as usize, it.len() as usize)),
    });
    Err(told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_without_end_does_no_harm() {
        for piece in ["(", "{a:", "!", "- ", "a=>", "a?b:", "if(a)", "a."] {
            let _ = parse_module(&piece.repeat(32_768 / piece.len()), |_| ());
        }
        assert_eq!(parse_module("export {}", |it| it.program.body.len()), Ok(1));
        let error = parse_module("export {", |_| ()).unwrap_err().remove(0);
        assert!(error.span.is_some(), "{error:?}");
    }
}

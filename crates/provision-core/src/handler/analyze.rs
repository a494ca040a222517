//! Parses handler code and runs every check on it.
use std::ops::Range;
use std::thread;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_semantic::SemanticBuilder;
use oxc_span::{LabeledSpan, SourceType, Span};

use crate::diagnostic::Severity;
use crate::handler::analysis::{HandlerAnalysis, HandlerDiagnostic};
use crate::handler::code::Code;
use crate::handler::{builtins, context, exports, functions, imports, language, names};

/// AppSync takes 32,768 characters, each of four bytes at most; what is longer is not read.
pub const BYTES_MAX: usize = 4 * 32_768;

/// Brackets in brackets. Nobody writes so many, and the parser's time grows with their square.
const DEPTH_MAX: usize = 256;

/// What nests without brackets, `!!!x` or `a => b => c`, still makes the parser call itself, and the walks
/// over its tree too. No construct takes more stack than half of this for each of its bytes.
const STACK_PER_BYTE: usize = 4 << 10;
const STACK_MIN: usize = 2 << 20;

/// Reads handler code. Never fails: what is no JavaScript has findings and no exports.
pub fn analyze(code: &str) -> HandlerAnalysis {
    if code.len() > BYTES_MAX {
        let message = format!("the code has {} bytes, which is too long to be read", code.len());
        return unparsable(0..first_byte(code), message, "AppSync takes 32768 characters");
    }
    if let Some(at) = excessive_nesting(code) {
        let message = format!("more than {DEPTH_MAX} brackets are open here");
        return unparsable(at..at + 1, message, "give the inner parts names of their own");
    }
    let stack = STACK_MIN + code.len() * STACK_PER_BYTE;
    let read = thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(stack);
        reader.spawn_scoped(scope, || parse(code)).ok()?.join().ok()
    });
    let message = || "the code could not be read".to_owned();
    read.unwrap_or_else(|| unparsable(0..first_byte(code), message(), "make it shorter"))
}

/// Where too many brackets are open. Those in texts and comments count, which is close enough.
fn excessive_nesting(code: &str) -> Option<usize> {
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

fn first_byte(code: &str) -> usize {
    code.chars().next().map_or(0, char::len_utf8)
}

fn unparsable(span: Range<usize>, message: String, help: &str) -> HandlerAnalysis {
    let (severity, help) = (Severity::Error, Some(help.to_owned()));
    let finding = HandlerDiagnostic { code: "PV301", severity, span, message, help };
    HandlerAnalysis { diagnostics: vec![finding], ..HandlerAnalysis::default() }
}

fn parse(text: &str) -> HandlerAnalysis {
    let arena = Allocator::default();
    let read = parse_as(&arena, text, SourceType::mjs());
    if read.diagnostics.is_empty() {
        return run_checks(text, &read.program, false);
    }
    let typed = parse_as(&arena, text, SourceType::ts());
    if typed.diagnostics.is_empty() {
        return run_checks(text, &typed.program, true);
    }
    let first = read.diagnostics.into_vec().into_iter().next();
    let place =
        first.as_ref().and_then(|diagnostic| diagnostic.labels.first()).map(LabeledSpan::span);
    let message = first.as_ref().map_or("", |diagnostic| &diagnostic.message);
    let findings = vec![syntax_error(text, message, place)];
    HandlerAnalysis { diagnostics: findings, ..HandlerAnalysis::default() }
}

/// The parser's own words behind ours, without its capital.
fn syntax_error(text: &str, message: &str, place: Option<Span>) -> HandlerDiagnostic {
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    let first =
        letters.next().map(|character| character.to_lowercase().to_string()).unwrap_or_default();
    let place = place.unwrap_or_default();
    // What lacks at the end is shown behind the last letter: past that there may be no line to show.
    let last = text.trim_end();
    let before = last.len() - last.chars().next_back().map_or(0, char::len_utf8);
    let span = match (place.start as usize, place.end as usize) {
        (start, _) if start >= last.len() => before..last.len(),
        (start, end) => start..end.min(text.len()),
    };
    HandlerDiagnostic {
        code: "PV300",
        severity: Severity::Error,
        span,
        message: format!("this is no JavaScript: {first}{}", letters.as_str()),
        help: None,
    }
}

fn parse_as<'a>(arena: &'a Allocator, text: &'a str, kind: SourceType) -> ParserReturn<'a> {
    let options = ParseOptions { preserve_parens: false, ..ParseOptions::default() };
    Parser::new(arena, text, kind).with_options(options).parse()
}

/// Looks through code that could be parsed; `typed` as TypeScript alone.
fn run_checks<'a>(text: &'a str, program: &'a Program<'a>, typed: bool) -> HandlerAnalysis {
    let builder = SemanticBuilder::new().with_build_nodes(true).with_check_syntax_error(true);
    let built = builder.build(program);
    let mut code = Code::new(text, &built.semantic);
    for error in built.diagnostics {
        let place = error.labels.first().map(LabeledSpan::span);
        code.push(syntax_error(text, &error.message, place));
    }
    if typed {
        language::check_typescript(&mut code);
    }
    let exports = exports::check(&mut code);
    imports::check(&mut code);
    names::check(&mut code);
    language::check(&mut code);
    builtins::check(&mut code);
    functions::check(&mut code);
    context::check(&mut code, &exports.entries);
    HandlerAnalysis {
        on_publish: exports.on_publish,
        on_subscribe: exports.on_subscribe,
        diagnostics: code.into_diagnostics(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::analysis::{DIAGNOSTICS_MAX, ExportKind};

    /// What is found in `code`, a number each.
    fn found(code: &str) -> Vec<&'static str> {
        analyze(code).diagnostics.into_iter().map(|diagnostic| diagnostic.code).collect()
    }

    fn shapes(code: &str) -> [Option<ExportKind>; 2] {
        let read = analyze(code);
        [read.on_publish, read.on_subscribe].map(|export| export.map(|export| export.kind))
    }

    #[test]
    fn brackets_in_brackets_end_somewhere() {
        for bracket in ["(", "[", "{", "({a:", "a(", "`${", "(a="] {
            assert_eq!(found(&bracket.repeat(10_000)), ["PV301"], "{bracket}");
        }
        assert_eq!(found(&" ".repeat(BYTES_MAX + 1)), ["PV301"]);
        assert_eq!(found(&"(a=".repeat(DEPTH_MAX)), ["PV300"]);
    }

    #[test]
    fn what_nests_without_brackets_is_read() {
        for piece in
            ["!", "- ", "typeof ", "new ", "a=>", "a?b:", "a?", "a=", "a+", "a**", "a.", "a;"]
        {
            let code = format!("export const onPublish = {}a", piece.repeat(10_000));
            assert!(found(&code).len() <= DIAGNOSTICS_MAX, "{piece}");
        }
        for piece in ["if(a);else ", "if(a)", "for(;;)", "do ", "a:"] {
            let code = format!("{}a", piece.repeat(3_000));
            assert!(!found(&code).is_empty(), "{piece}");
        }
    }

    #[test]
    fn exports_have_shapes() {
        use ExportKind::{Function, Object, Unknown};
        let object = |request, response| Some(Object { request, response });
        for (code, expected) in [
            ("export function onPublish() {}", [Some(Function), None]),
            ("export const onSubscribe = (ctx) => null", [None, Some(Function)]),
            ("function f() {}\nexport { f as onPublish, f as onSubscribe }", [Some(Function); 2]),
            ("export const onPublish = { request() {} }", [object(true, false), None]),
            (
                "const request = () => 1\nexport const onPublish = { request, response: request }",
                [object(true, true), None],
            ),
            (
                "const a = { 'response': (c) => c }\nexport { a as onPublish }",
                [object(false, true), None],
            ),
            ("const a = {}\nexport const onPublish = { ...a }", [Some(Unknown), None]),
            ("export const { onPublish } = {}", [Some(Unknown), None]),
            ("export { onPublish } from './a.js'", [Some(Unknown), None]),
            ("export let onPublish", [Some(Unknown), None]),
            ("export default function onPublish() {}", [None, None]),
            ("export function onPublish() {", [None, None]),
        ] {
            assert_eq!(shapes(code), expected, "{code}");
        }
    }

    #[test]
    fn broken_code_is_a_finding() {
        for code in ["export function", "{", "'", "`", "/*", "\u{feff}x y", "€€", "#!a\n)", "\0"]
        {
            assert_eq!(found(code)[0], "PV300", "{code}");
        }
        assert_eq!(found(""), ["PV303"]);
    }
}

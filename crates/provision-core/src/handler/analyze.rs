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

/// Maximum number of bytes that are parsed: AppSync accepts 32,768 characters, and a character has at most four bytes.
const BYTES_MAX: usize = 4 * 32_768;

/// Maximum number of nested brackets. The time that the parser takes grows with their square.
const DEPTH_MAX: usize = 256;

/// The stack for each byte of code. The parser and the checks recurse for constructs that nest without brackets,
/// such as `!!!x` and `a => b => c`; none of them needs more than half of this per byte.
const STACK_PER_BYTE: usize = 4 << 10;
const STACK_MIN: usize = 2 << 20;

/// Parses and checks handler code. Never fails: code that is not valid JavaScript has diagnostics and no exports.
pub fn analyze(code: &str) -> HandlerAnalysis {
    if code.len() > BYTES_MAX {
        let message = format!("the code is too long: {} bytes", code.len());
        return unparsable(
            0..first_byte(code),
            message,
            "AppSync accepts at most 32,768 characters",
        );
    }
    if let Some(offset) = excessive_nesting(code) {
        let message = format!("more than {DEPTH_MAX} nested brackets");
        let help = "assign the inner expressions to constants";
        return unparsable(offset..offset + 1, message, help);
    }
    let stack = STACK_MIN + code.len() * STACK_PER_BYTE;
    let analysis = thread::scope(|scope| {
        let parser = thread::Builder::new().stack_size(stack);
        parser.spawn_scoped(scope, || parse(code)).ok()?.join().ok()
    });
    let message = || "the code cannot be checked".to_owned();
    analysis.unwrap_or_else(|| unparsable(0..first_byte(code), message(), "shorten the code"))
}

/// Returns where too many brackets are open. Brackets in strings and comments count, too: an exact count would need
/// the parser.
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
    let diagnostic = HandlerDiagnostic { code: "PV301", severity, span, message, help };
    HandlerAnalysis { diagnostics: vec![diagnostic], ..HandlerAnalysis::default() }
}

fn parse(text: &str) -> HandlerAnalysis {
    let arena = Allocator::default();
    let javascript = parse_as(&arena, text, SourceType::mjs());
    if javascript.diagnostics.is_empty() {
        return run_checks(text, &javascript.program, false);
    }
    let typescript = parse_as(&arena, text, SourceType::ts());
    if typescript.diagnostics.is_empty() {
        return run_checks(text, &typescript.program, true);
    }
    let first = javascript.diagnostics.into_vec().into_iter().next();
    let span =
        first.as_ref().and_then(|diagnostic| diagnostic.labels.first()).map(LabeledSpan::span);
    let message = first.as_ref().map_or("", |diagnostic| &diagnostic.message);
    let diagnostics = vec![syntax_error(text, message, span)];
    HandlerAnalysis { diagnostics, ..HandlerAnalysis::default() }
}

/// Returns PV300 with the parser's message, whose first letter is changed to lower case.
fn syntax_error(text: &str, message: &str, span: Option<Span>) -> HandlerDiagnostic {
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    let first =
        letters.next().map(|character| character.to_lowercase().to_string()).unwrap_or_default();
    let span = span.unwrap_or_default();
    // An error at the end of the code is shown at the last character: there may be no line after it.
    let last = text.trim_end();
    let before = last.len() - last.chars().next_back().map_or(0, char::len_utf8);
    let span = match (span.start as usize, span.end as usize) {
        (start, _) if start >= last.len() => before..last.len(),
        (start, end) => start..end.min(text.len()),
    };
    HandlerDiagnostic {
        code: "PV300",
        severity: Severity::Error,
        span,
        message: format!("not valid JavaScript: {first}{}", letters.as_str()),
        help: None,
    }
}

fn parse_as<'a>(arena: &'a Allocator, text: &'a str, kind: SourceType) -> ParserReturn<'a> {
    let options = ParseOptions { preserve_parens: false, ..ParseOptions::default() };
    Parser::new(arena, text, kind).with_options(options).parse()
}

/// Runs every check on code that was parsed.
fn run_checks<'a>(text: &'a str, program: &'a Program<'a>, is_typescript: bool) -> HandlerAnalysis {
    let builder = SemanticBuilder::new().with_build_nodes(true).with_check_syntax_error(true);
    let resolution = builder.build(program);
    let mut code = Code::new(text, &resolution.semantic);
    for error in resolution.diagnostics {
        let span = error.labels.first().map(LabeledSpan::span);
        code.push(syntax_error(text, &error.message, span));
    }
    if is_typescript {
        language::check_typescript(&mut code);
    }
    let exports = exports::check(&mut code);
    imports::check(&mut code);
    names::check(&mut code);
    language::check(&mut code);
    builtins::check(&mut code);
    functions::check(&mut code);
    context::check(&mut code, &exports.entry_points);
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

    fn codes(code: &str) -> Vec<&'static str> {
        analyze(code).diagnostics.into_iter().map(|diagnostic| diagnostic.code).collect()
    }

    fn export_kinds(code: &str) -> [Option<ExportKind>; 2] {
        let analysis = analyze(code);
        [analysis.on_publish, analysis.on_subscribe].map(|export| export.map(|export| export.kind))
    }

    #[test]
    fn nested_brackets_are_limited() {
        for bracket in ["(", "[", "{", "({a:", "a(", "`${", "(a="] {
            assert_eq!(codes(&bracket.repeat(10_000)), ["PV301"], "{bracket}");
        }
        assert_eq!(codes(&" ".repeat(BYTES_MAX + 1)), ["PV301"]);
        assert_eq!(codes(&"(a=".repeat(DEPTH_MAX)), ["PV300"]);
    }

    #[test]
    fn constructs_that_nest_without_brackets_are_parsed() {
        for piece in
            ["!", "- ", "typeof ", "new ", "a=>", "a?b:", "a?", "a=", "a+", "a**", "a.", "a;"]
        {
            let code = format!("export const onPublish = {}a", piece.repeat(10_000));
            assert!(codes(&code).len() <= DIAGNOSTICS_MAX, "{piece}");
        }
        for piece in ["if(a);else ", "if(a)", "for(;;)", "do ", "a:"] {
            let code = format!("{}a", piece.repeat(3_000));
            assert!(!codes(&code).is_empty(), "{piece}");
        }
    }

    #[test]
    fn an_export_is_a_function_an_object_or_unknown() {
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
            assert_eq!(export_kinds(code), expected, "{code}");
        }
    }

    #[test]
    fn code_that_is_not_valid_javascript_has_a_diagnostic() {
        for code in ["export function", "{", "'", "`", "/*", "\u{feff}x y", "€€", "#!a\n)", "\0"]
        {
            assert_eq!(codes(code)[0], "PV300", "{code}");
        }
        assert_eq!(codes(""), ["PV303"]);
    }
}

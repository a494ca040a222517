//! The JavaScript of a handler, read by a real parser: what it exports, and what APPSYNC_JS refuses.
//! Runs nothing, and knows nothing of specs. Pure.
mod builtins;
mod code;
mod context;
mod exports;
mod functions;
mod imports;
mod language;
mod names;
mod types;

use std::ops::Range;
use std::thread;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_semantic::SemanticBuilder;
use oxc_span::{LabeledSpan, SourceType, Span};

use crate::diagnostic::Severity;
use crate::handler::code::Code;

/// What there is to know of a handler's code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handlers {
    pub on_publish: Option<Export>,
    pub on_subscribe: Option<Export>,
    /// By place, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// One of the two names that AppSync looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Where the name stands.
    pub span: Range<usize>,
    pub shape: Shape,
}

/// What is exported under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// It runs without a data source.
    Function,
    /// It makes a data source's request and reads its answer.
    Object { request: bool, response: bool },
    /// Only running the code would show.
    Unknown,
}

/// Something that AppSync refuses, or that probably is not what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `PV310`.
    pub code: &'static str,
    pub severity: Severity,
    /// Bytes of the code.
    pub span: Range<usize>,
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// AppSync takes 32,768 characters, each of four bytes at most; what is longer is not read.
pub const BYTES_MAX: usize = 4 * 32_768;

/// Nobody reads more at once, and broken code can have as many as it has characters.
pub const FINDINGS_MAX: usize = 100;

/// The parser calls itself for each level of nesting, and so do the walks over its tree. No construct
/// takes more stack for each of its characters, however code is nested; `deep_code_is_read` tries them.
const STACK_FOR_BYTE: usize = 16 << 10;
const STACK_LEAST: usize = 2 << 20;

/// Reads handler code. Never fails: what is no JavaScript has findings and no exports.
pub fn read(code: &str) -> Handlers {
    if code.len() > BYTES_MAX {
        return unreadable(code, "the code is too long to be read");
    }
    let stack = STACK_LEAST + code.len() * STACK_FOR_BYTE;
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(stack);
        let read = reader.spawn_scoped(scope, || parse(code)).ok().and_then(|it| it.join().ok());
        read.unwrap_or_else(|| unreadable(code, "the code is nested too deep to be read"))
    })
}

/// Only this much of the code is wrong: that it can't be read as a whole.
fn unreadable(code: &str, message: &str) -> Handlers {
    let first = code.chars().next().map_or(0, char::len_utf8);
    let finding = Finding {
        code: "PV301",
        severity: Severity::Error,
        span: 0..first,
        message: message.to_owned(),
        help: Some("AppSync takes 32768 characters; bundle less into it".to_owned()),
    };
    Handlers { findings: vec![finding], ..Handlers::default() }
}

fn parse(text: &str) -> Handlers {
    let arena = Allocator::default();
    let read = parse_as(&arena, text, SourceType::mjs());
    if read.diagnostics.is_empty() {
        return look(text, &read.program, false);
    }
    let typed = parse_as(&arena, text, SourceType::ts());
    if typed.diagnostics.is_empty() {
        return look(text, &typed.program, true);
    }
    let first = read.diagnostics.into_vec().into_iter().next();
    let place = first.as_ref().and_then(|it| it.labels.first()).map(LabeledSpan::span);
    let message = first.as_ref().map_or("", |it| &it.message);
    let findings = vec![syntax_error(text, message, place)];
    Handlers { findings, ..Handlers::default() }
}

/// The parser's own words behind ours, without its capital.
fn syntax_error(text: &str, message: &str, place: Option<Span>) -> Finding {
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    let first = letters.next().map(|it| it.to_lowercase().to_string()).unwrap_or_default();
    let place = place.unwrap_or_default();
    let (start, end) = (place.start as usize, place.end as usize);
    Finding {
        code: "PV300",
        severity: Severity::Error,
        span: start.min(text.len())..end.min(text.len()),
        message: format!("this is no JavaScript: {first}{}", letters.as_str()),
        help: None,
    }
}

fn parse_as<'a>(arena: &'a Allocator, text: &'a str, kind: SourceType) -> ParserReturn<'a> {
    let options = ParseOptions { preserve_parens: false, ..ParseOptions::default() };
    Parser::new(arena, text, kind).with_options(options).parse()
}

/// Looks through code that could be parsed; `typed` as TypeScript alone.
fn look<'a>(text: &'a str, program: &'a Program<'a>, typed: bool) -> Handlers {
    let builder = SemanticBuilder::new().with_build_nodes(true).with_check_syntax_error(true);
    let built = builder.build(program);
    let mut code = Code::new(text, &built.semantic);
    for error in built.diagnostics {
        let place = error.labels.first().map(LabeledSpan::span);
        code.push(syntax_error(text, &error.message, place));
    }
    if typed {
        types::check(&mut code);
    }
    let exports = exports::check(&mut code);
    imports::check(&mut code);
    names::check(&mut code);
    language::check(&mut code);
    builtins::check(&mut code);
    functions::check(&mut code);
    context::check(&mut code, &exports.entries);
    Handlers {
        on_publish: exports.on_publish,
        on_subscribe: exports.on_subscribe,
        findings: code.into_findings(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in `code`: numbers and the marked text.
    fn found(code: &str) -> Vec<(&'static str, &str)> {
        read(code).findings.into_iter().map(|it| (it.code, &code[it.span])).collect()
    }

    #[test]
    fn deep_code_is_read() {
        for (opening, closing) in [
            ("(", ")"),
            ("[", "]"),
            ("{", "}"),
            ("({a:", "})"),
            ("({get a(){return ", "}})"),
            ("function f(){", "}"),
            ("class A{a(){", "}}"),
            ("`${", "}`"),
            ("!", ""),
            ("- ", ""),
            ("+ ", ""),
            ("typeof ", ""),
            ("new ", ""),
            ("new a(", ")"),
            ("a(", ")"),
            ("a=>", ""),
            ("(a)=>", ""),
            ("(a=", ")=>a"),
            ("async a=>", ""),
            ("a?b:", "c"),
            ("a?", ":b"),
            ("a=", ""),
            ("a+", ""),
            ("a**", ""),
            ("a.", ""),
            ("a??", ""),
            ("a,", ""),
            ("a[", "]"),
            ("a\n`", "`"),
            ("if(a)", ""),
            ("if(a);else ", ""),
            ("for(;;)", ""),
            ("while(a)", ""),
            ("do ", "while(a)"),
            ("with(a)", ""),
            ("a:", ""),
            ("try{", "}finally{}"),
            ("switch(a){case ", ":}"),
            ("let {a:", "}"),
            ("[a=", "]=a"),
            ("<", ""),
            ("<a>", ""),
            ("...", ""),
            ("yield ", ""),
            ("await ", ""),
            ("import(", ")"),
            ("/", ""),
            ("@", ""),
            ("let a:", ""),
            ("type a=", ""),
            ("type a=keyof ", ""),
            ("type a=A<", ">"),
            ("let a:(a:", ")=>a"),
            ("a as ", ""),
            ("a!", ""),
            ("namespace a.", ""),
            ("a?.", ""),
            ("() => {", "}"),
            ("({...", "})"),
        ] {
            for levels in [10_000, BYTES_MAX / (opening.len() + closing.len()) - 1] {
                for middle in ["", "a"] {
                    let code =
                        format!("{}{middle}{}", opening.repeat(levels), closing.repeat(levels));
                    std::eprintln!(
                        "{opening} {levels} {}",
                        read(&code[..code.len().min(BYTES_MAX)]).findings.len()
                    );
                }
            }
        }
    }
}

//! Findings for people, with the source line and a caret, and for programs.
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{At, Diagnostic, Severity};
use crate::source::Source;

/// More than this nobody reads; the rest is counted.
const SHOWN_MAX: usize = 50;

/// All findings of one file, by place.
pub fn text(source: &Source, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in sorted(source, diagnostics).into_iter().take(SHOWN_MAX) {
        text.push_str(&renderer.render(&report(source, diagnostic)));
        text.push_str("\n\n");
    }
    if diagnostics.len() > SHOWN_MAX {
        text.push_str(&format!("… and {} more\n\n", diagnostics.len() - SHOWN_MAX));
    }
    text
}

/// The findings of several files as a list of flat objects.
pub fn json(sources: &[(&Source, &[Diagnostic])]) -> Value {
    let each = sources.iter().flat_map(|(source, diagnostics)| {
        sorted(source, diagnostics).into_iter().map(|it| object(source, it))
    });
    each.collect()
}

fn sorted<'a>(source: &Source, diagnostics: &'a [Diagnostic]) -> Vec<&'a Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|it| (source.span(&it.at).start, it.severity));
    sorted
}

fn report<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let window = Window::around(source, source.span(&diagnostic.at));
    let main = match (&diagnostic.at, window.text.is_empty()) {
        (At::File, _) | (_, true) => title.element(Origin::path(source.name.as_str())),
        _ => {
            let mark = AnnotationKind::Primary.span(window.span.clone());
            let mark = mark.label(diagnostic.label.as_deref());
            title.element(window.snippet().path(source.name.as_str()).annotation(mark))
        }
    };
    let help = diagnostic.help.as_ref().map(|help| {
        let title = Level::HELP.secondary_title(help.as_str());
        match &diagnostic.suggestion {
            Some(text) => {
                let patch = Patch::new(window.span.clone(), text.as_str());
                title.element(Window::around(source, source.span(&diagnostic.at)).patched(patch))
            }
            None => Group::with_title(title),
        }
    });
    [main].into_iter().chain(help).collect()
}

/// The lines around a span: the renderer need not see the rest of a large file.
struct Window<'a> {
    text: &'a str,
    first_line: usize,
    span: Range<usize>,
}

impl<'a> Window<'a> {
    fn around(source: &'a Source, span: Range<usize>) -> Self {
        let text = source.text.as_str();
        let start = text[..span.start].rfind('\n').map_or(0, |it| it + 1);
        let start =
            if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
        let end = text[span.end..].find('\n').map_or(text.len(), |it| span.end + it);
        let start = start.min(span.start);
        Self {
            text: text[start..end].trim_end_matches('\r'),
            first_line: source.place_of(span.start).line,
            span: span.start - start..span.end - start,
        }
    }
    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(self.text).line_start(self.first_line)
    }
    fn patched(&self, patch: Patch<'a>) -> Snippet<'a, Patch<'a>> {
        self.snippet().patch(patch)
    }
}

fn object(source: &Source, it: &Diagnostic) -> Value {
    let span = source.span(&it.at);
    let (start, end) = (source.place_of(span.start), source.place_of(span.end));
    let path = match &it.at {
        At::Key(path) | At::Value(path) => Some(path.to_string()),
        At::File | At::Span(_) => None,
    };
    json!({
        "code": it.code,
        "severity": it.severity.as_str(),
        "message": it.message,
        "help": it.help,
        "path": path,
        "file": source.name,
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "byteStart": span.start,
        "byteEnd": span.end,
        "suggestion": it.suggestion,
    })
}

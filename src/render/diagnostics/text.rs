//! Formats diagnostics for people, with their source lines and carets.
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use crate::render::diagnostics::document::sorted;
use provision_core::diagnostic::{Diagnostic, Location, Severity};
use provision_core::source::{Position, Source, TextLocation};

/// Source lines with more bytes are not shown.
pub(crate) const LINE_MAX: usize = 4_096;
/// Maximum number of diagnostics with source lines; the rest is counted.
const SNIPPETS_MAX: usize = 50;
/// Maximum number of diagnostics in a short list.
const LISTED_MAX: usize = 200;

/// Formats all diagnostics of a spec and the files that it references, by location.
pub fn text(source: &Source, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for (diagnostic, located) in sorted(source, diagnostics).into_iter().take(SNIPPETS_MAX) {
        text.push_str(&renderer.render(&report(diagnostic, &located)));
        text.push_str("\n\n");
    }
    if diagnostics.len() > SNIPPETS_MAX {
        text.push_str(&format!("… and {} more\n\n", diagnostics.len() - SNIPPETS_MAX));
    }
    text
}

/// Formats diagnostics of one kind as a short list, one per line.
pub fn list(source: &Source, title: &str, diagnostics: &[Diagnostic]) -> String {
    let mut text = format!("{title}:\n");
    for (diagnostic, located) in sorted(source, diagnostics).into_iter().take(LISTED_MAX) {
        let Position { line, column } = located.start;
        let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let message = &diagnostic.message;
        text.push_str(&format!("  {}:{line}:{column}: {message}{help}\n", located.name));
    }
    if diagnostics.len() > LISTED_MAX {
        text.push_str(&format!("  … and {} more\n", diagnostics.len() - LISTED_MAX));
    }
    text.push('\n');
    text
}

fn report<'a>(diagnostic: &'a Diagnostic, located: &TextLocation<'a>) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let window = Window::new(located);
    let main = match (&diagnostic.location, window.text.len()) {
        (Location::File, _) | (_, 0) => title.element(Origin::path(located.name)),
        // A line of this length is unreadable, and slow to render.
        (_, LINE_MAX..) => {
            let Position { line, column } = located.start;
            title.element(Origin::path(located.name).line(line).char_column(column))
        }
        _ => {
            let mark = AnnotationKind::Primary.span(window.span.clone());
            let mark = mark.label(diagnostic.label.as_deref());
            title.element(window.snippet().path(located.name).annotation(mark))
        }
    };
    let help = diagnostic.help.as_ref().map(|help| {
        let title = Level::HELP.secondary_title(help.as_str());
        match &diagnostic.suggestion {
            Some(text) if window.text.len() < LINE_MAX => {
                title.element(window.patched(Patch::new(window.span.clone(), text.as_str())))
            }
            _ => Group::with_title(title),
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
    fn new(located: &TextLocation<'a>) -> Self {
        let TextLocation { text, span, .. } = located;
        let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let start =
            if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
        let end = text[span.end..].find('\n').map_or(text.len(), |newline| span.end + newline);
        let start = start.min(span.start);
        let text = text[start..end].trim_end_matches('\r');
        // A diagnostic at the end of a line can be after its `\r`.
        let clamp = |byte: usize| (byte - start).min(text.len());
        let (first_line, span) = (located.start.line, clamp(span.start)..clamp(span.end));
        Self { text, first_line, span }
    }
    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(self.text).line_start(self.first_line)
    }
    fn patched(&self, patch: Patch<'a>) -> Snippet<'a, Patch<'a>> {
        self.snippet().patch(patch)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::render::diagnostics::document::{DiagnosticDocument, SpecDiagnostics, documents};
    use provision_core::diagnostic::ReferencedFile;

    #[test]
    fn a_diagnostic_after_the_end_of_its_line_is_shown_at_the_end() {
        for text in [" \n\r?\r\r", "\r\r", "version: 1\r\nstack: [\r\r"] {
            let (source, mut diagnostics) = Source::parse("spec.yaml", text.as_bytes());
            for end in 0..=text.len() {
                diagnostics.push(Diagnostic::error(
                    "PV999",
                    Location::Span(end..text.len()),
                    "here",
                ));
            }
            assert!(self::text(&source, &diagnostics, false).contains("here"), "{text:?}");
        }
    }

    #[test]
    fn a_diagnostic_in_another_file_is_shown_with_its_line_and_after_those_in_the_spec() {
        let (source, _) = Source::parse("spec.yaml", b"version: 1\nstack: s\n");
        let code = "export const onPublish = (ctx) => {\n  return ctx.event\n}\n".to_owned();
        let file = Arc::new(ReferencedFile { name: "handlers/chat.js".into(), text: code });
        let at = Location::ReferencedFile { file, span: 45..54 };
        let diagnostics = [
            Diagnostic::error("PV399", at, "no such member").with_label("here"),
            Diagnostic::warning("PV299", Location::Span(18..19), "a short name"),
        ];
        let expected = "\
warning[PV299]: a short name
 --> spec.yaml:2:8
  |
2 | stack: s
  |        ^

error[PV399]: no such member
 --> handlers/chat.js:2:10
  |
2 |   return ctx.event
  |          ^^^^^^^^^ here

";
        assert_eq!(text(&source, &diagnostics, false), expected);
        let documents = documents(&[SpecDiagnostics {
            source: &source,
            diagnostics: &diagnostics,
            suppressed: &[],
        }]);
        let place = |diagnostic_document: &DiagnosticDocument<'_>| {
            (
                diagnostic_document.line,
                diagnostic_document.column,
                diagnostic_document.end_line,
                diagnostic_document.end_column,
            )
        };
        assert_eq!((documents[1].file, place(&documents[1])), ("handlers/chat.js", (2, 10, 2, 19)));
    }
}

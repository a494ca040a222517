//! Suppression comments: `# provision: allow PV204 until 2027-01-31 reason`.
//!
//! A comment suppresses warnings and notes in one line: its own or, if nothing else is in that line, the next. It never
//! suppresses an error.
mod comment;
mod javascript;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Location, ReferencedFile, Severity};
use crate::explain::pages;
use crate::source::{Source, SourceMap};
use crate::suggest::closest_match;
use crate::suppression::comment::{InvalidComment, SuppressionComment, parse};

/// Diagnostics, separated by whether a comment suppresses them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuppressionResult {
    /// The diagnostics to show, including those about the comments.
    pub diagnostics: Vec<Diagnostic>,
    /// The diagnostics that comments suppress.
    pub suppressed: Vec<SuppressedDiagnostic>,
}

/// A diagnostic that a comment suppresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressedDiagnostic {
    /// The diagnostic.
    pub diagnostic: Diagnostic,
    /// The reason in the comment. Can be empty.
    pub reason: String,
}

/// Applies the suppression comments in the spec and in `files`, the files that it refers to.
pub fn apply_suppressions(
    source: &Source,
    files: &[Arc<ReferencedFile>],
    diagnostics: Vec<Diagnostic>,
    now_epoch_s: i64,
) -> SuppressionResult {
    let source_map = SourceMap::new(source);
    let files = referenced_files(files, &diagnostics);
    let mut suppressor = Suppressor::new(source, &files, &source_map);
    if suppressor.comments.is_empty() && suppressor.result.diagnostics.is_empty() {
        return SuppressionResult { diagnostics, suppressed: Vec::new() };
    }
    let has_errors = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    for diagnostic in diagnostics {
        let (file, line) =
            (file_name(&diagnostic.location), source_map.locate(&diagnostic.location).start.line);
        suppressor.apply(diagnostic, file, line, now_epoch_s);
    }
    suppressor.finish(has_errors, now_epoch_s)
}

/// Returns `files` and the files of the diagnostics, each once.
fn referenced_files(
    files: &[Arc<ReferencedFile>],
    diagnostics: &[Diagnostic],
) -> Vec<Arc<ReferencedFile>> {
    let in_diagnostics = diagnostics.iter().filter_map(|diagnostic| match &diagnostic.location {
        Location::ReferencedFile { file, .. } => Some(file),
        _ => None,
    });
    let mut names = BTreeSet::new();
    files
        .iter()
        .chain(in_diagnostics)
        .filter(|file| names.insert(file.name.clone()))
        .map(Arc::clone)
        .collect()
}

/// Returns the file of a location; `None` for the spec.
fn file_name(location: &Location) -> Option<String> {
    match location {
        Location::ReferencedFile { file, .. } => Some(file.name.clone()),
        _ => None,
    }
}

/// The comments of all files, and the diagnostics to which they have been applied.
struct Suppressor {
    comments: Vec<Suppression>,
    /// The indexes of the comments that apply to a line of a file.
    lines: BTreeMap<(Option<String>, usize), Vec<usize>>,
    result: SuppressionResult,
}

/// A comment, its file, and the codes for which there were diagnostics.
struct Suppression {
    comment: SuppressionComment,
    file: Option<Arc<ReferencedFile>>,
    /// The codes of warnings and notes.
    used: BTreeSet<String>,
    /// The codes of errors, which cannot be suppressed.
    errors: BTreeSet<String>,
}

impl Suppression {
    fn location(&self, span: &Range<usize>) -> Location {
        location(self.file.as_ref(), span)
    }
}

fn location(file: Option<&Arc<ReferencedFile>>, span: &Range<usize>) -> Location {
    let span = span.clone();
    match file {
        Some(file) => Location::ReferencedFile { file: Arc::clone(file), span },
        None => Location::Span(span),
    }
}

impl Suppressor {
    fn new(source: &Source, files: &[Arc<ReferencedFile>], source_map: &SourceMap<'_>) -> Self {
        let (comments, lines) = (Vec::new(), BTreeMap::new());
        let mut suppressor = Self { comments, lines, result: SuppressionResult::default() };
        for span in source.comments() {
            suppressor.add_comment(&source.text, span, None, source_map);
        }
        for code in source.code_blocks() {
            let text = source.text.get(code.clone()).unwrap_or_default();
            for span in javascript::comments(text) {
                let span = code.start + span.start..code.start + span.end;
                suppressor.add_comment(&source.text, &span, None, source_map);
            }
        }
        for file in files {
            for span in javascript::comments(&file.text) {
                suppressor.add_comment(&file.text, &span, Some(file), source_map);
            }
        }
        suppressor
    }

    /// Adds a comment, if it is a suppression.
    fn add_comment(
        &mut self,
        text: &str,
        span: &Range<usize>,
        file: Option<&Arc<ReferencedFile>>,
        source_map: &SourceMap<'_>,
    ) {
        let line = source_map.locate(&location(file, span)).start.line;
        match parse(text, span, line) {
            None => {}
            Some(Ok(comment)) => {
                let line = (file.map(|file| file.name.clone()), comment.line);
                self.lines.entry(line).or_default().push(self.comments.len());
                let (used, errors) = (BTreeSet::new(), BTreeSet::new());
                self.comments.push(Suppression { comment, file: file.cloned(), used, errors });
            }
            Some(Err(invalid)) => {
                let location = location(file, &invalid.span);
                self.result.diagnostics.push(invalid_comment(&invalid, location));
            }
        }
    }

    fn apply(
        &mut self,
        diagnostic: Diagnostic,
        file: Option<String>,
        line: usize,
        now_epoch_s: i64,
    ) {
        let code = diagnostic.code;
        for n in self.lines.get(&(file, line)).into_iter().flatten() {
            let suppression = &mut self.comments[*n];
            if !suppression.comment.codes.iter().any(|(text, _)| text == code) {
                continue;
            }
            if diagnostic.severity == Severity::Error {
                suppression.errors.insert(code.to_owned());
                continue;
            }
            suppression.used.insert(code.to_owned());
            if !suppression.comment.is_expired(now_epoch_s) {
                let reason = suppression.comment.reason.clone();
                self.result.suppressed.push(SuppressedDiagnostic { diagnostic, reason });
                return;
            }
        }
        self.result.diagnostics.push(diagnostic);
    }

    /// Adds the diagnostics about the comments themselves.
    fn finish(self, has_errors: bool, now_epoch_s: i64) -> SuppressionResult {
        let mut result = self.result;
        let known: BTreeSet<&str> = pages().map(|page| page.code).collect();
        for suppression in &self.comments {
            if suppression.comment.is_expired(now_epoch_s) {
                result.diagnostics.push(expired(suppression));
            }
            for (code, span) in &suppression.comment.codes {
                let location = suppression.location(span);
                if !known.contains(code.as_str()) {
                    result.diagnostics.push(unknown_code(code, location));
                } else if suppression.errors.contains(code) {
                    result.diagnostics.push(not_suppressible(code, location));
                } else if !suppression.used.contains(code) && !has_errors {
                    result.diagnostics.push(unused(code, location));
                }
            }
        }
        result
    }
}

fn expired(suppression: &Suppression) -> Diagnostic {
    let location = suppression.location(&suppression.comment.span);
    Diagnostic::warning("PV020", location, "suppression expired")
        .with_help("fix the cause, or set a later date")
}

fn unused(code: &str, location: Location) -> Diagnostic {
    let message = format!("unused suppression: nothing here causes `{code}`");
    Diagnostic::warning("PV021", location, message).with_help(
        "remove the comment or move it: at the end of a line it applies to that line, \
         on a separate line to the next",
    )
}

fn invalid_comment(invalid: &InvalidComment, location: Location) -> Diagnostic {
    let diagnostic = Diagnostic::warning("PV022", location, invalid.message.clone());
    match &invalid.suggestion {
        Some(text) => {
            diagnostic.with_help(format!("did you mean `{text}`?")).with_suggestion(*text)
        }
        None => {
            diagnostic.with_help("write `provision: allow PV204, PV205 until 2027-01-31 reason`")
        }
    }
}

fn unknown_code(code: &str, location: Location) -> Diagnostic {
    let diagnostic = Diagnostic::warning("PV023", location, format!("unknown code `{code}`"));
    match closest_match(code, pages().map(|page| page.code)) {
        Some(code) => diagnostic.with_help(format!("did you mean `{code}`?")).with_suggestion(code),
        None => diagnostic.with_help("`provision explain` lists all codes"),
    }
}

fn not_suppressible(code: &str, location: Location) -> Diagnostic {
    let message = format!("`{code}` is an error, and only warnings and notes can be suppressed");
    Diagnostic::warning("PV024", location, message)
        .with_help("fix the error, and remove the comment")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T03:00:00Z.
    const NOON: i64 = 1_795_489_200;

    /// Applies the comments in `text` to a warning PV204 at each `owner` and PV201 at each `ctx.`. Compares the
    /// diagnostics, as `PV204 3:1`, and the reasons of the suppressed ones.
    fn check(text: &str, expected: &[&str], reasons: &[&str]) {
        let (source, _) = Source::parse("spec.yaml", text.as_bytes());
        let warnings = |code, word: &'static str| {
            text.match_indices(word).map(move |(n, _)| {
                Diagnostic::warning(code, Location::Span(n..n + word.len()), "found")
            })
        };
        let diagnostics = warnings("PV204", "owner").chain(warnings("PV201", "ctx.")).collect();
        let result = apply_suppressions(&source, &[], diagnostics, NOON);
        let line = |diagnostic: &Diagnostic| {
            let position = source.position(&diagnostic.location);
            format!("{} {}:{}", diagnostic.code, position.line, position.column)
        };
        assert_eq!(result.diagnostics.iter().map(line).collect::<Vec<_>>(), expected, "{text}");
        let actual: Vec<&str> =
            result.suppressed.iter().map(|suppressed| suppressed.reason.as_str()).collect();
        assert_eq!(actual, reasons, "{text}");
    }

    #[test]
    fn a_comment_applies_to_its_line_or_to_the_next_line_with_content() {
        check("owner: a # provision: allow PV204 approved by mail\n", &[], &["approved by mail"]);
        check("# provision: allow PV204\n\n# more\nowner: a\n", &[], &[""]);
        check("# provision: allow PV201, PV204 both\nowner: ctx.x\n", &[], &["both", "both"]);
        check("# provision: allow PV204\nowner: a\nb: owner\n", &["PV204 3:4"], &[""]);
        check("a: 1 # provision: allow PV204\nowner: a\n", &["PV204 2:1", "PV021 1:25"], &[]);
        check("#provision:allow PV204,PV201\nowner: a\n", &["PV021 1:24"], &[""]);
    }

    #[test]
    fn a_hash_inside_a_text_does_not_start_a_comment() {
        check("owner: 'a # provision: allow PV204'\n", &["PV204 1:1"], &[]);
        check("owner: \"a # provision: allow PV204\"\n", &["PV204 1:1"], &[]);
        check("owner: a# provision: allow PV204\n", &["PV204 1:1"], &[]);
        check("a: |\n  # provision: allow PV204\n  owner\n", &["PV204 3:3"], &[]);
    }

    #[test]
    fn comments_in_inline_code_apply_to_its_lines() {
        let code = "a: |\n  x(ctx.a) // provision: allow PV201 for now\n  'it // provision: allow PV201'; ctx.b\nb: 1\n";
        check(code, &["PV201 3:35"], &["for now"]);
        check("a: |\n  // provision: allow PV201\n  // more\n\n  ctx.a\n", &[], &[""]);
    }

    #[test]
    fn a_suppression_expires_at_the_end_of_its_day() {
        check("owner: a # provision: allow PV204 until 2026-11-24 x\n", &[], &["x"]);
        let expired = ["PV204 1:1", "PV020 1:10"];
        check("owner: a # provision: allow PV204 until 2026-11-23 x\n", &expired, &[]);
    }

    #[test]
    fn an_invalid_comment_suppresses_nothing() {
        let check = |comment: &str, code: &str, suggestion: Option<&str>| {
            let text = format!("owner: a # {comment}\n");
            let (source, _) = Source::parse("spec.yaml", text.as_bytes());
            let result = apply_suppressions(&source, &[], Vec::new(), NOON);
            let actual = result
                .diagnostics
                .iter()
                .map(|diagnostic| (diagnostic.code, diagnostic.suggestion.as_deref()));
            assert_eq!(actual.collect::<Vec<_>>(), [(code, suggestion)], "{comment}");
        };
        check("provision: alow PV204", "PV022", Some("allow"));
        check("provision: PV204", "PV022", None);
        check("provision: allow", "PV022", None);
        check("provision: allow because", "PV022", None);
        check("provision: allow PV204,", "PV022", None);
        check("provision: allow PV204 until", "PV022", None);
        check("provision: allow PV204 until tomorrow", "PV022", None);
        check("provision: allow PV204 until 2026-02-30", "PV022", None);
        check("provision: allow PV204 untill 2027-01-31", "PV022", Some("until"));
        check("provision: allow PV2O4", "PV023", Some("PV204"));
        check("provision: allow pv204", "PV023", Some("PV204"));
        // With errors, unused suppressions are not reported: some checks did not run.
        let (source, _) = Source::parse("spec.yaml", b"owner: a # provision: allow PV204\n");
        let error = Diagnostic::error("PV202", Location::File, "found");
        assert_eq!(apply_suppressions(&source, &[], vec![error], NOON).diagnostics.len(), 1);
    }

    #[test]
    fn a_comment_about_provision_is_not_a_suppression() {
        check("a: 1 # provision: see the README\n", &[], &[]);
        check("a: 1 # provision\n", &[], &[]);
    }

    #[test]
    fn a_suppression_of_an_error_is_reported() {
        let (source, _) = Source::parse("spec.yaml", b"a: 1 # provision: allow PV202\n");
        let error = Diagnostic::error("PV202", Location::Span(0..1), "found");
        let result = apply_suppressions(&source, &[], vec![error], NOON);
        let codes: Vec<&str> =
            result.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!((codes.as_slice(), result.suppressed.len()), (&["PV202", "PV024"][..], 0));
    }

    #[test]
    fn a_comment_in_a_handler_applies_to_the_handlers_lines() {
        let text = "ctx.a // provision: allow PV201 why\nctx.b\n// provision: allow PV201\n";
        let file = Arc::new(ReferencedFile { name: "chat.js".into(), text: text.into() });
        let at = |span| Location::ReferencedFile { file: Arc::clone(&file), span };
        let diagnostics =
            [0..4, 36..40].map(|span| Diagnostic::warning("PV201", at(span), "found"));
        let (source, _) = Source::parse("spec.yaml", b"a: 1 # provision: allow PV201\n");
        let result = apply_suppressions(&source, &[Arc::clone(&file)], diagnostics.into(), NOON);
        let line = |diagnostic: &Diagnostic| {
            (
                diagnostic.code,
                file_name(&diagnostic.location),
                source.position(&diagnostic.location).line,
            )
        };
        let chat = || Some("chat.js".to_owned());
        assert_eq!(
            result.diagnostics.iter().map(line).collect::<Vec<_>>(),
            [("PV201", chat(), 2), ("PV021", None, 1), ("PV021", chat(), 3)]
        );
        assert_eq!(result.suppressed[0].reason, "why");
    }
}

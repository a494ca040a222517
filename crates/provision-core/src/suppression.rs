//! `# provision: allow PV204 until 2027-01-31 why`: findings that somebody has seen and accepts.
//!
//! Only warnings and notes can be allowed, and only in one line: the comment's own, or the next one
//! if the comment stands alone. Pure.
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

/// Findings, divided by what comments say of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuppressionResult {
    /// What is to be shown, among it what is wrong with the comments.
    pub diagnostics: Vec<Diagnostic>,
    pub suppressed: Vec<SuppressedDiagnostic>,
}

/// A finding that a comment allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressedDiagnostic {
    pub diagnostic: Diagnostic,
    /// Why, in the words of the comment; perhaps none.
    pub reason: String,
}

/// Takes out of `problems` what comments in the spec and in the files beside it allow.
pub fn apply_suppressions(
    source: &Source,
    beside: &[Arc<ReferencedFile>],
    diagnostics: Vec<Diagnostic>,
    now_epoch_s: i64,
) -> SuppressionResult {
    let places = SourceMap::new(source);
    let mut judging = Suppressor::new(source, &referenced_files(beside, &diagnostics), &places);
    if judging.comments.is_empty() && judging.judged.diagnostics.is_empty() {
        return SuppressionResult { diagnostics, suppressed: Vec::new() };
    }
    let broken = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    for diagnostic in diagnostics {
        let (file, line) =
            (file_name(&diagnostic.location), places.locate(&diagnostic.location).start.line);
        judging.apply(diagnostic, file, line, now_epoch_s);
    }
    judging.finish(broken, now_epoch_s)
}

/// The files beside the spec, each once, as far as they are known.
fn referenced_files(
    beside: &[Arc<ReferencedFile>],
    diagnostics: &[Diagnostic],
) -> Vec<Arc<ReferencedFile>> {
    let found = diagnostics.iter().filter_map(|diagnostic| match &diagnostic.location {
        Location::ReferencedFile { file, .. } => Some(file),
        _ => None,
    });
    let mut names = BTreeSet::new();
    beside
        .iter()
        .chain(found)
        .filter(|file| names.insert(file.name.clone()))
        .map(Arc::clone)
        .collect()
}

/// The file that a place is in; `None`: the spec.
fn file_name(at: &Location) -> Option<String> {
    match at {
        Location::ReferencedFile { file, .. } => Some(file.name.clone()),
        _ => None,
    }
}

/// The comments of all files, and what has been judged by them so far.
struct Suppressor {
    comments: Vec<Suppression>,
    /// Which of them speak of a line of a file.
    lines: BTreeMap<(Option<String>, usize), Vec<usize>>,
    judged: SuppressionResult,
}

/// A comment, where it stands, and what it has met.
struct Suppression {
    comment: SuppressionComment,
    file: Option<Arc<ReferencedFile>>,
    /// The codes that it was needed for.
    used: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Suppression {
    fn at(&self, span: &Range<usize>) -> Location {
        at(self.file.as_ref(), span)
    }
}

fn at(file: Option<&Arc<ReferencedFile>>, span: &Range<usize>) -> Location {
    let span = span.clone();
    match file {
        Some(file) => Location::ReferencedFile { file: Arc::clone(file), span },
        None => Location::Span(span),
    }
}

impl Suppressor {
    fn new(source: &Source, beside: &[Arc<ReferencedFile>], places: &SourceMap<'_>) -> Self {
        let (comments, lines) = (Vec::new(), BTreeMap::new());
        let mut judging = Self { comments, lines, judged: SuppressionResult::default() };
        for span in source.comments() {
            judging.add_comment(&source.text, span, None, places);
        }
        for code in source.code_blocks() {
            let text = source.text.get(code.clone()).unwrap_or_default();
            for span in javascript::comments(text) {
                let span = code.start + span.start..code.start + span.end;
                judging.add_comment(&source.text, &span, None, places);
            }
        }
        for file in beside {
            for span in javascript::comments(&file.text) {
                judging.add_comment(&file.text, &span, Some(file), places);
            }
        }
        judging
    }

    /// Takes a comment of a text, if it is one of ours.
    fn add_comment(
        &mut self,
        text: &str,
        span: &Range<usize>,
        file: Option<&Arc<ReferencedFile>>,
        places: &SourceMap<'_>,
    ) {
        let line = places.locate(&at(file, span)).start.line;
        match parse(text, span, line) {
            None => {}
            Some(Ok(comment)) => {
                let line = (file.map(|file| file.name.clone()), comment.line);
                self.lines.entry(line).or_default().push(self.comments.len());
                let (used, refused) = (BTreeSet::new(), BTreeSet::new());
                self.comments.push(Suppression { comment, file: file.cloned(), used, refused });
            }
            Some(Err(unreadable)) => {
                self.judged.diagnostics.push(not_valid(&unreadable, at(file, &unreadable.span)));
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
            let placed = &mut self.comments[*n];
            if !placed.comment.codes.iter().any(|(text, _)| text == code) {
                continue;
            }
            if diagnostic.severity == Severity::Error {
                placed.refused.insert(code.to_owned());
                continue;
            }
            placed.used.insert(code.to_owned());
            if !placed.comment.is_expired(now_epoch_s) {
                let reason = placed.comment.reason.clone();
                self.judged.suppressed.push(SuppressedDiagnostic { diagnostic, reason });
                return;
            }
        }
        self.judged.diagnostics.push(diagnostic);
    }

    /// Adds what is wrong with the comments themselves.
    fn finish(self, broken: bool, now_epoch_s: i64) -> SuppressionResult {
        let mut judged = self.judged;
        let known: BTreeSet<&str> = pages().map(|page| page.code).collect();
        for placed in &self.comments {
            if placed.comment.is_expired(now_epoch_s) {
                judged.diagnostics.push(expired(placed));
            }
            for (code, span) in &placed.comment.codes {
                let at = placed.at(span);
                if !known.contains(code.as_str()) {
                    judged.diagnostics.push(unknown_code(code, at));
                } else if placed.refused.contains(code) {
                    judged.diagnostics.push(not_suppressible(code, at));
                } else if !placed.used.contains(code) && !broken {
                    judged.diagnostics.push(unused(code, at));
                }
            }
        }
        judged
    }
}

fn expired(placed: &Suppression) -> Diagnostic {
    let message = "what this comment allows was to end, and the day is past";
    Diagnostic::warning("PV020", placed.at(&placed.comment.span), message)
        .with_help("mend what is found, or move the day on")
}

fn unused(code: &str, at: Location) -> Diagnostic {
    Diagnostic::warning("PV021", at, format!("there is no {code} here to allow")).with_help(
        "remove it, or move it: at the end of a line it speaks of that line, alone of the next",
    )
}

fn not_valid(unreadable: &InvalidComment, at: Location) -> Diagnostic {
    let diagnostic = Diagnostic::warning("PV022", at, unreadable.message.clone());
    match &unreadable.suggestion {
        Some(text) => {
            diagnostic.with_help(format!("did you mean `{text}`?")).with_suggestion(*text)
        }
        None => diagnostic.with_help("write `provision: allow PV204, PV205 until 2027-01-31 why`"),
    }
}

fn unknown_code(code: &str, at: Location) -> Diagnostic {
    let diagnostic = Diagnostic::warning("PV023", at, format!("no finding has the code `{code}`"));
    match closest_match(code, pages().map(|page| page.code)) {
        Some(code) => diagnostic.with_help(format!("did you mean `{code}`?")).with_suggestion(code),
        None => diagnostic.with_help("`provision explain` lists all codes"),
    }
}

fn not_suppressible(code: &str, at: Location) -> Diagnostic {
    let message = format!("{code} is an error here, and only warnings and notes can be allowed");
    Diagnostic::warning("PV024", at, message).with_help("mend the error, and remove this")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T03:00:00Z.
    const NOON: i64 = 1_795_489_200;

    /// What is shown of warnings PV204 at each `owner` and PV301 at each `ctx`, as `PV204 3:1`, and
    /// the reasons for which others are allowed.
    fn check(text: &str, shown: &[&str], reasons: &[&str]) {
        let (source, _) = Source::parse("spec.yaml", text.as_bytes());
        let finding = |code, word: &'static str| {
            text.match_indices(word).map(move |(n, _)| {
                Diagnostic::warning(code, Location::Span(n..n + word.len()), "found")
            })
        };
        let diagnostics = finding("PV204", "owner").chain(finding("PV201", "ctx.")).collect();
        let judged = apply_suppressions(&source, &[], diagnostics, NOON);
        let line = |diagnostic: &Diagnostic| {
            let place = source.position(&diagnostic.location);
            format!("{} {}:{}", diagnostic.code, place.line, place.column)
        };
        assert_eq!(judged.diagnostics.iter().map(line).collect::<Vec<_>>(), shown, "{text}");
        let found: Vec<&str> =
            judged.suppressed.iter().map(|diagnostic| diagnostic.reason.as_str()).collect();
        assert_eq!(found, reasons, "{text}");
    }

    #[test]
    fn a_comment_speaks_of_its_line_or_of_the_next_one_that_says_something() {
        check("owner: a # provision: allow PV204 said by mail\n", &[], &["said by mail"]);
        check("# provision: allow PV204\n\n# more\nowner: a\n", &[], &[""]);
        check("# provision: allow PV201, PV204 both\nowner: ctx.x\n", &[], &["both", "both"]);
        check("# provision: allow PV204\nowner: a\nb: owner\n", &["PV204 3:4"], &[""]);
        check("a: 1 # provision: allow PV204\nowner: a\n", &["PV204 2:1", "PV021 1:25"], &[]);
        check("#provision:allow PV204,PV201\nowner: a\n", &["PV021 1:24"], &[""]);
    }

    #[test]
    fn a_hash_inside_a_text_is_no_comment() {
        check("owner: 'a # provision: allow PV204'\n", &["PV204 1:1"], &[]);
        check("owner: \"a # provision: allow PV204\"\n", &["PV204 1:1"], &[]);
        check("owner: a# provision: allow PV204\n", &["PV204 1:1"], &[]);
        check("a: |\n  # provision: allow PV204\n  owner\n", &["PV204 3:3"], &[]);
    }

    #[test]
    fn code_inside_a_spec_has_comments_of_its_own() {
        let code = "a: |\n  x(ctx.a) // provision: allow PV201 for now\n  'it // provision: allow PV201'; ctx.b\nb: 1\n";
        check(code, &["PV201 3:35"], &["for now"]);
        check("a: |\n  // provision: allow PV201\n  // more\n\n  ctx.a\n", &[], &[""]);
    }

    #[test]
    fn what_is_allowed_until_a_day_is_allowed_to_the_end_of_that_day() {
        check("owner: a # provision: allow PV204 until 2026-11-24 x\n", &[], &["x"]);
        let over = ["PV204 1:1", "PV020 1:10"];
        check("owner: a # provision: allow PV204 until 2026-11-23 x\n", &over, &[]);
    }

    #[test]
    fn a_comment_that_can_not_be_read_allows_nothing() {
        let check = |comment: &str, code: &str, suggestion: Option<&str>| {
            let text = format!("owner: a # {comment}\n");
            let (source, _) = Source::parse("spec.yaml", text.as_bytes());
            let judged = apply_suppressions(&source, &[], Vec::new(), NOON);
            let found = judged
                .diagnostics
                .iter()
                .map(|diagnostic| (diagnostic.code, diagnostic.suggestion.as_deref()));
            assert_eq!(found.collect::<Vec<_>>(), [(code, suggestion)], "{comment}");
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
        // While there are errors, what is not found may only not have been looked for.
        let (source, _) = Source::parse("spec.yaml", b"owner: a # provision: allow PV204\n");
        let error = Diagnostic::error("PV202", Location::File, "found");
        assert_eq!(apply_suppressions(&source, &[], vec![error], NOON).diagnostics.len(), 1);
    }

    #[test]
    fn people_may_write_of_provision_in_a_comment() {
        check("a: 1 # provision: see the README\n", &[], &[]);
        check("a: 1 # provision\n", &[], &[]);
    }

    #[test]
    fn an_error_stays_and_it_is_said_that_it_can_not_be_allowed() {
        let (source, _) = Source::parse("spec.yaml", b"a: 1 # provision: allow PV202\n");
        let error = Diagnostic::error("PV202", Location::Span(0..1), "found");
        let judged = apply_suppressions(&source, &[], vec![error], NOON);
        let codes: Vec<&str> =
            judged.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!((codes.as_slice(), judged.suppressed.len()), (&["PV202", "PV024"][..], 0));
    }

    #[test]
    fn a_handler_allows_what_is_found_in_it() {
        let text = "ctx.a // provision: allow PV201 why\nctx.b\n// provision: allow PV201\n";
        let file = Arc::new(ReferencedFile { name: "chat.js".into(), text: text.into() });
        let at = |span| Location::ReferencedFile { file: Arc::clone(&file), span };
        let diagnostics =
            [0..4, 36..40].map(|span| Diagnostic::warning("PV201", at(span), "found"));
        let (source, _) = Source::parse("spec.yaml", b"a: 1 # provision: allow PV201\n");
        let judged = apply_suppressions(&source, &[Arc::clone(&file)], diagnostics.into(), NOON);
        let line = |diagnostic: &Diagnostic| {
            (
                diagnostic.code,
                file_name(&diagnostic.location),
                source.position(&diagnostic.location).line,
            )
        };
        let chat = || Some("chat.js".to_owned());
        assert_eq!(
            judged.diagnostics.iter().map(line).collect::<Vec<_>>(),
            [("PV201", chat(), 2), ("PV021", None, 1), ("PV021", chat(), 3)]
        );
        assert_eq!(judged.suppressed[0].reason, "why");
    }
}

//! Parses one suppression comment: its codes, its expiry, and the line to which it applies.
use std::ops::Range;

use crate::suggest::closest_match;

/// Maximum number of blank and comment lines between a comment and the line to which it applies.
const SKIPPED_MAX: usize = 100;

/// A valid suppression comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionComment {
    pub span: Range<usize>,
    /// The codes as written, each with its span.
    pub codes: Vec<(String, Range<usize>)>,
    /// The first second in which the suppression is expired.
    expires_epoch_s: Option<i64>,
    pub reason: String,
    /// The line to which the comment applies.
    pub line: usize,
}

/// Why a comment that resembles a suppression is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidComment {
    pub span: Range<usize>,
    pub message: String,
    /// The text that probably was intended instead of the span.
    pub suggestion: Option<&'static str>,
}

impl SuppressionComment {
    pub fn is_expired(&self, now_epoch_s: i64) -> bool {
        self.expires_epoch_s.is_some_and(|expires_epoch_s| now_epoch_s >= expires_epoch_s)
    }
}

/// Parses the comment at `span` in `line`, including its `#` or `//`. `None`: it is not a suppression.
pub fn parse(
    text: &str,
    span: &Range<usize>,
    line: usize,
) -> Option<Result<SuppressionComment, InvalidComment>> {
    let written = text.get(span.clone())?;
    let opening = if written.starts_with('#') { "#" } else { "//" };
    let inside = written.strip_prefix(opening)?.trim_start();
    let Some(inside) = inside.strip_prefix("provision:") else {
        return resembles_suppression(inside).then(|| {
            let message = "this comment resembles a suppression, but is not valid".to_owned();
            Err(InvalidComment { span: span.clone(), message, suggestion: None })
        });
    };
    let mut words = Words { text, rest: span.end - inside.len()..span.end };
    let verb = words.next()?;
    match &text[verb.clone()] {
        "allow" => Some(parse_terms(words, span, target_line(text, span, line, opening))),
        word if closest_match(word, ["allow"]).is_some() => {
            let message = format!("unknown keyword `{word}`");
            Some(Err(InvalidComment { span: verb, message, suggestion: Some("allow") }))
        }
        word if resembles_code(word) => {
            let message = format!("missing keyword `allow` before `{word}`");
            Some(Err(InvalidComment { span: verb, message, suggestion: None }))
        }
        // Prose about the program.
        _ => None,
    }
}

/// Whether a comment is a misspelled `provision: allow PV204`.
fn resembles_suppression(inside: &str) -> bool {
    let mut words = inside.split_whitespace();
    let (Some(name), Some(verb), Some(code)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    closest_match(name.trim_end_matches(':'), ["provision"]).is_some()
        && closest_match(verb, ["allow"]).is_some()
        && resembles_code(&code.trim_end_matches(',').to_ascii_uppercase())
}

/// Parses what follows `allow`.
fn parse_terms(
    mut words: Words<'_>,
    span: &Range<usize>,
    line: usize,
) -> Result<SuppressionComment, InvalidComment> {
    let text = words.text;
    let invalid = |span, message: &str| InvalidComment {
        span,
        message: message.to_owned(),
        suggestion: None,
    };
    let mut codes = Vec::new();
    loop {
        let Some(code) = words.next_until(',').filter(|range| resembles_code(&text[range.clone()]))
        else {
            return Err(invalid(span.clone(), "expected a code such as PV204"));
        };
        codes.push((text[code.clone()].to_owned(), code));
        if !words.skip(',') {
            break;
        }
    }
    let before = words.clone();
    let mut expires_epoch_s = None;
    match words.next() {
        Some(word) if &text[word.clone()] == "until" => {
            let day = words.next().unwrap_or(word);
            let Some(end) = end_of_day(&text[day.clone()]) else {
                let message = "expected a date after `until`, such as 2027-01-31";
                return Err(invalid(day, message));
            };
            expires_epoch_s = Some(end);
        }
        Some(word)
            if closest_match(&text[word.clone()], ["until"]).is_some()
                && words.clone().next().is_some_and(|range| end_of_day(&text[range]).is_some()) =>
        {
            let message = format!("unknown keyword `{}`", &text[word.clone()]);
            return Err(InvalidComment { span: word, message, suggestion: Some("until") });
        }
        _ => words = before,
    }
    let reason = text[words.rest].trim().to_owned();
    Ok(SuppressionComment { span: span.clone(), codes, expires_epoch_s, reason, line })
}

/// Whether a word is a code, perhaps misspelled: `PV` and up to four characters.
fn resembles_code(word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    word.strip_prefix("PV").is_some_and(|word| (1..=4).contains(&word.len()) && word.is_ascii())
}

/// Returns the first second after a day, in UTC.
fn end_of_day(text: &str) -> Option<i64> {
    let is_date =
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day: jiff::civil::Date = text.parse().ok().filter(|_| is_date)?;
    let midnight = day.tomorrow().ok()?.to_datetime(jiff::civil::Time::midnight());
    Some(jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?.as_second())
}

/// Returns the line to which a comment applies: its own, or if nothing else is in that line, the next that is neither
/// blank nor a comment.
fn target_line(text: &str, span: &Range<usize>, line: usize, opening: &str) -> usize {
    let before = text[..span.start].rsplit('\n').next().unwrap_or_default();
    if !before.trim_start_matches('\u{feff}').trim().is_empty() {
        return line;
    }
    let after = text[span.end..].split('\n').skip(1).take(SKIPPED_MAX);
    let blank = |text: &&str| text.trim().is_empty() || text.trim_start().starts_with(opening);
    line + 1 + after.take_while(blank).count()
}

/// The words of a part of a text.
#[derive(Clone)]
struct Words<'a> {
    text: &'a str,
    rest: Range<usize>,
}

impl Words<'_> {
    fn next(&mut self) -> Option<Range<usize>> {
        self.next_until(' ')
    }
    /// Returns the next word, which ends at whitespace or `end`.
    fn next_until(&mut self, end: char) -> Option<Range<usize>> {
        let rest = &self.text[self.rest.clone()];
        let start = self.rest.start + (rest.len() - rest.trim_start().len());
        let word = self.text[start..self.rest.end]
            .split(|character: char| character.is_whitespace() || character == end)
            .next();
        let word = word.filter(|word| !word.is_empty())?;
        self.rest.start = start + word.len();
        Some(start..self.rest.start)
    }
    /// Skips `letter` if it is next.
    fn skip(&mut self, letter: char) -> bool {
        let rest = self.text[self.rest.clone()].trim_start();
        let is_next = rest.starts_with(letter);
        if is_next {
            self.rest.start = self.rest.end - rest.len() + letter.len_utf8();
        }
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_suppression_is_reported() {
        for text in
            ["# provision allow PV240", "# Provision: allow pv240", "# provison: allow PV240 why"]
        {
            let comment = parse(text, &(0..text.len()), 1);
            assert!(matches!(comment, Some(Err(_))), "{text}: {comment:?}");
        }
        for text in ["# provision makes it", "# we allow PV240", "# provision: see README"] {
            assert_eq!(parse(text, &(0..text.len()), 1), None, "{text}");
        }
    }
}

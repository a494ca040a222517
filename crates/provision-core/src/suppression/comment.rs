//! One comment: whether it allows something, what, and in which line.
use std::ops::Range;

use crate::suggest::closest_match;

/// Lines between a comment and what it speaks of.
const SKIPPED_MAX: usize = 100;

/// What a comment allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionComment {
    pub span: Range<usize>,
    /// As written, each with its place.
    pub codes: Vec<(String, Range<usize>)>,
    /// The first second in which it allows nothing any more.
    ends_epoch_s: Option<i64>,
    pub reason: String,
    /// The line of which it speaks.
    pub line: usize,
}

/// Why a comment that means to allow something does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidComment {
    pub span: Range<usize>,
    pub message: String,
    /// What should probably stand in the place of the span.
    pub suggestion: Option<&'static str>,
}

impl SuppressionComment {
    pub fn is_expired(&self, now_epoch_s: i64) -> bool {
        self.ends_epoch_s.is_some_and(|ends_epoch_s| now_epoch_s >= ends_epoch_s)
    }
}

/// Reads the comment at `span` in `line`, its `#` or `//` included. `None`: it is none of ours.
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
            let message = "this is nearly a comment that allows something".to_owned();
            Err(InvalidComment { span: span.clone(), message, suggestion: None })
        });
    };
    let mut words = Words { text, rest: span.end - inside.len()..span.end };
    let verb = words.next()?;
    match &text[verb.clone()] {
        "allow" => Some(terms(words, span, target(text, span, line, opening))),
        word if closest_match(word, ["allow"]).is_some() => {
            let message = format!("`{word}` is no word for what to do");
            Some(Err(InvalidComment { span: verb, message, suggestion: Some("allow") }))
        }
        word if resembles_code(word) => {
            let message = "a code, and not what to do with it".to_owned();
            Some(Err(InvalidComment { span: verb, message, suggestion: None }))
        }
        // Prose about the program.
        _ => None,
    }
}

/// Whether somebody meant `provision: allow PV204` and wrote it a little otherwise.
fn resembles_suppression(inside: &str) -> bool {
    let mut words = inside.split_whitespace();
    let (Some(name), Some(verb), Some(code)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    closest_match(name.trim_end_matches(':'), ["provision"]).is_some()
        && closest_match(verb, ["allow"]).is_some()
        && resembles_code(&code.trim_end_matches(',').to_ascii_uppercase())
}

/// Reads what follows `allow`.
fn terms(
    mut words: Words<'_>,
    span: &Range<usize>,
    line: usize,
) -> Result<SuppressionComment, InvalidComment> {
    let text = words.text;
    let unreadable = |span, message: &str| InvalidComment {
        span,
        message: message.to_owned(),
        suggestion: None,
    };
    let mut codes = Vec::new();
    loop {
        let Some(code) = words.next_until(',').filter(|range| resembles_code(&text[range.clone()]))
        else {
            return Err(unreadable(span.clone(), "a code such as PV204 is missing"));
        };
        codes.push((text[code.clone()].to_owned(), code));
        if !words.skip(',') {
            break;
        }
    }
    let before = words.clone();
    let mut ends_epoch_s = None;
    match words.next() {
        Some(word) if &text[word.clone()] == "until" => {
            let day = words.next().unwrap_or(word);
            let Some(ends) = end_of_day(&text[day.clone()]) else {
                let message = "expected a day of the calendar after `until`, such as 2027-01-31";
                return Err(unreadable(day, message));
            };
            ends_epoch_s = Some(ends);
        }
        Some(word)
            if closest_match(&text[word.clone()], ["until"]).is_some()
                && words.clone().next().is_some_and(|range| end_of_day(&text[range]).is_some()) =>
        {
            let message = format!("`{}` before a day", &text[word.clone()]);
            return Err(InvalidComment { span: word, message, suggestion: Some("until") });
        }
        _ => words = before,
    }
    let reason = text[words.rest].trim().to_owned();
    Ok(SuppressionComment { span: span.clone(), codes, ends_epoch_s, reason, line })
}

/// Two letters, and digits or what could be mistaken for them.
fn resembles_code(word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    word.strip_prefix("PV").is_some_and(|word| (1..=4).contains(&word.len()) && word.is_ascii())
}

/// The first second after a day, in UTC.
fn end_of_day(text: &str) -> Option<i64> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day: jiff::civil::Date = text.parse().ok().filter(|_| shaped)?;
    let midnight = day.tomorrow().ok()?.to_datetime(jiff::civil::Time::midnight());
    Some(jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?.as_second())
}

/// The line that a comment speaks of: its own, or if it stands alone, the next that is neither
/// blank nor a comment.
fn target(text: &str, span: &Range<usize>, line: usize, opening: &str) -> usize {
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
    /// The next word, which ends at white space or `end`.
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
    /// Goes past `letter` if it comes next.
    fn skip(&mut self, letter: char) -> bool {
        let rest = self.text[self.rest.clone()].trim_start();
        let found = rest.starts_with(letter);
        if found {
            self.rest.start = self.rest.end - rest.len() + letter.len_utf8();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_a_comment_of_ours_is_not_passed_over() {
        for text in
            ["# provision allow PV240", "# Provision: allow pv240", "# provison: allow PV240 why"]
        {
            let read = parse(text, &(0..text.len()), 1);
            assert!(matches!(read, Some(Err(_))), "{text}: {read:?}");
        }
        for text in ["# provision makes it", "# we allow PV240", "# provision: see README"] {
            assert_eq!(parse(text, &(0..text.len()), 1), None, "{text}");
        }
    }
}

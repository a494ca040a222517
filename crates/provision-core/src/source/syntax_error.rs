//! Converts the messages of the YAML parser to messages for the author of a file.
use crate::diagnostic::{Diagnostic, Location};

/// Returns the diagnostic for the parser's message `info` at `byte`.
pub fn syntax_error(info: &str, byte: usize, text: &str) -> Diagnostic {
    let rest = text.get(byte..).unwrap_or_default();
    let byte = if info.contains("tab") { nearest_tab(text, byte, rest) } else { byte };
    let rest = text.get(byte..).unwrap_or_default();
    let length =
        rest.chars().next().filter(|character| *character != '\n').map_or(0, char::len_utf8);
    if info.contains("recursion limit") {
        return Diagnostic::error(
            "PV008",
            Location::Span(byte..byte + length),
            "too many nested levels",
        );
    }
    let (message, help) = plain_message(info);
    let diagnostic = Diagnostic::error("PV003", Location::Span(byte..byte + length), message);
    if help.is_empty() { diagnostic } else { diagnostic.with_help(help) }
}

/// Returns the tab that the parser reports; its position is before the tab or at the text that the tab indents.
fn nearest_tab(text: &str, byte: usize, rest: &str) -> usize {
    let before = text.get(..byte).unwrap_or_default();
    let indentation = before.len() - before.trim_end_matches([' ', '\t']).len();
    let start = before.len() - indentation;
    match before[start..].find('\t') {
        Some(tab) => start + tab,
        None => byte + rest.find('\t').unwrap_or(0),
    }
}

fn plain_message(info: &str) -> (String, &'static str) {
    if info.contains("tab") {
        return ("a tab in the indentation".into(), "indent with spaces");
    }
    let messages = [
        (
            "mapping values are not allowed",
            "a `: ` where no key is valid",
            "put quotes around a text that contains `: `, or check the indentation",
        ),
        ("unclosed quote", "a quote that is not closed", "close it with the same quote"),
        (
            "unclosed bracket",
            "a bracket that is not closed",
            "close it, or write each item of the list on a separate line with `- `",
        ),
        (
            "illegal placement of ':'",
            "a `:` inside brackets where no key is valid",
            "close the bracket before it",
        ),
        (
            "misplaced bracket",
            "a closing bracket without an opening one",
            "remove it, or put quotes around the text",
        ),
        (
            "did not find expected key",
            "an indentation that matches no line above",
            "indent the line like the other keys of its mapping",
        ),
        (
            "did not find expected '-'",
            "a key between the items of a list",
            "indent it under an item, or start it with `- `",
        ),
        ("simple key expected ':'", "a key without `:`", "write `key: value`"),
        (
            "unknown anchor",
            "an alias without an anchor",
            "declare the anchor with `&`, or put quotes around a text that starts with `*`",
        ),
        (
            "unknown escape character",
            "an unknown escape sequence",
            "write `\\\\` for a backslash, or use single quotes",
        ),
        (
            "unexpected character",
            "a character that is not valid at the start of a text",
            "put quotes around the text",
        ),
    ];
    match messages.into_iter().find(|(words, ..)| info.contains(words)) {
        Some((_, message, help)) => (message.into(), help),
        None => (format!("not valid YAML: {info}"), ""),
    }
}

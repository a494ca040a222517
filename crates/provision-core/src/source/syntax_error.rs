//! The YAML parser's messages in the words of somebody who wrote the file.
use crate::diagnostic::{Diagnostic, Location};

/// What the parser objects to at `byte`, and what to do.
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
            "nested too deep for a spec",
        );
    }
    let (message, help) = plain_message(info);
    let diagnostic = Diagnostic::error("PV003", Location::Span(byte..byte + length), message);
    if help.is_empty() { diagnostic } else { diagnostic.with_help(help) }
}

/// The parser sees a tab from the text before it, or from what it indents.
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
    let has = |words: &str| info.contains(words);
    if has("tab") {
        return ("a tab where YAML wants spaces".into(), "indent with spaces");
    }
    let known = [
        (
            "mapping values are not allowed",
            "a `: ` where no key can be",
            "put quotes around a text that holds `: `, or check the indentation",
        ),
        ("unclosed quote", "a quote that is never closed", "close it with the same quote"),
        (
            "unclosed bracket",
            "a bracket that is never closed",
            "close it, or write the list a line each with `- `",
        ),
        (
            "illegal placement of ':'",
            "a `:` inside brackets where none can be",
            "close the bracket before it",
        ),
        (
            "misplaced bracket",
            "a closing bracket without its opening one",
            "remove it, or put quotes around the text",
        ),
        (
            "did not find expected key",
            "an indentation that fits nothing above",
            "indent it as the keys that it belongs to",
        ),
        (
            "did not find expected '-'",
            "a key among the items of a list",
            "indent it under an item, or begin it with `- `",
        ),
        ("simple key expected ':'", "a key without its `:`", "write `key: value`"),
        (
            "unknown anchor",
            "an alias for which there is no anchor",
            "name it before with `&`, or put quotes around a text that begins with `*`",
        ),
        (
            "unknown escape character",
            "an escape that YAML does not know",
            "write `\\\\` for a backslash, or use single quotes",
        ),
        (
            "unexpected character",
            "a character that can't begin a text",
            "put quotes around the text",
        ),
    ];
    match known.into_iter().find(|(words, ..)| has(words)) {
        Some((_, message, help)) => (message.into(), help),
        None => (format!("this is no YAML: {info}"), ""),
    }
}

//! Words of a POSIX shell.

/// Returns `text` as one word of a command line, in quotes where it needs them.
pub fn word(text: &str) -> String {
    let quoter = shlex::Quoter::new().allow_nul(true);
    quoter.quote(text).expect("only a NUL could not be quoted, and it is allowed").into_owned()
}

/// Returns `NAME=VALUE` as one word, with the value alone in quotes.
pub fn assignment(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{}={}", word(name), word(value)),
        _ => word(text),
    }
}

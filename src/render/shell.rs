//! Words of a POSIX shell.

/// Returns `text` as one word of a command line, in quotes where it needs them.
pub fn word(text: &str) -> String {
    let quoter = shlex::Quoter::new().allow_nul(true);
    quoter.quote(text).expect("only a NUL could not be quoted, and it is allowed").into_owned()
}

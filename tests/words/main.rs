//! The project's words: texts for people are free of the phrases in `tests/data/banned-words.txt`.
//!
//! What is read: string literals outside test code, comments, names of test functions, documentation, templates,
//! descriptions in schemas, and the console's page. The rules behind the list are in `STYLE.md`.
mod cases;
mod phrases;
mod report;
mod rust;
mod texts;

use std::path::Path;

use phrases::Phrases;
use report::Report;
use texts::File;

const BANNED: &str = include_str!("../data/banned-words.txt");
const EXCEPTIONS: &str = include_str!("../data/banned-words-exceptions.txt");

fn repository() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    texts::read_all(root).expect("the repository can be read")
}

/// This folder already follows the list; the rest of the repository is rewritten step by step.
#[test]
fn the_checker_has_no_banned_phrase() {
    let phrases = Phrases::parse(BANNED).expect("the list is well-formed");
    let exceptions =
        report::exceptions(EXCEPTIONS, &phrases).expect("the exceptions are well-formed");
    let is_checked = |file: &File| file.path.starts_with("tests/words/") || file.path == "STYLE.md";
    let files: Vec<File> = repository().into_iter().filter(is_checked).collect();
    assert!(!files.is_empty(), "the checker's files are found");
    let report = Report::new(&files, &phrases, &exceptions);
    assert!(report.is_clean(), "{}", report.text());
}

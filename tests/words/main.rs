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
/// How many closures may call their parameter `it`, which is for one short expression.
const IT_CLOSURES_MAX: usize = 100;

fn repository() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    texts::read_all(root).expect("the repository can be read")
}

#[test]
fn no_text_has_a_banned_phrase() {
    let phrases = Phrases::parse(BANNED).expect("the list is well-formed");
    let exceptions =
        report::exceptions(EXCEPTIONS, &phrases).expect("the exceptions are well-formed");
    let report = Report::new(&repository(), &phrases, &exceptions);
    assert!(report.is_clean(), "{}", report.text());
}

#[test]
fn few_closures_call_their_parameter_it() {
    let files = repository();
    let count: usize = files.iter().map(|file| file.it_closures.len()).sum();
    assert!(
        count <= IT_CLOSURES_MAX,
        "{count} closures call their parameter `it`; {IT_CLOSURES_MAX} are allowed:\n{}",
        report::it_closures(&files)
    );
}

//! Golden files: compares the output of a test with a committed file.
use snapbox::Data;
use snapbox::assert::Action;
use snapbox::data::DataFormat;

use crate::world::root;

/// Compares `text` with the file at `path` in the repository; with `UPDATE=1`, writes it there for review.
pub fn golden(path: &str, text: &str) {
    let update = std::env::vars().any(|(name, _)| name == "UPDATE");
    let action = if update { Action::Overwrite } else { Action::Verify };
    let expected = Data::read_from(&root(path), Some(DataFormat::Text)).raw();
    snapbox::Assert::new().action(action).eq(text, expected);
}

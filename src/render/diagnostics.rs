//! Formats diagnostics: for people with their source lines, and for programs and code scanning.
mod document;
mod github;
mod sarif;
mod text;

pub use document::{DiagnosticDocument, SpecDiagnostics, documents};
pub use github::github;
pub use sarif::sarif;
pub(crate) use text::LINE_MAX;
pub use text::{list, text};

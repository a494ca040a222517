//! Findings for people, with the source line and a caret, and for programs.
mod document;
mod github;
mod sarif;
mod text;

pub use document::{DiagnosticDocument, SpecDiagnostics, documents};
pub use github::github;
pub use sarif::sarif;
pub use text::{list, text};

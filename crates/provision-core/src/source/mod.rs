//! The text of a spec, parsed once, with the position of every part.
//!
//! Nothing here reads files or knows what a spec means: the schema is a parameter of [`read`].
mod file;
mod line_index;
mod parse;
pub mod read;
mod source_map;
mod syntax_error;
pub mod tree;

pub use file::Source;
pub use line_index::Position;
pub use source_map::{SourceMap, TextLocation};

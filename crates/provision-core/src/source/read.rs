//! Tree → value, directed by a JSON Schema: what matches is read, what does not is reported with its position.
//!
//! Where the schema requires text, `0123`, `1e3`, `no` and `2012-10-17` are text. Reading leaves out what is wrong
//! and never invents a value, so that later checks still run over the rest.
pub mod free_form;
mod map;
mod node;
mod reader;
mod scalar;
mod union;

pub use node::read;
pub use reader::{CODE, KEYWORDS, SUBSTITUTES, Substitution, SubstitutionError};

mod kind;
mod plan;

pub use kind::Kind;
pub use plan::{Plan, plan};
pub use std::time::*;

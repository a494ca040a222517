mod kind;
mod plan;

pub use kind::*;

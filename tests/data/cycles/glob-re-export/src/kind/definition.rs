use crate::plan::{self};
pub const PLAN: fn() = plan::plan;

pub struct Kind;

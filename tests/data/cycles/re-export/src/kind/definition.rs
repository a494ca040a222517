use crate::plan::Plan;

pub struct Kind(Plan);

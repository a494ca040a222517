use crate::source::Source;

pub mod child;

pub struct Parent(Source);

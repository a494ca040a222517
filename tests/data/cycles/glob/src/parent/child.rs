use super::*;

pub struct Child(Source);

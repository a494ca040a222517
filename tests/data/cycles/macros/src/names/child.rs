use crate::names::Generated;

names!(Child);

pub struct Parent(Generated);

use crate::parent::*;

pub struct Sibling(child::Child);

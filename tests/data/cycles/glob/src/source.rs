use crate::{parent::child::Child, sibling::Sibling};

pub struct Source(Box<(Child, Sibling)>);

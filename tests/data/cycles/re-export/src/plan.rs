use crate::kind::Kind;

pub struct Plan(Vec<Kind>);

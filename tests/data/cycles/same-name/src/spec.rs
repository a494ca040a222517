use crate::access;

pub struct Spec;

pub const CHECK: fn(&Spec) = access::check;

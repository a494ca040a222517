//! Checks access.
use crate::spec::Spec;

pub fn check(spec: &Spec) {}

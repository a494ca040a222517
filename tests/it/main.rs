//! Behaviour, one file each, in one binary.
mod laws;
mod specs;

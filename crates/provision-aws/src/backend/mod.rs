//! The ways to change AWS: look and propose, then carry out what was proposed.
pub mod direct;

//! Behaviour, one file each, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
mod access;
mod agreement;
mod bad_input;
mod commands;
mod editor;
mod engine;
mod faults;
mod generated;
mod handlers;
mod imports;
mod interop;
mod interrupts;
mod kills;
mod laws;
mod mistakes;
mod node;
mod pages;
mod parameters;
mod schema;
mod seen;
mod shapes;
mod specs;
mod stories;
mod templates;
mod together;
mod world;

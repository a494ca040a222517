//! The command line of `provision`, as a library that the program and its tests call.
pub mod cli;
pub mod render;

//! The core of `provision`: reads a spec, checks it, and plans the changes that make AWS match it.
//!
//! A spec is text ([`source`]), then declarations with their diagnostics ([`spec`]), then the desired state: a map
//! of resources by address. [`diff`] compares it with the live state, [`policy`] blocks what needs permission, and
//! [`plan`] turns the changes into steps. [`kind`] and [`kinds`] define the kinds of resources; everything else handles
//! every kind alike.
//!
//! The crate is pure: files, the time and AWS's responses are passed in as values. It never reads a file, a clock or
//! the environment, never opens a connection, and never prints.
#![warn(missing_docs)]

pub mod access;
pub mod address;
pub mod diagnostic;
pub mod diff;
pub mod event;
pub mod explain;
pub mod failure;
pub mod handler;
pub mod kind;
pub mod kinds;
pub mod model;
pub mod normalize;
pub mod ownership;
pub mod plan;
pub mod policy;
pub mod saved_plan;
pub mod source;
pub mod spec;
pub mod suggest;
pub mod suppression;
pub mod text;

//! What `provision` knows and decides without doing anything: the spec, the kinds of resources, the differences
//! between desired and live state, and the plan. Pure: no files, no network, no clock, no environment.
pub mod access;
pub mod address;
pub mod allow;
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
pub mod text;

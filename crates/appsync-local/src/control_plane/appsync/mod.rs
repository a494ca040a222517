//! AppSync's control plane, as far as Event APIs go (REST-JSON).
pub mod api;
mod api_key;
pub mod code;
mod config;
mod data_source;
mod domain;
mod evaluate_code;
mod handlers;
pub mod input;
mod lookup;
mod namespace;
mod operations;
mod shape;
mod tags;
mod unsupported;

pub use operations::answer;
pub use unsupported::answer as unknown;

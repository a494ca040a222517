//! AppSync's control plane for Event APIs, with the protocol REST-JSON. What it accepts and returns is AWS's
//! documented behavior, or cites where AWS's is undocumented; GraphQL APIs are never emulated.
pub mod api;
mod api_key;
pub mod code;
mod data_source;
mod domain_name;
mod evaluate_code;
mod event_config;
mod handler_configs;
pub mod input;
mod lookup;
mod namespace;
mod operations;
mod shape;
mod tags;

pub use operations::{handle, unsupported_operation};

//! AppSync's control plane, as far as Event APIs go (REST-JSON).
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
mod unsupported;

pub use operations::handle;
pub use unsupported::unsupported_operation as unknown;

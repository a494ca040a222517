//! What CloudFormation knows of each resource type: facts of the registry's schemas, and handlers that create, update,
//! delete and read resources by the operations of the other services. No stack is known here, and nothing is stored.
//!
//! A type is a row of `table` and a handler. Whatever a schema states is not written again in Rust.
mod calls;
mod comparison;
mod context;
mod data;
mod find;
mod generated_name;
mod handler;
mod handlers;
mod property_check;
mod registry_schema;
mod request;
mod resource_type;
mod scalars;
mod schema;
mod stub_types;
mod table;
mod tags;
#[cfg(test)]
mod tests;

pub use find::{TypeError, find};
#[cfg(test)]
pub use property_check::KNOWN_AFTER_APPLY;
pub use request::{ExistingResource, HandlerError, ResourceRequest, ResourceState};
pub use resource_type::ResourceType;
pub use schema::RequiresRecreation;
pub use stub_types::StubTypes;

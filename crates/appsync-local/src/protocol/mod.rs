//! AWS's protocols: parsing requests and writing responses. Nothing here carries out an operation.
pub mod caller;
mod cbor;
pub mod clock;
pub mod operation;
pub mod query;
pub mod request;
pub mod response;
pub mod s3_route;
pub mod wire_protocol;

//! AWS's protocols: parsing requests and writing responses. Nothing here carries out an operation.
pub mod caller;
pub mod clock;
pub mod operation;
pub mod query;
pub mod request;
pub mod response;

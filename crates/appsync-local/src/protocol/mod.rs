//! How requests to AWS's services are read, and how their answers are written.
pub mod caller;
pub mod clock;
pub mod operation;
pub mod query;
pub mod request;
pub mod response;

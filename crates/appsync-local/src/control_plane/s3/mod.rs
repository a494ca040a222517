//! S3's operations on buckets and objects, with the protocol REST-XML of version 2006-03-01: what deploy tools need for
//! templates and artifacts. Objects have no versions, no access control lists and no parts, and a bucket is served in
//! every Region.
mod bucket;
mod checksum;
mod error;
mod list;
pub mod location;
pub mod object;
mod operations;
mod payload;

pub use object::too_large;
pub use operations::{BODY_BYTES_MAX, handle};

//! CloudFormation templates for `provision`.
//!
//! [`render`] turns a spec into templates, for those who deploy with CloudFormation instead of
//! `provision apply`. [`import`] turns a CloudFormation or SAM template into a spec, and reports
//! everything that it cannot carry over. [`yaml`] writes either as YAML.
//!
//! Everything here is a pure function of its arguments: it never calls AWS, reads a file, or looks at the
//! clock. Nothing here knows a kind of resource: what differs between kinds is in the
//! [facts](provision_core::kind::TemplateFacts) of each.
#![warn(missing_docs)]
pub mod import;
pub mod render;
pub mod yaml;

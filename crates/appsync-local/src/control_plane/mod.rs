//! The control plane: the operations of AppSync, IAM, STS and WAF that Event APIs need, and those of S3 and Systems
//! Manager that deploy tools need. Every other operation is rejected with an error that names it.
pub mod appsync;
mod bootstrap;
pub mod dispatch;
mod iam;
mod page;
pub mod s3;
pub mod service_call;
pub mod ssm;
mod sts;
mod undocumented;
mod wafv2;

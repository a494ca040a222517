//! The control plane: the operations of AppSync, IAM, STS and WAF that Event APIs need. Every other operation
//! is rejected with an error that names it.
pub mod appsync;
pub mod dispatch;
mod iam;
mod page;
pub mod service_call;
mod sts;
mod undocumented;
mod wafv2;

//! The control plane: AppSync, IAM, STS and WAF, as far as Event APIs need them.
pub mod appsync;
pub mod dispatch;
mod iam;
mod page;
mod stale;
mod sts;
mod undocumented;
mod wafv2;

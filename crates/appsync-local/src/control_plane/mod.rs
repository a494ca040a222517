//! The control plane: AppSync, IAM, STS and WAF, as far as Event APIs need them.
pub mod appsync;
pub mod dispatch;
pub mod iam;
mod sts;
mod wafv2;

//! TagResource and UntagResource of AppSync: the tags of an existing resource, after its update.
use axum::http::Method;
use serde_json::{Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::cloudformation::resource_types::tags;

/// Changes the tags of the resource `arn`, which an operation returned with its tags. Calls nothing without a change.
pub async fn update_tags(
    context: &Context<'_>,
    existing: &ExistingResource<'_>,
    arn: &str,
    resource: &Value,
) -> Result<(), HandlerError> {
    let changes = context.tag_changes(existing, &tags::from_map(resource.get("tags")));
    let labels = ["v1", "tags", arn];
    if !changes.removed.is_empty() {
        let keys: Vec<_> = changes.removed.iter().map(|key| ("tagKeys", key.as_str())).collect();
        let call = ServiceCall::appsync(context, Method::DELETE, &labels);
        call.with_query(&keys).send().await?;
    }
    if !changes.added.is_empty() {
        // CloudFormation's own tags are not part of the input.
        let mut added = changes.added;
        added.retain(|key, _| !key.starts_with("aws:"));
        let call = ServiceCall::appsync(context, Method::POST, &labels);
        call.with_body(&json!({ "tags": added })).send().await?;
    }
    Ok(())
}

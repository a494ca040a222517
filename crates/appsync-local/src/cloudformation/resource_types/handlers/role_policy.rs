//! `AWS::IAM::RolePolicy`: one inline policy of a role. Its physical id is `<policy>|<role>`.
use serde_json::json;

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::{policy_document, xml};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};

pub struct RolePolicyHandler;

impl Handler for RolePolicyHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        context.schema.physical_id(&context.properties, None)
    }

    async fn create(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        let document = policy_document::text(context.properties.get("PolicyDocument"));
        call(context, "PutRolePolicy", id, &[("PolicyDocument", &document)]).await?;
        Ok(context.properties.clone())
    }

    /// PutRolePolicy replaces the document.
    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        self.create(context, existing.physical_id).await
    }

    async fn delete(&self, context: &Context<'_>, id: &str) -> Result<(), HandlerError> {
        call(context, "DeleteRolePolicy", id, &[]).await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        let xml = call(context, "GetRolePolicy", id, &[]).await?;
        let (policy, role) = id.split_once('|').unwrap_or((id, ""));
        let document = xml::document(&xml, "PolicyDocument");
        let properties = [
            ("PolicyName", json!(policy)),
            ("RoleName", json!(role)),
            ("PolicyDocument", document),
        ];
        Ok(properties.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
    }
}

async fn call(
    context: &Context<'_>,
    action: &str,
    id: &str,
    parameters: &[(&str, &str)],
) -> Result<String, HandlerError> {
    let (policy, role) = id.split_once('|').unwrap_or((id, ""));
    let names = [("RoleName", role), ("PolicyName", policy)];
    let parameters: Vec<_> = names.iter().chain(parameters).copied().collect();
    ServiceCall::iam(context, action, &parameters).send_query().await
}

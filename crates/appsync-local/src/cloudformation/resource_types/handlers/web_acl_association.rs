//! `AWS::WAFv2::WebACLAssociation`: the web ACL of an API. Its physical id has both ARNs.
use serde_json::{Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::protocol::operation::WAFV2_TARGET;

pub struct WebAclAssociationHandler;

impl Handler for WebAclAssociationHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        context.schema.physical_id(&context.properties, None)
    }

    async fn create(&self, context: &Context<'_>, _: &str) -> Result<Model, HandlerError> {
        call(context, "AssociateWebACL", &Value::Object(context.properties.clone())).await?;
        Ok(context.properties.clone())
    }

    /// Any change is a replacement.
    async fn update(
        &self,
        context: &Context<'_>,
        _: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        Ok(context.properties.clone())
    }

    /// Once its replacement exists, the association is not this one any more and remains.
    async fn delete(&self, context: &Context<'_>, id: &str) -> Result<(), HandlerError> {
        self.read(context, id).await?;
        let (resource, _) = id.split_once('|').unwrap_or((id, ""));
        call(context, "DisassociateWebACL", &json!({ "ResourceArn": resource })).await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        let (resource, web_acl) = id.split_once('|').unwrap_or((id, ""));
        let input = json!({ "ResourceArn": resource });
        let response = call(context, "GetWebACLForResource", &input).await?;
        if response["WebACL"]["ARN"] != web_acl {
            return Err(HandlerError::not_found(context.type_name, id));
        }
        let properties = [("ResourceArn", resource), ("WebACLArn", web_acl)];
        Ok(properties.map(|(name, arn)| (name.to_owned(), json!(arn))).into_iter().collect())
    }
}

async fn call(context: &Context<'_>, name: &str, input: &Value) -> Result<Value, HandlerError> {
    ServiceCall::json(context, "wafv2", format!("{WAFV2_TARGET}{name}"), input).send().await
}

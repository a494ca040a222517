//! `AWS::IAM::Policy`: one inline policy of several roles. Its physical id is generated and names nothing in IAM.
use serde_json::{Map, Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::{Context, list};
use crate::cloudformation::resource_types::generated_name::cut;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::{policy_document, xml};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::ids;

pub struct PolicyHandler;

/// How much of the stack's name and of the logical id the physical id has.
const ID_PART_MAX: usize = 5;

impl Handler for PolicyHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        let (stack, logical) =
            (cut(context.stack_name, ID_PART_MAX), cut(context.logical_id, ID_PART_MAX));
        format!("{stack}-{logical}-{}", ids::name_suffix())
    }

    async fn create(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        policy_document::check_principals(context)?;
        let mut is_created = false;
        for role in context.list("Roles").iter().filter_map(Value::as_str) {
            let put = put(context, role).await;
            put.map_err(|error| if is_created { error.after_creation() } else { error })?;
            is_created = true;
        }
        Ok(model(context, id))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        policy_document::check_principals(context)?;
        let nothing = Map::new();
        let old = existing.properties.as_object().unwrap_or(&nothing);
        let is_same = |name: &str| context.properties.get(name) == old.get(name);
        let (same_name, same_document) = (is_same("PolicyName"), is_same("PolicyDocument"));
        let (old_roles, new_roles) = (list(old, "Roles"), context.list("Roles"));
        for role in new_roles {
            let is_kept = same_name && same_document && old_roles.contains(role);
            if let Some(role) = role.as_str().filter(|_| !is_kept) {
                put(context, role).await?;
            }
        }
        let old_name = old.get("PolicyName").and_then(Value::as_str).unwrap_or_default();
        for role in old_roles.iter().filter(|role| !same_name || !new_roles.contains(role)) {
            remove(context, role.as_str().unwrap_or_default(), old_name).await?;
        }
        Ok(model(context, existing.physical_id))
    }

    async fn delete(&self, context: &Context<'_>, _: &str) -> Result<(), HandlerError> {
        for role in context.list("Roles").iter().filter_map(Value::as_str) {
            remove(context, role, context.required_text("PolicyName")).await?;
        }
        Ok(())
    }

    /// The roles that have the policy, which is their first one's.
    async fn read(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        let name = context.required_text("PolicyName");
        let (mut roles, mut document) = (Vec::new(), Value::Null);
        for role in context.list("Roles").iter().filter_map(Value::as_str) {
            let parameters = [("RoleName", role), ("PolicyName", name)];
            match ServiceCall::iam(context, "GetRolePolicy", &parameters).send_query().await {
                Ok(xml) if roles.is_empty() => {
                    document = xml::document(&xml, "PolicyDocument");
                    roles.push(role);
                }
                Ok(xml) if xml::document(&xml, "PolicyDocument") == document => roles.push(role),
                Ok(_) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        if roles.is_empty() {
            return Err(HandlerError::not_found(context.type_name, id));
        }
        let properties = [
            ("Id", json!(id)),
            ("PolicyName", json!(name)),
            ("PolicyDocument", document),
            ("Roles", json!(roles)),
        ];
        Ok(properties.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
    }
}

async fn put(context: &Context<'_>, role: &str) -> Result<(), HandlerError> {
    let document = policy_document::text(context.properties.get("PolicyDocument"));
    let name = context.required_text("PolicyName");
    let parameters = [("RoleName", role), ("PolicyName", name), ("PolicyDocument", &document)];
    ServiceCall::iam(context, "PutRolePolicy", &parameters).send_query().await.map(drop)
}

async fn remove(context: &Context<'_>, role: &str, name: &str) -> Result<(), HandlerError> {
    let parameters = [("RoleName", role), ("PolicyName", name)];
    ServiceCall::iam(context, "DeleteRolePolicy", &parameters).send_removal().await
}

fn model(context: &Context<'_>, id: &str) -> Model {
    let mut model = context.properties.clone();
    model.insert("Id".to_owned(), json!(id));
    model
}

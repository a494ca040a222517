//! `AWS::IAM::ManagedPolicy`, attached to roles. Its physical id is its ARN.
use serde_json::{Map, Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::{Context, list};
use crate::cloudformation::resource_types::generated_name::generated_name;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::{policy_document, xml};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};

pub struct ManagedPolicyHandler;

const NAME_MAX: usize = 128;

impl Handler for ManagedPolicyHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        let name = context.text("ManagedPolicyName").map(str::to_owned);
        let name = name.unwrap_or_else(|| generated_name(context, NAME_MAX));
        let (partition, account) = (context.caller.partition(), &context.caller.account);
        let path = context.text("Path").unwrap_or("/");
        format!("arn:{partition}:iam::{account}:policy{path}{name}")
    }

    async fn create(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        policy_document::check_principals(context)?;
        let name = arn.rsplit('/').next().unwrap_or_default();
        let document = policy_document::text(context.properties.get("PolicyDocument"));
        let mut parameters = vec![("PolicyName", name), ("PolicyDocument", document.as_str())];
        for name in ["Path", "Description"] {
            parameters.extend(context.text(name).map(|text| (name, text)));
        }
        let created = ServiceCall::iam(context, "CreatePolicy", &parameters).send_query().await;
        let is_unique = context.text("ManagedPolicyName").is_none();
        let policy =
            created.map_err(|error| if is_unique { error.of_unique_creation() } else { error })?;
        update_roles(context, arn, &Map::new()).await.map_err(HandlerError::after_creation)?;
        Ok(model(context, attributes(&policy)))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        policy_document::check_principals(context)?;
        let nothing = Map::new();
        let old = existing.properties.as_object().unwrap_or(&nothing);
        let arn = existing.physical_id;
        let mut attributes = existing.attributes.clone();
        if context.properties.get("PolicyDocument") != old.get("PolicyDocument") {
            let version = create_version(context, arn).await?;
            for (name, element) in [("DefaultVersionId", "VersionId"), ("UpdateDate", "CreateDate")]
            {
                attributes.insert(name.to_owned(), json!(xml::text(&version, element)));
            }
        }
        update_roles(context, arn, old).await?;
        Ok(model(context, attributes))
    }

    async fn delete(&self, context: &Context<'_>, arn: &str) -> Result<(), HandlerError> {
        for role in context.list("Roles").iter().filter_map(Value::as_str) {
            let parameters = [("PolicyArn", arn), ("RoleName", role)];
            ServiceCall::iam(context, "DetachRolePolicy", &parameters).send_removal().await?;
        }
        for version in old_versions(context, arn).await? {
            delete_version(context, arn, &version).await?;
        }
        ServiceCall::iam(context, "DeletePolicy", &[("PolicyArn", arn)])
            .send_query()
            .await
            .map(drop)
    }

    async fn read(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        let policy_arn = ("PolicyArn", arn);
        let policy = ServiceCall::iam(context, "GetPolicy", &[policy_arn]).send_query().await?;
        let mut model = attributes(&policy);
        let version = xml::text(&policy, "DefaultVersionId").unwrap_or_default();
        let parameters = [policy_arn, ("VersionId", version.as_str())];
        let version =
            ServiceCall::iam(context, "GetPolicyVersion", &parameters).send_query().await?;
        model.insert("PolicyDocument".to_owned(), xml::document(&version, "Document"));
        let parameters = [policy_arn, ("MaxItems", "1000")];
        let entities =
            ServiceCall::iam(context, "ListEntitiesForPolicy", &parameters).send_query().await?;
        model.insert("Roles".to_owned(), json!(xml::texts(&entities, "RoleName")));
        for (name, element) in
            [("ManagedPolicyName", "PolicyName"), ("Path", "Path"), ("Description", "Description")]
        {
            model.extend(xml::text(&policy, element).map(|text| (name.to_owned(), json!(text))));
        }
        // A generated name is known by the physical id.
        if !context.properties.contains_key("ManagedPolicyName") {
            model.remove("ManagedPolicyName");
        }
        Ok(model)
    }
}

/// Creates a default version with the document. If there are too many versions, it deletes the oldest.
async fn create_version(context: &Context<'_>, arn: &str) -> Result<String, HandlerError> {
    let document = policy_document::text(context.properties.get("PolicyDocument"));
    let parameters =
        [("PolicyArn", arn), ("PolicyDocument", document.as_str()), ("SetAsDefault", "true")];
    let create =
        async || ServiceCall::iam(context, "CreatePolicyVersion", &parameters).send_query().await;
    match create().await {
        Err(error) if error.code == "ServiceLimitExceeded" => {
            let Some(oldest) = old_versions(context, arn).await?.pop() else { return Err(error) };
            delete_version(context, arn, &oldest).await?;
            create().await
        }
        result => result,
    }
}

/// The versions that are not the default, the oldest last.
async fn old_versions(context: &Context<'_>, arn: &str) -> Result<Vec<String>, HandlerError> {
    let xml =
        ServiceCall::iam(context, "ListPolicyVersions", &[("PolicyArn", arn)]).send_query().await?;
    let is_default = xml::texts(&xml, "IsDefaultVersion").into_iter();
    let versions = xml::texts(&xml, "VersionId").into_iter().zip(is_default);
    Ok(versions.filter(|(_, is_default)| is_default != "true").map(|(id, _)| id).collect())
}

async fn delete_version(context: &Context<'_>, arn: &str, id: &str) -> Result<(), HandlerError> {
    let parameters = [("PolicyArn", arn), ("VersionId", id)];
    ServiceCall::iam(context, "DeletePolicyVersion", &parameters).send_removal().await
}

/// Changes the roles of the policy from the old properties.
async fn update_roles(
    context: &Context<'_>,
    arn: &str,
    old: &Map<String, Value>,
) -> Result<(), HandlerError> {
    let (old, new) = (list(old, "Roles"), context.list("Roles"));
    for role in old.iter().filter(|role| !new.contains(role)).filter_map(Value::as_str) {
        let parameters = [("PolicyArn", arn), ("RoleName", role)];
        ServiceCall::iam(context, "DetachRolePolicy", &parameters).send_removal().await?;
    }
    for role in new.iter().filter(|role| !old.contains(role)).filter_map(Value::as_str) {
        let parameters = [("PolicyArn", arn), ("RoleName", role)];
        ServiceCall::iam(context, "AttachRolePolicy", &parameters).send_query().await?;
    }
    Ok(())
}

/// The read-only properties in a result with the policy.
fn attributes(policy: &str) -> Map<String, Value> {
    let mut attributes = Map::new();
    for (name, element) in [
        ("PolicyArn", "Arn"),
        ("PolicyId", "PolicyId"),
        ("DefaultVersionId", "DefaultVersionId"),
        ("CreateDate", "CreateDate"),
        ("UpdateDate", "UpdateDate"),
    ] {
        attributes.insert(name.to_owned(), json!(xml::text(policy, element)));
    }
    for name in ["AttachmentCount", "PermissionsBoundaryUsageCount"] {
        let count = xml::text(policy, name).and_then(|text| text.parse::<u64>().ok());
        attributes.insert(name.to_owned(), json!(count.unwrap_or(0)));
    }
    attributes.insert("IsAttachable".to_owned(), json!(true));
    attributes
}

fn model(context: &Context<'_>, attributes: Map<String, Value>) -> Model {
    let mut model = context.properties.clone();
    model.extend(attributes);
    model.insert("AttachmentCount".to_owned(), json!(context.list("Roles").len()));
    model
}

//! `AWS::IAM::Role` with its inline policies and attached managed policies. Its physical id is its name.
use serde_json::{Map, Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::{Context, list};
use crate::cloudformation::resource_types::generated_name::generated_name;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::{policy_document, xml};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::state::Tags;

pub struct RoleHandler;

const NAME_MAX: usize = 64;
/// IAM's default.
const MAX_SESSION_S: u32 = 3_600;

impl Handler for RoleHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        let name = context.text("RoleName").map(str::to_owned);
        name.unwrap_or_else(|| generated_name(context, NAME_MAX))
    }

    async fn create(&self, context: &Context<'_>, name: &str) -> Result<Model, HandlerError> {
        let trust = policy_document::text(context.properties.get("AssumeRolePolicyDocument"));
        let mut parameters = vec![
            ("RoleName".to_owned(), name.to_owned()),
            ("AssumeRolePolicyDocument".to_owned(), trust),
        ];
        for name in ["Path", "Description", "MaxSessionDuration", "PermissionsBoundary"] {
            if let Some(value) = context.properties.get(name) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                parameters.push((name.to_owned(), text));
            }
        }
        parameters.extend(tag_parameters(&context.tags()));
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
        let created = ServiceCall::iam(context, "CreateRole", &parameters).send_query().await;
        let is_unique = context.text("RoleName").is_none();
        let role =
            created.map_err(|error| if is_unique { error.of_unique_creation() } else { error })?;
        let nothing = Map::new();
        update_policies(context, name, &nothing).await.map_err(HandlerError::after_creation)?;
        let attributes = ["Arn", "RoleId"]
            .map(|attribute| (attribute.to_owned(), json!(xml::text(&role, attribute))));
        Ok(model(context, name, &attributes.into_iter().collect()))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        let name = existing.physical_id;
        let nothing = Map::new();
        let old = existing.properties.as_object().unwrap_or(&nothing);
        let role = RoleUpdate { context, name, old };
        role.update_trust().await?;
        role.update_settings().await?;
        role.update_boundary().await?;
        update_policies(context, name, old).await?;
        role.update_tags(existing).await?;
        Ok(model(context, name, existing.attributes))
    }

    /// Policies that someone else added remain, and then IAM rejects the deletion.
    async fn delete(&self, context: &Context<'_>, name: &str) -> Result<(), HandlerError> {
        let role = ("RoleName", name);
        for policy in inline_policies(&context.properties).keys() {
            let parameters = [role, ("PolicyName", policy)];
            ServiceCall::iam(context, "DeleteRolePolicy", &parameters).send_removal().await?;
        }
        for arn in context.list("ManagedPolicyArns").iter().filter_map(Value::as_str) {
            let parameters = [role, ("PolicyArn", arn)];
            ServiceCall::iam(context, "DetachRolePolicy", &parameters).send_removal().await?;
        }
        ServiceCall::iam(context, "DeleteRole", &[role]).send_query().await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, name: &str) -> Result<Model, HandlerError> {
        let (role, all) = (("RoleName", name), ("MaxItems", "1000"));
        let xml = ServiceCall::iam(context, "GetRole", &[role]).send_query().await?;
        let mut model = Model::new();
        for name in ["RoleName", "Path", "RoleId", "Arn", "Description"] {
            model.extend(xml::text(&xml, name).map(|text| (name.to_owned(), json!(text))));
        }
        let boundary = xml::text(&xml, "PermissionsBoundaryArn");
        model.extend(boundary.map(|arn| ("PermissionsBoundary".to_owned(), json!(arn))));
        let trust = xml::document(&xml, "AssumeRolePolicyDocument");
        model.insert("AssumeRolePolicyDocument".to_owned(), trust);
        let max_session_s =
            xml::text(&xml, "MaxSessionDuration").and_then(|text| text.parse::<u32>().ok());
        model
            .insert("MaxSessionDuration".to_owned(), json!(max_session_s.unwrap_or(MAX_SESSION_S)));
        let tags = xml::texts(&xml, "Key").into_iter().zip(xml::texts(&xml, "Value")).collect();
        model.insert("Tags".to_owned(), context.schema.tag_value(&tags));

        let names =
            ServiceCall::iam(context, "ListRolePolicies", &[role, all]).send_query().await?;
        let mut policies = Vec::new();
        for policy in xml::texts(&names, "member") {
            let parameters = [role, ("PolicyName", policy.as_str())];
            let xml = ServiceCall::iam(context, "GetRolePolicy", &parameters).send_query().await?;
            let document = xml::document(&xml, "PolicyDocument");
            policies.push(json!({ "PolicyName": policy, "PolicyDocument": document }));
        }
        let attached = ServiceCall::iam(context, "ListAttachedRolePolicies", &[role, all])
            .send_query()
            .await?;
        for (name, items) in [
            ("Policies", policies),
            (
                "ManagedPolicyArns",
                xml::texts(&attached, "PolicyArn").into_iter().map(Value::from).collect(),
            ),
        ] {
            if !items.is_empty() {
                model.insert(name.to_owned(), Value::Array(items));
            }
        }
        // IAM's default, which the schema does not have.
        let is_declared = context.properties.contains_key("MaxSessionDuration");
        if !is_declared && model["MaxSessionDuration"] == MAX_SESSION_S {
            model.remove("MaxSessionDuration");
        }
        Ok(model)
    }
}

/// The update of a role from its old properties.
struct RoleUpdate<'a> {
    context: &'a Context<'a>,
    name: &'a str,
    old: &'a Map<String, Value>,
}

impl RoleUpdate<'_> {
    fn has_changed(&self, name: &str) -> bool {
        self.context.properties.get(name) != self.old.get(name)
    }

    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<(), HandlerError> {
        let parameters: Vec<_> =
            [("RoleName", self.name)].iter().chain(parameters).copied().collect();
        ServiceCall::iam(self.context, action, &parameters).send_query().await.map(drop)
    }

    async fn update_trust(&self) -> Result<(), HandlerError> {
        if !self.has_changed("AssumeRolePolicyDocument") {
            return Ok(());
        }
        let document =
            policy_document::text(self.context.properties.get("AssumeRolePolicyDocument"));
        self.call("UpdateAssumeRolePolicy", &[("PolicyDocument", &document)]).await
    }

    /// A removed property gets IAM's default.
    async fn update_settings(&self) -> Result<(), HandlerError> {
        if !self.has_changed("Description") && !self.has_changed("MaxSessionDuration") {
            return Ok(());
        }
        let description = self.context.text("Description").unwrap_or_default();
        let seconds = self.context.properties.get("MaxSessionDuration").and_then(Value::as_u64);
        let seconds = seconds.unwrap_or(MAX_SESSION_S.into()).to_string();
        self.call("UpdateRole", &[("Description", description), ("MaxSessionDuration", &seconds)])
            .await
    }

    async fn update_boundary(&self) -> Result<(), HandlerError> {
        if !self.has_changed("PermissionsBoundary") {
            return Ok(());
        }
        match self.context.text("PermissionsBoundary") {
            Some(arn) => {
                self.call("PutRolePermissionsBoundary", &[("PermissionsBoundary", arn)]).await
            }
            None => self.call("DeleteRolePermissionsBoundary", &[]).await,
        }
    }

    /// No operation of an update returns the tags, so the old properties stand for the actual tags.
    async fn update_tags(&self, existing: &ExistingResource<'_>) -> Result<(), HandlerError> {
        let changes = self.context.tag_changes(existing, &existing.tags("Tags"));
        if !changes.removed.is_empty() {
            let keys = changes.removed.iter().enumerate();
            let keys: Vec<_> =
                keys.map(|(n, key)| (format!("TagKeys.member.{}", n + 1), key)).collect();
            let keys: Vec<_> = keys.iter().map(|(name, key)| (&**name, &***key)).collect();
            self.call("UntagRole", &keys).await?;
        }
        if !changes.added.is_empty() {
            let tags: Vec<_> = tag_parameters(&changes.added).collect();
            let tags: Vec<_> = tags.iter().map(|(name, value)| (&**name, &**value)).collect();
            self.call("TagRole", &tags).await?;
        }
        Ok(())
    }
}

/// Changes inline and attached policies from the old properties.
async fn update_policies(
    context: &Context<'_>,
    name: &str,
    old: &Map<String, Value>,
) -> Result<(), HandlerError> {
    let role = ("RoleName", name);
    let (old_inline, new_inline) = (inline_policies(old), inline_policies(&context.properties));
    for policy in old_inline.keys().filter(|policy| !new_inline.contains_key(*policy)) {
        let parameters = [role, ("PolicyName", policy)];
        ServiceCall::iam(context, "DeleteRolePolicy", &parameters).send_removal().await?;
    }
    for (policy, document) in
        new_inline.iter().filter(|(policy, new)| old_inline.get(*policy) != Some(new))
    {
        let document = policy_document::text(Some(document));
        let parameters = [role, ("PolicyName", policy), ("PolicyDocument", &document)];
        ServiceCall::iam(context, "PutRolePolicy", &parameters).send_query().await?;
    }
    let (old_attached, new_attached) =
        (list(old, "ManagedPolicyArns"), context.list("ManagedPolicyArns"));
    for (action, arns, others) in [
        ("DetachRolePolicy", old_attached, new_attached),
        ("AttachRolePolicy", new_attached, old_attached),
    ] {
        for arn in arns.iter().filter(|arn| !others.contains(arn)).filter_map(Value::as_str) {
            let call = ServiceCall::iam(context, action, &[role, ("PolicyArn", arn)]);
            match action {
                "DetachRolePolicy" => call.send_removal().await?,
                _ => call.send_query().await.map(drop)?,
            }
        }
    }
    Ok(())
}

/// The documents of inline policies by their names, in the order of the template.
fn inline_policies(properties: &Map<String, Value>) -> Map<String, Value> {
    let policies = list(properties, "Policies").iter();
    let named = policies.filter_map(|policy| {
        Some((policy["PolicyName"].as_str()?.to_owned(), policy["PolicyDocument"].clone()))
    });
    named.collect()
}

fn tag_parameters(tags: &Tags) -> impl Iterator<Item = (String, String)> {
    tags.iter().enumerate().flat_map(|(n, (key, value))| {
        let name = |part: &str| format!("Tags.member.{}.{part}", n + 1);
        [(name("Key"), key.clone()), (name("Value"), value.clone())]
    })
}

fn model(context: &Context<'_>, name: &str, attributes: &Map<String, Value>) -> Model {
    let mut model = context.properties.clone();
    model.insert("RoleName".to_owned(), json!(name));
    model.extend(attributes.clone());
    model
}

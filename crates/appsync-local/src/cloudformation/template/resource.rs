//! The section Resources: declarations and their attributes.
use serde_json::{Map, Value, json};

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::function::{FOR_EACH_PREFIX, call};
use crate::cloudformation::template::limits::{RESOURCES_MAX, check_count};

/// What happens to a resource that leaves the stack, or whose replacement has been created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionPolicy {
    Delete,
    Retain,
    RetainExceptOnCreate,
    Snapshot,
}

/// A declared resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDeclaration {
    pub logical_id: String,
    pub resource_type: String,
    /// An object with functions in it; `{}` if there is none.
    pub properties: Value,
    pub depends_on: Vec<String>,
    pub condition: Option<String>,
    pub deletion_policy: DeletionPolicy,
    /// Whether the template declares a deletion policy, which an import requires.
    pub has_deletion_policy: bool,
    pub update_replace_policy: DeletionPolicy,
    pub metadata: Option<Value>,
    pub creation_policy: Option<Value>,
    pub update_policy: Option<Value>,
}

const ATTRIBUTES: &[&str] = &[
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
    // Of custom resources.
    "Version",
];

impl DeletionPolicy {
    /// Returns the policy as templates and responses have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let policies = [Self::Delete, Self::Retain, Self::RetainExceptOnCreate, Self::Snapshot];
        policies.into_iter().find(|policy| policy.as_str() == text)
    }
}

impl ResourceDeclaration {
    /// The values that may refer to other resources, each with its attribute.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let optional = [&self.metadata, &self.creation_policy, &self.update_policy];
        std::iter::once(&self.properties).chain(optional.into_iter().flatten())
    }
}

/// Parses the section. `may_policies_be_functions` is whether the template has `AWS::LanguageExtensions`; such a policy
/// is `Delete` until its function is evaluated.
pub fn parse_resources(
    section: &Map<String, Value>,
    may_policies_be_functions: bool,
) -> Result<Vec<ResourceDeclaration>, TemplateError> {
    if section.is_empty() {
        return Err(TemplateError::format("At least one Resources member must be defined."));
    }
    check_count("resources", section.len(), RESOURCES_MAX)?;
    let parse = |(id, declaration): (&String, &Value)| {
        parse_resource(id, declaration, may_policies_be_functions)
    };
    section.iter().map(parse).collect()
}

fn parse_resource(
    logical_id: &str,
    declaration: &Value,
    may_policies_be_functions: bool,
) -> Result<ResourceDeclaration, TemplateError> {
    if logical_id.starts_with(FOR_EACH_PREFIX) {
        let message = format!("[/Resources/{logical_id}] resource definition is malformed");
        return Err(TemplateError::format(message));
    }
    if logical_id.is_empty() || !logical_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!("Resource name {logical_id} is non alphanumeric.");
        return Err(TemplateError::format(message));
    }
    let members = declaration
        .as_object()
        .ok_or_else(|| TemplateError::format("Any Resources member must be an object."))?;
    let resource_type = members.get("Type").and_then(Value::as_str).ok_or_else(|| {
        TemplateError::format(format!(
            "[/Resources/{logical_id}] Every Resources object must contain a Type member."
        ))
    })?;
    if let Some(unknown) = members.keys().find(|member| !ATTRIBUTES.contains(&member.as_str())) {
        return Err(TemplateError(format!("Invalid template resource property '{unknown}'")));
    }
    let properties = members.get("Properties").cloned().unwrap_or_else(|| json!({}));
    // `Properties: !If …` is not a map either.
    if !properties.is_object() || call(&properties).is_some() {
        let message =
            format!("[/Resources/{logical_id}/Properties] Every Properties member must be a map");
        return Err(TemplateError::format(message));
    }
    let policy = |key| policy(logical_id, members, key, may_policies_be_functions);
    Ok(ResourceDeclaration {
        logical_id: logical_id.to_owned(),
        resource_type: resource_type.to_owned(),
        properties,
        depends_on: depends_on(members.get("DependsOn"))?,
        condition: condition(members.get("Condition"))?,
        deletion_policy: policy("DeletionPolicy")?,
        has_deletion_policy: members.contains_key("DeletionPolicy"),
        update_replace_policy: policy("UpdateReplacePolicy")?,
        metadata: members.get("Metadata").cloned(),
        creation_policy: members.get("CreationPolicy").cloned(),
        update_policy: members.get("UpdatePolicy").cloned(),
    })
}

fn policy(
    logical_id: &str,
    members: &Map<String, Value>,
    key: &str,
    may_be_function: bool,
) -> Result<DeletionPolicy, TemplateError> {
    let Some(value) = members.get(key) else { return Ok(DeletionPolicy::Delete) };
    if may_be_function && call(value).is_some() {
        return Ok(DeletionPolicy::Delete);
    }
    parse_policy(logical_id, key, value)
}

/// Parses the value of `DeletionPolicy` or `UpdateReplacePolicy`, the `key`.
pub fn parse_policy(
    logical_id: &str,
    key: &str,
    value: &Value,
) -> Result<DeletionPolicy, TemplateError> {
    let text = value
        .as_str()
        .ok_or_else(|| TemplateError::format(format!("Every {key} member must be a string.")))?;
    let policy = DeletionPolicy::parse(text);
    // Only the deletion of a stack can follow its creation.
    let policy = policy.filter(|policy| {
        key == "DeletionPolicy" || *policy != DeletionPolicy::RetainExceptOnCreate
    });
    policy.ok_or_else(|| {
        TemplateError::format(format!("Unrecognized {key} {text} for resource {logical_id}"))
    })
}

fn depends_on(value: Option<&Value>) -> Result<Vec<String>, TemplateError> {
    let ids = match value {
        None => Some(Vec::new()),
        Some(Value::String(id)) => Some(vec![id.clone()]),
        Some(Value::Array(ids)) => ids.iter().map(|id| id.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    };
    ids.ok_or_else(|| TemplateError::format("DependsOn must be a string or list of strings."))
}

/// Returns the name of a condition, which resources and outputs have.
pub fn condition(value: Option<&Value>) -> Result<Option<String>, TemplateError> {
    let Some(value) = value else { return Ok(None) };
    let name = value
        .as_str()
        .ok_or_else(|| TemplateError::format("Every Condition member must be a string."))?;
    Ok(Some(name.to_owned()))
}

//! What GetTemplateSummary and ValidateTemplate report about a template, besides its parameters.
use indexmap::IndexSet;
use serde_json::{Map, Value};

use crate::cloudformation::template::sections::Template;

pub const CAPABILITY_IAM: &str = "CAPABILITY_IAM";
pub const CAPABILITY_NAMED_IAM: &str = "CAPABILITY_NAMED_IAM";
/// Types that can grant permissions, each with the property that names its resource.
const IAM_TYPES: &[(&str, Option<&str>)] = &[
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::GroupPolicy", None),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::RolePolicy", None),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserPolicy", None),
    ("AWS::IAM::UserToGroupAddition", None),
];

impl Template {
    /// Returns the types of all resources, each once, in the template's order. The types of loops are among them.
    pub fn resource_types(&self) -> Vec<String> {
        let mut types = IndexSet::new();
        self.visit_resources(&mut |resource_type, _| {
            types.insert(resource_type.to_owned());
        });
        types.into_iter().collect()
    }

    /// Returns the capability that the resources require. `CAPABILITY_AUTO_EXPAND` depends on the transforms instead.
    pub fn required_capabilities(&self) -> Vec<&'static str> {
        let mut is_required = false;
        let mut is_named = false;
        self.visit_resources(&mut |resource_type, properties| {
            if let Some((_, name)) = IAM_TYPES.iter().find(|(known, _)| *known == resource_type) {
                is_required = true;
                let property = name.and_then(|name| properties?.get(name));
                is_named |= property.is_some();
            }
        });
        match (is_required, is_named) {
            (_, true) => vec![CAPABILITY_NAMED_IAM],
            (true, false) => vec![CAPABILITY_IAM],
            (false, false) => Vec::new(),
        }
    }

    /// Returns why capabilities are required.
    pub fn capabilities_reason(&self) -> Option<String> {
        let mut types = self.resource_types();
        types.retain(|name| IAM_TYPES.iter().any(|(known, _)| known == name));
        let types = types.join(", ");
        let reason = format!("The following resource(s) require capabilities: [{types}]");
        (!types.is_empty()).then_some(reason)
    }

    fn visit_resources(&self, visit: &mut dyn FnMut(&str, Option<&Value>)) {
        if let Some(section) = self.document().get("Resources").and_then(Value::as_object) {
            visit_section(section, visit);
        }
    }
}

/// Calls `visit` with the type and the properties of each resource, also of those in the bodies of loops.
fn visit_section(section: &Map<String, Value>, visit: &mut dyn FnMut(&str, Option<&Value>)) {
    for declaration in section.values() {
        if let Some(resource_type) = declaration.get("Type").and_then(Value::as_str) {
            visit(resource_type, declaration.get("Properties"));
        } else if let Some(Value::Object(body)) = declaration.get(2) {
            visit_section(body, visit);
        }
    }
}

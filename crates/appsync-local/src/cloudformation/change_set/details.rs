//! The parts of a resource that change: properties, policies and metadata.
use serde_json::{Value, json};

use crate::cloudformation::change_set::references::References;
use crate::cloudformation::decision::property_differences;
use crate::cloudformation::evaluation::deletion_policy;
use crate::cloudformation::resource_types::{RequiresRecreation, ResourceType};
use crate::cloudformation::template::ResourceDeclaration;
use crate::state::changes::{ChangeDetail, ChangedAttribute, Recreation};
use crate::state::stacks::ResourceContent;

/// The properties that differ.
pub fn of_properties(
    references: &References<'_>,
    declaration: &ResourceDeclaration,
    resource_type: &ResourceType,
    before: &Value,
    after: &Value,
) -> Vec<ChangeDetail> {
    let differences = property_differences(resource_type, before, after).into_iter();
    let details = differences.map(|difference| {
        let declared = declared_at(&declaration.properties, &difference.path);
        ChangeDetail {
            before: difference.before,
            after: difference.after,
            causes: declared.map(|value| references.causes(value)).unwrap_or_default(),
            ..of_property(resource_type, &difference.path)
        }
    });
    details.collect()
}

/// The properties that differ if a resource that is modified in place gets another value for an attribute.
pub fn of_possible_changes(
    references: &References<'_>,
    declaration: &ResourceDeclaration,
    resource_type: &ResourceType,
    certain: &[ChangeDetail],
) -> Vec<ChangeDetail> {
    let properties = declaration.properties.as_object().into_iter().flatten();
    let details = properties.filter_map(|(name, value)| {
        let detail = of_property(resource_type, &format!("/{name}"));
        let is_certain = certain.iter().any(|certain| certain.property() == detail.property());
        let causes = references.possible_causes(value);
        let is_possible = !is_certain && !causes.is_empty();
        is_possible.then_some(ChangeDetail { causes, is_certain: false, ..detail })
    });
    details.collect()
}

/// The policies and the metadata that differ.
pub fn of_attributes(
    declaration: &ResourceDeclaration,
    content: &ResourceContent,
) -> Vec<ChangeDetail> {
    let attributes = [
        (
            ChangedAttribute::DeletionPolicy,
            Some(json!(content.deletion_policy)),
            Some(json!(deletion_policy(declaration.deletion_policy))),
        ),
        (
            ChangedAttribute::UpdateReplacePolicy,
            Some(json!(content.update_replace_policy)),
            Some(json!(deletion_policy(declaration.update_replace_policy))),
        ),
        (ChangedAttribute::Metadata, content.metadata.clone(), declaration.metadata.clone()),
    ];
    let changed = attributes.into_iter().filter(|(_, before, after)| before != after);
    let details = changed.map(|(attribute, before, after)| ChangeDetail {
        before,
        after,
        ..ChangeDetail::new(attribute, format!("/{}", attribute.text()), Recreation::Never)
    });
    details.collect()
}

/// The detail of the property at a JSON pointer in the properties, without values.
fn of_property(resource_type: &ResourceType, pointer: &str) -> ChangeDetail {
    let name = pointer.split('/').nth(1);
    let attribute = match resource_type.tags_property() {
        Some(tags) if name == Some(tags) => ChangedAttribute::Tags,
        _ => ChangedAttribute::Properties,
    };
    let recreation = match resource_type.requires_recreation(pointer) {
        RequiresRecreation::Never => Recreation::Never,
        RequiresRecreation::Conditionally => Recreation::Conditionally,
        RequiresRecreation::Always => Recreation::Always,
    };
    ChangeDetail::new(attribute, format!("/Properties{pointer}"), recreation)
}

/// The value of the template that decides on a property: the one at the pointer, or the function on the way to it.
fn declared_at<'a>(properties: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut value = properties;
    for label in pointer.split('/').skip(1) {
        let label = label.replace("~1", "/").replace("~0", "~");
        let next = match value {
            Value::Object(members) => members.get(&label),
            Value::Array(items) => label.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Some(value).filter(|value| is_function(value)),
        }
    }
    Some(value)
}

fn is_function(value: &Value) -> bool {
    let members = value.as_object().filter(|members| members.len() == 1);
    let name = members.and_then(|members| members.keys().next());
    name.is_some_and(|name| name == "Ref" || name.starts_with("Fn::"))
}

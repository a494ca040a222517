//! The changes of a change set in the two forms of DescribeChangeSet: with the values of properties, and without them
//! (docs/reference/cloudformation.md#details-of-a-change).
use serde_json::{Value, json};

use crate::cloudformation::response::time_text;
use crate::state::changes::{
    ChangeCause, ChangeDetail, ChangedAttribute, Recreation, ResourceChange, ValueDrift,
};

/// A change with the values of its properties; `None` if it is not certain.
pub fn with_values(change: &ResourceChange) -> Option<Value> {
    let details: Vec<&ChangeDetail> =
        change.details.iter().filter(|detail| detail.is_certain).collect();
    if details.is_empty() && !change.details.is_empty() {
        return None;
    }
    let entries = details.iter().flat_map(|detail| detail_with_values(detail));
    let mut json = change_json(change, &details, entries.collect());
    json["BeforeContext"] = json!(change.before.as_ref().map(Value::to_string));
    json["AfterContext"] = json!(change.after.as_ref().map(Value::to_string));
    let previous = change.drift.as_ref().map(|drift| drift.previous.to_string());
    json["PreviousDeploymentContext"] = json!(previous);
    Some(json!({ "Type": "Resource", "ResourceChange": json }))
}

/// A change without values, which names each property once.
pub fn without_values(change: &ResourceChange) -> Value {
    let details: Vec<&ChangeDetail> = change.details.iter().collect();
    // The details are in the order of their attributes and paths.
    let by_target = details.chunk_by(|one, other| {
        (one.attribute, one.property()) == (other.attribute, other.property())
    });
    let entries = by_target.flat_map(detail_without_values).collect();
    json!({ "Type": "Resource", "ResourceChange": change_json(change, &details, entries) })
}

fn change_json(change: &ResourceChange, details: &[&ChangeDetail], entries: Vec<Value>) -> Value {
    let mut scope: Vec<&str> = details.iter().map(|detail| detail.attribute.text()).collect();
    scope.dedup();
    let ignored = change.drift.as_ref().map(|drift| {
        let attribute = |path: &String| json!({ "Path": path, "Reason": "WRITE_ONLY_PROPERTY" });
        drift.ignored_paths.iter().map(attribute).collect::<Vec<_>>()
    });
    json!({
        "PolicyAction": change.policy_action,
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.resource_type,
        "Replacement": change.replacement,
        "Scope": scope,
        "ResourceDriftStatus": change.drift.as_ref().map(|drift| drift.status),
        "ResourceDriftIgnoredAttributes": ignored.filter(|ignored| !ignored.is_empty()),
        "Details": entries,
    })
}

/// The modification itself, then what causes it.
fn detail_with_values(detail: &ChangeDetail) -> Vec<Value> {
    let mut target = target_json(detail.attribute, detail.property(), detail.recreation);
    let change_type = match (&detail.before, &detail.after) {
        _ if detail.is_sync() => "SyncWithActual",
        (None, _) => "Add",
        (_, None) => "Remove",
        _ => "Modify",
    };
    target["Path"] = json!(detail.path);
    target["BeforeValue"] = json!(detail.before.as_ref().map(value_text));
    target["AfterValue"] = json!(detail.after.as_ref().map(value_text));
    target["AttributeChangeType"] = json!(change_type);
    if let Some(drift) = &detail.drift {
        target["BeforeValueFrom"] = json!("ACTUAL_STATE");
        target["AfterValueFrom"] = json!("TEMPLATE");
        target["Drift"] = drift_json(drift);
    }
    let source = if detail.is_sync() { "NoModification" } else { "DirectModification" };
    let evaluation = if detail.causes.is_empty() { "Static" } else { "Dynamic" };
    let modification =
        json!({ "Target": target, "Evaluation": evaluation, "ChangeSource": source });
    let causes = detail.causes.iter().map(|cause| cause_json(&target, "Static", cause));
    std::iter::once(modification).chain(causes).collect()
}

/// What causes the change of one property, then the modification itself. A value of another resource is the only
/// cause of its change.
fn detail_without_values(details: &[&ChangeDetail]) -> Vec<Value> {
    let [first, ..] = details else { return Vec::new() };
    let recreation = details.iter().map(|detail| detail.recreation).max();
    let target =
        target_json(first.attribute, first.property(), recreation.unwrap_or(Recreation::Never));
    let mut causes: Vec<(&ChangeCause, bool)> = Vec::new();
    for detail in details {
        for cause in &detail.causes {
            if !causes.iter().any(|(known, _)| *known == cause) {
                causes.push((cause, detail.is_certain));
            }
        }
    }
    let is_modified = details.iter().any(|detail| detail.causes.is_empty())
        || causes.iter().any(|(cause, _)| matches!(cause, ChangeCause::Parameter(_)));
    let modification = is_modified.then(|| {
        let evaluation = if causes.is_empty() { "Static" } else { "Dynamic" };
        json!({ "Target": target, "Evaluation": evaluation, "ChangeSource": "DirectModification" })
    });
    let causes = causes.iter().map(|(cause, is_certain)| {
        cause_json(&target, if *is_certain { "Static" } else { "Dynamic" }, cause)
    });
    causes.chain(modification).collect()
}

fn target_json(attribute: ChangedAttribute, name: Option<&str>, recreation: Recreation) -> Value {
    let name = name.filter(|_| attribute == ChangedAttribute::Properties);
    let name = name.map(|name| name.replace("~1", "/").replace("~0", "~"));
    json!({ "Attribute": attribute.text(), "Name": name, "RequiresRecreation": recreation })
}

fn cause_json(target: &Value, evaluation: &str, cause: &ChangeCause) -> Value {
    let (source, entity) = match cause {
        ChangeCause::Parameter(name) => ("ParameterReference", name.clone()),
        ChangeCause::Attribute(id, attribute) => ("ResourceAttribute", format!("{id}.{attribute}")),
        ChangeCause::Resource(id) => ("ResourceReference", id.clone()),
    };
    json!({
        "Target": target,
        "Evaluation": evaluation,
        "ChangeSource": source,
        "CausingEntity": entity,
    })
}

fn drift_json(drift: &ValueDrift) -> Value {
    json!({
        "PreviousValue": drift.previous.as_ref().map(value_text),
        "ActualValue": drift.actual.as_ref().map(value_text),
        "DriftDetectionTimestamp": time_text(drift.detected_epoch_s),
    })
}

/// A text as it is, any other value as JSON.
pub fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

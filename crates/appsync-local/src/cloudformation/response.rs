//! Results of CloudFormation's operations: JSON values in the shape of the model, written as the XML of the Query
//! protocol. A member that is null is absent; an empty list is an empty element.
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::protocol::query::{element, text_element};
use crate::state::Tags;

/// What CloudFormation shows instead of the value of a parameter with `NoEcho`.
pub const NO_ECHO_TEXT: &str = "****";

/// Writes the members of a result.
pub fn result_xml(result: &Value) -> String {
    let members = result.as_object().into_iter().flatten();
    members.map(|(name, value)| member_xml(name, value)).collect()
}

fn member_xml(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text_element(name, text),
        Value::Array(items) => {
            element(name, &items.iter().map(|item| member_xml("member", item)).collect::<String>())
        }
        Value::Object(_) => element(name, &result_xml(value)),
        scalar => text_element(name, &scalar.to_string()),
    }
}

/// Tags as the model's list of them.
pub fn tag_list(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// A time in the format of the Query protocol, such as `2026-11-24T08:00:00.000Z`.
pub fn time_text(epoch_s: f64) -> String {
    let ms = (epoch_s * 1_000.0).floor() as i64;
    let time = Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_written_as_the_model_says() {
        let result = json!({
            "Stacks": [{ "StackName": "a<b", "DisableRollback": false, "Description": null, "Tags": [] }],
        });
        assert_eq!(
            result_xml(&result),
            "<Stacks><member><StackName>a&lt;b</StackName><DisableRollback>false</DisableRollback><Tags></Tags></member></Stacks>"
        );
        assert_eq!(time_text(1_800_000_000.5), "2027-01-15T08:00:00.500Z");
    }
}

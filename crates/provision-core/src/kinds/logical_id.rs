//! The logical id that a user chooses for a resource.
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A resource's logical id in a CloudFormation template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogicalId(pub String);

impl JsonSchema for LogicalId {
    fn schema_name() -> Cow<'static, str> {
        "LogicalId".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9]{1,255}$",
            "patternErrorMessage": "a logical id has 1 to 255 letters and digits",
            "examples": ["SampleApi"],
        })
    }
}

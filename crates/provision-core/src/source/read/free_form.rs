//! Reads values without a schema by the core schema of YAML 1.2. In doubt, a scalar is text.
use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::read::reader::Reader;
use crate::source::tree::{Node, NodeData};

impl Reader<'_> {
    /// Reads a value that the schema does not restrict.
    pub fn free(&mut self, node: &Node, path: &DocumentPath) -> Option<Value> {
        let node = node.follow_alias();
        if let Some(tag) = &node.tag {
            let message = format!("the tag `{tag}` is not supported");
            self.report(
                Diagnostic::error("PV009", Location::Value(path.clone()), message)
                    .with_help("write plain YAML"),
            );
            return None;
        }
        Some(match &node.data {
            NodeData::Scalar { text, .. } if text.contains("${") => {
                return self.substitute(text, path);
            }
            NodeData::Scalar { text, plain: true } => parse_scalar(text),
            NodeData::Scalar { text, .. } => Value::String(text.clone()),
            NodeData::List(items) => {
                let item = |(n, item)| self.free(item, &path.clone().index(n));
                Value::Array(items.iter().enumerate().filter_map(item).collect())
            }
            NodeData::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    let entry_path = path.clone().key(&entry.key);
                    self.check_intrinsic(&entry.key, &entry_path);
                    if let Some(value) = self.free(&entry.value, &entry_path) {
                        map.insert(entry.key.clone(), value);
                    }
                }
                Value::Object(map)
            }
            NodeData::Alias(node) => return self.free(node, path),
        })
    }

    /// Reports a key that is a CloudFormation intrinsic.
    pub fn check_intrinsic(&mut self, key: &str, path: &DocumentPath) {
        if key == "Ref" || key.starts_with("Fn::") {
            let message = format!("the CloudFormation intrinsic `{key}` is not supported");
            let diagnostic = Diagnostic::error("PV215", Location::Key(path.clone()), message);
            self.report(
                diagnostic.with_help("write `${…}` inside a text, such as `${AWS::Region}`"),
            );
        }
    }
}

/// Parses a scalar without quotes. A scalar that would be written back differently is text: `0123`, `1e3`, `1.10`,
/// `2012-10-17`, `yes`.
pub fn parse_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(integer) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) {
        return Value::from(integer);
    }
    let number =
        text.parse::<f64>().ok().filter(|number| number.is_finite() && number.to_string() == text);
    number.map_or_else(|| Value::String(text.to_owned()), Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scalar_that_would_be_written_back_differently_is_text() {
        for (text, value) in [
            ("7", json!(7)),
            ("-1", json!(-1)),
            ("1.5", json!(1.5)),
            ("true", json!(true)),
            ("~", json!(null)),
        ] {
            assert_eq!(parse_scalar(text), value, "{text}");
        }
        for text in
            ["0123", "1e3", "1.10", "+1", "2012-10-17", "yes", "on", "NaN", "inf", "0x1F", "1_000"]
        {
            assert_eq!(parse_scalar(text), json!(text), "{text}");
        }
    }
}

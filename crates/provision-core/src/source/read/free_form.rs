//! Free-form parts, which no schema describes: YAML 1.2's core rules, on the side of text.
use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::read::reader::Reader;
use crate::source::tree::{Node, NodeData};

impl Reader<'_> {
    pub fn free(&mut self, node: &Node, path: &DocumentPath) -> Option<Value> {
        let node = node.follow_alias();
        if let Some(tag) = &node.tag {
            let message = format!("the tag `{tag}` has no place in a spec");
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
                    let at = path.clone().key(&entry.key);
                    self.intrinsic(&entry.key, &at);
                    if let Some(value) = self.free(&entry.value, &at) {
                        map.insert(entry.key.clone(), value);
                    }
                }
                Value::Object(map)
            }
            NodeData::Alias(node) => return self.free(node, path),
        })
    }

    /// Reports CloudFormation's own words where a spec is free.
    pub fn intrinsic(&mut self, key: &str, path: &DocumentPath) {
        if key == "Ref" || key.starts_with("Fn::") {
            let message = format!("`{key}` is CloudFormation's; a spec has no intrinsics");
            let diagnostic = Diagnostic::error("PV215", Location::Key(path.clone()), message);
            self.report(diagnostic.with_help("write `${AWS::Region}` inside the text instead"));
        }
    }
}

/// A scalar without quotes. What would not be written back as it stands stays text: `0123`, `1e3`,
/// `1.10`, `2012-10-17`, `yes`.
pub fn parse_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(whole) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) {
        return Value::from(whole);
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
    fn what_would_not_be_written_back_the_same_stays_text() {
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

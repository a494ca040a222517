//! Free-form parts, which no schema describes: YAML 1.2's core rules, on the side of text.
use serde_json::{Map, Value};

use crate::diagnostic::{At, Diagnostic, Path};
use crate::source::read::{Objection, Reader, Substitution};
use crate::source::tree::{Data, Node};

impl Reader<'_> {
    pub fn free(&mut self, node: &Node, path: &Path) -> Option<Value> {
        let node = node.resolve();
        if let Some(tag) = &node.tag {
            let message = format!("the tag `{tag}` has no place in a spec");
            self.report(
                Diagnostic::error("PV009", At::Value(path.clone()), message)
                    .with_help("write plain YAML"),
            );
            return None;
        }
        Some(match &node.data {
            Data::Scalar { text, .. } if text.contains("${") => {
                return self.substitute(text, path);
            }
            Data::Scalar { text, plain: true } => plain(text),
            Data::Scalar { text, .. } => Value::String(text.clone()),
            Data::List(items) => {
                let item = |(n, item)| self.free(item, &path.clone().index(n));
                Value::Array(items.iter().enumerate().filter_map(item).collect())
            }
            Data::Map(entries) => {
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
            Data::Alias(node) => return self.free(node, path),
        })
    }

    /// What a text with `${…}` in it means.
    pub fn substitute(&mut self, text: &str, path: &Path) -> Option<Value> {
        let Substitution { value, objections } = (self.substitute)(text);
        for Objection { message, help } in objections {
            let at = At::Value(path.clone());
            self.report(Diagnostic::error("PV214", at, message).with_help(help));
        }
        value
    }

    /// Reports CloudFormation's own words where a spec is free.
    pub fn intrinsic(&mut self, key: &str, path: &Path) {
        if key == "Ref" || key.starts_with("Fn::") {
            let message = format!("`{key}` is CloudFormation's; a spec has no intrinsics");
            let problem = Diagnostic::error("PV215", At::Key(path.clone()), message);
            self.report(problem.with_help("write `${AWS::Region}` inside the text instead"));
        }
    }
}

/// A scalar without quotes. What would not be written back as it stands stays text: `0123`, `1e3`,
/// `1.10`, `2012-10-17`, `yes`.
pub fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(whole) = text.parse::<i64>().ok().filter(|it| it.to_string() == text) {
        return Value::from(whole);
    }
    let number = text.parse::<f64>().ok().filter(|it| it.is_finite() && it.to_string() == text);
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
            assert_eq!(plain(text), value, "{text}");
        }
        for text in
            ["0123", "1e3", "1.10", "+1", "2012-10-17", "yes", "on", "NaN", "inf", "0x1F", "1_000"]
        {
            assert_eq!(plain(text), json!(text), "{text}");
        }
    }
}

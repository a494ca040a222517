//! JSON values as YAML that a person would write.
//!
//! Templates get CloudFormation's short forms (`!GetAtt Api.Arn`); specs get short lists and mappings
//! in one line and blank lines between sections. Texts of several lines are blocks in both. Never
//! folds a line: a folded ARN cannot be searched for.
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::{FlowMap, FlowSeq, Tagged};

/// Where editors find the schema of a spec.
const SCHEMA_COMMENT: &str = "# yaml-language-server: $schema=spec.schema.json\n";
/// The longest list or mapping of a spec that is written in one line, measured as JSON.
const ONE_LINE_MAX: usize = 60;
/// The largest mapping of a spec that is written in one line.
const ONE_LINE_ENTRIES_MAX: usize = 4;

/// Returns `value` as a YAML document that ends in a line break, with intrinsic functions in their
/// short forms.
pub fn to_string(value: &Value) -> String {
    serialize(&TemplateNode(value))
}

/// Returns the spec `document` as YAML, with a comment on top that names its schema.
pub(crate) fn spec_to_string(document: &Value) -> String {
    let mut text = SCHEMA_COMMENT.to_owned();
    for (key, value) in document.as_object().into_iter().flatten() {
        let is_section = value.as_object().is_some_and(|map| !map.is_empty()) && key != "tags";
        if is_section {
            text.push('\n');
        }
        text += &serialize(&BTreeMap::from([(key, SpecNode { value, depth: 0 })]));
    }
    text
}

fn serialize(node: &impl Serialize) -> String {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: true,
        folded_wrap_chars: usize::MAX,
        compact_list_indent: false,
    };
    serde_saphyr::to_string_with_options(node, options).expect("every JSON value has a YAML form")
}

/// A part of a template.
struct TemplateNode<'a>(&'a Value);

impl Serialize for TemplateNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(TemplateNode)),
            Value::Object(map) => match short_form(self.0) {
                Some((tag, text)) => Tagged(text, Some(tag.to_owned())).serialize(serializer),
                None => serializer
                    .collect_map(map.iter().map(|(key, value)| (key, TemplateNode(value)))),
            },
            scalar => scalar.serialize(serializer),
        }
    }
}

/// Returns an intrinsic function's tag and argument: `!GetAtt Api.Arn` for
/// `{"Fn::GetAtt": ["Api", "Arn"]}`.
fn short_form(value: &Value) -> Option<(&'static str, String)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    match map.iter().next()? {
        (name, Value::String(text)) if name == "Ref" => Some(("!Ref", text.clone())),
        (name, Value::String(text)) if name == "Fn::Sub" => Some(("!Sub", text.clone())),
        (name, Value::Array(pair)) if name == "Fn::GetAtt" => {
            let parts: Option<Vec<&str>> = pair.iter().map(Value::as_str).collect();
            Some(("!GetAtt", parts?.join(".")))
        }
        _ => None,
    }
}

/// A part of a spec. Mappings at depth 0 are never written in one line.
struct SpecNode<'a> {
    value: &'a Value,
    depth: usize,
}

impl Serialize for SpecNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let child = |value| SpecNode { value, depth: self.depth + 1 };
        match self.value {
            Value::Array(items) if fits_one_line(self.value) => {
                FlowSeq(items).serialize(serializer)
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(child)),
            Value::Object(map) if self.depth > 0 && fits_one_line(self.value) => {
                FlowMap(map).serialize(serializer)
            }
            Value::Object(map) => {
                serializer.collect_map(map.iter().map(|(key, value)| (key, child(value))))
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

/// Whether a list or mapping is easier to read in one line: short, and with scalars only.
fn fits_one_line(value: &Value) -> bool {
    let is_plain_scalar = |value: &Value| match value {
        // These characters need quotes in one line, but not on a separate line.
        Value::String(text) => !text.contains(['\n', '{', '[', ',']),
        Value::Object(_) | Value::Array(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    };
    // Empty collections are in one line anyway; as a flow collection, the writer would put the next
    // entry on the same line.
    let has_plain_scalars_only = match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(is_plain_scalar),
        Value::Object(map) => {
            (1..=ONE_LINE_ENTRIES_MAX).contains(&map.len()) && map.values().all(is_plain_scalar)
        }
        _ => true,
    };
    has_plain_scalars_only && value.to_string().len() <= ONE_LINE_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::yaml::{spec_to_string, to_string};

    #[test]
    fn templates_have_short_forms_and_block_scalars() {
        let long = "x ".repeat(100) + "x";
        let value = json!({
            "A": { "Fn::GetAtt": ["Api", "Dns.Http"] },
            "B": { "Fn::Sub": "x-${AWS::Region}" },
            "C": "one\ntwo\n",
            "D": "2012-10-17",
            "E": ["on", "0123", 7, true, 1.5, null],
            "F": long,
        });
        let expected = format!(
            "A: !GetAtt Api.Dns.Http\nB: !Sub x-${{AWS::Region}}\nC: |\n  one\n  two\nD: \"2012-10-17\"\nE:\n  - \"on\"\n  - \"0123\"\n  - 7\n  - true\n  - 1.5\n  - null\nF: {long}\n"
        );
        assert_eq!(to_string(&value), expected);
    }

    #[test]
    fn specs_have_short_collections_in_one_line_and_blank_lines_between_sections() {
        let document = json!({
            "version": 1,
            "tags": {},
            "apis": {
                "a": { "auth": { "providers": ["API_KEY"], "publish": [] }, "waf": { "webAcl": "${Acl}" } },
                "b": { "logging": { "level": "ALL", "role": "logs" }, "namespaces": { "chat": {}, "m": { "x": "a\nb\n" } } },
            },
        });
        let expected = "\
# yaml-language-server: $schema=spec.schema.json
version: 1
tags: {}

apis:
  a:
    auth:
      providers: [API_KEY]
      publish: []
    waf:
      webAcl: ${Acl}
  b:
    logging: {level: ALL, role: logs}
    namespaces:
      chat: {}
      m:
        x: |
          a
          b
";
        assert_eq!(spec_to_string(&document), expected);
    }
}

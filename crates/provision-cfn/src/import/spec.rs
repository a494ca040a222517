//! A spec as its user would have written it: short things in one line, sections with air between.
use serde::ser::{Error, Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::{FlowMap, FlowSeq, LitStr};

/// What editors check it against.
const SCHEMA: &str = "# yaml-language-server: $schema=spec.schema.json\n";
/// What is written in one line is no longer than this.
const FLOW_MAX: usize = 60;

/// `document` as YAML, with its schema on top.
pub fn spec(document: &Value) -> String {
    let options = || {
        serde_saphyr::ser_options! {
            prefer_block_scalars: false,
            folded_wrap_chars: 100_000,
            compact_list_indent: false,
        }
    };
    let mut text = SCHEMA.to_owned();
    for (key, value) in document.as_object().into_iter().flatten() {
        let section = value.as_object().is_some_and(|it| !it.is_empty()) && key != "tags";
        if section {
            text.push('\n');
        }
        let entry = Entry { key, value };
        let entry = serde_saphyr::to_string_with_options(&entry, options());
        text.push_str(&entry.expect("a JSON value has a YAML form"));
    }
    text
}

/// One entry at the top: its names stand a line each.
struct Entry<'a> {
    key: &'a str,
    value: &'a Value,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.key, Node { value: self.value, depth: 0 })])
    }
}

struct Node<'a> {
    value: &'a Value,
    depth: usize,
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inside = |value| Node { value, depth: self.depth + 1 };
        match self.value {
            Value::String(text) if text.contains('\n') => LitStr(text).serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) if is_short(self.value) => {
                FlowSeq(items.iter().map(inside).collect::<Vec<_>>()).serialize(serializer)
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(inside)),
            Value::Object(map) if self.depth > 0 && is_short(self.value) => {
                let map: Vec<_> = map.iter().map(|(key, it)| (key, inside(it))).collect();
                FlowMap(Pairs(map)).serialize(serializer)
            }
            Value::Object(map) => {
                serializer.collect_map(map.iter().map(|(key, it)| (key, inside(it))))
            }
            Value::Number(number) => match number.as_i64() {
                Some(number) => serializer.serialize_i64(number),
                None => match number.as_f64() {
                    Some(number) => serializer.serialize_f64(number),
                    None => Err(S::Error::custom("a number is too large")),
                },
            },
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Null => serializer.serialize_unit(),
        }
    }
}

/// A mapping in its order.
struct Pairs<'a>(Vec<(&'a String, Node<'a>)>);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, it)| (key, it)))
    }
}

/// Whether it is read more easily in one line: few words, and nothing with parts of its own.
fn is_short(value: &Value) -> bool {
    let word = |it: &Value| match it {
        // What would need quotes here needs none on a line of its own.
        Value::String(text) => !text.contains(['\n', '{', '[', ',']),
        Value::Object(_) | Value::Array(_) => false,
        _ => true,
    };
    // What is empty is in one line by itself; asked for it, the writer would put the next thing there.
    let words = match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(word),
        Value::Object(map) => !map.is_empty() && map.values().all(word) && map.len() <= 4,
        _ => true,
    };
    words && value.to_string().len() <= FLOW_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_things_stand_in_one_line_and_sections_apart() {
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
        assert_eq!(spec(&document), expected);
    }
}

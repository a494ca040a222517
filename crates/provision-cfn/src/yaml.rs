//! JSON values as YAML that a person would write: short-form intrinsics, blocks for many lines.
use serde::ser::{Error, Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::{LitStr, Tagged};

/// `value` as a YAML document, ending in a line break.
pub fn yaml(value: &Value) -> String {
    let options = serde_saphyr::ser_options! {
        // Lines stay whole: a folded ARN can't be searched for.
        prefer_block_scalars: false,
        folded_wrap_chars: 100_000,
        compact_list_indent: false,
    };
    serde_saphyr::to_string_with_options(&Node(value), options)
        .expect("a JSON value has a YAML form")
}

struct Node<'a>(&'a Value);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if text.contains('\n') => LitStr(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Node)),
            Value::Object(map) => match short(self.0) {
                Some((tag, text)) => Tagged(text, Some(tag.to_owned())).serialize(serializer),
                None => serializer.collect_map(map.iter().map(|(key, value)| (key, Node(value)))),
            },
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => serializer.serialize_i64(number),
                (None, Some(number)) => serializer.serialize_f64(number),
                (None, None) => Err(S::Error::custom("a number is too large")),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Null => serializer.serialize_unit(),
        }
    }
}

/// An intrinsic's short form: `!GetAtt Api.Arn` for `{"Fn::GetAtt": ["Api", "Arn"]}`.
fn short(value: &Value) -> Option<(&'static str, String)> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn intrinsics_are_written_short_and_many_lines_as_a_block() {
        let value = json!({
            "A": { "Fn::GetAtt": ["Api", "Dns.Http"] },
            "B": { "Fn::Sub": "x-${AWS::Region}" },
            "C": "one\ntwo\n",
            "D": "2012-10-17",
            "E": ["on", "0123", 7, true],
        });
        let expected = "A: !GetAtt Api.Dns.Http\nB: !Sub x-${AWS::Region}\nC: |\n  one\n  two\nD: \"2012-10-17\"\nE:\n  - \"on\"\n  - \"0123\"\n  - 7\n  - true\n";
        assert_eq!(yaml(&value), expected);
    }
}

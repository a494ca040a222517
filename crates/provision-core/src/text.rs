//! Text with placeholders: `/aws/appsync/apis/${apis/chat.ApiId}`. Placeholders are the only values that a plan does
//! not know.
//!
//! In a document, a text without placeholders is a string. A single placeholder is a `Ref` or `Fn::GetAtt`, as in
//! CloudFormation; text with placeholders is an `Fn::Sub`.
use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::address::Address;

/// Literal text and placeholders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Text(Vec<TextPart>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TextPart {
    Literal(String),
    Placeholder(Placeholder),
}

/// A value in a text that is resolved later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// An attribute that AWS assigns: `apis/chat.ApiId`.
    Attribute {
        /// The resource.
        address: Address,
        /// CloudFormation's name of the attribute.
        name: String,
    },
    /// A parameter of the spec: `stage`.
    Parameter(String),
    /// A pseudo parameter: `AWS::Region`.
    Pseudo(String),
}

/// CloudFormation's pseudo parameters that a spec can use.
pub const PSEUDO_PARAMETERS: &[&str] =
    &["AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::StackName", "AWS::URLSuffix"];

impl Text {
    /// Creates a text without placeholders.
    pub fn literal(text: &str) -> Self {
        if text.is_empty() {
            Self::default()
        } else {
            Self(vec![TextPart::Literal(text.to_owned())])
        }
    }
    /// Creates a reference to an attribute of the resource at `address`.
    pub fn attribute(address: &Address, attribute: &str) -> Self {
        let name = attribute.to_owned();
        Self(vec![TextPart::Placeholder(Placeholder::Attribute { address: address.clone(), name })])
    }
    /// Parses the syntax of `Fn::Sub`: `${AWS::Region}`, `${apis/chat.ApiId}`, `${!literal}`.
    ///
    /// An unknown placeholder is literal text.
    pub fn from_sub(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            push_literal(&mut parts, before);
            match after.split_once('}') {
                Some((inside, after)) if inside.starts_with('!') => {
                    push_literal(&mut parts, &format!("${{{}}}", &inside[1..]));
                    rest = after;
                }
                Some((inside, after)) => match Placeholder::parse(inside) {
                    Some(placeholder) => {
                        parts.push(TextPart::Placeholder(placeholder));
                        rest = after;
                    }
                    None => {
                        push_literal(&mut parts, "${");
                        rest = &rest[before.len() + 2..];
                    }
                },
                None => {
                    push_literal(&mut parts, "${");
                    rest = after;
                }
            }
        }
        push_literal(&mut parts, rest);
        Self(parts)
    }
    /// Parses an object whose only key is `Ref`, `Fn::GetAtt` or `Fn::Sub`.
    pub fn from_intrinsic(value: &Value) -> Option<Self> {
        let map = value.as_object().filter(|map| map.len() == 1)?;
        let (intrinsic, value) = map.iter().next()?;
        match (intrinsic.as_str(), value) {
            ("Fn::Sub", Value::String(text)) => Some(Self::from_sub(text)),
            ("Ref", Value::String(name)) => {
                Some(Self(vec![TextPart::Placeholder(Placeholder::parse(name)?)]))
            }
            ("Fn::GetAtt", Value::Array(pair)) => match pair.as_slice() {
                [Value::String(address), Value::String(attribute)] => {
                    Some(Self::attribute(&Address::parse(address)?, attribute))
                }
                _ => None,
            },
            _ => None,
        }
    }
    /// Creates a text of a single placeholder.
    pub fn placeholder(placeholder: Placeholder) -> Self {
        Self(vec![TextPart::Placeholder(placeholder)])
    }
    /// Concatenates texts.
    pub fn concat(texts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for part in texts.into_iter().flat_map(|text| text.0) {
            match part {
                TextPart::Literal(text) => push_literal(&mut parts, &text),
                placeholder @ TextPart::Placeholder(_) => parts.push(placeholder),
            }
        }
        Self(parts)
    }
    /// Replaces each placeholder by the text that `replace` returns.
    pub fn map_placeholders(&self, replace: &mut dyn FnMut(&Placeholder) -> Self) -> Self {
        Self::concat(self.0.iter().map(|part| match part {
            TextPart::Literal(text) => Self::literal(text),
            TextPart::Placeholder(placeholder) => replace(placeholder),
        }))
    }
    /// Returns the approximate length in bytes.
    pub fn estimated_len(&self) -> usize {
        /// The typical length of a resolved placeholder, such as an id or an ARN.
        const PLACEHOLDER_LEN: usize = 64;
        let len = |part: &TextPart| match part {
            TextPart::Literal(text) => text.len(),
            TextPart::Placeholder(_) => PLACEHOLDER_LEN,
        };
        self.0.iter().map(len).sum()
    }
    /// Appends literal text.
    pub fn with_suffix(mut self, suffix: &str) -> Self {
        push_literal(&mut self.0, suffix);
        self
    }
    /// Returns the text, if it has no placeholders.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [TextPart::Literal(text)] => Some(text),
            _ => None,
        }
    }
    /// Returns the text for a call to AWS, for which every placeholder is resolved.
    pub fn expect_literal(&self) -> &str {
        self.as_literal().expect("apply resolves every placeholder before a call")
    }
    /// Returns the placeholders in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.0.iter().filter_map(|part| match part {
            TextPart::Placeholder(placeholder) => Some(placeholder),
            TextPart::Literal(_) => None,
        })
    }
    /// Returns the text in the syntax of a spec: `${AWS::Region}`, and `$${` for a literal `${`.
    ///
    /// A spec cannot refer to attributes; a text that does is written with the attribute's address.
    pub fn to_spec_syntax(&self) -> String {
        let write = |part: &TextPart| match part {
            TextPart::Literal(text) => text.replace("${", "$${"),
            TextPart::Placeholder(placeholder) => format!("${{{placeholder}}}"),
        };
        self.0.iter().map(write).collect()
    }
    /// Replaces each placeholder by its value, if `value_of` returns one.
    pub fn resolve(&self, value_of: &dyn Fn(&Placeholder) -> Option<String>) -> Self {
        let mut parts = Vec::new();
        for part in &self.0 {
            match part {
                TextPart::Literal(text) => push_literal(&mut parts, text),
                TextPart::Placeholder(placeholder) => match value_of(placeholder) {
                    Some(value) => push_literal(&mut parts, &value),
                    None => parts.push(TextPart::Placeholder(placeholder.clone())),
                },
            }
        }
        Self(parts)
    }
    /// Returns a string or an intrinsic, which refers to resources by address.
    pub fn to_value(&self) -> Value {
        self.to_intrinsic(&|address| address.to_string())
    }
    /// Returns a string or an intrinsic, which refers to resources by the names that `name` returns.
    pub fn to_intrinsic(&self, name: &dyn Fn(&Address) -> String) -> Value {
        match self.0.as_slice() {
            [] => json!(""),
            [TextPart::Literal(text)] => json!(text),
            [TextPart::Placeholder(Placeholder::Pseudo(name) | Placeholder::Parameter(name))] => {
                json!({ "Ref": name })
            }
            [TextPart::Placeholder(Placeholder::Attribute { address, name: attribute })] => {
                json!({ "Fn::GetAtt": [name(address), attribute] })
            }
            parts => {
                let write = |part: &TextPart| match part {
                    TextPart::Literal(text) => text.replace("${", "${!"),
                    TextPart::Placeholder(Placeholder::Attribute { address, name: attribute }) => {
                        format!("${{{}.{attribute}}}", name(address))
                    }
                    TextPart::Placeholder(placeholder) => format!("${{{placeholder}}}"),
                };
                json!({ "Fn::Sub": parts.iter().map(write).collect::<String>() })
            }
        }
    }
}

fn push_literal(parts: &mut Vec<TextPart>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(TextPart::Literal(before)) => before.push_str(text),
        _ => parts.push(TextPart::Literal(text.to_owned())),
    }
}

impl Placeholder {
    /// Parses the text between `${` and `}`.
    fn parse(inside: &str) -> Option<Self> {
        if PSEUDO_PARAMETERS.contains(&inside) {
            return Some(Self::Pseudo(inside.to_owned()));
        }
        if let Some((address, attribute)) = inside.split_once('.') {
            let name = attribute.to_owned();
            return Some(Self::Attribute { address: Address::parse(address)?, name });
        }
        is_parameter_name(inside).then(|| Self::Parameter(inside.to_owned()))
    }
}

/// Whether `name` is a valid name of a parameter. CloudFormation allows letters and digits only.
pub fn is_parameter_name(name: &str) -> bool {
    name.starts_with(|character: char| character.is_ascii_alphabetic())
        && name.len() <= 255
        && name.chars().all(|character| character.is_ascii_alphanumeric())
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pseudo(name) | Self::Parameter(name) => f.write_str(name),
            Self::Attribute { address, name } => write!(f, "{address}.{name}"),
        }
    }
}

impl fmt::Display for Text {
    /// Writes placeholders as in a spec, `${…}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                TextPart::Literal(text) => f.write_str(text)?,
                TextPart::Placeholder(placeholder) => write!(f, "${{{placeholder}}}")?,
            }
        }
        Ok(())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::literal(&text)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::literal(&text)),
            other => Self::from_intrinsic(&other)
                .ok_or_else(|| serde::de::Error::custom("expected text")),
        }
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-substitutes": true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sub: &str, document: Value) {
        let text = Text::from_sub(sub);
        assert_eq!(text.to_value(), document, "{sub}");
        let back: Text = serde_json::from_value(document).unwrap();
        assert_eq!(back, text, "{sub}");
    }

    #[test]
    fn a_text_is_serialized_as_a_string_or_an_intrinsic() {
        check("", json!(""));
        check("plain", json!("plain"));
        check("${AWS::Region}", json!({ "Ref": "AWS::Region" }));
        check("${apis/a.Dns.Http}", json!({ "Fn::GetAtt": ["apis/a", "Dns.Http"] }));
        check("x-${AWS::Region}-y", json!({ "Fn::Sub": "x-${AWS::Region}-y" }));
        check("${!aws:user}/${AWS::Region}", json!({ "Fn::Sub": "${!aws:user}/${AWS::Region}" }));
        check("${!aws:user}", json!("${aws:user}"));
        check("a ${ b", json!("a ${ b"));
        check("${stage}", json!({ "Ref": "stage" }));
        check("x-${stage}", json!({ "Fn::Sub": "x-${stage}" }));
        check("${no-body}", json!("${no-body}"));
    }

    #[test]
    fn a_resolved_text_is_literal() {
        let text = Text::from_sub("x-${AWS::Region}-${apis/a.ApiId}");
        let known = |placeholder: &Placeholder| match placeholder {
            Placeholder::Pseudo(_) => Some("here".to_owned()),
            _ => None,
        };
        assert_eq!(text.resolve(&known).to_value(), json!({ "Fn::Sub": "x-here-${apis/a.ApiId}" }));
        let all = text.resolve(&|_| Some("1".to_owned()));
        assert_eq!(all.as_literal(), Some("x-1-1"));
    }

    #[test]
    fn an_object_with_other_keys_is_not_a_text() {
        assert_eq!(Text::from_intrinsic(&json!({ "Ref": "AWS::Region", "x": 1 })), None);
        assert_eq!(Text::from_intrinsic(&json!({ "Ref": "my-queue" })), None);
    }
}

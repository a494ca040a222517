//! Text with holes: `/aws/appsync/apis/${apis/chat.ApiId}`, the one thing unknown at plan time.
//!
//! In a document it is a plain string once nothing is open. Until then it is what CloudFormation
//! would write: `Ref` or `Fn::GetAtt` for a lone hole, `Fn::Sub` for text around holes.
use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::address::Address;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Text(Vec<TextPart>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TextPart {
    Literal(String),
    Placeholder(Placeholder),
}

/// What a text waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// What AWS decides about a resource: `apis/chat.ApiId`.
    Attribute { address: Address, name: String },
    /// What differs from stage to stage: `stage`.
    Parameter(String),
    /// Where the stack stands: `AWS::Region`.
    Pseudo(String),
}

/// CloudFormation's own parameters, as far as a spec may name them.
pub const PSEUDO_PARAMETERS: &[&str] =
    &["AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::StackName", "AWS::URLSuffix"];

impl Text {
    pub fn literal(text: &str) -> Self {
        if text.is_empty() {
            Self::default()
        } else {
            Self(vec![TextPart::Literal(text.to_owned())])
        }
    }
    /// What AWS will decide about the resource at `address`.
    pub fn attribute(address: &Address, attribute: &str) -> Self {
        let name = attribute.to_owned();
        Self(vec![TextPart::Placeholder(Placeholder::Attribute { address: address.clone(), name })])
    }
    /// Reads `Fn::Sub`'s way of writing: `${AWS::Region}`, `${apis/chat.ApiId}`, `${!literal}`.
    ///
    /// What is no hole we know stays as it is written.
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
                    Some(hole) => {
                        parts.push(TextPart::Placeholder(hole));
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
    /// The open text that `value` is: a `Ref`, `Fn::GetAtt` or `Fn::Sub`, and nothing beside it.
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
    /// What nobody knows yet, and nothing around it.
    pub fn placeholder(hole: Placeholder) -> Self {
        Self(vec![TextPart::Placeholder(hole)])
    }
    /// These texts, one after the other.
    pub fn concat(texts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for part in texts.into_iter().flat_map(|text| text.0) {
            match part {
                TextPart::Literal(text) => push_literal(&mut parts, &text),
                open @ TextPart::Placeholder(_) => parts.push(open),
            }
        }
        Self(parts)
    }
    /// The same text with each hole said as `other` says it.
    pub fn map_placeholders(&self, other: &mut dyn FnMut(&Placeholder) -> Self) -> Self {
        Self::concat(self.0.iter().map(|part| match part {
            TextPart::Literal(text) => Self::literal(text),
            TextPart::Placeholder(hole) => other(hole),
        }))
    }
    /// About how many bytes it takes.
    pub fn estimated_len(&self) -> usize {
        let weight = |part: &TextPart| match part {
            TextPart::Literal(text) => text.len(),
            TextPart::Placeholder(_) => 64,
        };
        self.0.iter().map(weight).sum()
    }
    /// This text and then the other.
    pub fn with_suffix(mut self, other: &str) -> Self {
        push_literal(&mut self.0, other);
        self
    }
    /// The text, if nothing is open.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [TextPart::Literal(text)] => Some(text),
            _ => None,
        }
    }
    /// The text for a call to AWS, where nothing is open any more.
    pub fn expect_literal(&self) -> &str {
        self.as_literal().expect("apply fills every hole before it calls")
    }
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.0.iter().filter_map(|part| match part {
            TextPart::Placeholder(hole) => Some(hole),
            TextPart::Literal(_) => None,
        })
    }
    /// The text as a spec writes it: `${AWS::Region}`, and `$${` for a literal `${`.
    ///
    /// A spec names no attributes, so what hangs on one is written like the rest.
    pub fn to_spec_syntax(&self) -> String {
        let write = |part: &TextPart| match part {
            TextPart::Literal(text) => text.replace("${", "$${"),
            TextPart::Placeholder(hole) => format!("${{{hole}}}"),
        };
        self.0.iter().map(write).collect()
    }
    /// The same text with what `known` knows put in its place.
    pub fn resolve(&self, known: &dyn Fn(&Placeholder) -> Option<String>) -> Self {
        let mut parts = Vec::new();
        for part in &self.0 {
            match part {
                TextPart::Literal(text) => push_literal(&mut parts, text),
                TextPart::Placeholder(hole) => match known(hole) {
                    Some(value) => push_literal(&mut parts, &value),
                    None => parts.push(TextPart::Placeholder(hole.clone())),
                },
            }
        }
        Self(parts)
    }
    /// As a document writes it, with addresses as they are.
    pub fn to_value(&self) -> Value {
        self.to_intrinsic(&|address| address.to_string())
    }
    /// As a document writes it, each address under the name that `name` gives it.
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
                    TextPart::Placeholder(hole) => format!("${{{hole}}}"),
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
    /// Reads what stands between `${` and `}`.
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

/// Whether a parameter can have this name: CloudFormation takes letters and digits only.
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
    /// For people: holes as the spec writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                TextPart::Literal(text) => f.write_str(text)?,
                TextPart::Placeholder(hole) => write!(f, "${{{hole}}}")?,
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
    fn a_text_is_written_as_cloudformation_would() {
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
    fn a_filled_text_is_plain() {
        let text = Text::from_sub("x-${AWS::Region}-${apis/a.ApiId}");
        let known = |hole: &Placeholder| match hole {
            Placeholder::Pseudo(_) => Some("here".to_owned()),
            _ => None,
        };
        assert_eq!(text.resolve(&known).to_value(), json!({ "Fn::Sub": "x-here-${apis/a.ApiId}" }));
        let all = text.resolve(&|_| Some("1".to_owned()));
        assert_eq!(all.as_literal(), Some("x-1-1"));
    }

    #[test]
    fn an_object_that_is_more_than_an_intrinsic_is_no_text() {
        assert_eq!(Text::from_intrinsic(&json!({ "Ref": "AWS::Region", "x": 1 })), None);
        assert_eq!(Text::from_intrinsic(&json!({ "Ref": "my-queue" })), None);
    }
}

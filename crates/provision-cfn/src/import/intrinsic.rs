//! Calls of intrinsic functions, in one form for `!Sub x`, `Fn::Sub: x` and `{"Fn::Sub": "x"}`.
use serde_json::{Map, Value, json};

use provision_core::diagnostic::DocumentPath;
use provision_core::source::read::free_form::parse_scalar;
use provision_core::source::tree::{Node, NodeData};

/// The prefix of YAML's own tags, which mean nothing to CloudFormation.
const YAML_TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// A call of an intrinsic function.
#[derive(Clone, Debug)]
pub struct IntrinsicCall<'a> {
    /// The long name: `Ref`, `Condition`, `Fn::Sub`.
    pub function: String,
    pub argument: &'a Node,
    /// Whether the call is the tag of its argument, as in `!Sub x`.
    is_tag: bool,
    /// The path of the call.
    pub path: DocumentPath,
    /// The path of the argument.
    pub argument_path: DocumentPath,
}

impl<'a> IntrinsicCall<'a> {
    /// Returns the call that `node` is, or `None` if it is something else.
    pub fn parse(node: &'a Node, path: &DocumentPath) -> Option<Self> {
        let tag = node.tag.as_deref().filter(|tag| !tag.starts_with(YAML_TAG_PREFIX));
        let Some(tag) = tag else { return Self::parse_long_form(node, path) };
        let name = tag.trim_start_matches('!');
        let function = match name {
            "Ref" | "Condition" => name.to_owned(),
            _ => format!("Fn::{name}"),
        };
        let (path, argument_path) = (path.clone(), path.clone());
        Some(Self { function, argument: node, is_tag: true, path, argument_path })
    }

    fn parse_long_form(node: &'a Node, path: &DocumentPath) -> Option<Self> {
        let NodeData::Map(entries) = &node.data else { return None };
        let [entry] = entries.as_slice() else { return None };
        let key = entry.key.as_str();
        if key != "Ref" && !key.starts_with("Fn::") || key.starts_with("Fn::ForEach") {
            return None;
        }
        Some(Self {
            function: key.to_owned(),
            argument: entry.value.follow_alias(),
            is_tag: false,
            path: path.clone(),
            argument_path: path.clone().key(key),
        })
    }

    /// The call that the argument is, if it is one.
    pub fn inner_call(&self) -> Option<Self> {
        match self.is_tag {
            true => Self::parse_long_form(self.argument, &self.argument_path),
            false => Self::parse(self.argument, &self.argument_path),
        }
    }

    /// The argument, if it is not a call.
    pub fn data(&self) -> Option<&'a NodeData> {
        self.inner_call().is_none().then_some(&self.argument.data)
    }

    /// The items of the argument, if it is a list.
    pub fn items(&self) -> Option<&'a [Node]> {
        match self.data()? {
            NodeData::List(items) => Some(items),
            _ => None,
        }
    }

    /// The argument, if it is a scalar.
    pub fn scalar(&self) -> Option<&'a str> {
        match self.data()? {
            NodeData::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns the call in the long form of JSON templates.
    pub fn to_json(&self) -> Value {
        let argument = match self.inner_call() {
            Some(call) => call.to_json(),
            None => data_to_json(&self.argument.data),
        };
        // `Fn::GetAtt: Api.ApiId` is valid in YAML only.
        let pair = argument.as_str().and_then(|text| text.split_once('.'));
        match pair.filter(|_| self.function == "Fn::GetAtt") {
            Some((id, attribute)) => json!({ "Fn::GetAtt": [id, attribute] }),
            None => json!({ (&*self.function): argument }),
        }
    }
}

fn node_to_json(node: &Node) -> Value {
    match IntrinsicCall::parse(node, &DocumentPath::default()) {
        Some(call) => call.to_json(),
        None => data_to_json(&node.data),
    }
}

fn data_to_json(data: &NodeData) -> Value {
    match data {
        NodeData::Scalar { text, plain: true } => parse_scalar(text),
        NodeData::Scalar { text, .. } => json!(text),
        NodeData::List(items) => items.iter().map(node_to_json).collect(),
        NodeData::Map(entries) => {
            let entries =
                entries.iter().map(|entry| (entry.key.clone(), node_to_json(&entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        NodeData::Alias(node) => node_to_json(node),
    }
}

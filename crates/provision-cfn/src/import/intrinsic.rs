//! Intrinsic functions: one form for `!Sub x`, `Fn::Sub: x` and `{"Fn::Sub": "x"}`.
use serde_json::{Map, Value, json};

use provision_core::diagnostic::Path;
use provision_core::source::read::free::plain;
use provision_core::source::tree::{Data, Entry, Node};

/// A call of an intrinsic function.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Its long name: `Ref`, `Condition`, `Fn::Sub`.
    pub function: String,
    pub argument: &'a Node,
    /// Whether the argument's tag is the call itself.
    tagged: bool,
    /// Where the call stands.
    pub at: Path,
    /// Where its argument stands.
    pub inside: Path,
}

/// What YAML's own tags begin with: they say nothing to CloudFormation.
const YAML: &str = "tag:yaml.org,2002:";

impl<'a> Call<'a> {
    /// The call that `node` is, if it is one.
    pub fn of(node: &'a Node, at: &Path) -> Option<Self> {
        let Some(tag) = node.tag.as_deref().filter(|it| !it.starts_with(YAML)) else {
            return Self::untagged(node, at);
        };
        let name = tag.trim_start_matches('!');
        let function = match name {
            "Ref" | "Condition" => name.to_owned(),
            _ => format!("Fn::{name}"),
        };
        let inside = at.clone();
        Some(Self { function, argument: node, tagged: true, at: at.clone(), inside })
    }

    /// The call that `node` is in its long form.
    fn untagged(node: &'a Node, at: &Path) -> Option<Self> {
        let Data::Map(entries) = &node.data else { return None };
        let [entry] = entries.as_slice() else { return None };
        let key = entry.key.as_str();
        if key != "Ref" && !key.starts_with("Fn::") || key.starts_with("Fn::ForEach") {
            return None;
        }
        Some(Self {
            function: key.to_owned(),
            argument: entry.value.resolve(),
            tagged: false,
            at: at.clone(),
            inside: at.clone().key(key),
        })
    }

    /// The call that the argument is, if it is one.
    pub fn inner(&self) -> Option<Self> {
        match self.tagged {
            true => Self::untagged(self.argument, &self.inside),
            false => Self::of(self.argument, &self.inside),
        }
    }
    /// What stands in the argument, if that is no call itself.
    pub fn data(&self) -> Option<&'a Data> {
        self.inner().is_none().then_some(&self.argument.data)
    }
    /// The items of the argument, if it is a list.
    pub fn items(&self) -> Option<&'a [Node]> {
        match self.data()? {
            Data::List(items) => Some(items),
            _ => None,
        }
    }
    /// The argument, if it is one text.
    pub fn word(&self) -> Option<&'a str> {
        match self.data()? {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
    /// The call in JSON's long form.
    pub fn said(&self) -> Value {
        let argument = match self.inner() {
            Some(call) => call.said(),
            None => data(&self.argument.data),
        };
        // JSON knows no dots here.
        let pair = argument.as_str().and_then(|it| it.split_once('.'));
        match pair.filter(|_| self.function == "Fn::GetAtt") {
            Some((id, attribute)) => json!({ "Fn::GetAtt": [id, attribute] }),
            None => json!({ (&*self.function): argument }),
        }
    }
}

/// A node in JSON's long form.
fn written(node: &Node) -> Value {
    match Call::of(node, &Path::default()) {
        Some(call) => call.said(),
        None => data(&node.data),
    }
}

fn data(data: &Data) -> Value {
    match data {
        Data::Scalar { text, plain: true } => plain(text),
        Data::Scalar { text, .. } => json!(text),
        Data::List(items) => items.iter().map(written).collect(),
        Data::Map(entries) => {
            let entry = |it: &Entry| (it.key.clone(), written(&it.value));
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Data::Alias(node) => written(node),
    }
}

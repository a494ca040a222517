//! Works out what a template says, as far as anybody can who does not deploy it.
//!
//! What differs from stage to stage stays open as parameters. What a structure depends on, and what no
//! spec can say, is decided by the values at hand, and each decision is a finding at its place.
//! Bounded in steps and in the length of what it writes out.
mod conditions;
mod functions;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::import::intrinsic::Call;
use crate::import::known_values::Values;
use crate::import::names;
use crate::import::template::{Template, map};
use crate::import::value::{Is, Part, REF, of_computed, of_resource};
use provision_core::diagnostic::{At, Diagnostic, Path, Segment};
use provision_core::source::tree::{Data, Node};
use provision_core::text::{Hole, PSEUDO_PARAMETERS, Text};

/// Steps and bytes that working out a template may take: a hundred times what the largest needs.
const WORK_MAX: usize = 20_000_000;
/// Levels of calls and conditions within each other.
const DEPTH_MAX: usize = 200;

/// A value that only CloudFormation can work out. It becomes a parameter if something of ours needs it.
#[derive(Clone, Debug)]
pub struct Computed {
    /// What it would be called.
    pub name: String,
    /// What to give for it.
    pub description: String,
    /// What the template says in its place.
    pub said: Value,
}

/// Whether a condition holds, and by which values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// `None`: nobody can tell.
    pub holds: Option<bool>,
    /// The names of the values that it hangs on; those that are missing, if nobody can tell.
    pub by: BTreeSet<String>,
}

impl Decision {
    pub fn unknown(by: BTreeSet<String>) -> Self {
        Self { holds: None, by }
    }
}

pub struct Evaluator<'a> {
    pub template: &'a Template<'a>,
    pub values: Values<'a>,
    pub findings: Vec<Diagnostic>,
    pub computed: Vec<Computed>,
    /// Conditions that were decided, or are being decided: those have nothing yet.
    pub conditions: BTreeMap<String, Option<Decision>>,
    work: usize,
    pub depth: usize,
}

impl<'a> Evaluator<'a> {
    pub fn new(template: &'a Template<'a>, values: Values<'a>) -> Self {
        Self {
            template,
            values,
            findings: Vec::new(),
            computed: Vec::new(),
            conditions: BTreeMap::new(),
            work: 0,
            depth: 0,
        }
    }

    /// What `node` says; `None`: nothing, or nothing that can be said, which is a finding then.
    pub fn evaluate(&mut self, node: &'a Node, at: &Path) -> Option<Part> {
        self.deeper(at)?;
        let node = node.resolve();
        let part = match Call::of(node, at) {
            Some(call) => self.call(&call),
            None => self.data(&node.data, at),
        };
        self.depth -= 1;
        part
    }

    /// A step down, unless it is one too many: conditions hang on conditions.
    pub fn deeper(&mut self, at: &Path) -> Option<()> {
        self.work(1, at)?;
        if self.depth >= DEPTH_MAX {
            let message = "this goes deeper than anybody's template";
            let problem = Diagnostic::error("PV508", At::Value(at.clone()), message);
            self.findings.push(problem.with_help("write out what hangs on so much else"));
            return None;
        }
        self.depth += 1;
        Some(())
    }

    /// What the argument of a call says.
    pub fn argument(&mut self, call: &Call<'a>) -> Option<Part> {
        match call.inner() {
            Some(inner) => {
                self.deeper(&inner.at)?;
                let part = self.call(&inner);
                self.depth -= 1;
                part
            }
            None => self.data(&call.argument.data, &call.inside),
        }
    }

    fn data(&mut self, data: &'a Data, at: &Path) -> Option<Part> {
        let is = match data {
            Data::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null") => {
                return None;
            }
            Data::Scalar { text, plain } => {
                let (text, plain) = (self.dynamic(text, at), *plain);
                Is::Scalar { text, plain }
            }
            Data::List(items) => {
                let item = |(n, item)| self.evaluate(item, &at.clone().index(n));
                Is::List(items.iter().enumerate().filter_map(item).collect())
            }
            Data::Map(_) => Is::Map(self.entries(data, at)),
            Data::Alias(node) => return self.evaluate(node, at),
        };
        Some(Part { at: at.clone(), is })
    }

    /// The entries of a mapping, with those of `<<` that it does not have itself.
    fn entries(&mut self, data: &'a Data, at: &Path) -> Vec<(String, Part)> {
        let Data::Map(entries) = data else { return Vec::new() };
        let mut read: Vec<(String, Part)> = Vec::new();
        let mut merged = Vec::new();
        for entry in entries {
            let at = at.clone().key(&entry.key);
            if entry.key == "<<" {
                merged = self.merged(&entry.value, &at);
            } else if entry.key.starts_with("Fn::ForEach") {
                self.unread(&entry.key, &at);
            } else if let Some(part) = self.evaluate(&entry.value, &at) {
                read.push((entry.key.clone(), part));
            }
        }
        for (key, part) in merged {
            if read.iter().all(|(it, _)| *it != key) {
                read.push((key, part));
            }
        }
        read
    }

    fn merged(&mut self, node: &'a Node, at: &Path) -> Vec<(String, Part)> {
        match &node.resolve().data {
            Data::List(items) => {
                let each = |(n, it): (usize, &'a Node)| self.merged(it, &at.clone().index(n));
                items.iter().enumerate().flat_map(each).collect()
            }
            data => self.entries(data, at),
        }
    }

    fn call(&mut self, call: &Call<'a>) -> Option<Part> {
        match call.function.as_str() {
            "Ref" => self.reference(call.word()?, &call.at),
            "Fn::GetAtt" => self.attribute(call),
            "Fn::Sub" => self.substitute(call),
            "Fn::If" => self.choose(call),
            "Fn::FindInMap" => self.find_in_map(call),
            "Fn::Join" => self.join(call),
            "Fn::Split" => self.split(call),
            "Fn::Select" => self.select(call),
            "Fn::Length" => self.length(call),
            "Fn::ToJsonString" => self.json(call),
            "Fn::ImportValue" => self.import_value(call),
            "Fn::Base64" | "Fn::GetAZs" | "Fn::Cidr" => Some(self.compute(call)),
            name => {
                self.unread(name, &call.at);
                None
            }
        }
    }

    /// `Ref`: a parameter, a pseudo parameter, a resource, or nothing (`AWS::NoValue`).
    pub fn reference(&mut self, name: &str, at: &Path) -> Option<Part> {
        if name == "AWS::NoValue" {
            return None;
        }
        if PSEUDO_PARAMETERS.contains(&name) {
            return Some(Part::text(Text::open(Hole::Pseudo(name.to_owned())), at));
        }
        if let Some(kind) = self.values.kind_of(name) {
            return match kind.is_list() {
                true => Some(self.list_parameter(name, at)),
                false => Some(Part::text(Text::open(Hole::Parameter(name.to_owned())), at)),
            };
        }
        if name.starts_with("AWS::") {
            let words = name.replace("::", "");
            let description = format!("What CloudFormation's `{name}` would be");
            return Some(self.computed(&words, description, json!({ "Ref": name }), at));
        }
        self.resource(name, REF, at)
    }

    /// A parameter that is a list: its items, as far as they are known.
    fn list_parameter(&mut self, name: &str, at: &Path) -> Part {
        match self.values.value_of(name) {
            Some(value) => {
                let items = value.split(',').map(|it| Part::text(Text::plain(it.trim()), at));
                let items = items.collect();
                self.decided(&format!("the list `{name}`"), &BTreeSet::from([name.to_owned()]), at);
                Part { at: at.clone(), is: Is::List(items) }
            }
            None => {
                let description = format!("What the template's list `{name}` would give here");
                self.computed(name, description, json!({ "Ref": name }), at)
            }
        }
    }

    /// An attribute of a resource, or what `Ref` gives of it.
    pub fn resource(&mut self, name: &str, attribute: &str, at: &Path) -> Option<Part> {
        // SAM makes resources of its own: `Orders.Alias`, `OrdersRole`.
        let id = name.split('.').next().unwrap_or_default();
        let sound = !id.is_empty() && id.chars().all(|it| it.is_ascii_alphanumeric());
        let known = self.template.resource(id).is_some();
        if !sound || (!known && !self.template.transformed) {
            let message = format!("the template has nothing that is called `{name}`");
            let help = "it is left out; name a parameter or a resource of the template";
            self.warn("PV509", At::Value(at.clone()), message, help);
            return None;
        }
        let rest = name[id.len()..].trim_start_matches('.');
        let attribute = match (rest, attribute) {
            ("", attribute) => attribute.to_owned(),
            (rest, REF) => rest.to_owned(),
            (rest, attribute) => format!("{rest}.{attribute}"),
        };
        Some(Part::text(of_resource(id, &attribute), at))
    }

    fn attribute(&mut self, call: &Call<'a>) -> Option<Part> {
        if let Some(word) = call.word() {
            let (id, attribute) = word.split_once('.').unwrap_or((word, ""));
            return self.resource(id, attribute, &call.at);
        }
        let items = call.items().unwrap_or_default();
        let parts: Vec<String> = items
            .iter()
            .enumerate()
            .filter_map(|(n, item)| self.word(item, &call.inside.clone().index(n)))
            .collect();
        match parts.split_first() {
            Some((id, rest)) if parts.len() == items.len() && !rest.is_empty() => {
                self.resource(id, &rest.join("."), &call.at)
            }
            _ => self.misshaped(call, "[LogicalId, Attribute]"),
        }
    }

    /// A text that must be known now: what is open in it is decided by the values at hand.
    pub fn word(&mut self, node: &'a Node, at: &Path) -> Option<String> {
        let part = self.evaluate(node, at)?;
        let text = part.as_text()?;
        let filled = self.values.fill(text);
        if !filled.used.is_empty() && filled.text.as_plain().is_some() {
            self.decided("this", &filled.used, at);
        }
        filled.text.as_plain().map(str::to_owned)
    }

    /// A value that only CloudFormation can work out, with a place to hold it.
    pub fn computed(&mut self, name: &str, description: String, said: Value, at: &Path) -> Part {
        let name = names::parameter(name);
        self.computed.push(Computed { name, description, said });
        Part::text(of_computed(self.computed.len() - 1), at)
    }

    /// A call that only CloudFormation can carry out.
    pub fn compute(&mut self, call: &Call<'a>) -> Part {
        let message = format!("`{}` can't be worked out here", call.function);
        let help = "the spec has a parameter in its place: give it the value that it has";
        self.warn("PV505", At::Value(call.at.clone()), message, help);
        let keys = call.at.0.iter().filter_map(|it| match it {
            Segment::Key(key) if !key.starts_with("Fn::") => Some(key.as_str()),
            _ => None,
        });
        let keys: Vec<&str> = keys.collect();
        let id = keys.get(1).copied().unwrap_or_default();
        let name = format!("{id} {}", keys.last().copied().unwrap_or_default());
        let description = format!("What the template works out for {}", keys.join("."));
        self.computed(&name, description, call.said(), &call.at)
    }

    pub fn work(&mut self, amount: usize, at: &Path) -> Option<()> {
        let before = self.work;
        self.work = before.saturating_add(amount);
        if self.work <= WORK_MAX {
            return Some(());
        }
        if before <= WORK_MAX {
            let message = "this is more than anybody's template works out to";
            let problem = Diagnostic::error("PV508", At::Value(at.clone()), message);
            self.findings.push(problem.with_help("write out what repeats itself"));
        }
        None
    }

    pub fn warn(&mut self, code: &'static str, at: At, message: impl Into<String>, help: &str) {
        self.findings.push(Diagnostic::warning(code, at, message).with_help(help));
    }

    /// Says that something was decided by these values.
    pub fn decided(&mut self, what: &str, used: &BTreeSet<String>, at: &Path) {
        let message = format!("{what} was decided: {}", self.values.because(used));
        let help = self.values.otherwise(used);
        self.warn("PV503", At::Value(at.clone()), message, &help);
    }

    /// Says that a function is none that we carry out.
    pub fn unread(&mut self, function: &str, at: &Path) {
        let message = format!("`{function}` is not carried out, so what it gives is left out");
        let help = "write out what it gives, or import the template that CloudFormation processed";
        self.warn("PV505", At::Value(at.clone()), message, help);
    }

    /// Says that a call is not as CloudFormation has it.
    pub fn misshaped(&mut self, call: &Call<'a>, shape: &str) -> Option<Part> {
        let message = format!("`{}` takes {shape}", call.function);
        let help = "it is left out; write it as CloudFormation has it";
        self.warn("PV510", At::Value(call.at.clone()), message, help);
        None
    }

    /// A text as it stands. CloudFormation looks `{{resolve:…}}` up when it deploys.
    fn dynamic(&mut self, text: &str, at: &Path) -> Text {
        let Some((before, after)) = text.split_once("{{resolve:") else { return Text::plain(text) };
        let Some((inside, after)) = after.split_once("}}") else { return Text::plain(text) };
        let message = "`{{resolve:…}}` is looked up by CloudFormation alone";
        let help = "the spec has a parameter in its place: give it the value";
        self.warn("PV507", At::Value(at.clone()), message, help);
        let description = format!("The value of {{{{resolve:{inside}}}}}");
        let said = Value::String(format!("{{{{resolve:{inside}}}}}"));
        let name = inside.split(':').nth(1).unwrap_or_default().to_owned();
        let value = self.computed(&name, description, said, at);
        let after = self.dynamic(after, at);
        let value = value.as_text().cloned().unwrap_or_default();
        Text::joined([Text::plain(before), value, after])
    }

    /// The entry of a mapping of the template.
    pub fn mapping(&self, name: &str) -> Option<&'a Node> {
        self.template.mappings.iter().find(|it| it.key == name).map(|it| &it.value)
    }

    /// The mapping's entry under `key`.
    pub fn under(node: &'a Node, key: &str) -> Option<&'a Node> {
        map(node).iter().find(|it| it.key == key).map(|it| &it.value)
    }
}

impl std::fmt::Debug for Evaluator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator").field("work", &self.work).finish_non_exhaustive()
    }
}

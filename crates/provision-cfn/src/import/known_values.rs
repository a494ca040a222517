//! The values that decide what a spec can't leave open: given ones, defaults, the region.
use std::collections::{BTreeMap, BTreeSet};

use crate::import::template::{map, word};
use provision_core::source::tree::Entry;
use provision_core::spec::Given;
use provision_core::text::{Hole, Text};

/// What is known of the template's parameters and of CloudFormation's own.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    parameters: BTreeMap<&'a str, Declared<'a>>,
    known: BTreeMap<String, Value>,
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
struct Value {
    text: String,
    origin: &'static str,
}

/// A parameter's type and where it is declared.
#[derive(Clone, Copy, Debug)]
struct Declared<'a> {
    kind: Type<'a>,
}

/// What CloudFormation calls a parameter's type.
#[derive(Clone, Copy, Debug)]
pub struct Type<'a>(pub &'a str);

impl Type<'_> {
    pub fn is_list(self) -> bool {
        self.0 == "CommaDelimitedList" || self.0.starts_with("List<") || self.0.contains("<List<")
    }
    /// Whether its value is the name of what CloudFormation looks up.
    pub fn is_looked_up(self) -> bool {
        self.0.starts_with("AWS::SSM::Parameter::Value<")
    }
}

/// A text with what is known put in its place.
#[derive(Debug)]
pub struct Filled {
    pub text: Text,
    /// The names of the values that were put in.
    pub used: BTreeSet<String>,
    /// The names of those that nobody knows.
    pub missing: BTreeSet<String>,
}

impl<'a> Values<'a> {
    pub fn of(parameters: &'a [Entry], given: &Given, region: Option<&str>, stack: &str) -> Self {
        let mut values = Self { parameters: BTreeMap::new(), known: BTreeMap::new() };
        for entry in parameters {
            let member = |name: &str| map(&entry.value).iter().find(|it| it.key == name);
            let kind = Type(member("Type").and_then(|it| word(&it.value)).unwrap_or("String"));
            values.parameters.insert(&entry.key, Declared { kind });
            let default = member("Default").and_then(|it| word(&it.value));
            if let Some(default) = default.filter(|_| !kind.is_looked_up()) {
                values.know(&entry.key, default, ", its default");
            }
        }
        values.know("AWS::StackName", stack, "");
        if let Some(region) = region {
            let (partition, suffix) = match region {
                it if it.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
                it if it.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
                _ => ("aws", "amazonaws.com"),
            };
            values.know("AWS::Region", region, "");
            values.know("AWS::Partition", partition, "");
            values.know("AWS::URLSuffix", suffix, "");
        }
        for (name, value) in given {
            values.know(name, value, ", as given");
        }
        values
    }

    fn know(&mut self, name: &str, text: &str, origin: &'static str) {
        self.known.insert(name.to_owned(), Value { text: text.to_owned(), origin });
    }

    /// The type of a parameter of the template, if it is one.
    pub fn kind_of(&self, name: &str) -> Option<Type<'a>> {
        self.parameters.get(name).map(|it| it.kind)
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.parameters.keys().copied()
    }

    pub fn value_of(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|it| it.text.as_str())
    }

    /// `text` with every value that is known.
    pub fn fill(&self, text: &Text) -> Filled {
        let (mut used, mut missing) = (BTreeSet::new(), BTreeSet::new());
        for hole in text.holes() {
            let name = hole.to_string();
            match self.value_of(&name) {
                Some(_) => used.insert(name),
                None => missing.insert(name),
            };
        }
        let text = text.filled(&|hole: &Hole| self.value_of(&hole.to_string()).map(str::to_owned));
        Filled { text, used, missing }
    }

    /// `Stage` is `dev`, its default; `AWS::Region` is `eu-west-1`.
    pub fn because(&self, used: &BTreeSet<String>) -> String {
        let one = |name: &String| {
            let Value { text, origin } = self.known.get(name)?;
            Some(format!("`{name}` is `{text}`{origin}"))
        };
        used.iter().filter_map(one).collect::<Vec<_>>().join("; ")
    }

    /// How to have it decided otherwise.
    pub fn otherwise(&self, used: &BTreeSet<String>) -> String {
        format!("to decide it otherwise, import again with {}", flags(used))
    }

    /// `Stage` has no value.
    pub fn missing(&self, missing: &BTreeSet<String>) -> String {
        let one = |name: &String| match name.split_once('/') {
            Some(_) => "it hangs on what only AWS knows".to_owned(),
            None => format!("`{name}` has no value"),
        };
        let told: BTreeSet<String> = missing.iter().map(one).collect();
        told.into_iter().collect::<Vec<_>>().join("; ")
    }

    /// How to give what is missing.
    pub fn give(&self, missing: &BTreeSet<String>) -> String {
        let missing: BTreeSet<String> =
            missing.iter().filter(|it| !it.contains('/')).cloned().collect();
        match missing.is_empty() {
            true => "write out what the template makes".to_owned(),
            false => format!("import again with {}", flags(&missing)),
        }
    }
}

fn flags(names: &BTreeSet<String>) -> String {
    let flag = |name: &String| match name.as_str() {
        "AWS::Region" | "AWS::Partition" | "AWS::URLSuffix" => "`--region REGION`".to_owned(),
        "AWS::StackName" => "`--stack NAME`".to_owned(),
        name => format!("`--param {name}=VALUE`"),
    };
    let flags: BTreeSet<String> = names.iter().map(flag).collect();
    flags.into_iter().collect::<Vec<_>>().join(" and ")
}

//! The values that are known during an import: parameters with a default or a value from the caller,
//! the region, the name of the stack.
use std::collections::{BTreeMap, BTreeSet};

use provision_core::source::tree::MapEntry;
use provision_core::spec::ParameterValues;
use provision_core::text::{Placeholder, Text};

use crate::import::template::{entries, member, scalar};

/// The types of the template's parameters, and the values that are known.
#[derive(Clone, Debug)]
pub struct KnownValues<'a> {
    types: BTreeMap<&'a str, ParameterType<'a>>,
    values: BTreeMap<String, KnownValue>,
}

/// A value and its origin, as text to append.
#[derive(Clone, Debug)]
struct KnownValue {
    text: String,
    origin: &'static str,
}

/// CloudFormation's name of a parameter's type.
#[derive(Clone, Copy, Debug)]
pub struct ParameterType<'a>(pub &'a str);

impl ParameterType<'_> {
    pub fn is_list(self) -> bool {
        self.0 == "CommaDelimitedList" || self.0.starts_with("List<") || self.0.contains("<List<")
    }

    /// Whether the parameter's value is the name of an SSM parameter, which CloudFormation looks up.
    pub fn is_looked_up(self) -> bool {
        self.0.starts_with("AWS::SSM::Parameter::Value<")
    }
}

/// A text whose placeholders are replaced by the known values.
#[derive(Debug)]
pub struct ResolvedText {
    pub text: Text,
    /// The names of the values that replaced a placeholder.
    pub used: BTreeSet<String>,
    /// The names of the placeholders without a known value.
    pub missing: BTreeSet<String>,
}

impl<'a> KnownValues<'a> {
    pub fn new(
        parameters: &'a [MapEntry],
        passed: &ParameterValues,
        region: Option<&str>,
        stack: &str,
    ) -> Self {
        let mut known = Self { types: BTreeMap::new(), values: BTreeMap::new() };
        for MapEntry { key: name, value: parameter, .. } in parameters {
            let attribute = |name| member(entries(parameter), name).and_then(scalar);
            let parameter_type = ParameterType(attribute("Type").unwrap_or("String"));
            known.types.insert(name, parameter_type);
            if let Some(default) = attribute("Default").filter(|_| !parameter_type.is_looked_up()) {
                known.insert(name, default, " (its default)");
            }
        }
        known.insert("AWS::StackName", stack, "");
        if let Some(region) = region {
            let (partition, suffix) = match region {
                _ if region.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
                _ if region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
                _ => ("aws", "amazonaws.com"),
            };
            known.insert("AWS::Region", region, "");
            known.insert("AWS::Partition", partition, "");
            known.insert("AWS::URLSuffix", suffix, "");
        }
        for (name, value) in passed {
            known.insert(name, value, " (as specified)");
        }
        known
    }

    fn insert(&mut self, name: &str, text: &str, origin: &'static str) {
        self.values.insert(name.to_owned(), KnownValue { text: text.to_owned(), origin });
    }

    /// The type of a parameter of the template. `None` if the template has no such parameter.
    pub fn parameter_type(&self, name: &str) -> Option<ParameterType<'a>> {
        self.types.get(name).copied()
    }

    pub fn parameter_names(&self) -> impl Iterator<Item = &'a str> {
        self.types.keys().copied()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.text.as_str())
    }

    /// Replaces the placeholders of `text` whose value is known.
    pub fn resolve(&self, text: &Text) -> ResolvedText {
        let names = text.placeholders().map(Placeholder::to_string);
        let (used, missing) = names.partition(|name| self.get(name).is_some());
        let value =
            |placeholder: &Placeholder| self.get(&placeholder.to_string()).map(str::to_owned);
        ResolvedText { text: text.resolve(&value), used, missing }
    }

    /// Describes values and their origins: "`Stage` is `dev` (its default)".
    pub fn describe(&self, names: &BTreeSet<String>) -> String {
        let describe = |name: &String| {
            let KnownValue { text, origin } = self.values.get(name)?;
            Some(format!("`{name}` is `{text}`{origin}"))
        };
        names.iter().filter_map(describe).collect::<Vec<_>>().join("; ")
    }

    /// Says how to import with other values for `names`.
    pub fn override_hint(&self, names: &BTreeSet<String>) -> String {
        format!("to change this, import again with {}", options_for(names))
    }

    /// Describes names without a known value: "`Stage` has no value".
    pub fn describe_missing(&self, names: &BTreeSet<String>) -> String {
        let describe = |name: &String| match is_parameter(name) {
            true => format!("`{name}` has no value"),
            false => "the value is known only after deployment".to_owned(),
        };
        let missing: BTreeSet<String> = names.iter().map(describe).collect();
        missing.into_iter().collect::<Vec<_>>().join("; ")
    }

    /// Says how to pass the values for `names`.
    pub fn missing_hint(&self, names: &BTreeSet<String>) -> String {
        let parameters: BTreeSet<String> =
            names.iter().filter(|name| is_parameter(name)).cloned().collect();
        match parameters.is_empty() {
            true => "write the value itself into the template".to_owned(),
            false => format!("import again with {}", options_for(&parameters)),
        }
    }
}

/// Whether a placeholder is a parameter; attributes of resources have an address, with a slash.
fn is_parameter(placeholder: &str) -> bool {
    !placeholder.contains('/')
}

/// The options of `provision import` that set these values.
fn options_for(names: &BTreeSet<String>) -> String {
    let option = |name: &String| match name.as_str() {
        "AWS::Region" | "AWS::Partition" | "AWS::URLSuffix" => "`--region REGION`".to_owned(),
        "AWS::StackName" => "`--stack NAME`".to_owned(),
        name => format!("`--param {name}=VALUE`"),
    };
    let options: BTreeSet<String> = names.iter().map(option).collect();
    options.into_iter().collect::<Vec<_>>().join(" and ")
}

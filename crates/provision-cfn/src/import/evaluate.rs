//! Evaluates the expressions of a template, as far as is possible without deploying it.
//!
//! Parameters stay placeholders, because a spec has parameters, too. A value that a spec cannot
//! parameterize (a condition, the key of a mapping, the items of a list) is fixed at the value that is
//! known now, and a diagnostic reports it. A value that only CloudFormation can compute becomes a
//! placeholder, which the import replaces by a new parameter. The number of steps and the size of the
//! results are bounded, so a small template cannot take long.
mod conditions;
mod functions;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use provision_core::diagnostic::{Diagnostic, DocumentPath, Location, PathSegment};
use provision_core::source::tree::{Node, NodeData};
use provision_core::text::{PSEUDO_PARAMETERS, Placeholder, Text};

use crate::import::intrinsic::IntrinsicCall;
use crate::import::known_values::KnownValues;
use crate::import::names;
use crate::import::template::ParsedTemplate;
use crate::import::value::{
    REF, TemplateValue, ValueKind, computed_placeholder, resource_placeholder,
};

/// Steps and bytes that an evaluation may take: a hundred times what the largest template needs.
const WORK_MAX: usize = 20_000_000;
/// Levels of calls and conditions inside each other.
const DEPTH_MAX: usize = 200;

/// A value that only CloudFormation can compute. It becomes a parameter if the spec needs it.
#[derive(Clone, Debug)]
pub struct ComputedValue {
    /// The name that the parameter should have.
    pub name: String,
    /// The description of the parameter.
    pub description: String,
    /// The expression of the template that the parameter replaces.
    pub expression: Value,
}

/// Whether a condition holds, and which values determine that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionResult {
    /// `None`: a value is missing.
    pub holds: Option<bool>,
    /// The names of the values that determine the result, or of those that are missing.
    pub values: BTreeSet<String>,
}

impl ConditionResult {
    fn unknown(missing: BTreeSet<String>) -> Self {
        Self { holds: None, values: missing }
    }
}

/// The state of an evaluation.
pub struct Evaluator<'a> {
    pub template: &'a ParsedTemplate<'a>,
    pub values: KnownValues<'a>,
    pub diagnostics: Vec<Diagnostic>,
    pub computed: Vec<ComputedValue>,
    /// The results of conditions. `None` while a condition is being evaluated.
    conditions: BTreeMap<String, Option<ConditionResult>>,
    work: usize,
    depth: usize,
}

impl<'a> Evaluator<'a> {
    pub fn new(template: &'a ParsedTemplate<'a>, values: KnownValues<'a>) -> Self {
        Self {
            template,
            values,
            diagnostics: Vec::new(),
            computed: Vec::new(),
            conditions: BTreeMap::new(),
            work: 0,
            depth: 0,
        }
    }

    /// Evaluates `node`. `None` if it has no value, which is reported unless it is `AWS::NoValue`.
    pub fn evaluate(&mut self, node: &'a Node, path: &DocumentPath) -> Option<TemplateValue> {
        self.enter(path)?;
        let node = node.follow_alias();
        let value = match IntrinsicCall::parse(node, path) {
            Some(call) => self.call(&call),
            None => self.data(&node.data, path),
        };
        self.depth -= 1;
        value
    }

    /// Evaluates `node` for a place that needs a literal text: parameters are fixed at their values.
    pub fn literal(&mut self, node: &'a Node, path: &DocumentPath) -> Option<String> {
        let value = self.evaluate(node, path)?;
        let resolved = self.values.resolve(value.as_text()?);
        if !resolved.used.is_empty() && resolved.text.as_literal().is_some() {
            self.report_fixed("this value", &resolved.used, path);
        }
        resolved.text.as_literal().map(str::to_owned)
    }

    /// Returns a placeholder for a value that only CloudFormation can compute.
    fn computed(
        &mut self,
        name: &str,
        description: String,
        expression: Value,
        path: &DocumentPath,
    ) -> TemplateValue {
        let name = names::parameter_name(name);
        self.computed.push(ComputedValue { name, description, expression });
        TemplateValue::from_text(computed_placeholder(self.computed.len() - 1), path)
    }

    /// Returns a placeholder for the result of a call that only CloudFormation can evaluate.
    fn computed_call(&mut self, call: &IntrinsicCall<'a>) -> TemplateValue {
        let message = format!("only CloudFormation can evaluate this `{}`", call.function);
        let help = "the spec has a parameter instead: set it to the result";
        self.warn("PV505", Location::Value(call.path.clone()), message, help);
        let keys = call.path.0.iter().filter_map(|segment| match segment {
            PathSegment::Key(key) if !key.starts_with("Fn::") => Some(key.as_str()),
            _ => None,
        });
        let keys: Vec<&str> = keys.collect();
        let id = keys.get(1).copied().unwrap_or_default();
        let name = format!("{id} {}", keys.last().copied().unwrap_or_default());
        let description = format!("The template's value of {}", keys.join("."));
        self.computed(&name, description, call.to_json(), &call.path)
    }

    /// Goes one level deeper, unless that exceeds a limit.
    fn enter(&mut self, path: &DocumentPath) -> Option<()> {
        self.spend(1, path)?;
        if self.depth >= DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} expressions inside each other");
            let error = Diagnostic::error("PV508", Location::Value(path.clone()), message);
            self.diagnostics.push(error.with_help("simplify the nested expressions"));
            return None;
        }
        self.depth += 1;
        Some(())
    }

    /// Counts work, unless that exceeds the limit, which is reported once.
    fn spend(&mut self, amount: usize, path: &DocumentPath) -> Option<()> {
        let before = self.work;
        self.work = before.saturating_add(amount);
        if self.work <= WORK_MAX {
            return Some(());
        }
        if before <= WORK_MAX {
            let message = "evaluating the template takes too many steps";
            let error = Diagnostic::error("PV508", Location::Value(path.clone()), message);
            self.diagnostics.push(error.with_help("simplify the expressions that repeat others"));
        }
        None
    }

    fn argument(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        match call.inner_call() {
            Some(inner) => {
                self.enter(&inner.path)?;
                let value = self.call(&inner);
                self.depth -= 1;
                value
            }
            None => self.data(&call.argument.data, &call.argument_path),
        }
    }

    fn data(&mut self, data: &'a NodeData, path: &DocumentPath) -> Option<TemplateValue> {
        let kind = match data {
            NodeData::Scalar { text, plain: true }
                if matches!(text.as_str(), "" | "~" | "null") =>
            {
                return None;
            }
            NodeData::Scalar { text, plain } => {
                ValueKind::Scalar { text: self.dynamic_references(text, path), is_plain: *plain }
            }
            NodeData::List(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.filter_map(|(n, item)| self.evaluate(item, &path.clone().index(n)));
                ValueKind::List(items.collect())
            }
            NodeData::Map(_) => ValueKind::Map(self.entries(data, path)),
            NodeData::Alias(node) => return self.evaluate(node, path),
        };
        Some(TemplateValue { path: path.clone(), kind })
    }

    /// The entries of a mapping, and those of its `<<` that it does not have itself.
    fn entries(&mut self, data: &'a NodeData, path: &DocumentPath) -> Vec<(String, TemplateValue)> {
        let NodeData::Map(entries) = data else { return Vec::new() };
        let mut values: Vec<(String, TemplateValue)> = Vec::new();
        let mut merged = Vec::new();
        for entry in entries {
            let path = path.clone().key(&entry.key);
            if entry.key == "<<" {
                merged = self.merged_entries(&entry.value, &path);
            } else if entry.key.starts_with("Fn::ForEach") {
                self.report_unsupported(&entry.key, &path);
            } else if let Some(value) = self.evaluate(&entry.value, &path) {
                values.push((entry.key.clone(), value));
            }
        }
        for (key, value) in merged {
            if values.iter().all(|(present, _)| *present != key) {
                values.push((key, value));
            }
        }
        values
    }

    fn merged_entries(
        &mut self,
        node: &'a Node,
        path: &DocumentPath,
    ) -> Vec<(String, TemplateValue)> {
        match &node.follow_alias().data {
            NodeData::List(items) => {
                let items = items.iter().enumerate();
                items
                    .flat_map(|(n, item)| self.merged_entries(item, &path.clone().index(n)))
                    .collect()
            }
            data => self.entries(data, path),
        }
    }

    fn call(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        match call.function.as_str() {
            "Ref" => self.reference(call.scalar()?, &call.path),
            "Fn::GetAtt" => self.get_att(call),
            "Fn::Sub" => self.sub(call),
            "Fn::If" => self.choose(call),
            "Fn::FindInMap" => self.find_in_map(call),
            "Fn::Join" => self.join(call),
            "Fn::Split" => self.split(call),
            "Fn::Select" => self.select(call),
            "Fn::Length" => self.length(call),
            "Fn::ToJsonString" => self.json_string(call),
            "Fn::ImportValue" => self.import_value(call),
            "Fn::Base64" | "Fn::GetAZs" | "Fn::Cidr" => Some(self.computed_call(call)),
            name => {
                self.report_unsupported(name, &call.path);
                None
            }
        }
    }

    /// `Ref`: a parameter, a pseudo parameter, a resource, or nothing (`AWS::NoValue`).
    fn reference(&mut self, name: &str, path: &DocumentPath) -> Option<TemplateValue> {
        if name == "AWS::NoValue" {
            return None;
        }
        if PSEUDO_PARAMETERS.contains(&name) {
            return Some(TemplateValue::from_text(
                Text::placeholder(Placeholder::Pseudo(name.to_owned())),
                path,
            ));
        }
        if let Some(parameter_type) = self.values.parameter_type(name) {
            return Some(match parameter_type.is_list() {
                true => self.list_parameter(name, path),
                false => TemplateValue::from_text(
                    Text::placeholder(Placeholder::Parameter(name.to_owned())),
                    path,
                ),
            });
        }
        if name.starts_with("AWS::") {
            let description = format!("The value of CloudFormation's `{name}`");
            let parameter = name.replace("::", "");
            return Some(self.computed(&parameter, description, json!({ "Ref": name }), path));
        }
        self.resource_attribute(name, REF, path)
    }

    /// A parameter that is a list: its items, if its value is known.
    fn list_parameter(&mut self, name: &str, path: &DocumentPath) -> TemplateValue {
        match self.values.get(name) {
            Some(value) => {
                let item = |text: &str| TemplateValue::from_text(Text::literal(text.trim()), path);
                let items = value.split(',').map(item).collect();
                let names = BTreeSet::from([name.to_owned()]);
                self.report_fixed(&format!("the list `{name}`"), &names, path);
                TemplateValue { path: path.clone(), kind: ValueKind::List(items) }
            }
            None => {
                let description = format!("The value of the template's list `{name}`");
                self.computed(name, description, json!({ "Ref": name }), path)
            }
        }
    }

    /// A placeholder for an attribute of a resource, or for what `Ref` returns.
    fn resource_attribute(
        &mut self,
        name: &str,
        attribute: &str,
        path: &DocumentPath,
    ) -> Option<TemplateValue> {
        // SAM generates resources with names such as `Orders.Alias` and `OrdersRole`.
        let id = name.split('.').next().unwrap_or_default();
        let is_valid = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric());
        let exists = self.template.resource(id).is_some() || self.template.has_transform;
        if !is_valid || !exists {
            let message = format!("`{name}` is not a parameter or a resource of the template");
            let help = "the value is omitted; use the name of a parameter or of a resource";
            self.warn("PV509", Location::Value(path.clone()), message, help);
            return None;
        }
        let rest = name[id.len()..].trim_start_matches('.');
        let attribute = match (rest, attribute) {
            ("", attribute) => attribute.to_owned(),
            (rest, REF) => rest.to_owned(),
            (rest, attribute) => format!("{rest}.{attribute}"),
        };
        Some(TemplateValue::from_text(resource_placeholder(id, &attribute), path))
    }

    fn get_att(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        if let Some(text) = call.scalar() {
            let (id, attribute) = text.split_once('.').unwrap_or((text, ""));
            return self.resource_attribute(id, attribute, &call.path);
        }
        let items = call.items().unwrap_or_default();
        let parts: Vec<String> = items
            .iter()
            .enumerate()
            .filter_map(|(n, item)| self.literal(item, &call.argument_path.clone().index(n)))
            .collect();
        match parts.split_first() {
            Some((id, rest)) if parts.len() == items.len() && !rest.is_empty() => {
                self.resource_attribute(id, &rest.join("."), &call.path)
            }
            _ => self.report_malformed(call, "[LogicalId, Attribute]"),
        }
    }

    /// Replaces the dynamic references of a text, `{{resolve:…}}`, by placeholders.
    fn dynamic_references(&mut self, text: &str, path: &DocumentPath) -> Text {
        let Some((before, after)) = text.split_once("{{resolve:") else {
            return Text::literal(text);
        };
        let Some((reference, after)) = after.split_once("}}") else { return Text::literal(text) };
        let message = "only CloudFormation resolves `{{resolve:…}}`";
        let help = "the spec has a parameter instead: set it to the value";
        self.warn("PV507", Location::Value(path.clone()), message, help);
        let expression = format!("{{{{resolve:{reference}}}}}");
        let description = format!("The value of {expression}");
        let name = reference.split(':').nth(1).unwrap_or_default();
        let value = self.computed(name, description, Value::String(expression), path);
        let value = value.as_text().cloned().unwrap_or_default();
        let after = self.dynamic_references(after, path);
        Text::concat([Text::literal(before), value, after])
    }

    pub fn warn(
        &mut self,
        code: &'static str,
        at: Location,
        message: impl Into<String>,
        help: &str,
    ) {
        self.diagnostics.push(Diagnostic::warning(code, at, message).with_help(help));
    }

    /// Reports that `what` no longer depends on parameters.
    pub fn report_fixed(&mut self, what: &str, values: &BTreeSet<String>, path: &DocumentPath) {
        let message = format!("{what} is fixed in the spec: {}", self.values.describe(values));
        let help = self.values.override_hint(values);
        self.warn("PV503", Location::Value(path.clone()), message, &help);
    }

    fn report_unsupported(&mut self, function: &str, path: &DocumentPath) {
        let message = format!("`{function}` is not supported; its result is omitted");
        let help = "write the result out, or import the template as CloudFormation processed it";
        self.warn("PV505", Location::Value(path.clone()), message, help);
    }

    fn report_malformed(
        &mut self,
        call: &IntrinsicCall<'a>,
        expected: &str,
    ) -> Option<TemplateValue> {
        let message = format!("`{}` expects {expected}", call.function);
        let help = "the value is omitted; correct the argument";
        self.warn("PV510", Location::Value(call.path.clone()), message, help);
        None
    }
}

impl std::fmt::Debug for Evaluator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator").field("work", &self.work).finish_non_exhaustive()
    }
}

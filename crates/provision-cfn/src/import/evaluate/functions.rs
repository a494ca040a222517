//! Functions of texts, lists and mappings.
use serde_json::json;

use provision_core::diagnostic::{DocumentPath, Location};
use provision_core::source::tree::{Node, NodeData};
use provision_core::text::Text;

use crate::import::evaluate::Evaluator;
use crate::import::intrinsic::IntrinsicCall;
use crate::import::template::{entries, member, scalar};
use crate::import::value::{TemplateValue, ValueKind};

impl<'a> Evaluator<'a> {
    /// `Fn::Sub`: a text with `${…}`, and a mapping of names that only this text has.
    pub(super) fn sub(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let (text, variables) = match (call.scalar(), call.items()) {
            (Some(text), _) => (text, None),
            (None, Some([text])) => (scalar(text)?, None),
            (None, Some([text, variables])) => (scalar(text)?, Some(variables)),
            _ => return self.report_malformed(call, "a text, or a text and a mapping"),
        };
        let variables = variables
            .and_then(|variables| self.evaluate(variables, &call.argument_path.clone().index(1)));
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            pieces.push(Text::literal(before));
            pieces.push(match name.strip_prefix('!') {
                Some(literal) => Text::literal(&format!("${{{literal}}}")),
                None => self.variable(name.trim(), variables.as_ref(), &call.path),
            });
            rest = after;
        }
        pieces.push(Text::literal(rest));
        self.concat(pieces, &call.path)
    }

    /// The value of `${name}`.
    fn variable(
        &mut self,
        name: &str,
        variables: Option<&TemplateValue>,
        path: &DocumentPath,
    ) -> Text {
        if let Some(value) = variables.and_then(|variables| variables.get(name)) {
            return value.as_text().cloned().unwrap_or_default();
        }
        let is_parameter = self.values.parameter_type(name).is_some() || name.starts_with("AWS::");
        let value = match name.split_once('.').filter(|_| !is_parameter) {
            Some((id, attribute)) => self.resource_attribute(id, attribute, path),
            None => self.reference(name, path),
        };
        value.and_then(|value| value.as_text().cloned()).unwrap_or_default()
    }

    fn concat(&mut self, pieces: Vec<Text>, path: &DocumentPath) -> Option<TemplateValue> {
        let size: usize = pieces.iter().map(Text::estimated_len).sum();
        self.spend(size, path)?;
        Some(TemplateValue::from_text(Text::concat(pieces), path))
    }

    /// `Fn::Join`: texts with a delimiter between them.
    pub(super) fn join(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let Some([delimiter, list]) = call.items() else {
            return self.report_malformed(call, "[delimiter, [texts]]");
        };
        let delimiter = Text::literal(scalar(delimiter).unwrap_or_default());
        let list = self.evaluate(list, &call.argument_path.clone().index(1))?;
        let Some(items) = list.as_list() else { return Some(self.computed_call(call)) };
        let mut pieces = Vec::new();
        for (n, item) in items.iter().enumerate() {
            let Some(text) = item.as_text() else { return Some(self.computed_call(call)) };
            if n > 0 {
                pieces.push(delimiter.clone());
            }
            pieces.push(text.clone());
        }
        self.concat(pieces, &call.path)
    }

    /// `Fn::Split`: a list of the parts of a text, whose parameters are fixed at their values.
    pub(super) fn split(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let Some([delimiter, text]) = call.items() else {
            return self.report_malformed(call, "[delimiter, text]");
        };
        let delimiter = scalar(delimiter).filter(|text| !text.is_empty())?;
        let value = self.evaluate(text, &call.argument_path.clone().index(1))?;
        let resolved = self.values.resolve(value.as_text()?);
        let Some(literal) = resolved.text.as_literal() else {
            return Some(self.computed_call(call));
        };
        if !resolved.used.is_empty() {
            self.report_fixed("this list", &resolved.used, &call.path);
        }
        self.spend(literal.len(), &call.path)?;
        let item = |part| TemplateValue::from_text(Text::literal(part), &call.path);
        let items = literal.split(delimiter).map(item).collect();
        Some(TemplateValue { path: call.path.clone(), kind: ValueKind::List(items) })
    }

    /// `Fn::Select`: one item of a list.
    pub(super) fn select(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let Some([index, list]) = call.items() else {
            return self.report_malformed(call, "[index, list]");
        };
        let index = self.literal(index, &call.argument_path.clone().index(0));
        let Some(index) = index.and_then(|text| text.parse::<usize>().ok()) else {
            return Some(self.computed_call(call));
        };
        let (reported, computed) = (self.diagnostics.len(), self.computed.len());
        let list = self.evaluate(list, &call.argument_path.clone().index(1))?;
        let Some(items) = list.as_list() else {
            // One parameter for the whole expression, instead of one for its argument.
            self.diagnostics.truncate(reported);
            self.computed.truncate(computed);
            return Some(self.computed_call(call));
        };
        match items.get(index) {
            Some(item) => Some(TemplateValue { path: call.path.clone(), kind: item.kind.clone() }),
            None => {
                let message = format!("item {index} does not exist: the list has {}", items.len());
                let help = "the value is omitted; the first item has the index 0";
                self.warn("PV509", Location::Value(call.path.clone()), message, help);
                None
            }
        }
    }

    pub(super) fn length(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let length = match call.data() {
            Some(NodeData::List(items)) => Some(items.len()),
            _ => self.argument(call)?.as_list().map(<[_]>::len),
        };
        let Some(length) = length else { return Some(self.computed_call(call)) };
        let kind = ValueKind::Scalar { text: Text::literal(&length.to_string()), is_plain: true };
        Some(TemplateValue { path: call.path.clone(), kind })
    }

    /// `Fn::ToJsonString`: a value as JSON. A placeholder's value would have to be escaped, so with one
    /// in it, only CloudFormation can evaluate the call.
    pub(super) fn json_string(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let value = self.argument(call)?;
        let mut has_placeholders = false;
        value.for_each_text(&mut |text, _| has_placeholders |= text.as_literal().is_none());
        if has_placeholders {
            return Some(self.computed_call(call));
        }
        let text = value.to_json().to_string();
        self.concat(vec![Text::literal(&text)], &call.path)
    }

    /// `Fn::ImportValue`: what another stack exports becomes a parameter.
    pub(super) fn import_value(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let name = match call.data() {
            Some(NodeData::Scalar { text, .. }) => Text::literal(text),
            _ => self.argument(call)?.as_text()?.clone(),
        };
        let expression = json!({ "Fn::ImportValue": name.to_value() });
        let description = format!("The value that another stack exports as {name}");
        Some(self.computed(&name.to_string(), description, expression, &call.path))
    }

    /// `Fn::FindInMap`: an entry of a mapping. Parameters in its keys are fixed at their values.
    pub(super) fn find_in_map(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        let items = call.items().unwrap_or_default();
        let [mapping, first, second, rest @ ..] = items else {
            return self.report_malformed(call, "[mapping, key, key]");
        };
        let mut keys: Vec<Option<String>> = Vec::new();
        for (n, node) in [mapping, first, second].into_iter().enumerate() {
            keys.push(self.literal(node, &call.argument_path.clone().index(n)));
        }
        let [Some(mapping), Some(first), Some(second)] = keys.as_slice() else {
            return Some(self.unknown_entry(call, &keys));
        };
        if let Some(node) = self.mapping_entry(mapping, first, second) {
            let path = DocumentPath::default().key("Mappings").key(mapping).key(first).key(second);
            let value = self.evaluate(node, &path)?;
            return Some(TemplateValue { path: call.path.clone(), kind: value.kind });
        }
        let options = rest.first().map(entries).unwrap_or_default();
        if let Some(default) = member(options, "DefaultValue") {
            let path = call.argument_path.clone().index(3).key("DefaultValue");
            return self.evaluate(default, &path);
        }
        let message =
            format!("the mapping `{mapping}` does not have an entry `{first}`, `{second}`");
        let help = "the value is omitted; pass other values with `--param` or `--region`";
        self.warn("PV509", Location::Value(call.path.clone()), message, help);
        None
    }

    fn mapping_entry(&self, mapping: &str, first: &str, second: &str) -> Option<&'a Node> {
        let mapping = member(self.template.mappings, mapping)?;
        member(entries(member(entries(mapping), first)?), second)
    }

    /// A mapping's entry whose keys depend on unknown values: a parameter instead.
    fn unknown_entry(
        &mut self,
        call: &IntrinsicCall<'a>,
        keys: &[Option<String>],
    ) -> TemplateValue {
        let message = "this entry of the mapping depends on an unknown value";
        let help = "the spec has a parameter instead: set it, or import again with \
                    `--param NAME=VALUE` or `--region`";
        self.warn("PV505", Location::Value(call.path.clone()), message, help);
        let known: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
        let description = format!("The entry of the template's mapping: {}", known.join(", "));
        self.computed(&known.join(" "), description, call.to_json(), &call.path)
    }
}

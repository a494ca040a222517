//! Conditions. A spec has none, so each is evaluated with the values that are known.
use std::collections::BTreeSet;

use provision_core::diagnostic::{Diagnostic, DocumentPath, Location};
use provision_core::source::tree::Node;
use provision_core::text::Text;

use crate::import::evaluate::{ConditionResult, Evaluator};
use crate::import::intrinsic::IntrinsicCall;
use crate::import::template::{entries, member, scalar};
use crate::import::value::{TemplateValue, ValueKind};

impl<'a> Evaluator<'a> {
    /// Whether the condition `name`, used at `path`, holds. Reports the result, with `describe` for its
    /// effect, or why there is none.
    pub fn holds(
        &mut self,
        name: &str,
        describe: &dyn Fn(bool) -> String,
        path: &DocumentPath,
    ) -> Option<bool> {
        let reported = self.diagnostics.len();
        let ConditionResult { holds, values } = self.condition(name, path);
        let location = Location::Value(path.clone());
        if let Some(holds) = holds {
            let effect = describe(holds);
            let mut message = format!("{effect}: the condition `{name}` is {holds}");
            let mut help = "a spec has no conditions; it has what results from them".to_owned();
            if !values.is_empty() {
                message = format!("{message}, because {}", self.values.describe(&values));
                help = self.values.override_hint(&values);
            }
            self.warn("PV501", location, message, &help);
        } else if self.diagnostics.len() == reported || !values.is_empty() {
            let missing = self.values.describe_missing(&values);
            let message = format!("cannot evaluate the condition `{name}`: {missing}");
            let error = Diagnostic::error("PV502", location, message);
            self.diagnostics.push(error.with_help(self.values.missing_hint(&values)));
        }
        holds
    }

    /// `Fn::If`: one of two values.
    pub(super) fn choose(&mut self, call: &IntrinsicCall<'a>) -> Option<TemplateValue> {
        const EXPECTED: &str = "[condition, value, value]";
        let Some([condition, if_true, if_false]) = call.items() else {
            return self.report_malformed(call, EXPECTED);
        };
        let Some(name) = scalar(condition) else {
            return self.report_malformed(call, EXPECTED);
        };
        let describe = |_| "one of two values is used".to_owned();
        let (index, value) = match self.holds(name, &describe, &call.path)? {
            true => (1, if_true),
            false => (2, if_false),
        };
        self.evaluate(value, &call.argument_path.clone().index(index))
    }

    /// Evaluates the condition `name`, used at `path`.
    fn condition(&mut self, name: &str, path: &DocumentPath) -> ConditionResult {
        let error = |message| Diagnostic::error("PV502", Location::Value(path.clone()), message);
        match self.conditions.get(name) {
            Some(Some(result)) => return result.clone(),
            Some(None) => {
                self.diagnostics.push(error(format!("the condition `{name}` depends on itself")));
                return ConditionResult::unknown(BTreeSet::new());
            }
            None => {}
        }
        let Some(condition) = member(self.template.conditions, name) else {
            let error = error(format!("the condition `{name}` does not exist"));
            self.diagnostics.push(error.with_help("define it under `Conditions`"));
            return ConditionResult::unknown(BTreeSet::new());
        };
        self.conditions.insert(name.to_owned(), None);
        let result =
            self.condition_at(condition, &DocumentPath::default().key("Conditions").key(name));
        self.conditions.insert(name.to_owned(), Some(result.clone()));
        result
    }

    fn condition_at(&mut self, node: &'a Node, path: &DocumentPath) -> ConditionResult {
        if self.enter(path).is_none() {
            return ConditionResult::unknown(BTreeSet::new());
        }
        let result = self.condition_expression(node, path);
        self.depth -= 1;
        result
    }

    fn condition_expression(&mut self, node: &'a Node, path: &DocumentPath) -> ConditionResult {
        let node = node.follow_alias();
        if let [entry] = entries(node)
            && entry.key == "Condition"
        {
            return self.condition(scalar(&entry.value).unwrap_or_default(), path);
        }
        let Some(call) = IntrinsicCall::parse(node, path) else {
            let holds = scalar(node).and_then(|text| text.parse().ok());
            return ConditionResult { holds, values: BTreeSet::new() };
        };
        let items = call.items().unwrap_or_default();
        match (call.function.as_str(), items) {
            ("Condition", _) => self.condition(call.scalar().unwrap_or_default(), path),
            ("Fn::Equals", [left, right]) => self.equals([left, right], &call),
            ("Fn::Not", [operand]) => {
                let result = self.condition_at(operand, &call.argument_path.clone().index(0));
                ConditionResult { holds: result.holds.map(|holds| !holds), values: result.values }
            }
            ("Fn::And", items) if !items.is_empty() => self.all_or_any(items, true, &call),
            ("Fn::Or", items) if !items.is_empty() => self.all_or_any(items, false, &call),
            _ => {
                self.report_malformed(&call, "the arguments of a condition function");
                ConditionResult::unknown(BTreeSet::new())
            }
        }
    }

    /// `Fn::And` with `neutral` true, `Fn::Or` with `neutral` false: the first operand that differs from
    /// `neutral` is the result.
    fn all_or_any(
        &mut self,
        operands: &'a [Node],
        neutral: bool,
        call: &IntrinsicCall<'a>,
    ) -> ConditionResult {
        let mut combined = ConditionResult { holds: Some(neutral), values: BTreeSet::new() };
        for (n, operand) in operands.iter().enumerate() {
            let result = self.condition_at(operand, &call.argument_path.clone().index(n));
            match (result.holds, combined.holds) {
                (Some(holds), _) if holds != neutral => return result,
                (None, Some(_)) => combined = result,
                (Some(_), Some(_)) | (None, None) => combined.values.extend(result.values),
                (Some(_), None) => {}
            }
        }
        combined
    }

    fn equals(&mut self, sides: [&'a Node; 2], call: &IntrinsicCall<'a>) -> ConditionResult {
        let (mut used, mut missing) = (BTreeSet::new(), BTreeSet::new());
        let mut texts = Vec::new();
        for (n, node) in sides.into_iter().enumerate() {
            let value = self.evaluate(node, &call.argument_path.clone().index(n));
            let text = match value {
                Some(TemplateValue { kind: ValueKind::Scalar { text, .. }, .. }) => text,
                // Lists and mappings are compared as they are written.
                Some(value) => Text::literal(&value.to_json().to_string()),
                None => Text::default(),
            };
            let resolved = self.values.resolve(&text);
            used.extend(resolved.used);
            missing.extend(resolved.missing);
            texts.push(resolved.text);
        }
        match (texts[0].as_literal(), texts[1].as_literal()) {
            (Some(left), Some(right)) => {
                ConditionResult { holds: Some(left == right), values: used }
            }
            // Equal placeholders have equal values.
            _ if texts[0] == texts[1] => ConditionResult { holds: Some(true), values: used },
            _ => ConditionResult::unknown(missing),
        }
    }
}

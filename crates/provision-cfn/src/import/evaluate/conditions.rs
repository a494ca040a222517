//! Conditions: a spec has none, so each is decided by the values at hand.
use std::collections::BTreeSet;

use crate::import::evaluate::{Decision, Evaluator};
use crate::import::intrinsic::Call;
use crate::import::template::{map, word};
use crate::import::value::{Is, Part};
use provision_core::diagnostic::{At, Diagnostic, Path};
use provision_core::source::tree::Node;
use provision_core::text::Text;

impl<'a> Evaluator<'a> {
    /// Decides the condition `name`, which is used at `at`.
    pub fn condition(&mut self, name: &str, at: &Path) -> Decision {
        match self.conditions.get(name) {
            Some(Some(decision)) => return decision.clone(),
            Some(None) => {
                let message = format!("the condition `{name}` hangs on itself");
                self.findings.push(Diagnostic::error("PV502", At::Value(at.clone()), message));
                return Decision::unknown(BTreeSet::new());
            }
            None => {}
        }
        let Some(entry) = self.template.conditions.iter().find(|it| it.key == name) else {
            let message = format!("the template has no condition `{name}`");
            let help = "define it under `Conditions`";
            let problem = Diagnostic::error("PV502", At::Value(at.clone()), message);
            self.findings.push(problem.with_help(help));
            return Decision::unknown(BTreeSet::new());
        };
        self.conditions.insert(name.to_owned(), None);
        let decision = self.decide(&entry.value, &Path::default().key("Conditions").key(name));
        self.conditions.insert(name.to_owned(), Some(decision.clone()));
        decision
    }

    /// Whether the condition `name` holds. Says so at `at`, or why nobody can tell; `what` says what
    /// comes of it.
    pub fn holds(&mut self, name: &str, what: &dyn Fn(bool) -> String, at: &Path) -> Option<bool> {
        let before = self.findings.len();
        let decision = self.condition(name, at);
        match decision.holds {
            Some(holds) => {
                let verdict = if holds { "holds" } else { "does not hold" };
                let mut message = format!("{}: the condition `{name}` {verdict}", what(holds));
                let mut help = "a spec has no conditions: the spec says what holds".to_owned();
                if !decision.by.is_empty() {
                    message = format!("{message}, because {}", self.values.because(&decision.by));
                    help = self.values.otherwise(&decision.by);
                }
                self.warn("PV501", At::Value(at.clone()), message, &help);
            }
            None if self.findings.len() == before || !decision.by.is_empty() => {
                let message = format!(
                    "nobody can tell whether the condition `{name}` holds: {}",
                    self.values.missing(&decision.by)
                );
                let problem = Diagnostic::error("PV502", At::Value(at.clone()), message);
                self.findings.push(problem.with_help(self.values.give(&decision.by)));
            }
            None => {}
        }
        decision.holds
    }

    /// `Fn::If`: one of two.
    pub fn choose(&mut self, call: &Call<'a>) -> Option<Part> {
        let Some([condition, then, otherwise]) = call.items() else {
            return self.misshaped(call, "[condition, value, value]");
        };
        let Some(name) = word(condition) else {
            return self.misshaped(call, "[condition, value, value]");
        };
        let (n, chosen) = match self.holds(name, &|_| "this was decided".to_owned(), &call.at)? {
            true => (1, then),
            false => (2, otherwise),
        };
        self.evaluate(chosen, &call.inside.clone().index(n))
    }

    fn decide(&mut self, node: &'a Node, at: &Path) -> Decision {
        if self.deeper(at).is_none() {
            return Decision::unknown(BTreeSet::new());
        }
        let decision = self.decide_here(node, at);
        self.depth -= 1;
        decision
    }

    fn decide_here(&mut self, node: &'a Node, at: &Path) -> Decision {
        let node = node.resolve();
        if let [entry] = map(node)
            && entry.key == "Condition"
        {
            return self.condition(word(&entry.value).unwrap_or_default(), at);
        }
        let Some(call) = Call::of(node, at) else {
            let holds = word(node).and_then(|it| it.parse().ok());
            return Decision { holds, by: BTreeSet::new() };
        };
        let items = call.items().unwrap_or_default();
        match (call.function.as_str(), items) {
            ("Condition", _) => self.condition(call.word().unwrap_or_default(), at),
            ("Fn::Equals", [one, other]) => self.equals(one, other, &call),
            ("Fn::Not", [one]) => {
                let decision = self.decide(one, &call.inside.clone().index(0));
                Decision { holds: decision.holds.map(|it| !it), by: decision.by }
            }
            ("Fn::And", items) if !items.is_empty() => self.all(items, true, &call),
            ("Fn::Or", items) if !items.is_empty() => self.all(items, false, &call),
            _ => {
                self.misshaped(&call, "what CloudFormation's conditions take");
                Decision::unknown(BTreeSet::new())
            }
        }
    }

    /// `Fn::And`, or `Fn::Or`, which is the same the other way round: the first that says otherwise
    /// decides.
    fn all(&mut self, items: &'a [Node], all: bool, call: &Call<'a>) -> Decision {
        let mut together = Decision { holds: Some(all), by: BTreeSet::new() };
        for (n, item) in items.iter().enumerate() {
            let decision = self.decide(item, &call.inside.clone().index(n));
            match (decision.holds, together.holds) {
                (Some(holds), _) if holds != all => return decision,
                (None, Some(_)) => together = decision,
                (Some(_), Some(_)) | (None, None) => together.by.extend(decision.by),
                (Some(_), None) => {}
            }
        }
        together
    }

    fn equals(&mut self, one: &'a Node, other: &'a Node, call: &Call<'a>) -> Decision {
        let mut by = BTreeSet::new();
        let mut missing = BTreeSet::new();
        let mut sides = Vec::new();
        for (n, node) in [one, other].into_iter().enumerate() {
            let part = self.evaluate(node, &call.inside.clone().index(n));
            let text = match part.map(|it| it.is) {
                Some(Is::Scalar { text, .. }) => text,
                // Lists and mappings are compared as they are written.
                Some(is) => {
                    let part = Part { at: call.at.clone(), is };
                    Text::plain(&part.to_value().to_string())
                }
                None => Text::default(),
            };
            let filled = self.values.fill(&text);
            by.extend(filled.used);
            missing.extend(filled.missing);
            sides.push(filled.text);
        }
        match (sides[0].as_plain(), sides[1].as_plain()) {
            (Some(one), Some(other)) => Decision { holds: Some(one == other), by },
            // What is the same whatever its value is, is the same.
            _ if sides[0] == sides[1] => Decision { holds: Some(true), by },
            _ => Decision::unknown(missing),
        }
    }
}

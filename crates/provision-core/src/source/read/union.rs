//! Reads alternatives: a constant, or a mapping whose only key selects the alternative.
use serde_json::Value;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::read::reader::Reader;
use crate::source::read::scalar::not_allowed;
use crate::source::tree::{Node, NodeData};

impl<'s> Reader<'s> {
    /// Selects an alternative by the constant or by the key, and reads only that one, so that diagnostics are about
    /// the intended alternative. It is long because it has a message for each shape that does not fit.
    pub fn union(
        &mut self,
        node: &Node,
        alternatives: &'s [Value],
        path: &DocumentPath,
    ) -> Option<Value> {
        let constants: Vec<&'s str> = alternatives
            .iter()
            .filter_map(|alternative| self.constants(alternative))
            .flatten()
            .collect();
        let tagged: Vec<(&'s str, &'s Value)> = alternatives
            .iter()
            .map(|alternative| self.deref(alternative))
            .filter_map(|alternative| Some((only_key(alternative)?, alternative)))
            .collect();
        if constants.len() + tagged.len() < alternatives.len() {
            return self.best_alternative(node, alternatives, path);
        }
        let names: Vec<&str> =
            constants.iter().copied().chain(tagged.iter().map(|(key, _)| *key)).collect();
        match &node.data {
            NodeData::Scalar { text, .. } if constants.contains(&text.as_str()) => {
                Some(Value::String(text.clone()))
            }
            NodeData::Scalar { text, .. } => {
                let location = Location::Value(path.clone());
                self.report(match tagged.iter().find(|(key, _)| key == text) {
                    Some((key, _)) => {
                        Diagnostic::error("PV104", location, format!("`{key}` requires settings"))
                            .with_help(format!("write `{key}: {{ … }}`"))
                    }
                    None => not_allowed(text, &names, location),
                });
                None
            }
            NodeData::Map(entries) => {
                let alternative = entries
                    .iter()
                    .find_map(|entry| tagged.iter().find(|(key, _)| *key == entry.key));
                match (alternative, entries.first()) {
                    (Some((_, schema)), _) => self.map(entries, schema, path),
                    (None, Some(entry)) if constants.contains(&entry.key.as_str()) => {
                        let location = Location::Key(path.clone().key(&entry.key));
                        let message = format!("`{}` has no settings", entry.key);
                        let help = format!("write `{}` without a mapping", entry.key);
                        self.report(Diagnostic::error("PV104", location, message).with_help(help));
                        None
                    }
                    (None, Some(entry)) => {
                        let location = Location::Key(path.clone().key(&entry.key));
                        self.report(not_allowed(&entry.key, &names, location));
                        None
                    }
                    (None, None) => {
                        let message = format!("expected one of {}", names.join(", "));
                        self.report(Diagnostic::error(
                            "PV103",
                            Location::Value(path.clone()),
                            message,
                        ));
                        None
                    }
                }
            }
            _ => {
                let message = format!("expected one of {}, found a list", names.join(", "));
                self.report(Diagnostic::error("PV103", Location::Value(path.clone()), message));
                None
            }
        }
    }

    /// Reads the alternative with the fewest diagnostics.
    fn best_alternative(
        &mut self,
        node: &Node,
        alternatives: &'s [Value],
        path: &DocumentPath,
    ) -> Option<Value> {
        let before = std::mem::take(&mut self.diagnostics);
        let mut best: Option<(Option<Value>, Vec<Diagnostic>)> = None;
        for alternative in alternatives {
            let value = self.node(node, alternative, path);
            let diagnostics = std::mem::take(&mut self.diagnostics);
            if best.as_ref().is_none_or(|(_, fewest)| diagnostics.len() < fewest.len()) {
                best = Some((value, diagnostics));
            }
        }
        let (value, diagnostics) = best.unwrap_or_default();
        self.diagnostics = before;
        self.diagnostics.extend(diagnostics);
        value
    }
}

/// Returns the key of a mapping that must have exactly one key.
fn only_key(schema: &Value) -> Option<&str> {
    let required = schema.get("required")?.as_array()?;
    let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    match required.as_slice() {
        [Value::String(key)] if is_closed && schema.get("properties")?.as_object()?.len() == 1 => {
            Some(key)
        }
        _ => None,
    }
}

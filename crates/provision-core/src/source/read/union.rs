//! Alternatives: a word, or a mapping with one key that says which alternative it is.
use serde_json::Value;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::read::reader::Reader;
use crate::source::read::scalar::not_allowed;
use crate::source::tree::{Node, NodeData};

impl<'s> Reader<'s> {
    /// Chooses the alternative by the word or by the key, and reads that one, so that what is
    /// reported is wrong in what was meant.
    pub fn union(
        &mut self,
        node: &Node,
        alternatives: &'s [Value],
        path: &DocumentPath,
    ) -> Option<Value> {
        let words: Vec<&'s str> = alternatives
            .iter()
            .filter_map(|alternative| self.constants(alternative))
            .flatten()
            .collect();
        let tagged: Vec<(&'s str, &'s Value)> = alternatives
            .iter()
            .map(|alternative| self.deref(alternative))
            .filter_map(|alternative| Some((only_key(alternative)?, alternative)))
            .collect();
        if words.len() + tagged.len() < alternatives.len() {
            return self.best(node, alternatives, path);
        }
        let names: Vec<&str> =
            words.iter().copied().chain(tagged.iter().map(|(key, _)| *key)).collect();
        match &node.data {
            NodeData::Scalar { text, .. } if words.contains(&text.as_str()) => {
                Some(Value::String(text.clone()))
            }
            NodeData::Scalar { text, .. } => {
                let at = Location::Value(path.clone());
                self.report(match tagged.iter().find(|(key, _)| key == text) {
                    Some((key, _)) => {
                        Diagnostic::error("PV104", at, format!("`{key}` needs settings"))
                            .with_help(format!("write `{key}: {{ … }}`"))
                    }
                    None => not_allowed(text, &names, at),
                });
                None
            }
            NodeData::Map(entries) => {
                let chosen = entries
                    .iter()
                    .find_map(|entry| tagged.iter().find(|(key, _)| *key == entry.key));
                match (chosen, entries.first()) {
                    (Some((_, schema)), _) => self.map(entries, schema, path),
                    (None, Some(entry)) if words.contains(&entry.key.as_str()) => {
                        let at = Location::Key(path.clone().key(&entry.key));
                        let message = format!("`{}` takes no settings", entry.key);
                        let help = format!("write it alone: `{}`", entry.key);
                        self.report(Diagnostic::error("PV104", at, message).with_help(help));
                        None
                    }
                    (None, Some(entry)) => {
                        let at = Location::Key(path.clone().key(&entry.key));
                        self.report(not_allowed(&entry.key, &names, at));
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

    /// The alternative in which the least is wrong.
    fn best(
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
            if best.as_ref().is_none_or(|(_, least)| diagnostics.len() < least.len()) {
                best = Some((value, diagnostics));
            }
        }
        let (value, diagnostics) = best.unwrap_or_default();
        self.diagnostics = before;
        self.diagnostics.extend(diagnostics);
        value
    }
}

/// The one key of a mapping that must have just that one.
fn only_key(schema: &Value) -> Option<&str> {
    let required = schema.get("required")?.as_array()?;
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    match required.as_slice() {
        [Value::String(key)] if closed && schema.get("properties")?.as_object()?.len() == 1 => {
            Some(key)
        }
        _ => None,
    }
}

//! Reads mappings: reports unknown keys, missing keys and keys that are not valid names.
use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::read::reader::Reader;
use crate::source::tree::MapEntry;
use crate::suggest::closest_match;

impl<'s> Reader<'s> {
    /// Reads the known keys in the order of the file. It is long because of its messages.
    pub fn map(
        &mut self,
        entries: &[MapEntry],
        schema: &'s Value,
        path: &DocumentPath,
    ) -> Option<Value> {
        let known = schema.get("properties").and_then(Value::as_object);
        let mut values = Map::new();
        let mut unknown = Vec::new();
        for MapEntry { key, value, .. } in entries {
            let entry_path = path.clone().key(key);
            if key == "<<" {
                let message = "the merge key `<<` is not supported";
                let diagnostic = Diagnostic::error("PV010", Location::Key(entry_path), message);
                self.report(diagnostic.with_help("write the merged entries out"));
                continue;
            }
            let value_schema = match (
                known.and_then(|properties| properties.get(key)),
                schema.get("additionalProperties"),
            ) {
                (Some(schema), _) => schema,
                (None, Some(Value::Bool(false))) => {
                    unknown.push(key.as_str());
                    continue;
                }
                (None, Some(schema)) => schema,
                (None, None) => {
                    self.check_intrinsic(key, &entry_path);
                    &Value::Bool(true)
                }
            };
            if !self.check_name(key, schema, &entry_path) {
                continue;
            }
            let is_property = known.is_some_and(|properties| properties.contains_key(key));
            if let Some(value) = self.node(value, value_schema, &entry_path) {
                // A property that lacks required keys is omitted, so that the rest can still be checked. An entry
                // with a name of the user's is kept, because other parts of the spec may refer to its name.
                if !is_property || self.is_complete(&value, value_schema) {
                    values.insert(key.clone(), value);
                }
            }
        }
        let min = schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
        if (entries.len() as u64) < min {
            let names: Vec<&str> =
                known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            let diagnostic =
                Diagnostic::error("PV112", Location::Key(path.clone()), "the mapping is empty");
            let help = format!("set at least one of {}, or remove the mapping", names.join(", "));
            self.report(diagnostic.with_help(help));
            return None;
        }
        let missing = missing_keys(entries, schema);
        let suggested = self.report_unknown(&unknown, &missing, entries, schema, path);
        for name in missing.into_iter().filter(|name| !suggested.contains(name)) {
            self.report_missing(name, known, path);
        }
        Some(Value::Object(values))
    }

    fn is_complete(&self, value: &Value, schema: &'s Value) -> bool {
        let required = self.deref(schema).get("required").and_then(Value::as_array);
        let mut names = required.into_iter().flatten().filter_map(Value::as_str);
        names.all(|name| value.get(name).is_some())
    }

    /// Whether a key that the user chooses is a valid name; reports one that is not.
    fn check_name(&mut self, key: &str, schema: &'s Value, path: &DocumentPath) -> bool {
        let Some(names) = schema.get("propertyNames") else { return true };
        if self.matches(key, names) {
            return true;
        }
        let help = names.get("patternErrorMessage").and_then(Value::as_str);
        let message = format!("`{key}` is not a valid name");
        let diagnostic = Diagnostic::error("PV106", Location::Key(path.clone()), message);
        self.report(match help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        });
        false
    }

    /// Reports unknown keys; returns the keys that it suggests instead of them.
    fn report_unknown(
        &mut self,
        unknown: &[&str],
        missing: &[&'s str],
        entries: &[MapEntry],
        schema: &'s Value,
        path: &DocumentPath,
    ) -> Vec<&'s str> {
        let known: Vec<&'s str> = schema
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let absent =
            known.iter().copied().filter(|name| entries.iter().all(|entry| entry.key != *name));
        let absent: Vec<&'s str> = absent.collect();
        let mut suggested = Vec::new();
        for key in unknown {
            let location = Location::Key(path.clone().key(key));
            let diagnostic = Diagnostic::error("PV101", location, format!("unknown key `{key}`"));
            let candidate = closest_match(key, missing.iter().copied())
                .or_else(|| closest_match(key, absent.iter().copied()));
            self.report(match candidate {
                Some(name) => {
                    suggested.push(name);
                    diagnostic.with_help(format!("did you mean `{name}`?")).with_suggestion(name)
                }
                None => diagnostic.with_help(format!("valid keys: {}", known.join(", "))),
            });
        }
        suggested
    }

    fn report_missing(
        &mut self,
        name: &str,
        known: Option<&Map<String, Value>>,
        path: &DocumentPath,
    ) {
        let description = known
            .and_then(|properties| properties.get(name))
            .and_then(|value| value.get("description"));
        let diagnostic = Diagnostic::error(
            "PV102",
            Location::Key(path.clone()),
            format!("missing key `{name}`"),
        );
        self.report(match description.and_then(Value::as_str) {
            Some(description) => {
                diagnostic.with_help(format!("add `{name}`: {}", as_phrase(description)))
            }
            None => diagnostic,
        });
    }
}

/// Returns the first sentence of a description as a phrase: in lower case, without its period.
fn as_phrase(description: &str) -> String {
    let sentence = description.split_once(". ").map_or(description, |(first, _)| first);
    let sentence = sentence.trim_end_matches('.');
    let word = sentence.split(' ').next().unwrap_or_default();
    let is_name = word.chars().skip(1).any(char::is_uppercase);
    match sentence.chars().next() {
        Some(first) if !is_name => {
            format!("{}{}", first.to_lowercase(), &sentence[first.len_utf8()..])
        }
        _ => sentence.to_owned(),
    }
}

fn missing_keys<'s>(entries: &[MapEntry], schema: &'s Value) -> Vec<&'s str> {
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    required.filter(|name| entries.iter().all(|entry| entry.key != *name)).collect()
}

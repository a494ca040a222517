//! Mappings against their schema: known and unknown keys, missing ones, names.
use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::read::reader::Reader;
use crate::source::tree::MapEntry;
use crate::suggest::closest_match;

impl<'s> Reader<'s> {
    pub fn map(
        &mut self,
        entries: &[MapEntry],
        schema: &'s Value,
        path: &DocumentPath,
    ) -> Option<Value> {
        let known = schema.get("properties").and_then(Value::as_object);
        let mut read = Map::new();
        let mut unknown = Vec::new();
        for MapEntry { key, value, .. } in entries {
            let at = path.clone().key(key);
            if key == "<<" {
                let message = "merge keys (`<<`) are not read";
                let diagnostic = Diagnostic::error("PV010", Location::Key(at), message);
                self.report(diagnostic.with_help("write out what is merged"));
                continue;
            }
            let value_schema = match (
                known.and_then(|items| items.get(key)),
                schema.get("additionalProperties"),
            ) {
                (Some(schema), _) => schema,
                (None, Some(Value::Bool(false))) => {
                    unknown.push(key.as_str());
                    continue;
                }
                (None, Some(schema)) => schema,
                (None, None) => {
                    self.intrinsic(key, &at);
                    &Value::Bool(true)
                }
            };
            if !self.name(key, schema, &at) {
                continue;
            }
            let named = known.is_some_and(|items| items.contains_key(key));
            if let Some(value) = self.node(value, value_schema, &at) {
                // A part without what it needs is as good as none, so that the rest can still be
                // judged. Of what the user names himself, something is there in any case.
                if !named || self.is_whole(&value, value_schema) {
                    read.insert(key.clone(), value);
                }
            }
        }
        let least = schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
        if (entries.len() as u64) < least {
            let names: Vec<&str> =
                known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            let diagnostic =
                Diagnostic::error("PV112", Location::Key(path.clone()), "this says nothing");
            self.report(
                diagnostic.with_help(format!("say one of {}, or remove it", names.join(", "))),
            );
            return None;
        }
        let missing = missing(entries, schema);
        let meant_for = self.unknown(&unknown, &missing, entries, schema, path);
        for name in missing.into_iter().filter(|name| !meant_for.contains(name)) {
            self.missing(name, known, path);
        }
        Some(Value::Object(read))
    }

    fn is_whole(&self, value: &Value, schema: &'s Value) -> bool {
        let required = self.deref(schema).get("required").and_then(Value::as_array);
        let mut names = required.into_iter().flatten().filter_map(Value::as_str);
        names.all(|name| value.get(name).is_some())
    }

    /// Whether a key of the user's choosing is a name.
    fn name(&mut self, key: &str, schema: &'s Value, at: &DocumentPath) -> bool {
        let Some(names) = schema.get("propertyNames") else { return true };
        if self.matches(key, names) {
            return true;
        }
        let help = names.get("patternErrorMessage").and_then(Value::as_str);
        let message = format!("`{key}` can't be a name");
        let diagnostic = Diagnostic::error("PV106", Location::Key(at.clone()), message);
        self.report(match help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        });
        false
    }

    /// Reports unknown keys; returns the missing ones that they were probably meant to be.
    fn unknown(
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
            .map(|items| items.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let absent =
            known.iter().copied().filter(|name| entries.iter().all(|entry| entry.key != *name));
        let absent: Vec<&'s str> = absent.collect();
        let mut meant_for = Vec::new();
        for key in unknown {
            let at = Location::Key(path.clone().key(key));
            let diagnostic = Diagnostic::error("PV101", at, format!("unknown key `{key}`"));
            let candidate = closest_match(key, missing.iter().copied())
                .or_else(|| closest_match(key, absent.iter().copied()));
            self.report(match candidate {
                Some(name) => {
                    meant_for.push(name);
                    diagnostic.with_help(format!("did you mean `{name}`?")).with_suggestion(name)
                }
                None => diagnostic.with_help(format!("there are {}", known.join(", "))),
            });
        }
        meant_for
    }

    fn missing(&mut self, name: &str, known: Option<&Map<String, Value>>, path: &DocumentPath) {
        let about =
            known.and_then(|items| items.get(name)).and_then(|value| value.get("description"));
        let diagnostic =
            Diagnostic::error("PV102", Location::Key(path.clone()), format!("`{name}` is missing"));
        self.report(match about.and_then(Value::as_str) {
            Some(about) => diagnostic.with_help(format!("`{name}`: {about}")),
            None => diagnostic,
        });
    }
}

fn missing<'s>(entries: &[MapEntry], schema: &'s Value) -> Vec<&'s str> {
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    required.filter(|name| entries.iter().all(|entry| entry.key != *name)).collect()
}

//! The spec as a document: what a user would have written, and nothing that a spec says by itself.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::import::resources::{Chosen, Ours};
use provision_core::address::Address;
use provision_core::diagnostic::OtherFile;
use provision_core::kind::{CheckContext, Files, FirstNames, ImportContext, ParsedHandlers};
use provision_core::model::Properties;
use provision_core::spec::{Parameters, as_declared, logical_id, put};
use provision_core::text::Text;

/// A document and the files beside it.
#[derive(Debug)]
pub struct Written {
    pub document: Value,
    pub files: BTreeMap<String, String>,
}

/// What stands beside the sections of a spec.
#[derive(Debug)]
pub struct Head {
    pub stack: String,
    pub region: Option<String>,
    pub description: Option<String>,
    pub tags: BTreeMap<String, Text>,
    pub parameters: Parameters,
}

/// The document for `ours`, each with its properties.
pub fn write(chosen: &Chosen<'_>, each: &[(&Ours<'_>, Properties)], head: Head) -> Written {
    let mut found = ImportContext::default();
    let mut document = json!({ "version": 1, "stack": head.stack });
    if let Some(description) = head.description {
        document["description"] = json!(description);
    }
    if let Some(region) = head.region {
        document["region"] = json!(region);
    }
    if !head.tags.is_empty() {
        document["tags"] = json!(head.tags);
    }
    if !head.parameters.is_empty() {
        document["parameters"] = json!(head.parameters);
    }
    for (name, arn) in &chosen.existing_roles {
        found.roles.insert(name.clone(), arn.to_string());
        put(&mut document, &Address::top("logRoles", name), json!({ "arn": arn }));
    }
    for (ours, properties) in each {
        found.address = Some(ours.address.clone());
        let mut declared = ours.row.to_declaration(properties, &mut found);
        if logical_id(&ours.address, None) != ours.id {
            declared["logicalId"] = json!(ours.id);
        }
        let around = std::mem::take(&mut found.parent_members);
        if let Some(parent) = ours.address.parent().filter(|_| !around.is_empty()) {
            put(&mut document, &parent, Value::Object(around));
        }
        put(&mut document, &ours.address, declared);
    }
    let files = Beside(found.files);
    let short: Vec<(Address, Value)> = each
        .iter()
        .map(|(ours, _)| (ours.address.clone(), shortened(ours, &document, &files)))
        .collect();
    for (address, declared) in short {
        replace(&mut document, &address, declared);
    }
    Written { document: as_declared(document), files: files.0 }
}

/// Files that are only data.
#[derive(Debug)]
pub struct Beside(pub BTreeMap<String, String>);

impl Files for Beside {
    fn file(&self, path: &str) -> Result<Arc<OtherFile>, String> {
        let text = self.0.get(path).cloned().ok_or_else(|| "no such file".to_owned())?;
        Ok(OtherFile::beside("spec.yaml", path, text).into())
    }
}

/// Nobody's declaration has more that might be left out.
const TRIALS_MAX: usize = 64;

/// The declaration without what the spec says by itself: whatever can go without a difference.
fn shortened(ours: &Ours<'_>, document: &Value, files: &Beside) -> Value {
    let scope = CheckContext {
        address: ours.address.clone(),
        document,
        now_epoch_s: 0,
        files,
        placeholder_values: &BTreeMap::new(),
        unreadable: &[],
        first_names: &FirstNames::default(),
        parsed_handlers: &ParsedHandlers::default(),
    };
    let mut declared = own(at(document, &ours.address), ours);
    let expand = |it: &Value| ours.row.expand(it, &scope).ok().flatten();
    let full = expand(&declared);
    let mut ways: Vec<Vec<String>> = Vec::new();
    collect(&declared, &mut Vec::new(), &mut ways);
    for way in ways.into_iter().take(TRIALS_MAX) {
        let mut trial = declared.clone();
        if way.last().map(String::as_str) != Some("logicalId") && take(&mut trial, &way) {
            let same = expand(&trial).is_some_and(|it| full.as_ref() == Some(&it));
            if same {
                declared = trial;
            }
        }
    }
    declared
}

/// A declaration without the sections of what is declared inside it.
fn own(declared: &Value, ours: &Ours<'_>) -> Value {
    let section = ours.row.section;
    let inside: Vec<&str> =
        provision_core::kinds::children_of(Some(section)).map(|row| row.section).collect();
    let own = declared.as_object().into_iter().flatten();
    own.filter(|(key, _)| !inside.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn at<'a>(document: &'a Value, address: &Address) -> &'a Value {
    address.parts().fold(document, |value, part| &value[part])
}

/// The ways to everything that may be left out, the outermost first. Policy documents are IAM's, and
/// no part of one says anything by itself.
fn collect(value: &Value, way: &mut Vec<String>, ways: &mut Vec<Vec<String>>) {
    let Value::Object(map) = value else {
        if let Value::Array(items) = value {
            for (n, item) in items.iter().enumerate() {
                way.push(n.to_string());
                collect(item, way, ways);
                way.pop();
            }
        }
        return;
    };
    for (key, value) in map {
        way.push(key.clone());
        ways.push(way.clone());
        if key != "policies" && key != "trust" {
            collect(value, way, ways);
        }
        way.pop();
    }
}

/// Takes away what stands at the end of the way.
fn take(value: &mut Value, way: &[String]) -> bool {
    let Some((last, before)) = way.split_last() else { return false };
    let place = before.iter().try_fold(value, |value, part| match value {
        Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        value => value.get_mut(part),
    });
    place.and_then(Value::as_object_mut).is_some_and(|it| it.shift_remove(last).is_some())
}

/// Puts the shortened declaration in the place of the long one.
fn replace(document: &mut Value, address: &Address, short: Value) {
    let place = address.parts().fold(document, |value, part| &mut value[part]);
    let Value::Object(short) = short else { return };
    let long = std::mem::take(place);
    let inside = |key: &str| {
        provision_core::kinds::children_of(Some(address.section())).any(|row| row.section == key)
    };
    let mut whole = named_first(short);
    if let Value::Object(long) = long {
        whole.extend(long.into_iter().filter(|(key, _)| inside(key)));
    }
    *place = Value::Object(whole);
}

/// What a thing is called comes first.
fn named_first(mut declared: Map<String, Value>) -> Map<String, Value> {
    let names = ["name", "logicalId"];
    let mut ordered: Map<String, Value> = names
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), declared.shift_remove(key)?)))
        .collect();
    ordered.extend(declared);
    ordered
}

/// The same with handler code where its file is named, and no files.
pub fn inlined(written: Written) -> Written {
    let Written { mut document, files } = written;
    let apis = document.get_mut("apis").and_then(Value::as_object_mut);
    for api in apis.into_iter().flat_map(|it| it.values_mut()) {
        let namespaces = api.get_mut("namespaces").and_then(Value::as_object_mut);
        for namespace in namespaces.into_iter().flat_map(|it| it.values_mut()) {
            let Some(handlers) = namespace.get_mut("handlers").and_then(Value::as_object_mut)
            else {
                continue;
            };
            let code = handlers.get("code").and_then(Value::as_str).and_then(|it| files.get(it));
            let Some(code) = code.cloned() else { continue };
            let rest = std::mem::take(handlers);
            handlers.insert("inline".into(), json!(code));
            handlers.extend(rest.into_iter().filter(|(key, _)| key != "code"));
        }
    }
    Written { document, files: BTreeMap::new() }
}

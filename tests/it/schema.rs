//! The published schema, as an editor and its users see it.
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use provision::source::Source;
use provision::source::read::{Substitution, read};
use provision::spec::schema;
use serde_json::{Map, Value, json};

use crate::mistakes::wrong_in_shape;
use crate::world::root;
use crate::{interop, node};

/// Visits every property of the schema: its path, itself, whether it must be there.
fn each(root: &Value, at: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value, bool)) {
    let at = resolved(root, at);
    let required = at.get("required").and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in at.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        visit(&path, &resolved(root, property), required.contains(&name.as_str()));
        each(root, property, &path, visit);
    }
    for inner in ["additionalProperties", "items"] {
        if let Some(inner) = at.get(inner).filter(|it| it.is_object()) {
            each(root, inner, &format!("{path}.*"), visit);
        }
    }
    for alternative in at.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        each(root, alternative, path, visit);
    }
}

/// The schema with what it refers to, and its own members before those.
fn resolved(root: &Value, schema: &Value) -> Value {
    let Some(target) = schema.get("$ref").and_then(Value::as_str) else { return schema.clone() };
    let target = root.pointer(target.trim_start_matches('#')).unwrap();
    let mut merged: Map<String, Value> = resolved(root, target).as_object().unwrap().clone();
    merged.extend(schema.as_object().unwrap().clone());
    merged.shift_remove("$ref");
    Value::Object(merged)
}

#[test]
fn every_property_says_what_it_is_what_it_looks_like_and_what_it_is_when_left_out() {
    let (schema, mut lacking) = (schema(), Vec::new());
    each(schema, schema, "", &mut |path, property, required| {
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        if description.is_empty() {
            lacking.push(format!("{path}: a description"));
        }
        let shown = ["examples", "enum", "const", "oneOf"];
        let shown = shown.iter().any(|it| property.get(it).is_some());
        if !shown && property.get("type") != Some(&Value::from("boolean")) {
            lacking.push(format!("{path}: an example"));
        }
        if !required && property.get("default").is_none() && !description.contains("Left out") {
            lacking.push(format!("{path}: what it is when left out"));
        }
    });
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn every_example_and_default_is_what_the_schema_allows() {
    let (schema, mut wrong) = (schema(), Vec::new());
    each(schema, schema, "", &mut |path, property, _| {
        let mut alone = property.clone();
        alone["$defs"] = schema["$defs"].clone();
        let validator = jsonschema::draft202012::new(&alone).unwrap();
        let examples = property.get("examples").and_then(Value::as_array).into_iter().flatten();
        for value in examples.chain(property.get("default")) {
            if let Err(error) = validator.validate(value) {
                wrong.push(format!("{path}: {value}: {error}"));
            }
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
}

/// What a YAML text says, as JSON.
fn as_json(text: &str) -> Value {
    let (source, problems) = Source::parse("spec.yaml", text.as_bytes());
    assert_eq!(problems, [], "{text}");
    let as_it_stands = |text: &str| Substitution { value: Some(json!(text)), objections: vec![] };
    read(&source, &json!(true), &as_it_stands, &mut Vec::new())
}

/// A folder with the starters in `right` and the specs of a wrong shape in `wrong`, as YAML and JSON.
fn shapes(name: &str) -> PathBuf {
    let folder = root("target/interop").join(name);
    let _ = fs::remove_dir_all(&folder);
    let write = |kind: &str, n: usize, text: &str| {
        let path = folder.join(kind);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(format!("{n}.yaml")), text).unwrap();
        fs::write(path.join(format!("{n}.json")), as_json(text).to_string()).unwrap();
    };
    let wrong = wrong_in_shape();
    assert!(wrong.len() > 30, "{} specs of a wrong shape", wrong.len());
    wrong.iter().enumerate().for_each(|(n, text)| write("wrong", n, text));
    let starters = fs::read_dir(root("templates")).unwrap();
    for (n, starter) in starters.enumerate() {
        let text = fs::read_to_string(starter.unwrap().path().join("spec.yaml")).unwrap();
        write("right", n, &text);
    }
    folder
}

#[test]
fn check_jsonschema_accepts_every_starter_and_rejects_every_wrong_shape() {
    let folder = shapes("shapes-check-jsonschema");
    let rejected = |kind: &str| {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder.join(kind)).unwrap().map(|it| it.unwrap().path()).collect();
        files.retain(|it| it.extension().is_some_and(|it| it == "yaml"));
        let mut command = Command::new(interop::environment().join("bin/check-jsonschema"));
        command.args(["--output-format", "json", "--schemafile"]);
        let done = command.arg(root("schemas/spec.schema.json")).args(&files).output().unwrap();
        let report: Value = serde_json::from_slice(&done.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&done.stderr)));
        assert!(report["parse_errors"].as_array().is_none_or(Vec::is_empty), "{report:#}");
        let errors = report["errors"].as_array().into_iter().flatten();
        let rejected: Vec<PathBuf> =
            errors.map(|it| PathBuf::from(it["filename"].as_str().unwrap())).collect();
        files.into_iter().partition::<Vec<_>, _>(|it| rejected.contains(it))
    };
    let said = |files: Vec<PathBuf>| -> Vec<String> {
        files.into_iter().map(|it| fs::read_to_string(it).unwrap()).collect()
    };
    assert_eq!(said(rejected("wrong").1), Vec::<String>::new(), "accepted");
    assert_eq!(said(rejected("right").0), Vec::<String>::new(), "rejected");
}

#[test]
fn ajv_accepts_every_starter_and_rejects_every_wrong_shape() {
    let folder = shapes("shapes-ajv");
    let packages = node::environment();
    fs::copy(root("tests/interop/node/schema.mjs"), packages.join("schema.mjs")).unwrap();
    let schema = root("schemas/spec.schema.json");
    let mut command = Command::new("node");
    let done = command.arg(packages.join("schema.mjs")).arg(schema).arg(&folder).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}{err}");
}

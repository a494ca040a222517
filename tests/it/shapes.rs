//! The published schema as others read it: every starter fits, and every mistake in a spec's shape
//! is one to them too.
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::mistakes::{Row, table};
use crate::node;
use crate::python::environment;
use crate::world::root;

/// Our codes for shapes, and the keywords of JSON Schema that say the same. PV111 is not among them:
/// no keyword knows of `${…}`.
const KEYWORDS: &[(&str, &[&str])] = &[
    ("PV101", &["additionalProperties"]),
    ("PV102", &["required"]),
    ("PV103", &["type"]),
    ("PV104", &["enum", "const"]),
    // `90` where a text belongs is the text to us, and a number to them.
    ("PV105", &["pattern", "type"]),
    ("PV106", &["propertyNames"]),
    ("PV107", &["minItems"]),
    ("PV108", &["minLength", "maxLength"]),
    ("PV109", &["minimum", "maximum"]),
    ("PV110", &["uniqueItems"]),
    ("PV112", &["minProperties"]),
];

/// The folder with the table of broken specs as files: `wrong` in shape, named by number and codes,
/// and `right` in shape, whatever else is wrong. Written once in a run, for all who read it.
static SHAPES: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = root("target/interop/shapes");
    let _ = fs::remove_dir_all(&folder);
    for (number, row) in table().iter().enumerate() {
        let Some(kind) = kind(row) else { continue };
        fs::create_dir_all(folder.join(kind)).unwrap();
        let name = format!("{number:03}-{}.yaml", row.codes.join("-"));
        fs::write(folder.join(kind).join(name), &row.text).unwrap();
    }
    folder
});

/// `None`: what is wrong is YAML's own, or nothing that a schema could say.
fn kind(row: &Row) -> Option<&'static str> {
    if row.codes.iter().any(|code| code.starts_with("PV0") || code == "PV111") {
        return None;
    }
    Some(if row.codes.iter().any(|code| code.starts_with("PV1")) { "wrong" } else { "right" })
}

/// The starters, and the specs that are right in shape.
fn right() -> Vec<PathBuf> {
    let starters: Vec<PathBuf> =
        files(&root("templates")).iter().map(|file| file.join("spec.yaml")).collect();
    assert!(starters.len() >= 6 && starters.iter().all(|starter| starter.exists()), "{starters:?}");
    let right = files(&SHAPES.join("right"));
    assert!(right.len() >= 40, "{}", right.len());
    [starters, right].concat()
}

/// The specs that are wrong in shape.
fn wrong() -> Vec<PathBuf> {
    let wrong = files(&SHAPES.join("wrong"));
    assert!(wrong.len() >= 35, "{}", wrong.len());
    wrong
}

/// The files that do not fit the schema, by check-jsonschema, which could read all of them.
fn rejected_by_check_jsonschema(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut command = Command::new(environment().join("bin/check-jsonschema"));
    command.arg("--schemafile").arg(root("schemas/spec.schema.json"));
    let done = command.args(["--output-format", "json"]).args(files).output().unwrap();
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    let errors = said["errors"].as_array().into_iter().flatten();
    let rejected: BTreeSet<PathBuf> =
        errors.map(|error| PathBuf::from(error["filename"].as_str().unwrap())).collect();
    assert!(said["parse_errors"].as_array().is_none_or(Vec::is_empty), "{said}");
    assert_eq!(done.status.code(), Some(i32::from(!rejected.is_empty())), "{said}");
    rejected
}

#[test]
fn check_jsonschema_accepts_every_starter_and_every_spec_of_the_right_shape() {
    assert_eq!(rejected_by_check_jsonschema(&right()), BTreeSet::new());
}

#[test]
fn check_jsonschema_rejects_every_mistake_in_the_shape() {
    let wrong = wrong();
    assert_eq!(rejected_by_check_jsonschema(&wrong), wrong.into_iter().collect());
}

#[test]
fn ajv_accepts_every_starter_and_rejects_every_shape_mistake_for_the_same_reason() {
    let right = right();
    for (path, keywords) in right.iter().zip(ajv(&right)) {
        assert_eq!(keywords, [""; 0], "{}", path.display());
    }
    let wrong = wrong();
    for (path, keywords) in wrong.iter().zip(ajv(&wrong)) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        for code in name.split('-').filter(|part| part.starts_with("PV1")) {
            let (_, same) = KEYWORDS.iter().find(|row| row.0 == code).unwrap();
            let agrees = same.iter().any(|same| keywords.iter().any(|keyword| keyword == same));
            assert!(agrees, "{name}: {code} is one of {same:?}, and ajv says {keywords:?}");
        }
    }
}

/// The keywords that ajv objects with, for each of the files.
fn ajv(files: &[PathBuf]) -> Vec<Vec<String>> {
    let schema = root("schemas/spec.schema.json");
    let arguments: Vec<&OsStr> =
        [&schema].into_iter().chain(files).map(|path| path.as_os_str()).collect();
    let said = node::said("schema.mjs", &arguments);
    let texts = |value: &Value| {
        value.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    let said: Vec<Vec<String>> = said.as_array().unwrap().iter().map(texts).collect();
    assert_eq!(said.len(), files.len());
    said
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|result| result.unwrap().path()).collect();
    files.sort();
    files
}

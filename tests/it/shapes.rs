//! The published schema in other validators: they accept every init template, and reject every
//! mistake in a spec's shape.
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

/// The diagnostics of shapes, and the equivalent keywords of JSON Schema. PV111 has none: no keyword
/// knows `${…}`.
const KEYWORDS: &[(&str, &[&str])] = &[
    ("PV101", &["additionalProperties"]),
    ("PV102", &["required"]),
    ("PV103", &["type"]),
    ("PV104", &["enum", "const"]),
    // Where a string is expected, `90` is a string here and a number to other validators.
    ("PV105", &["pattern", "type"]),
    ("PV106", &["propertyNames"]),
    ("PV107", &["minItems"]),
    ("PV108", &["minLength", "maxLength"]),
    ("PV109", &["minimum", "maximum"]),
    ("PV110", &["uniqueItems"]),
    ("PV112", &["minProperties"]),
];

/// The folder with the specs of `mistakes.rs` as files: `wrong` in shape, named by number and codes,
/// and `right` in shape, with other mistakes. Written once, for all tests.
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

/// `None` if the mistake is in the YAML, or one that a schema cannot express.
fn kind(row: &Row) -> Option<&'static str> {
    if row.codes.iter().any(|code| code.starts_with("PV0") || code == "PV111") {
        return None;
    }
    Some(if row.codes.iter().any(|code| code.starts_with("PV1")) { "wrong" } else { "right" })
}

/// The init templates, and the specs that are right in shape.
fn right() -> Vec<PathBuf> {
    let templates: Vec<PathBuf> =
        files(&root("templates")).iter().map(|file| file.join("spec.yaml")).collect();
    assert!(
        templates.len() >= 6 && templates.iter().all(|template| template.exists()),
        "{templates:?}"
    );
    let right = files(&SHAPES.join("right"));
    assert!(right.len() >= 40, "{}", right.len());
    [templates, right].concat()
}

/// The specs that are wrong in shape.
fn wrong() -> Vec<PathBuf> {
    let wrong = files(&SHAPES.join("wrong"));
    assert!(wrong.len() >= 35, "{}", wrong.len());
    wrong
}

/// The files that check-jsonschema rejects. It must be able to read all of them.
fn rejects_of_check_jsonschema(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut command = Command::new(environment().join("bin/check-jsonschema"));
    command.arg("--schemafile").arg(root("schemas/spec.schema.json"));
    let done = command.args(["--output-format", "json"]).args(files).output().unwrap();
    let output: Value = serde_json::from_slice(&done.stdout).unwrap();
    let errors = output["errors"].as_array().into_iter().flatten();
    let rejected: BTreeSet<PathBuf> =
        errors.map(|error| PathBuf::from(error["filename"].as_str().unwrap())).collect();
    assert!(output["parse_errors"].as_array().is_none_or(Vec::is_empty), "{output}");
    assert_eq!(done.status.code(), Some(i32::from(!rejected.is_empty())), "{output}");
    rejected
}

#[test]
fn check_jsonschema_accepts_every_init_template_and_every_spec_of_the_right_shape() {
    assert_eq!(rejects_of_check_jsonschema(&right()), BTreeSet::new());
}

#[test]
fn check_jsonschema_rejects_every_mistake_in_the_shape() {
    let wrong = wrong();
    assert_eq!(rejects_of_check_jsonschema(&wrong), wrong.into_iter().collect());
}

#[test]
fn ajv_accepts_every_init_template_and_rejects_every_shape_mistake_for_the_same_reason() {
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

/// The keywords of ajv's errors, for each of the files.
fn ajv(files: &[PathBuf]) -> Vec<Vec<String>> {
    let schema = root("schemas/spec.schema.json");
    let arguments: Vec<&OsStr> =
        [&schema].into_iter().chain(files).map(|path| path.as_os_str()).collect();
    let output = node::run_node_script("schema.mjs", &arguments);
    let texts = |value: &Value| {
        value.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    let output: Vec<Vec<String>> = output.as_array().unwrap().iter().map(texts).collect();
    assert_eq!(output.len(), files.len());
    output
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|result| result.unwrap().path()).collect();
    files.sort();
    files
}

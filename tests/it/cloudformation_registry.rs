//! The facts of kinds against CloudFormation's registry schemas, as cfn-lint carries them.
use std::fs;
use std::path::PathBuf;

use provision_core::kinds::KINDS;
use serde_json::Value;

use crate::python::environment;

#[test]
fn what_we_call_immutable_is_what_cloudformation_calls_create_only() {
    let schemas = fs::read_dir(environment().join("lib")).unwrap().next().unwrap().unwrap().path();
    let schemas = schemas.join("site-packages/cfnlint/data/schemas");
    let read =
        |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let index = read(schemas.join("providers/us-east-1.json"));
    for kind in KINDS {
        let file = index[kind.type_name].as_str().unwrap();
        let theirs = read(schemas.join(format!("resources/{file}.json")));
        let names = |list: &str| -> Vec<String> {
            let paths = theirs[list].as_array().into_iter().flatten().filter_map(Value::as_str);
            paths.filter_map(|it| it.strip_prefix("/properties/")).map(str::to_owned).collect()
        };
        let schema = kind.properties_schema(&mut schemars::SchemaGenerator::default());
        let ours: Vec<&String> =
            schema.get("properties").unwrap().as_object().unwrap().keys().collect();
        for name in &ours {
            assert!(theirs["properties"].get(name).is_some(), "{kind:?} has no {name}");
            assert!(!names("readOnlyProperties").contains(name), "{kind:?}.{name} is read-only");
        }
        let mut stuck: Vec<String> = names("createOnlyProperties");
        stuck.retain(|name| ours.contains(&name));
        stuck.sort();
        assert_eq!(kind.create_only, stuck, "{kind:?}");
    }
}

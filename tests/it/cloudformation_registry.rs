//! The facts of kinds against CloudFormation's registry schemas, which cfn-lint contains.
use std::fs;
use std::path::PathBuf;

use provision_core::kinds::KINDS;
use serde_json::Value;

use crate::python::environment;

#[test]
fn immutable_properties_are_create_only_in_cloudformation() {
    let schemas = fs::read_dir(environment().join("lib")).unwrap().next().unwrap().unwrap().path();
    let schemas = schemas.join("site-packages/cfnlint/data/schemas");
    let read =
        |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let index = read(schemas.join("providers/us-east-1.json"));
    for kind in KINDS {
        let file = index[kind.type_name].as_str().unwrap();
        let registry_schema = read(schemas.join(format!("resources/{file}.json")));
        let names = |list: &str| -> Vec<String> {
            let paths =
                registry_schema[list].as_array().into_iter().flatten().filter_map(Value::as_str);
            paths.filter_map(|path| path.strip_prefix("/properties/")).map(str::to_owned).collect()
        };
        let schema = kind.properties_schema(&mut schemars::SchemaGenerator::default());
        let properties: Vec<&String> =
            schema.get("properties").unwrap().as_object().unwrap().keys().collect();
        for name in &properties {
            assert!(registry_schema["properties"].get(name).is_some(), "{kind:?} has no {name}");
            assert!(!names("readOnlyProperties").contains(name), "{kind:?}.{name} is read-only");
        }
        let mut create_only: Vec<String> = names("createOnlyProperties");
        create_only.retain(|name| properties.contains(&name));
        create_only.sort();
        assert_eq!(kind.create_only, create_only, "{kind:?}");
    }
}

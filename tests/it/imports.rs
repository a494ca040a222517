//! `provision import`, and imports of rendered specs. The imports of templates are tested in
//! crates/provision-cfn/tests/import.
use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use provision_cfn::import::{ImportOptions, import};
use provision_cfn::render::render_template;
use provision_core::diagnostic::{PathSegment, Severity};
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, Spec, load};
use serde_json::{Value, json};

use crate::specs::{Folder, NOON, documents, folder, spec_of};
use crate::world::{World, root};

fn options(stack: &str, region: &str, values: &[(&str, &str)]) -> ImportOptions {
    let values = values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let region = (!region.is_empty()).then(|| region.to_owned());
    ImportOptions { stack: stack.into(), region, values, inline_code: false, now_epoch_s: NOON }
}

/// Loads an imported spec.
fn load_spec(text: &str, files: &BTreeMap<String, String>) -> Spec {
    let (source, mut problems) = Source::parse("spec.yaml", text.as_bytes());
    let (spec, more) = load(&source, &Folder(files.clone()), NOON, &ParameterValues::new());
    problems.extend(more);
    spec.unwrap_or_else(|| panic!("{problems:#?}\n{text}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 3 / 8, ..ProptestConfig::default() })]

    #[test]
    fn importing_a_rendered_spec_gives_the_same_template(document in documents()) {
        let spec = spec_of(&document, &folder(), NOON);
        let mut rendered = render_template(&spec, false).document;
        let text = rendered.to_string();
        let (source, problems) = Source::parse("template.json", text.as_bytes());
        prop_assert_eq!(problems, vec![]);
        let imported = import(&source, &options("generated", "", &[]));
        let Some(back) = imported.spec else {
            let codes: Vec<_> = imported.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
            prop_assert!(codes.contains(&"PV511"), "{:#?}\n{}", imported.diagnostics, text);
            return Ok(());
        };
        // A role that no API logs with is not imported.
        for diagnostic in imported.diagnostics.iter().filter(|diagnostic| diagnostic.code == "PV540") {
            let Some(PathSegment::Key(id)) = diagnostic.path().unwrap().0.get(1) else { continue };
            rendered["Resources"].as_object_mut().unwrap().shift_remove(id);
        }
        let again = render_template(&load_spec(&back.text, &back.files), false).document;
        prop_assert_eq!(&again["Resources"], &rendered["Resources"], "{}", back.text);
        prop_assert!(imported.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error));
    }
}

/// A template with one API and `more` after it.
fn one_api(name: &str, more: &str) -> String {
    format!(
        "Resources:\n  Api:\n    Type: AWS::AppSync::Api\n    Properties:\n      Name: {name}\n      EventConfig:\n        AuthProviders: [{{ AuthType: AWS_IAM }}]\n        ConnectionAuthModes: [{{ AuthType: AWS_IAM }}]\n        DefaultPublishAuthModes: [{{ AuthType: AWS_IAM }}]\n        DefaultSubscribeAuthModes: [{{ AuthType: AWS_IAM }}]\n{more}"
    )
}

#[test]
fn the_spec_is_printed_to_stdout_and_the_diagnostics_to_stderr() {
    let world = World::new();
    let template = fs::read_to_string(root("tests/data/templates/generated.json")).unwrap();
    world.write("cdk.out/ScoresStack.template.json", &template);
    let import = ["import", "--template", "cdk.out/ScoresStack.template.json"];
    let ran = world.run(&import);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("\nstack: ScoresStack\n"), "{}", ran.out);
    assert!(ran.out.contains("inline: |\n"), "{}", ran.out);
    assert!(ran.err.contains("PV525") && ran.err.contains("omitted:"), "{}", ran.err);
    world.write("spec.yaml", &ran.out);
    world.ok(&["validate", "spec.yaml"]);
    assert_eq!(world.run(&[&import[..], &["--deny-warnings"]].concat()).code, 1);
    let report: Value =
        serde_json::from_str(&world.ok(&[&import[..], &["--format", "json"]].concat())).unwrap();
    assert_eq!(report["spec"], json!(ran.out));
    assert!(
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|diagnostic| diagnostic["code"] == "PV540")
    );
}

#[test]
fn the_spec_its_schema_and_its_handlers_are_written_to_a_new_folder() {
    let world = World::new();
    let template = fs::read_to_string(root("tests/data/templates/generated.json")).unwrap();
    world.write("t.json", &template);
    let import = ["import", "--template", "t.json", "--out", "scores", "--stack", "scores"];
    world.ok(&import);
    world.ok(&["validate", "scores/spec.yaml"]);
    assert!(world.path("scores/handlers/scores.js").exists());
    assert!(world.path("scores/spec.schema.json").exists());
    let again = world.run(&import);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("already exists"), "{}", again.err);
}

#[test]
fn invalid_templates_fail_and_invalid_arguments_are_usage_errors() {
    let world = World::new();
    world.write("broken.yaml", "Resources: [\n");
    world.write("empty.yaml", "");
    for (file, code) in [("broken.yaml", "PV003"), ("empty.yaml", "PV004"), ("none.yaml", "PV001")]
    {
        let ran = world.run(&["import", "--template", file]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{file}");
        assert!(ran.err.contains(code), "{}", ran.err);
    }
    assert_eq!(world.run(&["import"]).code, 64);
    assert_eq!(world.run(&["import", "--template", "t.yaml", "--stack", "1"]).code, 64);
    assert_eq!(world.run(&["import", "--template", "t.yaml", "--region", "tokyo"]).code, 64);
    world.write("t.yaml", &one_api("a", ""));
    let ran = world.run(&["import", "--template", "t.yaml", "--param", "Stag=prod"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("PV512"), "{}", ran.err);
    let stage = "Parameters:\n  Stage: { Type: String, AllowedValues: [dev, prod] }\n";
    world.write("t.yaml", &(one_api("a", "") + stage));
    let ran = world.run(&["import", "--template", "t.yaml", "--param", "Stage=qa"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("PV513") && ran.err.contains("expected one of dev, prod"),
        "{}",
        ran.err
    );
}

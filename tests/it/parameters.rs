//! Parameters: values from the command line and from files.
use crate::world::{Ran, World};

const STAGES: &str = "\
version: 1
stack: news-${stage}
region: eu-west-1
parameters:
  stage: { default: dev, allowed: [dev, prod] }
  contact: { pattern: '[a-z ]+' }
apis:
  news:
    name: ${AWS::StackName}-api
    ownerContact: ${contact}
    auth: { providers: [AWS_IAM] }
    namespaces: { room: {} }
";

fn world() -> World {
    let world = World::new();
    world.write("spec.yaml", STAGES);
    world.write("prod.yaml", "stage: prod\ncontact: on call\n");
    world
}

fn check_error(arguments: &[&str], code: i32, expected: &str) {
    let Ran { code: found, err, out } = world().run(arguments);
    assert_eq!((found, out.as_str()), (code, ""), "{arguments:?}: {err}");
    assert!(err.contains(expected), "{arguments:?}: {err}");
}

#[test]
fn each_stage_is_a_separate_stack() {
    let world = world();
    let apply = |more: &[&str]| {
        world.ok(&[&["apply", "spec.yaml", "--local", "--yes", "--format", "json"], more].concat())
    };
    let dev = apply(&["--param", "contact=developers"]);
    let prod = apply(&["--params-file", "prod.yaml"]);
    assert!(dev.contains("news-dev-api") && prod.contains("news-prod-api"), "{dev}{prod}");
    // Applied stages have no changes, and each is found by the name of its stack.
    let plan = world.run(&["plan", "spec.yaml", "--local", "--params-file", "prod.yaml"]);
    assert!(plan.out.contains("No changes"), "{}", plan.out);
    let outputs = world.ok(&["outputs", "spec.yaml", "--local", "--param", "stage=prod"]);
    assert!(outputs.contains("news-prod-api"), "{outputs}");
    world.ok(&["destroy", "spec.yaml", "--local", "--yes", "--param", "stage=prod"]);
    let outputs = world.ok(&["outputs", "spec.yaml", "--local"]);
    assert!(outputs.contains("news-dev-api"), "{outputs}");
}

#[test]
fn the_command_line_takes_precedence_over_files_and_later_files_over_earlier_ones() {
    let world = world();
    world.write("more.yaml", "contact: later\n");
    let plan = |more: &[&str]| world.ok(&[&["plan", "spec.yaml", "--local"], more].concat());
    let files = ["--params-file", "prod.yaml", "--params-file", "more.yaml"];
    assert!(plan(&files).contains("OwnerContact  later"));
    let line = ["--params-file", "prod.yaml", "--param", "contact=first"];
    assert!(plan(&line).contains("OwnerContact  first"));
}

#[test]
fn invalid_values_are_rejected_before_anything_else() {
    let apply = |more: &'static str| ["apply", "spec.yaml", "--local", "--yes", "--param", more];
    check_error(&apply("stage=test"), 1, "`test` is not one of dev, prod");
    check_error(&apply("contact=X1"), 1, "`X1` does not match `[a-z ]+`");
    check_error(&apply("stag=dev"), 1, "did you mean `stage`?");
    check_error(&apply("stage"), 64, "`--param stage` has no value");
    check_error(
        &apply("stage=dev"),
        1,
        "missing value of parameter `contact`, which has no default",
    );
    check_error(
        &["validate", "spec.yaml", "--param", "stage=test"],
        1,
        "`test` is not one of dev, prod",
    );
    check_error(
        &["plan", "spec.yaml", "--local", "--params-file", "no.yaml"],
        1,
        "cannot read `no.yaml`",
    );
    check_error(&["plan", "spec.yaml", "--local", "--params-file", "spec.yaml"], 1, "PV103");
}

#[test]
fn a_spec_can_be_checked_and_rendered_without_values() {
    world().ok(&["validate", "spec.yaml", "--deny-warnings"]);
    let template = world().ok(&["render", "spec.yaml", "--cfn"]);
    assert!(template.contains("Name: !Sub ${AWS::StackName}-api"), "{template}");
}

#[test]
fn handler_code_in_s3_cannot_be_applied_but_rendered() {
    let world = World::new();
    let spec = "version: 1\nstack: s\nregion: eu-west-1\napis:\n  a:\n    auth: { providers: [AWS_IAM] }\n    namespaces: { n: { handlers: { s3: 's3://bucket/key.js' } } }\n";
    world.write("spec.yaml", spec);
    let expected =
        "apis/a/namespaces/n: AppSync's API accepts handler code, but not its location in S3";
    for command in ["plan", "apply"] {
        let Ran { code, out, err } = world.run(&[command, "spec.yaml", "--local"]);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains(expected) && err.contains("provision render"), "{err}");
    }
    assert!(!world.path(".provision").exists(), "no emulator was started");
    world.ok(&["render", "spec.yaml", "--cfn"]);
}

//! Real clients against the real program: boto3, the AWS CLI, cfn-lint; and the program against other
//! servers. They run in Python, in an environment that the first run makes.
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use provision_core::kinds::KINDS;
use serde_json::Value;

use crate::world::root;

#[test]
fn boto3_reads_and_writes_what_aws_would() {
    pytest("test_wire.py");
}

#[test]
fn boto3_sees_every_fault_that_is_asked_for() {
    pytest("test_faults.py");
}

#[test]
fn curl_botocore_and_a_raw_websocket_publish_and_subscribe() {
    pytest("test_events.py");
}

#[test]
fn each_emulator_option_changes_what_it_says() {
    pytest("test_emulator_options.py");
}

#[test]
fn a_terminal_shows_what_runs_and_keeps_nothing_of_it() {
    pytest("test_progress.py");
}

#[test]
fn boto3_reads_back_what_the_spec_says_and_nothing_after_destroy() {
    pytest("test_apply.py");
}

#[test]
fn boto3_reads_back_what_hangs_on_something_and_what_others_hung_there() {
    pytest("test_kinds.py");
}

#[test]
fn the_aws_cli_works_with_nothing_but_an_endpoint() {
    pytest("test_cli.py");
}

#[test]
fn the_articles_template_is_rendered_and_cfn_lint_has_nothing_to_say() {
    pytest("test_template.py");
}

#[test]
fn mistakes_that_cfn_lint_lets_through_are_found_at_their_place() {
    pytest("test_cfn_lint.py");
}

#[test]
fn findings_are_sarif_as_the_standard_has_it() {
    pytest("test_sarif.py");
}

#[test]
fn signatures_of_other_clients_are_verified() {
    pytest("test_auth.py");
}

#[test]
fn other_servers_are_managed_as_far_as_each_goes() {
    pytest("test_other_servers.py");
}

#[test]
fn answers_of_other_servers_differ_from_ours_only_as_is_known() {
    pytest("test_contract.py");
}

/// Our facts against CloudFormation's registry schemas, as cfn-lint carries them.
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

pub fn pytest(file: &str) {
    let done = Command::new(environment().join("bin/python"))
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", file])
        .current_dir(root("tests/interop"))
        .env("PROVISION", env!("CARGO_BIN_EXE_provision"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
}

/// The Python environment with the pinned clients, made once for each list of them.
fn environment() -> PathBuf {
    let requirements = root("tests/interop/requirements.txt");
    let folder = root("target/interop");
    fs::create_dir_all(&folder).unwrap();
    let lock =
        File::options().create(true).truncate(false).write(true).open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (venv, made) = (folder.join("venv"), folder.join("made-from.txt"));
    if fs::read(&made).ok() != Some(fs::read(&requirements).unwrap()) {
        let _ = fs::remove_dir_all(&venv);
        let must = |command: &mut Command, what: &str| {
            let done = command
                .output()
                .unwrap_or_else(|error| panic!("{what}: {error}; the tests need python3"));
            assert!(done.status.success(), "{what}: {}", String::from_utf8_lossy(&done.stderr));
        };
        must(Command::new("python3").args(["-m", "venv"]).arg(&venv), "python3 -m venv");
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements);
        must(&mut pip, "pip install");
        fs::copy(&requirements, &made).unwrap();
    }
    venv
}

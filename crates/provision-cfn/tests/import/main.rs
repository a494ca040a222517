//! Templates become specs: goldens of each spec and of all that is said, and the way back.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
mod deployed;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use provision_cfn::import::{ImportOptions, ImportResult, import};
use provision_cfn::render::render_template;
use provision_core::diagnostic::{Diagnostic, OtherFile, Segment};
use provision_core::kind::Files;
use provision_core::kinds::KINDS;
use provision_core::source::Source;
use provision_core::spec::{Given, Spec, load};
use serde_json::{Value, json};

use crate::deployed::{Environment, long_form};

/// 2026-11-24T03:00:00Z.
const NOON: i64 = 1_795_489_200;

/// The files beside a spec that is only data.
#[derive(Debug)]
struct Folder(BTreeMap<String, String>);

impl Files for Folder {
    fn file(&self, path: &str) -> Result<Arc<OtherFile>, String> {
        let text = self.0.get(path).cloned().ok_or_else(|| "no such file".to_owned())?;
        Ok(OtherFile::beside("spec.yaml", path, text).into())
    }
}

/// A path of the repository.
fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Names and values of parameters.
type Values = &'static [(&'static str, &'static str)];

/// Each template, and what its import is told: a region and values.
const TEMPLATES: &[(&str, &str, Values)] = &[
    ("article.yaml", "ap-northeast-1", &[]),
    ("everything.yaml", "eu-west-1", &[]),
    ("sam.yaml", "", &[]),
    ("generated.json", "", &[]),
    ("handwritten.yaml", "us-east-1", &[("Stage", "prod")]),
    ("undecided.yaml", "", &[]),
    ("graphql-only.yaml", "", &[]),
    ("no-resources.yaml", "", &[]),
    ("no-template.json", "", &[]),
    ("a-spec.yaml", "", &[]),
];

fn options(stack: &str, region: &str, given: &[(&str, &str)]) -> ImportOptions {
    let values = given.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let region = (!region.is_empty()).then(|| region.to_owned());
    ImportOptions { stack: stack.into(), region, values, inline_code: false, now_epoch_s: NOON }
}

fn read(file: &str) -> Source {
    let bytes = fs::read(root(&format!("tests/data/templates/{file}"))).unwrap();
    let (source, problems) = Source::parse(file, &bytes);
    assert_eq!(problems, [], "{file}");
    source
}

fn import_text(text: &str) -> ImportResult {
    let (source, problems) = Source::parse("template.yaml", text.as_bytes());
    assert_eq!(problems, []);
    import(&source, &options("s", "", &[]))
}

/// The spec that an import gives, read as any other.
fn loaded(text: &str, files: &BTreeMap<String, String>) -> Spec {
    let (source, mut problems) = Source::parse("spec.yaml", text.as_bytes());
    let (spec, more) = load(&source, &Folder(files.clone()), NOON, &Given::new());
    problems.extend(more);
    spec.unwrap_or_else(|| panic!("{problems:#?}\n{text}"))
}

#[test]
fn every_template_gives_its_spec_and_its_findings() {
    for (file, region, given) in TEMPLATES {
        let source = read(file);
        let (stem, _) = file.split_once('.').unwrap();
        let imported = import(&source, &options(stem, region, given));
        let place = |it: &Diagnostic| source.place(&it.at);
        let mut findings: Vec<&Diagnostic> = imported.diagnostics.iter().collect();
        findings.sort_by_key(|it| source.span(&it.at).start);
        let line = |it: &&Diagnostic| {
            let at = place(it);
            let help = it.help.as_ref().map(|it| format!("\n    {it}")).unwrap_or_default();
            let severity = it.severity.as_str();
            format!("{}:{} {severity} {}: {}{help}\n", at.line, at.column, it.code, it.message)
        };
        let findings: String = findings.iter().map(line).collect();
        current(&format!("{stem}.findings.txt"), &findings);
        let Some(spec) = imported.spec else { continue };
        let files = spec.files.iter().map(|(path, text)| format!("\n# {path}\n{text}"));
        current(&format!("{stem}.spec.yaml"), &(spec.text + &files.collect::<String>()));
    }
}

/// Compares with a golden; `UPDATE=1` writes it.
fn current(name: &str, text: &str) {
    let path = root(&format!("tests/data/templates/expected/{name}"));
    if std::env::vars().any(|(name, _)| name == "UPDATE") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(&golden, text).unified_diff().to_string();
    assert!(golden == text, "{name} is not current; run `UPDATE=1 cargo test` and review:\n{diff}");
}

#[test]
fn the_articles_template_gives_the_articles_spec() {
    let imported =
        import(&read("article.yaml"), &options("appsync-events-sample", "ap-northeast-1", &[]));
    // The spec has warnings of its own; nothing is lost, and nothing was decided.
    assert_eq!(codes(&imported), ["PV547"]);
    let ours = fs::read_to_string(root("templates/article/spec.yaml")).unwrap();
    let document = |text: &str| -> Value { serde_saphyr::from_str(text).unwrap() };
    assert_eq!(document(&imported.spec.unwrap().text), document(&ours));
}

/// Nothing is lost without a finding at its place: what has one is taken out of the template, and
/// everything else comes back.
#[test]
fn what_comes_back_is_what_cloudformation_saw() {
    for (file, region, given) in TEMPLATES {
        let source = read(file);
        let (stem, _) = file.split_once('.').unwrap();
        let ImportResult { spec, diagnostics: findings } =
            import(&source, &options(stem, region, given));
        let Some(spec) = spec else { continue };
        let rendered = render_template(&loaded(&spec.text, &spec.files), false).document;
        let original = without_lost(long_form(source.tree().unwrap()), &findings);
        let values: BTreeMap<String, String> = [("AWS::StackName", stem), ("AWS::Region", region)]
            .into_iter()
            .chain(given.iter().copied())
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let before = Environment {
            template: &original,
            values: &values,
            instead: &BTreeMap::new(),
            around: None,
        };
        let after = Environment {
            template: &rendered,
            values: &values,
            instead: &spec.replaced_expressions,
            around: Some(&before),
        };
        for id in rendered["Resources"].as_object().unwrap().keys() {
            assert_eq!(after.resource(id), before.resource(id), "{file}: {id}");
        }
        for (id, resource) in original["Resources"].as_object().unwrap() {
            let known = KINDS.iter().any(|it| resource["Type"] == it.type_name);
            let told = |it: &Diagnostic| {
                it.path().is_some_and(|it| it.0.get(1) == Some(&Segment::Key(id.clone())))
            };
            let there = rendered["Resources"].get(id).is_some();
            assert!(
                !known || there || findings.iter().any(told),
                "{file}: {id} is lost in silence"
            );
        }
    }
}

/// Takes out what a finding says is lost.
fn without_lost(mut template: Value, findings: &[Diagnostic]) -> Value {
    for finding in findings.iter().filter(|it| ["PV520", "PV523", "PV526"].contains(&it.code)) {
        let Some(path) = finding.path() else { continue };
        let Some((last, before)) = path.0.split_last() else { continue };
        let mut place = Some(&mut template);
        for segment in before {
            place = place.and_then(|value| match segment {
                Segment::Key(key) => value.get_mut(key),
                Segment::Index(n) => value.get_mut(n),
            });
        }
        match (place, last) {
            (Some(Value::Object(map)), Segment::Key(key)) => drop(map.shift_remove(key)),
            // The others keep their numbers.
            (Some(Value::Array(items)), Segment::Index(n)) => items[*n] = Value::Null,
            _ => {}
        }
    }
    template
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_a_template_nothing_panics(text in "[\\PC\\n]{0,200}", junk in "(Ref|Fn::[A-Z][a-z]+|\\$\\{[A-Za-z.:]*\\}|[a-z]{0,3})") {
        let (source, _) = Source::parse("template.yaml", text.as_bytes());
        import(&source, &options("s", "", &[]));
        let template = json!({
            "Parameters": { "P": { "Type": "CommaDelimitedList", "Default": &junk } },
            "Conditions": { "C": { &junk: ["C", &junk] } },
            "Resources": {
                "Api": { "Type": "AWS::AppSync::Api", "Properties": {
                    "Name": { &junk: [&junk, { "Ref": &junk }] },
                    "EventConfig": { &junk: { &junk: &junk }, "AuthProviders": &junk, "LogConfig": [&junk] },
                } },
                "N": { "Type": "AWS::AppSync::ChannelNamespace", "Condition": &junk, "DependsOn": [&junk], "Properties": {
                    "ApiId": { "Fn::GetAtt": ["Api", &junk] }, "Name": { "Fn::Sub": &junk }, "Tags": { &junk: &junk },
                } },
            },
            "Outputs": { "O": { "Value": { &junk: &junk } } },
        });
        let (source, _) = Source::parse("template.json", template.to_string().as_bytes());
        import(&source, &options("s", "", &[]));
    }
}

/// A template of one API, with `more` beside it.
fn one_api(name: &str, more: &str) -> String {
    format!(
        "Resources:\n  Api:\n    Type: AWS::AppSync::Api\n    Properties:\n      Name: {name}\n      EventConfig:\n        AuthProviders: [{{ AuthType: AWS_IAM }}]\n        ConnectionAuthModes: [{{ AuthType: AWS_IAM }}]\n        DefaultPublishAuthModes: [{{ AuthType: AWS_IAM }}]\n        DefaultSubscribeAuthModes: [{{ AuthType: AWS_IAM }}]\n{more}"
    )
}

fn codes(imported: &ImportResult) -> Vec<&'static str> {
    let mut codes: Vec<_> = imported.diagnostics.iter().map(|it| it.code).collect();
    codes.dedup();
    codes
}

#[test]
fn bombs_and_circles_end_in_a_moment() {
    let mut bomb = "x".to_owned();
    for _ in 0..40 {
        bomb = format!("!Sub ['${{a}}${{a}}', {{ a: {bomb} }}]");
    }
    assert_eq!(codes(&import_text(&one_api(&bomb, "")))[0], "PV508");
    let chain: String =
        (0..5_000).map(|n| format!("  C{n}: !Not [!Condition C{}]\n", n + 1)).collect();
    let chain = format!("Conditions:\n{chain}  C5000: !Equals [a, b]\n");
    let key = "  Key:\n    Type: AWS::AppSync::ApiKey\n    Condition: C0\n    Properties: { ApiId: !GetAtt Api.ApiId }\n";
    assert!(codes(&import_text(&(one_api("a", key) + &chain))).contains(&"PV508"));
    let circle = "Conditions:\n  C0: !Not [!Condition C1]\n  C1: !Not [!Condition C0]\n";
    assert!(codes(&import_text(&(one_api("a", key) + circle))).contains(&"PV502"));
    let itself = "Parameters:\n  P: { Type: String, Default: !Ref P }\n";
    import_text(&(one_api("!Ref P", "") + itself));
    let aliases: String = (0..6)
        .map(|n| {
            format!(
                "  A{n}: &a{n} [{}]\n",
                vec![format!("*a{}", n - 1); if n == 0 { 0 } else { 9 }].join(", ")
            )
        })
        .collect();
    import_text(&(one_api("a", "") + "Metadata:\n" + &aliases));
}

#[test]
fn ten_thousand_resources_are_read_and_listed() {
    let others: String = (0..10_000)
        .map(|n| format!("  T{n}: {{ Type: AWS::SNS::Topic, DependsOn: Api }}\n"))
        .collect();
    let imported = import_text(&one_api("a", &others));
    assert_eq!(imported.diagnostics.iter().filter(|it| it.code == "PV540").count(), 10_000);
    assert!(imported.spec.is_some());
    let ours: String = (0..2_000)
        .map(|n| format!("  K{n}: {{ Type: AWS::AppSync::ApiKey, Properties: {{ ApiId: !GetAtt Api.ApiId }} }}\n"))
        .collect();
    let imported = import_text(&one_api("a", &ours));
    assert!(codes(&imported).contains(&"PV549"), "AppSync allows fifty keys");
}

#[test]
fn code_keeps_what_a_template_alone_can_put_there() {
    let namespace = "  N:\n    Type: AWS::AppSync::ChannelNamespace\n    Properties: { ApiId: !GetAtt Api.ApiId, Name: n, CodeHandlers: !Sub 'export const onPublish = (c) => c.events // ${AWS::Region} ${!x}' }\n";
    let imported = import_text(&one_api("a", namespace));
    assert_eq!(codes(&imported), ["PV503"]);
    assert_eq!(
        imported.spec.unwrap().files["handlers/n.js"],
        "export const onPublish = (c) => c.events // ${AWS::Region} ${x}"
    );
}

//! Imports of templates: goldens of the specs and the diagnostics, and comparisons with the templates.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
mod deployed;
mod kinds;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use provision_cfn::import::{ImportOptions, ImportResult, import};
use provision_cfn::render::render_template;
use provision_core::diagnostic::{Diagnostic, PathSegment, ReferencedFile};
use provision_core::kind::Files;
use provision_core::kinds::KINDS;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, Spec, load};
use serde_json::{Value, json};
use snapbox::Data;
use snapbox::assert::Action;
use snapbox::data::DataFormat;

use crate::deployed::{Environment, long_form};

/// 2026-11-24T03:00:00Z.
const NOON: i64 = 1_795_489_200;

/// The files of handler code, in memory.
#[derive(Debug)]
struct MemoryFiles(BTreeMap<String, String>);

impl Files for MemoryFiles {
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String> {
        let text = self.0.get(path).cloned().ok_or_else(|| "the file does not exist".to_owned())?;
        Ok(ReferencedFile::relative_to("spec.yaml", path, text).into())
    }
}

/// Returns a path of the repository.
fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Names and values of parameters.
type Values = &'static [(&'static str, &'static str)];

/// Each template with the region and the values of its import.
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

fn options(stack: &str, region: &str, values: &[(&str, &str)]) -> ImportOptions {
    let values = values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let region = (!region.is_empty()).then(|| region.to_owned());
    ImportOptions { stack: stack.into(), region, values, inline_code: false, now_epoch_s: NOON }
}

fn read(file: &str) -> Source {
    let bytes = fs::read(root(&format!("tests/data/templates/{file}"))).unwrap();
    let (source, diagnostics) = Source::parse(file, &bytes);
    assert_eq!(diagnostics, [], "{file}");
    source
}

fn import_text(text: &str) -> ImportResult {
    let (source, diagnostics) = Source::parse("template.yaml", text.as_bytes());
    assert_eq!(diagnostics, []);
    import(&source, &options("s", "", &[]))
}

/// Loads an imported spec.
fn load_spec(text: &str, files: &BTreeMap<String, String>) -> Spec {
    let (source, mut diagnostics) = Source::parse("spec.yaml", text.as_bytes());
    let (spec, more) = load(&source, &MemoryFiles(files.clone()), NOON, &ParameterValues::new());
    diagnostics.extend(more);
    spec.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}"))
}

#[test]
fn specs_and_diagnostics_match_the_goldens() {
    for (file, region, values) in TEMPLATES {
        let source = read(file);
        let (stem, _) = file.split_once('.').unwrap();
        let imported = import(&source, &options(stem, region, values));
        let mut diagnostics: Vec<&Diagnostic> = imported.diagnostics.iter().collect();
        diagnostics.sort_by_key(|diagnostic| source.span(&diagnostic.location).start);
        let line = |diagnostic: &&Diagnostic| {
            let Diagnostic { code, message, .. } = diagnostic;
            let place = source.position(&diagnostic.location);
            let severity = diagnostic.severity.as_str();
            let help = diagnostic.help.as_ref().map(|help| format!("\n    {help}"));
            let help = help.unwrap_or_default();
            format!("{}:{} {severity} {code}: {message}{help}\n", place.line, place.column)
        };
        let diagnostics: String = diagnostics.iter().map(line).collect();
        compare(&format!("{stem}.diagnostics.txt"), &diagnostics);
        let Some(spec) = imported.spec else { continue };
        let files = spec.files.iter().map(|(path, text)| format!("\n# {path}\n{text}"));
        compare(&format!("{stem}.spec.yaml"), &(spec.text + &files.collect::<String>()));
    }
}

/// Compares `text` with a golden file; with `UPDATE=1`, writes it there for review.
fn compare(name: &str, text: &str) {
    let path = root(&format!("tests/data/templates/expected/{name}"));
    let update = std::env::vars().any(|(name, _)| name == "UPDATE");
    let action = if update { Action::Overwrite } else { Action::Verify };
    let expected = Data::read_from(&path, Some(DataFormat::Text)).raw();
    snapbox::Assert::new().action(action).eq(text, expected);
}

#[test]
fn the_template_of_the_article_becomes_the_spec_of_the_article() {
    let imported =
        import(&read("article.yaml"), &options("appsync-events-sample", "ap-northeast-1", &[]));
    // Warnings about the spec itself: nothing is omitted or fixed.
    assert_eq!(codes(&imported), ["PV547"]);
    let expected = fs::read_to_string(root("templates/article/spec.yaml")).unwrap();
    let document = |text: &str| -> Value { serde_saphyr::from_str(text).unwrap() };
    assert_eq!(document(&imported.spec.unwrap().text), document(&expected));
}

/// Nothing is omitted without a diagnostic at its path: without the reported parts, the template and
/// the one that is rendered from the spec deploy the same.
#[test]
fn the_rendered_spec_deploys_what_the_template_deploys() {
    for (file, region, values) in TEMPLATES {
        let source = read(file);
        let (stem, _) = file.split_once('.').unwrap();
        let ImportResult { spec, diagnostics } = import(&source, &options(stem, region, values));
        let Some(spec) = spec else { continue };
        let rendered = render_template(&load_spec(&spec.text, &spec.files), false).document;
        let original = without_omitted(long_form(source.tree().unwrap()), &diagnostics);
        let values: BTreeMap<String, String> = [("AWS::StackName", stem), ("AWS::Region", region)]
            .into_iter()
            .chain(values.iter().copied())
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let before = Environment {
            template: &original,
            values: &values,
            replaced: &BTreeMap::new(),
            original: None,
        };
        let after = Environment {
            template: &rendered,
            values: &values,
            replaced: &spec.replaced_expressions,
            original: Some(&before),
        };
        for id in rendered["Resources"].as_object().unwrap().keys() {
            assert_eq!(after.resource(id), before.resource(id), "{file}: {id}");
        }
        for (id, resource) in original["Resources"].as_object().unwrap() {
            let is_kind = KINDS.iter().any(|kind| resource["Type"] == kind.type_name);
            let is_about = |diagnostic: &Diagnostic| {
                let segment = diagnostic.path().and_then(|path| path.0.get(1));
                segment == Some(&PathSegment::Key(id.clone()))
            };
            let is_rendered = rendered["Resources"].get(id).is_some();
            let is_reported = diagnostics.iter().any(is_about);
            assert!(!is_kind || is_rendered || is_reported, "{file}: {id} is omitted silently");
        }
    }
}

/// Removes the parts that a diagnostic reports as omitted.
fn without_omitted(mut template: Value, diagnostics: &[Diagnostic]) -> Value {
    let omitted = ["PV520", "PV523", "PV526"];
    for diagnostic in diagnostics.iter().filter(|diagnostic| omitted.contains(&diagnostic.code)) {
        let Some(path) = diagnostic.path() else { continue };
        let Some((last, parents)) = path.0.split_last() else { continue };
        let mut parent = Some(&mut template);
        for segment in parents {
            parent = parent.and_then(|value| match segment {
                PathSegment::Key(key) => value.get_mut(key),
                PathSegment::Index(n) => value.get_mut(n),
            });
        }
        match (parent, last) {
            (Some(Value::Object(map)), PathSegment::Key(key)) => drop(map.shift_remove(key)),
            // The indexes of the others stay the same.
            (Some(Value::Array(items)), PathSegment::Index(n)) => items[*n] = Value::Null,
            _ => {}
        }
    }
    template
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 3 / 8, ..ProptestConfig::default() })]

    #[test]
    fn no_template_makes_the_import_panic(text in "[\\PC\\n]{0,200}", junk in "(Ref|Fn::[A-Z][a-z]+|\\$\\{[A-Za-z.:]*\\}|[a-z]{0,3})") {
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

/// A template with one API and `more` after it.
fn one_api(name: &str, more: &str) -> String {
    format!(
        "Resources:\n  Api:\n    Type: AWS::AppSync::Api\n    Properties:\n      Name: {name}\n      EventConfig:\n        AuthProviders: [{{ AuthType: AWS_IAM }}]\n        ConnectionAuthModes: [{{ AuthType: AWS_IAM }}]\n        DefaultPublishAuthModes: [{{ AuthType: AWS_IAM }}]\n        DefaultSubscribeAuthModes: [{{ AuthType: AWS_IAM }}]\n{more}"
    )
}

fn codes(imported: &ImportResult) -> Vec<&'static str> {
    let mut codes: Vec<_> = imported.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.dedup();
    codes
}

#[test]
fn expansion_bombs_and_cycles_are_reported() {
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
fn ten_thousand_resources_are_imported_and_reported() {
    let others: String = (0..10_000)
        .map(|n| format!("  T{n}: {{ Type: AWS::SNS::Topic, DependsOn: Api }}\n"))
        .collect();
    let imported = import_text(&one_api("a", &others));
    assert_eq!(
        imported.diagnostics.iter().filter(|diagnostic| diagnostic.code == "PV540").count(),
        10_000
    );
    assert!(imported.spec.is_some());
    let keys: String = (0..2_000)
        .map(|n| format!("  K{n}: {{ Type: AWS::AppSync::ApiKey, Properties: {{ ApiId: !GetAtt Api.ApiId }} }}\n"))
        .collect();
    let imported = import_text(&one_api("a", &keys));
    assert!(codes(&imported).contains(&"PV549"), "AppSync allows fifty keys");
}

#[test]
fn handler_code_keeps_placeholders_without_a_value() {
    let namespace = "  N:\n    Type: AWS::AppSync::ChannelNamespace\n    Properties: { ApiId: !GetAtt Api.ApiId, Name: n, CodeHandlers: !Sub 'export const onPublish = (c) => c.events // ${AWS::Region} ${!x}' }\n";
    let imported = import_text(&one_api("a", namespace));
    assert_eq!(codes(&imported), ["PV503"]);
    assert_eq!(
        imported.spec.unwrap().files["handlers/n.js"],
        "export const onPublish = (c) => c.events // ${AWS::Region} ${x}"
    );
}

#[test]
fn resources_of_graphql_apis_are_ignored_and_unknown_types_are_errors() {
    let graphql =
        "  Old: { Type: AWS::AppSync::GraphQLApi }\n  Fields: { Type: AWS::AppSync::Resolver }\n";
    let imported = import_text(&one_api("a", graphql));
    assert_eq!(codes(&imported)[0], "PV540");
    assert!(imported.spec.is_some());
    let unknown = "  Thing: { Type: AWS::AppSync::ChannelThing }\n";
    let imported = import_text(&one_api("a", unknown));
    assert_eq!(codes(&imported), ["PV514"]);
    assert!(imported.diagnostics[0].message.contains("AWS::AppSync::ChannelThing"));
    assert!(imported.spec.is_none());
}

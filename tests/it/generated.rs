//! Committed files that are generated: compares them with their source. `UPDATE=1` writes them.
use std::fs;

use appsync_local::EmulatorOptions;
use provision::render::access::AccessDocument;
use provision::render::changes::PlanDocument;
use provision::render::diagnostics::DiagnosticDocument;
use provision::render::evaluation::EvaluationDocument;
use provision::render::outputs::Outputs;
use provision::render::verification::Verification;
use provision_core::event::Event;
use provision_core::explain::{Page, pages};
use provision_core::kinds::KINDS;
use provision_core::spec::schema;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::golden::golden;
use crate::pages::severity;
use crate::spec_page::key_tables;
use crate::world::{World, root};

#[test]
fn the_schemas_are_current() {
    golden("schemas/spec.schema.json", &pretty(schema()));
    golden("schemas/plan.schema.json", &pretty(&schema_of::<PlanDocument<'_>>()));
    golden("schemas/event.schema.json", &pretty(&schema_of::<Event>()));
    golden("schemas/access.schema.json", &pretty(&schema_of::<AccessDocument<'_>>()));
    golden("schemas/evaluation.schema.json", &pretty(&schema_of::<EvaluationDocument>()));
    golden("schemas/diagnostics.schema.json", &pretty(&schema_of::<Vec<DiagnosticDocument<'_>>>()));
    golden("schemas/outputs.schema.json", &pretty(&schema_of::<Outputs>()));
    golden("schemas/verification.schema.json", &pretty(&schema_of::<Verification>()));
}

#[test]
fn the_list_of_diagnostics_is_current() {
    let row = |page: Page| {
        let file = format!("{}.md", &page.code[..3]);
        let anchor: String = format!("{}-{}", page.code, page.title)
            .to_lowercase()
            .chars()
            .filter(|character| character.is_alphanumeric() || " -_".contains(*character))
            .map(|character| if character == ' ' { '-' } else { character })
            .collect();
        let (code, title) = (page.code, page.title);
        format!("| [{code}]({file}#{anchor}) | {} | {title} |\n", severity(&page))
    };
    let rows: String = pages().map(row).collect();
    let text = format!(
        "# Diagnostics\n\nThe errors, warnings and notes that `provision validate` and the other commands report. \
         `provision explain CODE` prints the same pages.\n\n\
         | code | severity | title |\n|---|---|---|\n{rows}"
    );
    golden("docs/diagnostics/README.md", &text);
}

#[test]
fn the_rendered_template_of_every_init_template_is_current() {
    for entry in fs::read_dir(root("templates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let spec = folder.join("spec.yaml");
        // The expiry of keys is relative to the current time.
        let now = ["--now", "2026-11-24T03:00:00Z"];
        let template =
            World::new().ok(&["render", spec.to_str().unwrap(), "--cfn", now[0], now[1]]);
        golden(&format!("templates/{name}/template.yaml"), &template);
    }
}

#[test]
fn the_tables_in_the_documentation_are_current() {
    let world = World::new();
    let help = world.ok(&["--help"]);
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let command = |line: &str| {
        let (name, about) = line.trim().split_once(' ').unwrap();
        format!("| `provision {name}` | {} |\n", about.trim())
    };
    let commands: String =
        commands.filter(|command| !command.trim().starts_with("help ")).map(command).collect();
    let codes = help
        .lines()
        .skip_while(|line| *line != "Exit codes:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let code = |line: &str| {
        let (code, meaning) = line.trim().split_once(' ').unwrap();
        format!("| {code} | {} |\n", meaning.trim())
    };
    let codes: String = codes.map(code).collect();
    let kinds: String = KINDS
        .iter()
        .map(|row| {
            let facts = row;
            let section = match facts.parent {
                Some(parent) => format!("{parent}.NAME.{}", facts.section),
                None => facts.section.to_owned(),
            };
            format!(
                "| `{section}` | {} | `{}` | `{}` |\n",
                facts.noun, facts.type_name, facts.example
            )
        })
        .collect();
    for (page, name, table) in [
        ("commands", "commands", format!("| command | what it does |\n|---|---|\n{commands}")),
        ("exit-codes", "exit codes", format!("| code | meaning |\n|---|---|\n{codes}")),
        (
            "spec",
            "kinds",
            format!("| section | declares | on AWS | example |\n|---|---|---|---|\n{kinds}"),
        ),
        ("spec", "keys", key_tables(schema())),
    ] {
        let page = format!("docs/{page}.md");
        let text = fs::read_to_string(root(&page)).unwrap();
        golden(&page, &between(&text, name, &table));
    }
}

#[test]
fn the_table_of_emulator_options_is_current() {
    let options = serde_json::to_value(EmulatorOptions::default()).unwrap();
    let schema = schema_of::<EmulatorOptions>();
    let choices = |property: &Value| -> String {
        let at = property["$ref"].as_str().and_then(|property| property.strip_prefix('#'));
        let property = at.and_then(|text| schema.pointer(text)).unwrap_or(property);
        let quoted = |value: &Value| format!("`{value}`");
        match (property["enum"].as_array(), property["type"].as_str().unwrap()) {
            (Some(words), _) => words.iter().map(quoted).collect::<Vec<_>>().join(" "),
            (None, "boolean") => "`true` `false`".to_owned(),
            (None, "array") => "names of fields".to_owned(),
            (None, other) => other.to_owned(),
        }
    };
    let row = |(name, default): (&String, &Value)| {
        let property = &schema["properties"][name];
        let meaning = property["description"].as_str().unwrap();
        // The page links what the comment cites.
        let (meaning, cited) = meaning.rsplit_once(" (docs/reference/").unwrap();
        let (cited, _) = cited.split_once(')').unwrap();
        format!(
            "| `{name}` | {} | `{default}` | {meaning} ([reference](reference/{cited})) |\n",
            choices(property)
        )
    };
    let rows: String = options.as_object().unwrap().iter().map(row).collect();
    let table = format!("| option | values | default | meaning |\n|---|---|---|---|\n{rows}");
    let page = fs::read_to_string(root("docs/local-emulator.md")).unwrap();
    golden("docs/local-emulator.md", &between(&page, "emulator options", &table));
}

/// Puts `text` between the markers of `name`.
fn between(document: &str, name: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) =
        document.split_once(&open).unwrap_or_else(|| panic!("no marker for {name}"));
    let (_, after) = rest.split_once(&close).unwrap();
    format!("{before}{open}{text}{close}{after}")
}

fn schema_of<T: JsonSchema>() -> Value {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

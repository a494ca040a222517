//! `docs/diagnostics`: every code has a page, every page has a code, and every example has the
//! diagnostic that it shows.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use provision_cfn::import::{ImportOptions, import};
use provision_core::diagnostic::{ReferencedFile, Severity};
use provision_core::explain::{Example, ExampleKind, Page, PagePart, pages};
use provision_core::handler::analyze;
use provision_core::kind::Files;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, load};
use provision_core::suppression::apply_suppressions;

use crate::specs::NOON;
use crate::world::root;

/// Codes that no example of a few lines can show, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("PV001", "the file does not exist"),
    ("PV002", "the file is not UTF-8 text"),
    ("PV008", "the text would be too long"),
    ("PV108", "no property of a spec has such a limit at present"),
    ("PV199", "no known input causes it"),
    ("PV207", "the text would be too long"),
    ("PV211", "the text would be too long"),
    ("PV220", "the text would be too long"),
    ("PV232", "the text would be too long"),
    ("PV244", "the text would be too long"),
    ("PV260", "the text would be too long"),
    ("PV301", "the text would be too long"),
    ("PV508", "the text would be too long; see tests/it/imports.rs"),
    ("PV513", "only the command line reports it; see tests/it/imports.rs"),
    ("PV512", "only the command line reports it; see tests/it/imports.rs"),
    ("PV548", "no known input causes it"),
    ("PV600", "the text would be too long; see tests/it/templates.rs"),
    ("PV601", "the text would be too long"),
    ("PV602", "the text would be too long"),
    ("PV603", "the text would be too long"),
    ("PV604", "only rendering reports it; see tests/it/templates.rs"),
    ("PV606", "only rendering reports it; see tests/it/templates.rs"),
    ("PV605", "only rendering reports it; see tests/it/templates.rs"),
];

/// The files of an example: every path is a valid handler, except for a few.
#[derive(Debug)]
struct ExampleFiles;

impl Files for ExampleFiles {
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String> {
        let text = match path {
            "missing.js" => return Err("no such file".to_owned()),
            "empty.js" => "",
            _ => VALID_HANDLER,
        };
        Ok(ReferencedFile::relative_to("spec.yaml", path, text.to_owned()).into())
    }
}

const VALID_HANDLER: &str = "export const onPublish = (ctx) => ctx.events\n";

/// The diagnostics of an example, and their severities.
fn diagnose(example: &Example) -> BTreeMap<&'static str, Severity> {
    if example.kind == ExampleKind::Template {
        return diagnose_import(example.text);
    }
    if example.language == "js" {
        let diagnostics = analyze(example.text).diagnostics.into_iter();
        return diagnostics.map(|diagnostic| (diagnostic.code, diagnostic.severity)).collect();
    }
    assert_eq!(example.language, "yaml");
    let (source, mut diagnostics) = Source::parse("spec.yaml", example.text.as_bytes());
    if !source.is_empty() {
        diagnostics.extend(load(&source, &ExampleFiles, NOON, &ParameterValues::new()).1);
    }
    let diagnostics = apply_suppressions(&source, &[], diagnostics, NOON).diagnostics;
    diagnostics.into_iter().map(|diagnostic| (diagnostic.code, diagnostic.severity)).collect()
}

/// The diagnostics of importing a template.
fn diagnose_import(text: &str) -> BTreeMap<&'static str, Severity> {
    let (source, diagnostics) = Source::parse("template.yaml", text.as_bytes());
    assert_eq!(diagnostics, [], "{text}");
    let (region, values) = (None, ParameterValues::new());
    let options = ImportOptions {
        stack: "chat".into(),
        region,
        values,
        inline_code: true,
        now_epoch_s: NOON,
    };
    import(&source, &options)
        .diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.code, diagnostic.severity))
        .collect()
}

fn examples(page: &Page) -> Vec<Example> {
    let example = |part| match part {
        PagePart::Example(example) => Some(example),
        PagePart::Prose(_) => None,
    };
    page.parts().into_iter().filter_map(example).collect()
}

/// The severity of the diagnostic with this code, according to its example.
pub fn severity(page: &Page) -> &'static str {
    let wrong = examples(page).into_iter().find(|example| example.kind != ExampleKind::Right);
    let diagnose = wrong.and_then(|example| diagnose(&example).get(page.code).copied());
    diagnose.unwrap_or_else(|| severity_in_code(page.code)).as_str()
}

/// The severity with which the code reports a diagnostic that no example shows; the most severe if there are several.
fn severity_in_code(code: &str) -> Severity {
    let crates =
        ["provision-core", "provision-cfn"].map(|name| root(&format!("crates/{name}/src")));
    let sources: Vec<String> = crates.iter().flat_map(|folder| sources(folder)).collect();
    let is_reported_as = |severity: &Severity| {
        let name = severity.as_str();
        let calls = [format!("{name}(\"{code}\""), format!("{name}_at_key(\"{code}\"")];
        sources.iter().any(|source| calls.iter().any(|call| source.contains(call)))
    };
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    severities.into_iter().find(is_reported_as).unwrap_or(Severity::Error)
}

/// The Rust files of a folder, without white space.
fn sources(folder: &Path) -> Vec<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false => vec![fs::read_to_string(path).unwrap().split_whitespace().collect()],
    };
    paths.flat_map(read).collect()
}

#[test]
fn every_example_has_the_diagnostic_that_it_shows() {
    let not_shown: BTreeSet<&str> = NOT_SHOWN.iter().map(|(code, _)| *code).collect();
    for page in pages() {
        let examples = examples(&page);
        let has = |shows| examples.iter().any(|example| example.kind == shows);
        // A template has one example; a spec has a wrong and a right one.
        let shown =
            has(ExampleKind::Template) || (has(ExampleKind::Wrong) && has(ExampleKind::Right));
        assert_eq!(shown, !not_shown.contains(page.code), "{}", page.code);
        for example in examples {
            let diagnose = diagnose(&example);
            let text = example.text;
            let right = example.kind == ExampleKind::Right;
            assert_eq!(
                diagnose.contains_key(page.code),
                !right,
                "{}: {diagnose:?}\n{text}",
                page.code
            );
            if right {
                let errors = diagnose.iter().any(|(_, severity)| *severity == Severity::Error);
                assert!(!errors, "{}: {diagnose:?}\n{text}", page.code);
            }
        }
    }
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes: Vec<&str> = pages().map(|page| page.code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    let used = used_codes();
    let codes: BTreeSet<String> = codes.into_iter().map(str::to_owned).collect();
    let without_page: Vec<_> = used.difference(&codes).collect();
    let without_use: Vec<_> = codes.difference(&used).collect();
    assert_eq!((without_page, without_use), (vec![], vec![]));
}

#[test]
fn every_page_has_the_same_form() {
    for page in pages() {
        let Page { code, title, markdown } = page;
        assert!(code.starts_with("PV") && code.len() == 5, "{code}");
        assert!(title.chars().count() < 60 && !title.ends_with('.'), "{code}: {title}");
        let last = markdown.lines().last().unwrap();
        let source = markdown.split("\n\n").last().unwrap();
        assert!(source.starts_with("Source: ") && last.ends_with('.'), "{code}: {last}");
    }
    let files = fs::read_dir(root("docs/diagnostics")).unwrap();
    let headings: usize = files
        .map(|result| fs::read_to_string(result.unwrap().path()).unwrap())
        .map(|file| file.lines().filter(|line| line.starts_with("## PV")).count())
        .sum();
    assert_eq!(headings, pages().count(), "a file of docs/diagnostics is not embedded");
}

/// The codes in the program's source, without its tests.
fn used_codes() -> BTreeSet<String> {
    let pattern = regex_lite::Regex::new(r#""(PV\d{3})""#).unwrap();
    let mut used = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![root("src"), root("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "tests") {
                    folders.push(path);
                }
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            used.extend(pattern.captures_iter(text).map(|captures| captures[1].to_owned()));
        }
    }
    used
}

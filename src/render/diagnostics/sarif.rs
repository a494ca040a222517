//! Formats diagnostics as SARIF 2.1.0, which code scanning services and editors read.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, ArtifactLocation, Fix, Message, MultiformatMessageString,
    PhysicalLocation, Region, Replacement, ReportingConfiguration, ReportingDescriptor, Result,
    ResultLevel, Run, Sarif, Suppression, Tool, ToolComponent,
};

use crate::render::diagnostics::document::{SpecDiagnostics, sorted};
use crate::render::explain;
use provision_core::diagnostic::{Diagnostic, Location, Severity};
use provision_core::explain::page;
use provision_core::source::TextLocation;
use provision_core::suppression::SuppressedDiagnostic;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The characters to encode in the path of a URI.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Returns one run over all specs, with suppressed diagnostics.
pub fn sarif(specs: &[SpecDiagnostics<'_>]) -> Sarif {
    let mut rules: Vec<&Diagnostic> = Vec::new();
    let mut results = Vec::new();
    for spec in specs {
        let suppressed =
            spec.suppressed.iter().map(|suppressed_diagnostic| &suppressed_diagnostic.diagnostic);
        for (diagnostic, located) in sorted(spec.source, spec.diagnostics.iter().chain(suppressed))
        {
            let rule =
                rules.iter().position(|rule| rule.code == diagnostic.code).unwrap_or_else(|| {
                    rules.push(diagnostic);
                    rules.len() - 1
                });
            // Compare identities, since two diagnostics can be equal.
            let suppressed = spec
                .suppressed
                .iter()
                .find(|suppressed| std::ptr::eq(&suppressed.diagnostic, diagnostic));
            results.push(result(diagnostic, &located, rule, suppressed));
        }
    }
    let driver = ToolComponent::builder()
        .name("provision")
        .version(env!("CARGO_PKG_VERSION"))
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .rules(rules.into_iter().map(rule).collect::<Vec<_>>())
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .column_kind("unicodeCodePoints")
        .results(results)
        .build();
    Sarif::builder().schema(SCHEMA).version("2.1.0").runs(vec![run]).build()
}

/// Returns the rule of a code, described by its page. The level is that of the first diagnostic.
fn rule(first: &Diagnostic) -> ReportingDescriptor {
    let message = |text: &str| MultiformatMessageString::builder().text(text).build();
    let level = ReportingConfiguration::builder().level(first.severity.as_str()).build();
    let mut rule =
        ReportingDescriptor::builder().id(first.code).default_configuration(level).build();
    if let Some(page) = page(first.code) {
        let text = anstream::adapter::strip_str(&explain::text(&page)).to_string();
        rule.short_description = Some(message(page.title));
        rule.full_description = Some(message(&page.summary()));
        let markdown = Some(explain::markdown(&page));
        rule.help = Some(MultiformatMessageString { markdown, ..message(&text) });
    }
    rule
}

fn result(
    diagnostic: &Diagnostic,
    located: &TextLocation<'_>,
    rule: usize,
    suppressed: Option<&SuppressedDiagnostic>,
) -> Result {
    let artifact = ArtifactLocation::builder().uri(uri(located.name)).build();
    let region = Region::builder()
        .start_line(number(located.start.line))
        .start_column(number(located.start.column))
        .end_line(number(located.end.line))
        .end_column(number(located.end.column))
        .build();
    let mut place = PhysicalLocation::builder().artifact_location(artifact.clone()).build();
    if diagnostic.location != Location::File {
        place.region = Some(region.clone());
    }
    let text = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = Result::builder()
        .rule_id(diagnostic.code)
        .rule_index(number(rule))
        .level(level(diagnostic.severity))
        .message(Message::builder().text(text).build())
        .locations(vec![serde_sarif::sarif::Location::builder().physical_location(place).build()])
        // If one result has suppressions, SARIF requires them in all.
        .suppressions(suppressed.map(suppression).into_iter().collect::<Vec<_>>())
        .build();
    if let Some(suggestion) = &diagnostic.suggestion {
        let replacement = Replacement::builder()
            .deleted_region(region)
            .inserted_content(ArtifactContent::builder().text(suggestion).build())
            .build();
        let change = ArtifactChange::builder()
            .artifact_location(artifact)
            .replacements(vec![replacement])
            .build();
        let description = diagnostic.help.as_deref().unwrap_or(&diagnostic.message);
        let description = Message::builder().text(description).build();
        let fix = Fix::builder().description(description).artifact_changes(vec![change]).build();
        result.fixes = Some(vec![fix]);
    }
    result
}

fn suppression(suppressed: &SuppressedDiagnostic) -> Suppression {
    let mut suppression = Suppression::builder().kind("inSource").build();
    suppression.justification = Some(suppressed.reason.clone()).filter(|reason| !reason.is_empty());
    suppression
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Error => ResultLevel::Error,
        Severity::Warning => ResultLevel::Warning,
        Severity::Note => ResultLevel::Note,
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns a path as a URI. A relative path stays relative, so that services find the file in the repository.
fn uri(path: &str) -> String {
    let root = if path.starts_with('/') { "file://" } else { "" };
    format!("{root}{}", utf8_percent_encode(path, ENCODED))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use provision_core::source::Source;

    #[test]
    fn a_run_has_a_rule_for_each_code_and_suppressions() {
        let (source, _) = Source::parse("a b/ü.yaml", "ö: owner\nb: ctx\n".as_bytes());
        let error = Diagnostic::error("PV101", Location::Span(0..2), "unknown")
            .with_help("did you mean o?");
        let warning = Diagnostic::warning("PV204", Location::Span(4..9), "taken");
        let diagnostics = [warning.clone(), error.with_suggestion("o")];
        let suppressed =
            [SuppressedDiagnostic { diagnostic: warning, reason: "agreed by mail".into() }];
        let log = json!(sarif(&[SpecDiagnostics {
            source: &source,
            diagnostics: &diagnostics,
            suppressed: &suppressed
        }]));
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        let rule = |value: &Value| {
            (value["ruleId"].clone(), value["ruleIndex"].clone(), value["level"].clone())
        };
        assert_eq!(rule(&results[0]), (json!("PV101"), json!(0), json!("error")));
        assert_eq!(rule(&results[2]), (json!("PV204"), json!(1), json!("warning")));
        let place = &results[1]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%BC.yaml");
        let region = json!({ "startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 9 });
        assert_eq!(place["region"], region);
        let change = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(change["insertedContent"]["text"], "o");
        let suppressed: Vec<usize> =
            results.iter().map(|result| result["suppressions"].as_array().unwrap().len()).collect();
        assert_eq!(suppressed, [0, 0, 1]);
        assert_eq!(results[2]["suppressions"][0]["justification"], "agreed by mail");
        let rules = &run["tool"]["driver"]["rules"];
        assert_eq!(rules[1]["shortDescription"]["text"], page("PV204").unwrap().title);
        assert_eq!(rules[1]["defaultConfiguration"]["level"], "warning");
        assert!(!rules[1]["help"]["text"].as_str().unwrap().contains('\u{1b}'));
    }

    #[test]
    fn a_path_from_the_root_is_the_uri_of_a_file() {
        assert_eq!(uri("/srv/a.yaml"), "file:///srv/a.yaml");
        assert_eq!(uri("../a:b.yaml"), "../a%3Ab.yaml");
    }
}

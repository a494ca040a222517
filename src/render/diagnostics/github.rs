//! Findings as workflow commands, which GitHub Actions shows in the lines that they are about.
use crate::render::diagnostics::document::{SpecDiagnostics, sorted};
use provision_core::diagnostic::{Location, Severity};

/// A line for each finding.
pub fn github(specs: &[SpecDiagnostics<'_>]) -> String {
    let mut text = String::new();
    for (it, located) in specs
        .iter()
        .flat_map(|spec_diagnostics| sorted(spec_diagnostics.source, spec_diagnostics.diagnostics))
    {
        let command = match it.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        text.push_str(&format!("::{command} file={}", property(located.name)));
        if it.location != Location::File {
            let (start, end) = (located.start, located.end);
            let (line, column) = (start.line, start.column);
            text.push_str(&format!(",line={line},col={column}"));
            text.push_str(&format!(",endLine={},endColumn={}", end.line, end.column));
        }
        text.push_str(&format!(",title={}::{}", property(it.code), data(&it.message)));
        if let Some(help) = &it.help {
            text.push_str(&format!("%0A{}", data(help)));
        }
        text.push('\n');
    }
    text
}

/// What would end a command is written as its code.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In a property, so is what would end the property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use provision_core::diagnostic::Diagnostic;
    use provision_core::source::Source;

    #[test]
    fn what_would_end_a_command_is_written_as_its_code() {
        let (source, _) = Source::parse("a,b:c%.yaml", b"version: 1\nstack: s\n");
        let diagnostics = [
            Diagnostic::error("PV001", Location::File, "no\r\nsuch: 100%, file"),
            Diagnostic {
                severity: Severity::Note,
                ..Diagnostic::error("PV204", Location::Span(11..16), "a")
            }
            .with_help("first\nsecond"),
        ];
        let expected = "\
::error file=a%2Cb%3Ac%25.yaml,title=PV001::no%0D%0Asuch: 100%25, file
::notice file=a%2Cb%3Ac%25.yaml,line=2,col=1,endLine=2,endColumn=6,title=PV204::a%0Afirst%0Asecond
";
        assert_eq!(
            github(&[SpecDiagnostics {
                source: &source,
                diagnostics: &diagnostics,
                suppressed: &[]
            }]),
            expected
        );
    }
}

//! Formats diagnostics as workflow commands, which GitHub Actions shows as annotations of lines.
use crate::render::diagnostics::document::{SpecDiagnostics, sorted};
use provision_core::diagnostic::{Location, Severity};

/// Formats each diagnostic as one line.
pub fn github(specs: &[SpecDiagnostics<'_>]) -> String {
    let mut text = String::new();
    for (diagnostic, located) in specs
        .iter()
        .flat_map(|spec_diagnostics| sorted(spec_diagnostics.source, spec_diagnostics.diagnostics))
    {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        text.push_str(&format!("::{command} file={}", property(located.name)));
        if diagnostic.location != Location::File {
            let (start, end) = (located.start, located.end);
            let (line, column) = (start.line, start.column);
            text.push_str(&format!(",line={line},col={column}"));
            text.push_str(&format!(",endLine={},endColumn={}", end.line, end.column));
        }
        text.push_str(&format!(
            ",title={}::{}",
            property(diagnostic.code),
            data(&diagnostic.message)
        ));
        if let Some(help) = &diagnostic.help {
            text.push_str(&format!("%0A{}", data(help)));
        }
        text.push('\n');
    }
    text
}

/// Escapes characters that would end a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Also escapes characters that would end a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use provision_core::diagnostic::Diagnostic;
    use provision_core::source::Source;

    #[test]
    fn no_text_ends_its_command() {
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

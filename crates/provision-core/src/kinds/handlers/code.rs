//! Checks handler code against the rules of APPSYNC_JS, and its exports against the namespace's declaration.
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, DocumentPath, Location, ReferencedFile};
use crate::handler::{self, Export, ExportKind};
use crate::kind::{CheckContext, DiagnosticSink, PathStep};
use crate::kinds::handlers::{Handler, Handlers};

/// AppSync's limit on handler code (docs/reference/quotas.md#handlers).
const CODE_MAX: usize = 32_768;

/// Reports errors in the code, if it is inline or in a file.
pub fn check(handlers: &Handlers, scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
    match (&handlers.code, &handlers.inline) {
        (Some(path), None) => {
            match scope.files.file(path) {
                Err(reason) => {
                    let at = [PathStep::Key("handlers"), PathStep::Key("code")];
                    let message = format!("cannot read the handler file: {reason}");
                    diagnostics.error("PV230", &at, message).help =
                    Some("use a file in the spec's folder or below, with a path relative to the spec".into());
                }
                Ok(file) => {
                    let code = CodeSource {
                        key: "code",
                        noun: "the handler file",
                        place: CodeLocation::File(&file),
                    };
                    code.check(&file.text, &|| scope.parsed_handler(&file), handlers, diagnostics);
                }
            }
        }
        (None, Some(text)) => {
            let path = ["handlers", "inline"].into_iter();
            let path: DocumentPath = scope.address.parts().chain(path).collect();
            let code = CodeSource {
                key: "inline",
                noun: "the handler code",
                place: CodeLocation::Spec(path),
            };
            code.check(text, &|| handler::analyze(text).into(), handlers, diagnostics);
        }
        _ => {}
    }
}

/// Handler code, and how messages refer to it.
struct CodeSource<'a> {
    key: &'static str,
    noun: &'static str,
    place: CodeLocation<'a>,
}

/// Where the code was written.
enum CodeLocation<'a> {
    File(&'a Arc<ReferencedFile>),
    Spec(DocumentPath),
}

impl CodeSource<'_> {
    fn at(&self, span: &Range<usize>) -> Location {
        let span = span.clone();
        match &self.place {
            CodeLocation::File(file) => Location::ReferencedFile { file: Arc::clone(file), span },
            CodeLocation::Spec(path) => Location::SpanInValue { path: path.clone(), span },
        }
    }

    fn check(
        &self,
        text: &str,
        read: &dyn Fn() -> Rc<handler::HandlerAnalysis>,
        handlers: &Handlers,
        diagnostics: &mut DiagnosticSink,
    ) {
        let (at, noun) = ([PathStep::Key("handlers"), PathStep::Key(self.key)], self.noun);
        let length = text.chars().count();
        if text.trim().is_empty() {
            diagnostics.error("PV231", &at, format!("{noun} is empty")).help =
                Some("export `onPublish` or `onSubscribe` from it, or remove `handlers`".into());
            return;
        }
        if length > CODE_MAX {
            let message = format!("{noun} has {length} characters");
            diagnostics.error("PV232", &at, message).help =
                Some(format!("AppSync allows {CODE_MAX}"));
            // AppSync would not parse it either.
            return;
        }
        let read = read();
        for it in &read.diagnostics {
            let diagnostic = Diagnostic::error(it.code, self.at(&it.span), it.message.as_str());
            let diagnostic =
                Diagnostic { severity: it.severity, help: it.help.clone(), ..diagnostic };
            diagnostics.report(diagnostic);
        }
        // PV237 already reports that none of it runs.
        if handlers.are_direct() {
            return;
        }
        let broken = read.on_publish.is_none() && read.on_subscribe.is_none();
        let pairs = [
            ("onPublish", &read.on_publish, &handlers.on_publish),
            ("onSubscribe", &read.on_subscribe, &handlers.on_subscribe),
        ];
        for (name, export, handler) in pairs {
            match (export, handler) {
                (Some(export), handler) => {
                    self.check_form(name, export, handler.as_ref(), diagnostics);
                }
                // Code that exports nothing has been reported.
                (None, Some(handler)) if !handler.is_direct() && !broken => {
                    let at = [PathStep::Key("handlers"), PathStep::Key(name)];
                    let message = format!(
                        "the code does not export `{name}`, which uses `{}`",
                        handler.data_source
                    );
                    diagnostics.error_at_key("PV224", &at, message).help = Some(format!(
                        "export an object `{name}` with `request` and `response`, or remove this"
                    ));
                }
                _ => {}
            }
        }
    }

    /// Checks that an export has the form that its data source, or the lack of one, requires.
    fn check_form(
        &self,
        name: &str,
        export: &Export,
        handler: Option<&Handler>,
        diagnostics: &mut DiagnosticSink,
    ) {
        let at = self.at(&export.span);
        let diagnostic = match (handler, &export.kind) {
            (Some(handler), _) if handler.is_direct() => {
                let message = format!(
                    "this never runs: AppSync invokes `{}` directly for {name}",
                    handler.data_source
                );
                let help = format!("remove it, or `behavior: DIRECT` from `handlers.{name}`");
                Diagnostic::warning("PV226", at, message).with_help(help)
            }
            (Some(handler), ExportKind::Function) => {
                let message = format!(
                    "`{name}` uses the data source `{}`, which a function cannot",
                    handler.data_source
                );
                let help = "export an object with the functions `request` and `response`";
                Diagnostic::error("PV225", at, message).with_help(help)
            }
            (Some(handler), ExportKind::Object { request, response })
                if !(*request && *response) =>
            {
                let lacking = if *request { "response" } else { "request" };
                let message = format!(
                    "`{name}` has no `{lacking}`, and the data source `{}` needs both",
                    handler.data_source
                );
                let help = "export an object with the functions `request` and `response`";
                Diagnostic::error("PV225", at, message).with_help(help)
            }
            (None, ExportKind::Object { .. }) => {
                let message = format!("`{name}` is an object but has no data source");
                let help = format!(
                    "add `{name}: {{ dataSource: NAME }}` next to the code, or export a function"
                );
                Diagnostic::error("PV225", at, message).with_help(help)
            }
            _ => return,
        };
        diagnostics.report(diagnostic);
    }
}

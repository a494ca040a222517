//! Errors in the declaration of a namespace's handlers beyond its shape.
use crate::kind::{CheckContext, DiagnosticSink, PathStep};
use crate::kinds::data_source::{self, DataSourceDeclaration};
use crate::kinds::handlers::{Handler, Handlers, code};
use crate::suggest::unknown_name_help;

/// Reports errors in the handlers of the namespace in `scope`.
pub fn check(handlers: &Handlers, scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
    check_code_sources(handlers, diagnostics);
    code::check(handlers, scope, diagnostics);
    if let Some(s3) = &handlers.s3 {
        let is_valid = |text: &str| {
            let place = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
            place.is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
        };
        let at = [PathStep::Key("handlers"), PathStep::Key("s3")];
        let help = "such as s3://my-bucket/handlers/chat.js";
        diagnostics.error_if_invalid(
            scope.invalid_reading(s3, is_valid),
            "PV227",
            &at,
            "not a valid S3 location",
            help,
        );
    }
    for (name, _, handler) in handlers.declared_handlers() {
        check_handler(name, handler, handlers, scope, diagnostics);
    }
}

/// Code comes from one source at most.
fn check_code_sources(handlers: &Handlers, diagnostics: &mut DiagnosticSink) {
    let places = [
        ("code", handlers.code.is_some()),
        ("inline", handlers.inline.is_some()),
        ("s3", handlers.s3.is_some()),
    ];
    let mut there = places.iter().filter(|(_, there)| *there).map(|(name, _)| *name);
    let Some(first) = there.next() else { return };
    for second in there {
        let message = format!("the code already comes from `{first}`");
        let at = [PathStep::Key("handlers"), PathStep::Key(second)];
        diagnostics.error_at_key("PV233", &at, message).help =
            Some("a namespace has one source of code for both handlers; keep one".into());
    }
    if handlers.are_direct() {
        let message = "both handlers invoke a function directly, so no code runs".to_owned();
        let at = [PathStep::Key("handlers"), PathStep::Key(first)];
        diagnostics.error_at_key("PV237", &at, message).help =
            Some("remove the code, or the `behavior: DIRECT` of one of them".into());
    }
}

fn check_handler(
    name: &'static str,
    handler: &Handler,
    handlers: &Handlers,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let at =
        |key: &'static str| [PathStep::Key("handlers"), PathStep::Key(name), PathStep::Key(key)];
    let Some(api) = scope.address.parent() else { return };
    let known = scope.names_under(&api, "dataSources");
    let address = data_source::address(&api, &handler.data_source);
    let found = scope.declared::<DataSourceDeclaration>(&address);
    if !known.contains(&handler.data_source.as_str()) {
        let message = format!("unknown data source `{}`", handler.data_source);
        diagnostics.error("PV234", &at("dataSource"), message).help =
            Some(unknown_name_help(&handler.data_source, "dataSources", &known));
    } else if handler.is_direct() && found.is_some_and(|data_source| data_source.lambda.is_none()) {
        let message = format!("`{}` is not a Lambda function", handler.data_source);
        diagnostics.error("PV235", &at("dataSource"), message).help =
            Some("only Lambda functions can be invoked directly; use `behavior: CODE`".into());
    }
    if handler.invoke.is_some() && !handler.is_direct() {
        let message = "`invoke` requires `behavior: DIRECT`".to_owned();
        diagnostics.error_at_key("PV236", &at("invoke"), message).help =
            Some("add `behavior: DIRECT`, or set `invocationType: 'Event'` in the code".into());
    }
    let unread = scope.has_unreadable(&["handlers"]);
    if !handler.is_direct() && !handlers.has_code() && !unread {
        let message = format!("no code builds the requests for `{}`", handler.data_source);
        let at = [PathStep::Key("handlers"), PathStep::Key(name)];
        diagnostics.error_at_key("PV238", &at, message).help = Some(format!(
            "add code that exports `{name}` with `request` and `response`, or set `behavior: DIRECT`"
        ));
    }
}

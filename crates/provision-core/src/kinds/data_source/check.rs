//! Checks of a data source beyond its shape.
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::kind::{CheckContext, DiagnosticSink, PathStep};
use crate::kinds::arn;
use crate::kinds::data_source::declaration::DataSourceDeclaration;
use crate::kinds::handlers::Handlers;
use crate::text::Text;

pub fn check(
    declared: &DataSourceDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    check_type(declared, scope, diagnostics);
    check_name(declared, scope, diagnostics);
    check_role(declared, scope, diagnostics);
    check_source(declared, scope, diagnostics);
    let uses = |namespace: &Value| {
        let handlers =
            namespace.get("handlers").and_then(|namespace| Handlers::deserialize(namespace).ok());
        let name = scope.address.name();
        handlers.is_some_and(|value| {
            value.declared_handlers().any(|(.., handler)| handler.data_source == name)
        })
    };
    let api = scope.address.parent();
    let namespaces =
        api.map(|api| scope.declarations_under(&api, "namespaces")).unwrap_or_default();
    if !namespaces.into_iter().any(uses) {
        let message = "no namespace uses this data source".to_owned();
        diagnostics.warning_at_key("PV278", &[], message).help = Some(format!(
            "use it in a namespace, `handlers: {{ onPublish: {{ dataSource: {} }} }}`, or remove it",
            scope.address.name()
        ));
    }
}

fn check_type(
    declared: &DataSourceDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let all = "`lambda`, `dynamodb`, `eventBridge`, `http`, `openSearch`, `rds` or `bedrock`";
    let written = scope.declared::<Map<String, Value>>(&scope.address).unwrap_or_default();
    let mut named = declared.types();
    named.sort_by_key(|name| written.keys().position(|key| key == name));
    match named.as_slice() {
        [] => {
            let message = "a data source must set its type".to_owned();
            diagnostics.error_at_key("PV270", &[], message).help =
                Some(format!("set one of {all}"));
        }
        [_] => {}
        [first, rest @ ..] => {
            for second in rest {
                let message =
                    format!("a data source has one type, and this one already has `{first}`");
                diagnostics.error_at_key("PV270", &[PathStep::Key(second)], message).help =
                    Some("declare a separate data source".into());
            }
        }
    }
}

fn check_name(
    declared: &DataSourceDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let name = declared.name.clone().unwrap_or_else(|| scope.address.name().into());
    let is_valid = |name: &str| {
        (1..=512).contains(&name.len())
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if let Some(invalid) = scope.invalid_reading(&name, is_valid) {
        let message = format!("`{}` is not a valid data source name", invalid.value);
        let help = "a letter or `_`, then letters, digits and `_`";
        let diagnostic = match declared.name {
            Some(_) => diagnostics.error("PV271", &[PathStep::Key("name")], message),
            None => diagnostics.error_at_key("PV271", &[], message),
        };
        diagnostic.help = Some(match declared.name {
            Some(_) => help.to_owned(),
            None => format!("set `name:` to {help}"),
        });
    }
    if let Some(twin) = scope.duplicate_name(&name) {
        let message = format!("duplicate name `{name}`: `dataSources.{twin}` has it too");
        let diagnostic = match declared.name {
            Some(_) => diagnostics.error("PV272", &[PathStep::Key("name")], message),
            None => diagnostics.error_at_key("PV272", &[], message),
        };
        diagnostic.help =
            Some("names are unique within an API; set another `name:` for one of the two".into());
    }
}

fn check_role(
    declared: &DataSourceDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    match &declared.service_role {
        Some(role) => {
            let is_valid = |text: &str| arn::is_of(text, "iam", "role/");
            let help = "such as arn:aws:iam::123456789012:role/call-orders";
            let (at, invalid) =
                ([PathStep::Key("serviceRole")], scope.invalid_reading(role, is_valid));
            diagnostics.error_if_invalid(invalid, "PV274", &at, "not a valid role ARN", help);
        }
        None if declared.needs_role() && !declared.types().is_empty() => {
            let message = "AppSync cannot call this data source without a role".to_owned();
            diagnostics.error_at_key("PV273", &[], message).help = Some(
                "set `serviceRole:` to the ARN of a role that trusts appsync.amazonaws.com".into(),
            );
        }
        None => {}
    }
}

/// Checks the settings of the declared type. It is long because each type has its own members, but most checks are
/// one line.
fn check_source(
    declared: &DataSourceDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let mut check_arn = |text: &Text, at: [&str; 2], service: &str, resource: &str, noun: &str| {
        let is_valid = |text: &str| arn::is_of(text, service, resource);
        let at = at.map(PathStep::Key);
        let help = format!("such as arn:aws:{service}:ap-northeast-1:123456789012:{resource}…");
        let message = format!("not a valid ARN of {noun}");
        diagnostics.error_if_invalid(
            scope.invalid_reading(text, is_valid),
            "PV275",
            &at,
            &message,
            &help,
        );
    };
    if let Some(it) = &declared.event_bridge {
        check_arn(&it.bus, ["eventBridge", "bus"], "events", "event-bus/", "an event bus");
    }
    if let Some(it) = &declared.rds {
        check_arn(&it.cluster, ["rds", "cluster"], "rds", "cluster:", "an Aurora cluster");
        check_arn(&it.secret, ["rds", "secret"], "secretsmanager", "secret:", "a secret");
    }
    if let Some(it) = &declared.lambda {
        let at = [PathStep::Key("lambda"), PathStep::Key("function")];
        arn::check_function(&it.function, &at, scope, diagnostics);
    }
    let endpoints = [
        ("http", declared.http.as_ref().map(|http| &http.endpoint)),
        ("openSearch", declared.open_search.as_ref().map(|open_search| &open_search.endpoint)),
    ];
    for (name, endpoint) in endpoints {
        let Some(endpoint) = endpoint else { continue };
        let is_valid = |text: &str| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace))
        };
        let at = [PathStep::Key(name), PathStep::Key("endpoint")];
        let help = "such as https://orders.example.com";
        diagnostics.error_if_invalid(
            scope.invalid_reading(endpoint, is_valid),
            "PV276",
            &at,
            "not a valid URL",
            help,
        );
    }
    if let Some(it) = &declared.dynamodb {
        let is_valid = |text: &str| {
            (1..=255).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        };
        let at = [PathStep::Key("dynamodb"), PathStep::Key("table")];
        let help = "letters, digits, `_`, `.` and `-`";
        diagnostics.error_if_invalid(
            scope.invalid_reading(&it.table, is_valid),
            "PV279",
            &at,
            "not a valid table name",
            help,
        );
    }
    if let Some(delta) =
        declared.dynamodb.as_ref().and_then(|dynamodb| dynamodb.delta_sync.as_ref())
    {
        let periods = [
            ("baseTableTtl", delta.base_table_ttl),
            ("deltaSyncTableTtl", delta.delta_sync_table_ttl),
        ];
        for (name, period) in periods {
            if period.seconds < 60 || period.seconds % 60 != 0 {
                let at =
                    [PathStep::Key("dynamodb"), PathStep::Key("deltaSync"), PathStep::Key(name)];
                let message = format!("`{period}` is not a whole number of minutes");
                diagnostics.error("PV277", &at, message).help =
                    Some("such as 30m, 12h or 30d".into());
            }
        }
    }
}

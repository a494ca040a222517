//! The checks of an API, before any is made.
use std::time::Duration;

use crate::verify::report::{Check, CheckSubject, CheckedOperation, Expectation, Obstacle};
use crate::verify::target::{ApiTarget, ModeCredentials, NamespaceTarget};

/// All checks of one API, in the order of the report.
pub fn plan_checks(target: &ApiTarget, options: VerifyOptions) -> Vec<Check> {
    let connections = target.credentials.iter().map(|mode| connection_check(target, mode));
    let namespaces = target.namespaces.iter().flat_map(|namespace| {
        target.credentials.iter().flat_map(move |mode| {
            [
                CheckedOperation::Subscribe,
                CheckedOperation::PublishHttp,
                CheckedOperation::PublishSocket,
            ]
            .map(|operation| namespace_check(namespace, mode, operation, options))
        })
    });
    let unknown = [
        (CheckSubject::WrongKey, CheckedOperation::Connect),
        (CheckSubject::UnknownNamespace, CheckedOperation::PublishHttp),
    ];
    let unknown = unknown.map(|(subject, operation)| Check {
        subject,
        operation,
        expected: Expectation::Denied,
        obstacle: None,
    });
    let is_included =
        |check: &Check| !options.only_denials || check.expected == Expectation::Denied;
    connections.chain(namespaces).chain(unknown).filter(is_included).collect()
}

fn connection_check(target: &ApiTarget, mode: &ModeCredentials) -> Check {
    Check {
        subject: CheckSubject::Connection { mode: mode.mode },
        operation: CheckedOperation::Connect,
        expected: target.expects_connection(mode.mode),
        obstacle: missing_credentials(mode),
    }
}

fn namespace_check(
    namespace: &NamespaceTarget,
    mode: &ModeCredentials,
    operation: CheckedOperation,
    options: VerifyOptions,
) -> Check {
    let data_source = namespace.handler(operation).data_source();
    let data_source = data_source.filter(|_| !options.with_data_sources);
    let excluded = data_source.map(|name| Obstacle::DataSource(name.to_owned()));
    Check {
        subject: CheckSubject::Namespace { namespace: namespace.name.clone(), mode: mode.mode },
        operation,
        expected: namespace.expects(operation, mode.mode),
        obstacle: excluded.or_else(|| missing_credentials(mode)),
    }
}

fn missing_credentials(mode: &ModeCredentials) -> Option<Obstacle> {
    mode.credentials.as_ref().err().cloned().map(Obstacle::Credentials)
}

/// The limits of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyOptions {
    /// How long one check waits for an event to arrive.
    pub timeout: Duration,
    /// Whether to check only what must be denied. Then nothing is published if the API behaves as
    /// expected.
    pub only_denials: bool,
    /// Whether to publish to handlers that use data sources, which can leave traces there.
    pub with_data_sources: bool,
}

impl Default for VerifyOptions {
    /// All checks, 20 seconds for each, without handlers that use data sources.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(20), only_denials: false, with_data_sources: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth_mode::AuthMode;
    use crate::client::Client;
    use crate::credentials::Credentials;
    use crate::endpoint::Endpoint;
    use crate::secret::Secret;
    use crate::verify::target::HandlerSetup;

    fn target() -> ApiTarget {
        let endpoint = Endpoint::parse("https://events.example.com/event").unwrap();
        let key = Credentials::ApiKey(Secret::new("da2-x"));
        let mode = |mode, credentials| ModeCredentials { mode, credentials, denial_hint: None };
        let namespace = |name: &str, on_publish| NamespaceTarget {
            name: name.to_owned(),
            publish: vec![AuthMode::Lambda],
            subscribe: vec![AuthMode::ApiKey, AuthMode::Lambda],
            on_publish,
            on_subscribe: HandlerSetup::None,
            live_modes: None,
            event: None,
        };
        ApiTarget {
            name: "chat".to_owned(),
            client: Client::new(endpoint),
            connect: vec![AuthMode::ApiKey],
            credentials: vec![
                mode(AuthMode::ApiKey, Ok(key)),
                mode(AuthMode::Lambda, Err("no token".to_owned())),
            ],
            namespaces: vec![
                namespace("plain", HandlerSetup::None),
                namespace("worked", HandlerSetup::DataSource("worker".to_owned())),
            ],
            differences: Vec::new(),
        }
    }

    fn lines(only_denials: bool, with_data_sources: bool) -> Vec<String> {
        let options = VerifyOptions { only_denials, with_data_sources, ..VerifyOptions::default() };
        let line = |check: Check| {
            let subject = match check.subject {
                CheckSubject::Connection { mode } => mode.to_string(),
                CheckSubject::Namespace { namespace, mode } => format!("{namespace} {mode}"),
                other => format!("{other:?}"),
            };
            let obstacle = match check.obstacle {
                Some(Obstacle::Credentials(reason)) => format!(" ({reason})"),
                Some(Obstacle::DataSource(name)) => format!(" (data source {name})"),
                None => String::new(),
            };
            format!("{subject} {:?} {:?}{obstacle}", check.operation, check.expected)
        };
        plan_checks(&target(), options).into_iter().map(line).collect()
    }

    #[test]
    fn each_mode_is_checked_with_each_operation_in_each_namespace() {
        assert_eq!(
            lines(false, true),
            [
                "API_KEY Connect Allowed",
                "AWS_LAMBDA Connect Denied (no token)",
                "plain API_KEY Subscribe Allowed",
                "plain API_KEY PublishHttp Denied",
                "plain API_KEY PublishSocket Denied",
                "plain AWS_LAMBDA Subscribe Allowed (no token)",
                "plain AWS_LAMBDA PublishHttp Allowed (no token)",
                "plain AWS_LAMBDA PublishSocket Allowed (no token)",
                "worked API_KEY Subscribe Allowed",
                "worked API_KEY PublishHttp Denied",
                "worked API_KEY PublishSocket Denied",
                "worked AWS_LAMBDA Subscribe Allowed (no token)",
                "worked AWS_LAMBDA PublishHttp Allowed (no token)",
                "worked AWS_LAMBDA PublishSocket Allowed (no token)",
                "WrongKey Connect Denied",
                "UnknownNamespace PublishHttp Denied",
            ]
        );
    }

    #[test]
    fn handlers_with_data_sources_are_skipped_unless_the_options_allow_them() {
        let lines = lines(false, false);
        let is_skipped =
            |line: &&String| line.starts_with("worked") && line.ends_with(" (data source worker)");
        let skipped: Vec<&String> = lines.iter().filter(is_skipped).collect();
        assert!(
            skipped.len() == 4 && skipped.iter().all(|line| line.contains("Publish")),
            "{lines:?}"
        );
    }

    #[test]
    fn with_only_denials_nothing_else_is_checked() {
        let lines = lines(true, true);
        assert!(lines.len() == 7 && lines.iter().all(|line| line.contains("Denied")), "{lines:?}");
    }
}

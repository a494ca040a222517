//! What there is to try, before anybody is asked.
use crate::verify::check::{Check, CheckSubject, CheckedOperation, Expected};
use crate::verify::options::VerifyOptions;
use crate::verify::target::{ApiTarget, ModeCredentials, NamespaceTarget};

/// Everything to try on one API, in the order in which it is told.
pub fn matrix(subject: &ApiTarget, options: VerifyOptions) -> Vec<Check> {
    let connections = subject.bearers.iter().map(|it| connection(subject, it));
    let namespaces = subject.places.iter().flat_map(|place| {
        subject.bearers.iter().flat_map(move |bearer| {
            [
                CheckedOperation::Subscribe,
                CheckedOperation::PublishHttp,
                CheckedOperation::PublishSocket,
            ]
            .map(|operation| in_namespace(place, bearer, operation, options))
        })
    });
    let strangers = [
        (CheckSubject::WrongKey, CheckedOperation::Connect),
        (CheckSubject::UnknownNamespace, CheckedOperation::PublishHttp),
    ];
    let strangers = strangers.map(|(about, operation)| Check {
        about,
        operation,
        expected: Expected::Refused,
        hindered: None,
    });
    let wanted = |it: &Check| !options.only_refusals || it.expected == Expected::Refused;
    connections.chain(namespaces).chain(strangers).filter(wanted).collect()
}

fn connection(subject: &ApiTarget, bearer: &ModeCredentials) -> Check {
    Check {
        about: CheckSubject::Connection { mode: bearer.mode },
        operation: CheckedOperation::Connect,
        expected: subject.expects_connection(bearer.mode),
        hindered: bearer.credentials.as_ref().err().cloned(),
    }
}

fn in_namespace(
    place: &NamespaceTarget,
    bearer: &ModeCredentials,
    operation: CheckedOperation,
    options: VerifyOptions,
) -> Check {
    let source = place.handling(operation).source().filter(|_| !options.with_data_sources);
    let source = source.map(|name| {
        format!("the handler uses the data source {name}: `--with-data-sources` lets it")
    });
    Check {
        about: CheckSubject::Namespace { namespace: place.name.clone(), mode: bearer.mode },
        operation,
        expected: place.expects(operation, bearer.mode),
        hindered: source.or_else(|| bearer.credentials.as_ref().err().cloned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::auth_mode::AuthMode;
    use crate::client::Client;
    use crate::credentials::Credentials;
    use crate::endpoint::Endpoint;
    use crate::network::{Network, NetworkOptions};
    use crate::secret::Secret;
    use crate::timing::Timing;
    use crate::verify::target::HandlerSetup;

    fn subject() -> ApiTarget {
        let endpoint = Endpoint::parse("https://events.example.com/event").unwrap();
        let net = Network::new(NetworkOptions::default()).unwrap();
        let key = Credentials::ApiKey(Secret::new("da2-x"));
        let bearer = |mode, credentials| ModeCredentials { mode, credentials, caution: None };
        let place = |name: &str, on_publish| NamespaceTarget {
            name: name.to_owned(),
            publish: vec![AuthMode::Lambda],
            subscribe: vec![AuthMode::ApiKey, AuthMode::Lambda],
            on_publish,
            on_subscribe: HandlerSetup::None,
            accepted: None,
            event: None,
        };
        ApiTarget {
            key: "chat".to_owned(),
            client: Client { endpoint, net, timing: Timing::default() },
            connect: vec![AuthMode::ApiKey],
            bearers: vec![
                bearer(AuthMode::ApiKey, Ok(key)),
                bearer(AuthMode::Lambda, Err("no token".to_owned())),
            ],
            places: vec![
                place("plain", HandlerSetup::None),
                place("worked", HandlerSetup::DataSource("worker".to_owned())),
            ],
            known: Vec::new(),
        }
    }

    fn lines(only_refusals: bool, with_data_sources: bool) -> Vec<String> {
        let timeout = Duration::from_secs(1);
        let options = VerifyOptions { timeout, only_refusals, with_data_sources };
        let line = |it: Check| {
            let about = match it.about {
                CheckSubject::Connection { mode } => mode.to_string(),
                CheckSubject::Namespace { namespace, mode } => format!("{namespace} {mode}"),
                other => format!("{other:?}"),
            };
            let hindered = it.hindered.map(|it| format!(" ({it})")).unwrap_or_default();
            format!("{about} {:?} {:?}{hindered}", it.operation, it.expected)
        };
        matrix(&subject(), options).into_iter().map(line).collect()
    }

    #[test]
    fn each_mode_is_tried_with_each_operation_in_each_namespace_and_so_are_strangers() {
        assert_eq!(
            lines(false, true),
            [
                "API_KEY Connect Allowed",
                "AWS_LAMBDA Connect Refused (no token)",
                "plain API_KEY Subscribe Allowed",
                "plain API_KEY PublishHttp Refused",
                "plain API_KEY PublishSocket Refused",
                "plain AWS_LAMBDA Subscribe Allowed (no token)",
                "plain AWS_LAMBDA PublishHttp Allowed (no token)",
                "plain AWS_LAMBDA PublishSocket Allowed (no token)",
                "worked API_KEY Subscribe Allowed",
                "worked API_KEY PublishHttp Refused",
                "worked API_KEY PublishSocket Refused",
                "worked AWS_LAMBDA Subscribe Allowed (no token)",
                "worked AWS_LAMBDA PublishHttp Allowed (no token)",
                "worked AWS_LAMBDA PublishSocket Allowed (no token)",
                "WrongKey Connect Refused",
                "UnknownNamespace PublishHttp Refused",
            ]
        );
    }

    #[test]
    fn what_a_handler_does_in_a_data_source_is_left_alone_unless_it_may() {
        let hindered = "(the handler uses the data source worker: `--with-data-sources` lets it)";
        let of_worked = |it: &&String| it.starts_with("worked") && it.ends_with(hindered);
        let all = lines(false, false);
        let left: Vec<&String> = all.iter().filter(of_worked).collect();
        assert!(left.len() == 4 && left.iter().all(|it| it.contains("Publish")), "{all:?}");
    }

    #[test]
    fn refusals_alone_are_all_that_is_tried_if_nothing_else_is_wanted() {
        let all = lines(true, true);
        assert!(all.len() == 7 && all.iter().all(|it| it.contains("Refused")), "{all:?}");
    }
}

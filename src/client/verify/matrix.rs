//! What there is to try, before anybody is asked.
use crate::client::verify::{
    About, Bearer, Expected, Handling, Operation, Options, Place, Subject,
};

/// One thing to try, and what the spec says will come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub about: About,
    pub operation: Operation,
    pub expected: Expected,
    /// Why it can't be tried.
    pub hindered: Option<String>,
}

/// Everything to try on one API, in the order in which it is told.
pub fn matrix(subject: &Subject, options: Options) -> Vec<Check> {
    let connections = subject.bearers.iter().map(|it| connection(subject, it));
    let namespaces = subject.places.iter().flat_map(|place| {
        subject.bearers.iter().flat_map(move |bearer| {
            [Operation::Subscribe, Operation::PublishHttp, Operation::PublishSocket]
                .map(|operation| in_namespace(place, bearer, operation, options))
        })
    });
    let strangers =
        [(About::WrongKey, Operation::Connect), (About::UnknownNamespace, Operation::PublishHttp)];
    let strangers = strangers.map(|(about, operation)| Check {
        about,
        operation,
        expected: Expected::Refused,
        hindered: None,
    });
    let wanted = |it: &Check| !options.only_refusals || it.expected == Expected::Refused;
    connections.chain(namespaces).chain(strangers).filter(wanted).collect()
}

fn connection(subject: &Subject, bearer: &Bearer) -> Check {
    Check {
        about: About::Connection { mode: bearer.mode },
        operation: Operation::Connect,
        expected: subject.expects_connection(bearer.mode),
        hindered: bearer.credentials.as_ref().err().cloned(),
    }
}

fn in_namespace(place: &Place, bearer: &Bearer, operation: Operation, options: Options) -> Check {
    let source = match place.handling(operation) {
        Handling::DataSource(name) if !options.with_data_sources => {
            Some(format!("the handler uses the data source {name}: `--with-data-sources` lets it"))
        }
        _ => None,
    };
    Check {
        about: About::Namespace { namespace: place.name.clone(), mode: bearer.mode },
        operation,
        expected: place.expects(operation, bearer.mode),
        hindered: source.or_else(|| bearer.credentials.as_ref().err().cloned()),
    }
}

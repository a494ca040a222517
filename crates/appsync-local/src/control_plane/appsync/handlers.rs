//! `handlerConfigs` of a channel namespace: which data source each of its handlers works with.
use serde_json::{Value, json};

use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::lookup;
use crate::control_plane::appsync::shape::{self, Kind, Member, may, must};
use crate::emulator_options::{EmulatorOptions, Taken};
use crate::protocol::response::Fault;
use crate::state::Api;

/// The only type that is called without code between
/// (docs/reference/handlers.md#direct-integration).
pub const DIRECT_TYPE: &str = "AWS_LAMBDA";

const HANDLER: Kind = Kind::Structure(&[
    must("behavior", Kind::Word(&["CODE", "DIRECT"])),
    must(
        "integration",
        Kind::Structure(&[
            must("dataSourceName", Kind::Text),
            may(
                "lambdaConfig",
                Kind::Structure(&[may("invokeType", Kind::Word(&["REQUEST_RESPONSE", "EVENT"]))]),
            ),
        ]),
    ),
]);
const SHAPE: &[Member] = &[may("onPublish", HANDLER), may("onSubscribe", HANDLER)];

/// `handlerConfigs` as AppSync will write them, if they are given.
pub fn read(input: &Input<'_>) -> Result<Option<Value>, Fault> {
    input.structure("handlerConfigs")?.map(|it| shape::read(&it, SHAPE)).transpose()
}

/// Whether the data sources that `handlers` name are there, and are such as can do the work.
pub fn check(handlers: &Value, api: &Api, options: &EmulatorOptions) -> Result<(), Fault> {
    for (name, direct) in sources(handlers) {
        let none = options.empty_data_source_name == Taken::Accepted;
        if name.is_empty() && !direct && none {
            continue;
        }
        let source = lookup::data_source(api.data_sources.get(name), name)?;
        if direct && source.members["type"] != DIRECT_TYPE {
            let message =
                format!("A DIRECT handler needs a data source of type {DIRECT_TYPE}: {name}");
            return Err(Fault::bad_request(message));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    Not,
    ByCode,
    Directly,
}

/// How the channel namespaces of `api` use its data source `name`.
pub fn use_of(api: &Api, name: &str) -> Used {
    let handlers = api.namespaces.values().flat_map(|it| sources(&it.handlers));
    let mut uses = handlers.filter(|(source, _)| *source == name).map(|(_, direct)| direct);
    match (uses.next(), uses.any(|direct| direct)) {
        (None, _) => Used::Not,
        (Some(true), _) | (_, true) => Used::Directly,
        (Some(false), false) => Used::ByCode,
    }
}

pub fn none() -> Value {
    json!({})
}

/// Each data source that is named, and whether it is called directly.
fn sources(handlers: &Value) -> impl Iterator<Item = (&str, bool)> {
    let configs = handlers.as_object().into_iter().flat_map(|it| it.values());
    configs.filter_map(|config| {
        let name = config["integration"]["dataSourceName"].as_str()?;
        Some((name, config["behavior"] == "DIRECT"))
    })
}

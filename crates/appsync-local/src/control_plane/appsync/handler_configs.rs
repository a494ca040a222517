//! `handlerConfigs` of a channel namespace: which data source each of its handlers works with.
use serde_json::{Value, json};

use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::lookup;
use crate::control_plane::appsync::shape::{self, Member, MemberType, optional, required};
use crate::emulator_options::{Acceptance, EmulatorOptions};
use crate::protocol::response::AwsError;
use crate::state::Api;

/// The only type that is called without code between
/// (docs/reference/handlers.md#direct-integration).
pub const DIRECT_TYPE: &str = "AWS_LAMBDA";

const HANDLER: MemberType = MemberType::Structure(&[
    required("behavior", MemberType::Enumeration(&["CODE", "DIRECT"])),
    required(
        "integration",
        MemberType::Structure(&[
            required("dataSourceName", MemberType::Text),
            optional(
                "lambdaConfig",
                MemberType::Structure(&[optional(
                    "invokeType",
                    MemberType::Enumeration(&["REQUEST_RESPONSE", "EVENT"]),
                )]),
            ),
        ]),
    ),
]);
const SHAPE: &[Member] = &[optional("onPublish", HANDLER), optional("onSubscribe", HANDLER)];

/// `handlerConfigs` as AppSync will write them, if they are given.
pub fn parse(input: &Input<'_>) -> Result<Option<Value>, AwsError> {
    input.structure("handlerConfigs")?.map(|configs| shape::parse(&configs, SHAPE)).transpose()
}

/// Whether the data sources that `handlers` name are there, and are such as can do the work.
pub fn check(handlers: &Value, api: &Api, options: &EmulatorOptions) -> Result<(), AwsError> {
    for (name, direct) in referenced_data_sources(handlers) {
        let none = options.empty_data_source_name == Acceptance::Accepted;
        if name.is_empty() && !direct && none {
            continue;
        }
        let source = lookup::data_source(api.data_sources.get(name), name)?;
        if direct && source.members["type"] != DIRECT_TYPE {
            let message =
                format!("A DIRECT handler needs a data source of type {DIRECT_TYPE}: {name}");
            return Err(AwsError::bad_request(message));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataSourceUse {
    Unused,
    Code,
    Direct,
}

/// How the channel namespaces of `api` use its data source `name`.
pub fn data_source_use(api: &Api, name: &str) -> DataSourceUse {
    let handlers =
        api.namespaces.values().flat_map(|namespace| referenced_data_sources(&namespace.handlers));
    let mut uses = handlers.filter(|(source, _)| *source == name).map(|(_, direct)| direct);
    match (uses.next(), uses.any(|direct| direct)) {
        (None, _) => DataSourceUse::Unused,
        (Some(true), _) | (_, true) => DataSourceUse::Direct,
        (Some(false), false) => DataSourceUse::Code,
    }
}

pub fn no_handlers() -> Value {
    json!({})
}

/// Each data source that is named, and whether it is called directly.
fn referenced_data_sources(handlers: &Value) -> impl Iterator<Item = (&str, bool)> {
    let configs = handlers.as_object().into_iter().flat_map(|it| it.values());
    configs.filter_map(|config| {
        let name = config["integration"]["dataSourceName"].as_str()?;
        Some((name, config["behavior"] == "DIRECT"))
    })
}

//! `handlerConfigs` of a channel namespace: the data source of each handler. Handlers are not run here.
use serde_json::{Map, Value};

use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::lookup;
use crate::control_plane::appsync::shape::{self, Member, MemberType, optional, required};
use crate::emulator_options::{Acceptance, EmulatorOptions};
use crate::protocol::response::AwsError;
use crate::state::Api;

/// The only type of data source that AppSync calls without code
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

/// Parses `handlerConfigs` to what AppSync returns for them, if there are any.
pub fn parse(input: &Input<'_>) -> Result<Option<Value>, AwsError> {
    input.structure("handlerConfigs")?.map(|configs| shape::parse(&configs, SHAPE)).transpose()
}

/// Rejects handlers whose data source does not exist or has the wrong type.
pub fn check(handlers: &Value, api: &Api, options: &EmulatorOptions) -> Result<(), AwsError> {
    for (name, is_direct) in referenced_data_sources(handlers) {
        let allows_empty_name = options.empty_data_source_name == Acceptance::Accepted;
        if name.is_empty() && !is_direct && allows_empty_name {
            continue;
        }
        let data_source = lookup::data_source(api.data_sources.get(name), name)?;
        if is_direct && data_source.members["type"] != DIRECT_TYPE {
            let message =
                format!("A DIRECT handler needs a data source of type {DIRECT_TYPE}: {name}");
            return Err(AwsError::bad_request(message));
        }
    }
    Ok(())
}

/// How handlers use a data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataSourceUse {
    Unused,
    Code,
    Direct,
}

/// How the handlers of an API use its data source `name`.
pub fn data_source_use(api: &Api, name: &str) -> DataSourceUse {
    let handlers =
        api.namespaces.values().flat_map(|namespace| referenced_data_sources(&namespace.handlers));
    let mut uses =
        handlers.filter(|(data_source, _)| *data_source == name).map(|(_, is_direct)| is_direct);
    match (uses.next(), uses.any(|is_direct| is_direct)) {
        (None, _) => DataSourceUse::Unused,
        (Some(true), _) | (_, true) => DataSourceUse::Direct,
        (Some(false), false) => DataSourceUse::Code,
    }
}

/// The data source of each handler, and whether AppSync calls it without code.
fn referenced_data_sources(handlers: &Value) -> impl Iterator<Item = (&str, bool)> {
    let configs = handlers.as_object().into_iter().flat_map(Map::values);
    configs.filter_map(|config| {
        let name = config["integration"]["dataSourceName"].as_str()?;
        Some((name, config["behavior"] == "DIRECT"))
    })
}

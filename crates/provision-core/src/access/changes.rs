//! How changes affect who may connect, publish and subscribe.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::Access;
use crate::address::Address;
use crate::kinds::auth::AnyAuthMode;

/// One operation that is opened to a mode or closed to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessChange {
    /// The API, or the channel namespace.
    #[schemars(with = "String")]
    pub address: Address,
    /// The channels of the namespace. Omitted for connections to the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<String>,
    /// The operation.
    pub operation: AccessOperation,
    /// The authorization mode, under AppSync's name: `API_KEY`.
    pub mode: AnyAuthMode,
    /// Whether it is gained or lost.
    pub change: Direction,
    /// Whether the whole API or namespace is created or deleted.
    pub whole: bool,
}

/// An operation of the data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessOperation {
    /// Open a realtime connection.
    Connect,
    /// Send events.
    Publish,
    /// Receive events.
    Subscribe,
}

/// Whether it is opened or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// It was denied, and will be allowed.
    Gained,
    /// It was allowed, and will be denied.
    Lost,
}

impl AccessOperation {
    /// Returns the name of the operation in output: `connect`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }
}

/// Returns what is opened or closed between `before` and `after`, in the order of addresses.
pub fn changes(before: &Access, after: &Access) -> Vec<AccessChange> {
    let (before, after) = (accepted_modes(before), accepted_modes(after));
    let mut keys: Vec<&Key<'_>> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().flat_map(|key| changes_at(key, before.get(key), after.get(key))).collect()
}

/// Identifies an API, or a namespace by its channels: with another name it is another one.
type Key<'a> = (&'a Address, Option<&'a str>);
type Accepted<'a> = Vec<(AccessOperation, &'a [AnyAuthMode])>;

fn accepted_modes(access: &Access) -> BTreeMap<Key<'_>, Accepted<'_>> {
    let mut accepted_modes = BTreeMap::new();
    for api in &access.apis {
        accepted_modes
            .insert((&api.address, None), vec![(AccessOperation::Connect, api.connect.as_slice())]);
        for namespace in &api.namespaces {
            let publish = (AccessOperation::Publish, namespace.publish.modes.as_slice());
            let subscribe = (AccessOperation::Subscribe, namespace.subscribe.modes.as_slice());
            accepted_modes.insert(
                (&namespace.address, Some(namespace.channels.as_str())),
                vec![publish, subscribe],
            );
        }
    }
    accepted_modes
}

fn changes_at(
    key: &Key<'_>,
    before: Option<&Accepted<'_>>,
    after: Option<&Accepted<'_>>,
) -> Vec<AccessChange> {
    let whole = before.is_none() || after.is_none();
    let (address, channels) = (key.0, key.1);
    let access_change = |operation, mode: &AnyAuthMode, change| AccessChange {
        address: address.clone(),
        channels: channels.map(ToOwned::to_owned),
        operation,
        mode: mode.clone(),
        change,
        whole,
    };
    let modes = |side: Option<&Accepted<'_>>, operation: AccessOperation| -> Vec<AnyAuthMode> {
        let result = side.into_iter().flatten().find(|(value, _)| *value == operation);
        result.map(|(_, modes)| modes.to_vec()).unwrap_or_default()
    };
    let mut result = Vec::new();
    for operation in
        [AccessOperation::Connect, AccessOperation::Publish, AccessOperation::Subscribe]
    {
        let (old, new) = (modes(before, operation), modes(after, operation));
        let lost = old.iter().filter(|before| !new.contains(before));
        result.extend(lost.map(|lost| access_change(operation, lost, Direction::Lost)));
        let gained = new.iter().filter(|new| !old.contains(new));
        result.extend(gained.map(|gained| access_change(operation, gained, Direction::Gained)));
    }
    result
}

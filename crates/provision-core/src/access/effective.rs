//! Who may connect, publish and subscribe, after inheritance.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::address::Address;
use crate::kind::TypedKind;
use crate::kinds::api::{Api, EventConfig};
use crate::kinds::api_key::ApiKey;
use crate::kinds::auth::{AnyAuthMode, AuthMode, AuthModeEntry};
use crate::kinds::channel_namespace::ChannelNamespace;
use crate::kinds::provider::AuthProvider;
use crate::model::Properties;
use crate::text::Text;

/// Who may do what, for each API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Access {
    /// The APIs, in the order of addresses.
    pub apis: Vec<ApiAccess>,
}

/// Who may do what with one API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiAccess {
    /// The address in the spec.
    #[schemars(with = "String")]
    pub address: Address,
    /// Its name on AWS.
    pub name: String,
    /// The ways for clients to authenticate.
    pub providers: Vec<ProviderAccess>,
    /// Who may open a realtime connection.
    pub connect: Vec<AnyAuthMode>,
    /// Who may publish, unless a namespace overrides it.
    pub publish: Vec<AnyAuthMode>,
    /// Who may subscribe, unless a namespace overrides it.
    pub subscribe: Vec<AnyAuthMode>,
    /// Modes that are accepted but that no client can use: `API_KEY` without a key.
    pub unusable: Vec<AnyAuthMode>,
    /// The channel namespaces, in the order of addresses.
    pub namespaces: Vec<NamespaceAccess>,
}

/// One way for clients to authenticate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderAccess {
    /// AppSync's name of the mode. Lists of modes apply to all providers of a mode.
    pub mode: AnyAuthMode,
    /// The keys, the user pool, the issuer or the function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Who may do what in one channel namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceAccess {
    /// The address in the spec.
    #[schemars(with = "String")]
    pub address: Address,
    /// The channels that belong to it: `/chat/*`.
    pub channels: String,
    /// Who may publish.
    pub publish: Grant,
    /// Who may subscribe.
    pub subscribe: Grant,
}

/// Who may perform an operation, and where that is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The accepted modes.
    pub modes: Vec<AnyAuthMode>,
    /// Where the modes are set.
    pub from: GrantOrigin,
}

/// Where the modes of a namespace are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GrantOrigin {
    /// The API's default.
    Api,
    /// The namespace itself.
    Namespace,
}

impl Access {
    /// Computes access from the properties of `resources`, in the order of addresses.
    pub fn from_resources<'a>(
        resources: impl Iterator<Item = (&'a Address, &'a Properties)> + Clone,
    ) -> Self {
        let in_section = |section: &'static str| {
            resources.clone().filter(move |(address, _)| address.section() == section)
        };
        let mut apis: BTreeMap<Address, ApiAccess> = in_section(Api::FACTS.section)
            .map(|(address, properties)| (address.clone(), api(address, properties)))
            .collect();
        let mut keys: BTreeMap<Address, Vec<String>> = BTreeMap::new();
        for (address, _) in in_section(ApiKey::FACTS.section) {
            if let Some(parent) = address.parent() {
                keys.entry(parent).or_default().push(address.name().to_owned());
            }
        }
        for (address, properties) in in_section(ChannelNamespace::FACTS.section) {
            if let Some(api) = address.parent().and_then(|parent| apis.get_mut(&parent)) {
                let namespace = namespace(address, properties, api);
                api.namespaces.push(namespace);
            }
        }
        for (address, api) in &mut apis {
            api.add_keys(keys.get(address).map_or(&[], Vec::as_slice));
        }
        Self { apis: apis.into_values().collect() }
    }
}

impl ApiAccess {
    /// Returns the modes of its providers, each once.
    pub fn modes(&self) -> Vec<&AnyAuthMode> {
        let mut modes: Vec<&AnyAuthMode> = Vec::new();
        for provider in &self.providers {
            if !modes.contains(&&provider.mode) {
                modes.push(&provider.mode);
            }
        }
        modes
    }
    /// Whether any client can use `mode`.
    pub fn is_usable(&self, mode: &AnyAuthMode) -> bool {
        !self.unusable.contains(mode)
    }
    /// Records the API's keys.
    fn add_keys(&mut self, keys: &[String]) {
        let by_key = |access: &&mut ProviderAccess| access.mode == AuthMode::ApiKey;
        for provider in self.providers.iter_mut().filter(by_key) {
            match keys {
                [] => self.unusable = vec![provider.mode.clone()],
                [key] => provider.detail = Some(format!("key {key}")),
                keys => provider.detail = Some(format!("keys {}", keys.join(", "))),
            }
        }
    }
}

fn api(address: &Address, properties: &Properties) -> ApiAccess {
    let config: EventConfig = property(properties, "EventConfig").unwrap_or_default();
    let provider = |provider: &AuthProvider| ProviderAccess {
        mode: AnyAuthMode::from_name(&provider.auth_type),
        detail: provider.detail(),
    };
    ApiAccess {
        address: address.clone(),
        name: name(properties),
        providers: config.auth_providers.iter().map(provider).collect(),
        connect: modes(&config.connection_auth_modes),
        publish: modes(&config.default_publish_auth_modes),
        subscribe: modes(&config.default_subscribe_auth_modes),
        unusable: Vec::new(),
        namespaces: Vec::new(),
    }
}

fn namespace(address: &Address, properties: &Properties, api: &ApiAccess) -> NamespaceAccess {
    let grant = |name: &str, default: &[AnyAuthMode]| {
        let own: Vec<AuthModeEntry> = property(properties, name).unwrap_or_default();
        match own.as_slice() {
            [] => Grant { modes: default.to_vec(), from: GrantOrigin::Api },
            own => Grant { modes: modes(own), from: GrantOrigin::Namespace },
        }
    };
    NamespaceAccess {
        address: address.clone(),
        channels: format!("/{}/*", name(properties)),
        publish: grant("PublishAuthModes", &api.publish),
        subscribe: grant("SubscribeAuthModes", &api.subscribe),
    }
}

fn name(properties: &Properties) -> String {
    property::<Text>(properties, "Name").unwrap_or_default().to_spec_syntax()
}

fn modes(modes: &[AuthModeEntry]) -> Vec<AnyAuthMode> {
    modes.iter().map(|mode| AnyAuthMode::from_name(&mode.auth_type)).collect()
}

fn property<T: DeserializeOwned>(properties: &Properties, name: &str) -> Option<T> {
    T::deserialize(properties.get(name)?).ok()
}

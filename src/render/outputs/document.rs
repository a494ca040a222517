//! The outputs of a stack as data, and as the document of `provision outputs --format json`.
use schemars::JsonSchema;
use serde::Serialize;

use provision_core::access::{NamespaceAccess, ProviderAccess};
use provision_core::kinds::auth::AnyAuthMode;

/// The outputs of a stack, read from AWS on each use and never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    pub stack: String,
    pub account: String,
    pub region: String,
    pub apis: Vec<ApiOutputs>,
    /// Custom domains that are not associated with any of these APIs.
    pub domains: Vec<DomainOutputs>,
    pub log_roles: Vec<LogRoleOutputs>,
}

/// The outputs of one API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiOutputs {
    /// Its key in the spec.
    pub key: String,
    pub name: String,
    pub id: String,
    pub arn: String,
    pub region: String,
    pub http: EndpointOutputs,
    pub realtime: EndpointOutputs,
    pub auth_modes: AuthModes,
    pub namespaces: Vec<NamespaceOutputs>,
    /// The names of its data sources on AWS.
    pub data_sources: Vec<String>,
    /// The role that writes the API's logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_role_arn: Option<String>,
    pub custom_domains: Vec<DomainOutputs>,
    pub api_keys: Vec<KeyOutputs>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointOutputs {
    /// The host name on AWS, which clients sign.
    pub host: String,
    /// The URL of the endpoint: on AWS, or of the emulator.
    pub url: String,
}

/// The auth modes of an API, with AppSync's names. A namespace can override the modes to publish and subscribe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthModes {
    /// The auth providers.
    pub providers: Vec<ProviderAccess>,
    /// The modes that may open a realtime connection.
    pub connection: Vec<AnyAuthMode>,
    pub publish: Vec<AnyAuthMode>,
    pub subscribe: Vec<AnyAuthMode>,
}

/// One channel namespace, with its effective auth modes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceOutputs {
    /// Its key in the spec.
    pub key: String,
    /// The first segment of its channels.
    pub name: String,
    /// The channels that belong to it: `/chat/*`.
    pub channels: String,
    pub publish: Vec<AnyAuthMode>,
    pub subscribe: Vec<AnyAuthMode>,
}

/// One custom domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainOutputs {
    /// Its key in the spec.
    pub key: String,
    pub name: String,
    /// The target of the DNS record, a domain name of AppSync.
    pub appsync_domain_name: String,
    /// The hosted zone of `appsyncDomainName`, for an alias record in Route 53.
    pub hosted_zone_id: String,
    pub http: EndpointOutputs,
    pub realtime: EndpointOutputs,
    /// The DNS record to create; AWS does not create it.
    pub record: DnsRecord,
}

/// A DNS record that the user creates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsRecord {
    pub name: String,
    /// CNAME. In Route 53, an alias record to the same value also works, and is required at the apex of a zone.
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
}

/// One logging role of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRoleOutputs {
    /// Its key in the spec.
    pub key: String,
    pub arn: String,
}

/// One API key. `Debug` omits its value.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyOutputs {
    /// Its key in the spec.
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The expiry, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The value that clients send as `x-api-key`; only with `--reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Outputs {
    /// Returns the values of API keys, which are secret.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let keys = self.apis.iter().flat_map(|api_outputs| &api_outputs.api_keys);
        keys.filter_map(|key_outputs| key_outputs.value.as_deref())
    }
}

impl std::fmt::Debug for KeyOutputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyOutputs").field("key", &self.key).finish_non_exhaustive()
    }
}

impl NamespaceOutputs {
    pub fn new(access: &NamespaceAccess) -> Self {
        let name = access.channels.trim_start_matches('/').trim_end_matches("/*");
        Self {
            key: access.address.name().to_owned(),
            name: name.to_owned(),
            channels: access.channels.clone(),
            publish: access.publish.modes.clone(),
            subscribe: access.subscribe.modes.clone(),
        }
    }
}

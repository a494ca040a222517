//! A stack's outputs as data.
use schemars::JsonSchema;
use serde::Serialize;

use provision_core::access::{NamespaceAccess, ProviderAccess};

/// A stack's outputs, read from AWS and never remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    pub stack: String,
    pub account: String,
    pub region: String,
    pub apis: Vec<ApiOutputs>,
    /// Custom domains that lead to none of these APIs yet.
    pub domains: Vec<DomainOutputs>,
    pub log_roles: Vec<LogRoleOutputs>,
}

/// What to know of one API.
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
    /// The role that its logs are written as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_role_arn: Option<String>,
    pub custom_domains: Vec<DomainOutputs>,
    pub api_keys: Vec<KeyOutputs>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointOutputs {
    /// AWS's name for it, which clients sign.
    pub host: String,
    /// Where it is reached: there, or where the local AWS serves it.
    pub url: String,
}

/// Who may do what, where a namespace does not say otherwise: AppSync's names of the modes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthModes {
    /// The ways for clients to prove who they are.
    pub providers: Vec<ProviderAccess>,
    /// Who may open a realtime connection.
    pub connection: Vec<String>,
    pub publish: Vec<String>,
    pub subscribe: Vec<String>,
}

/// One channel namespace, with the modes that count there: its own, or the API's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceOutputs {
    /// Its key in the spec.
    pub key: String,
    /// The first segment of its channels.
    pub name: String,
    /// The channels that belong to it: `/chat/*`.
    pub channels: String,
    pub publish: Vec<String>,
    pub subscribe: Vec<String>,
}

/// One custom domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainOutputs {
    /// Its key in the spec.
    pub key: String,
    pub name: String,
    /// AppSync's own name for where it leads, which the DNS record has to name.
    pub appsync_domain_name: String,
    /// The hosted zone of `appsyncDomainName`, which an alias record of Route 53 has to name.
    pub hosted_zone_id: String,
    pub http: EndpointOutputs,
    pub realtime: EndpointOutputs,
    /// The DNS record to make; AWS makes none.
    pub record: DnsRecord,
}

/// A DNS record that is the user's to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsRecord {
    pub name: String,
    /// CNAME. In Route 53 an alias to the same value does as well, at the top of a zone only that does.
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
}

/// One role for logs that the stack has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRoleOutputs {
    /// Its key in the spec.
    pub key: String,
    pub arn: String,
}

/// One API key. `Debug` leaves its value out.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyOutputs {
    /// Its key in the spec.
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// What clients send as `x-api-key`; there only if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Outputs {
    /// The values of API keys in it: what must not be seen by everybody.
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
    pub fn new(it: &NamespaceAccess) -> Self {
        let name = it.channels.trim_start_matches('/').trim_end_matches("/*");
        Self {
            key: it.address.name().to_owned(),
            name: name.to_owned(),
            channels: it.channels.clone(),
            publish: it.publish.modes.clone(),
            subscribe: it.subscribe.modes.clone(),
        }
    }
}

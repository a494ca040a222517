//! `AWS::AppSync::Api`: the Event API itself.
mod effects;
mod kind;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kinds::auth::{AuthMode, AuthModeEntry, Modes};
use crate::kinds::logical_id::LogicalId;
use crate::kinds::provider::{AuthProvider, Provider};
use crate::model::Tags;
use crate::text::Text;

pub(crate) const LOG_LEVELS: &[(LogLevel, &str)] = &[
    (LogLevel::None, "NONE"),
    (LogLevel::Error, "ERROR"),
    (LogLevel::Info, "INFO"),
    (LogLevel::Debug, "DEBUG"),
    (LogLevel::All, "ALL"),
];

/// An Event API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Api {
    /// The name; AWS accepts duplicates.
    pub name: Text,
    /// A contact for the API.
    pub owner_contact: Option<Text>,
    /// The authorization and logging configuration.
    pub event_config: EventConfig,
    /// The tags, including the protection tag.
    #[serde(default)]
    pub tags: Tags,
}

/// Who may connect, publish and subscribe, and what is logged.
///
/// CloudFormation requires the lists of modes; a live API may lack one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
#[schemars(extend("required" = [
    "AuthProviders", "ConnectionAuthModes", "DefaultPublishAuthModes", "DefaultSubscribeAuthModes",
]))]
pub struct EventConfig {
    /// The ways for clients to authenticate.
    pub auth_providers: Vec<AuthProvider>,
    /// The modes that may connect.
    pub connection_auth_modes: Vec<AuthModeEntry>,
    /// The modes that may publish, unless a namespace overrides them.
    pub default_publish_auth_modes: Vec<AuthModeEntry>,
    /// The modes that may subscribe, unless a namespace overrides them.
    pub default_subscribe_auth_modes: Vec<AuthModeEntry>,
    /// The logging configuration. `None`: AppSync logs nothing.
    pub log_config: Option<LogConfig>,
}

/// What AppSync logs, and with which role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct LogConfig {
    /// One of `NONE`, `ERROR`, `INFO`, `DEBUG` and `ALL`.
    #[schemars(extend("enum" = LOG_LEVELS.iter().map(|(_, name)| *name).collect::<Vec<_>>()))]
    pub log_level: String,
    /// The ARN of the role with which AppSync writes logs.
    pub cloud_watch_logs_role_arn: Text,
}

/// An Event API: an HTTP endpoint that accepts events and a realtime endpoint that delivers them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ApiDeclaration {
    /// The API's name on AWS: 1 to 50 letters, digits, `_`, `-` and spaces. Default: `STACK-KEY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"appsync-event-api-sample")]
    pub(crate) name: Option<Text>,
    /// The contact for this API. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"realtime team")]
    pub(crate) owner_contact: Option<Text>,
    /// Who may do what.
    pub auth: Auth,
    /// What AppSync writes to CloudWatch Logs. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<Logging>,
    /// Whether the API is protected from deletion by `apply`, `destroy` and CloudFormation. Protection is the
    /// tag `provision:protect` on the API: set `false` to remove it; omitting the key changes nothing.
    /// Default: unchanged; a new API is not protected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) protect: Option<bool>,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) logical_id: Option<LogicalId>,
}

/// Who may do what.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "providers": ["API_KEY", "AWS_IAM"], "subscribe": ["API_KEY"] }))]
pub struct Auth {
    /// The ways for clients to authenticate.
    #[schemars(length(min = 1, max = 50), extend("uniqueItems" = true))]
    #[schemars(example = serde_json::json!(["API_KEY", "AWS_IAM"]))]
    pub providers: Vec<Provider>,
    /// The modes that may open a realtime connection. Default: every provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<Modes>,
    /// The modes that may publish, unless a namespace overrides them. Default: every provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    publish: Option<Modes>,
    /// The modes that may subscribe, unless a namespace overrides them. Default: every provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subscribe: Option<Modes>,
}

/// What AppSync writes to CloudWatch Logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "level": "ERROR", "role": "logs" }))]
pub struct Logging {
    /// How much is logged.
    pub(crate) level: LogLevel,
    /// The role that AppSync uses: a name under `logRoles`.
    #[schemars(example = &"logs")]
    pub role: String,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum LogLevel {
    /// Nothing.
    None,
    /// Errors.
    Error,
    /// Errors and information.
    Info,
    /// Errors, information and debugging messages.
    Debug,
    /// Everything, with the steps of every request.
    All,
}

impl Auth {
    /// Returns the modes that the providers enable, each once.
    pub fn enabled_modes(&self) -> Vec<AuthMode> {
        let mut offered: Vec<AuthMode> = Vec::new();
        for provider in &self.providers {
            if !offered.contains(&provider.auth_type()) {
                offered.push(provider.auth_type());
            }
        }
        offered
    }
    pub(crate) fn modes(&self, modes: &Option<Modes>) -> Vec<AuthMode> {
        modes.as_ref().map_or_else(|| self.enabled_modes(), |modes| modes.0.clone())
    }
}

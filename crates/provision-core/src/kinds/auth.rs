//! Authorization modes: those that an API enables, and those that an operation accepts.
use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use crate::kind::{DiagnosticSink, PathStep};

/// A way for clients to authenticate, under AppSync's name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AuthMode {
    /// An AppSync API key in the header `x-api-key`.
    #[serde(rename = "API_KEY")]
    ApiKey,
    /// An AWS signature (SigV4), authorized by IAM policies.
    #[serde(rename = "AWS_IAM")]
    AwsIam,
    /// A token of a Cognito user pool.
    #[serde(rename = "AMAZON_COGNITO_USER_POOLS")]
    Cognito,
    /// A token of an OpenID Connect issuer.
    #[serde(rename = "OPENID_CONNECT")]
    OpenIdConnect,
    /// Any token that a Lambda function accepts.
    #[serde(rename = "AWS_LAMBDA")]
    Lambda,
}

impl AuthMode {
    /// Every mode.
    pub const ALL: [Self; 5] =
        [Self::ApiKey, Self::AwsIam, Self::Cognito, Self::OpenIdConnect, Self::Lambda];

    /// Returns AppSync's name of the mode.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::AwsIam => "AWS_IAM",
            Self::Cognito => "AMAZON_COGNITO_USER_POOLS",
            Self::OpenIdConnect => "OPENID_CONNECT",
            Self::Lambda => "AWS_LAMBDA",
        }
    }
    /// Returns the mode with this AppSync name, if it is known.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|item| item.as_str() == name)
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An AppSync mode, even one that this version does not know: the live state can contain such a mode.
///
/// Serialized as AppSync's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnyAuthMode {
    /// A mode that this version knows.
    Known(AuthMode),
    /// AppSync's name of a mode that this version does not know.
    Unknown(String),
}

impl AnyAuthMode {
    /// Returns the mode with this AppSync name.
    pub fn from_name(name: &str) -> Self {
        AuthMode::from_name(name).map_or_else(|| Self::Unknown(name.to_owned()), Self::Known)
    }
    /// Returns AppSync's name of the mode.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(mode) => mode.as_str(),
            Self::Unknown(name) => name,
        }
    }
    /// Returns the mode, if this version knows it.
    pub fn known(&self) -> Option<AuthMode> {
        match self {
            Self::Known(mode) => Some(*mode),
            Self::Unknown(_) => None,
        }
    }
}

impl PartialEq<AuthMode> for AnyAuthMode {
    fn eq(&self, mode: &AuthMode) -> bool {
        self.known() == Some(*mode)
    }
}

impl fmt::Display for AnyAuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AnyAuthMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for AnyAuthMode {
    fn schema_name() -> Cow<'static, str> {
        "AnyAuthMode".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<String>()
    }
}

/// Returns AppSync's names of the modes.
pub fn mode_names<'a>(modes: impl IntoIterator<Item = &'a AnyAuthMode>) -> Vec<&'a str> {
    modes.into_iter().map(AnyAuthMode::as_str).collect()
}

/// The modes that an operation accepts, in the order of the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modes(pub Vec<AuthMode>);

impl JsonSchema for Modes {
    fn schema_name() -> Cow<'static, str> {
        "Modes".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<AuthMode>();
        json_schema!({ "type": "array", "items": item, "uniqueItems": true, "minItems": 1, "examples": [["API_KEY", "AWS_IAM"]] })
    }
}

/// Reports every mode that has no provider.
pub fn check_enabled(
    modes: Option<&Modes>,
    path: &[PathStep<'_>],
    providers: &[AuthMode],
    diagnostics: &mut DiagnosticSink,
) {
    for (n, mode) in modes.iter().flat_map(|modes| modes.0.iter().enumerate()) {
        if !providers.contains(mode) {
            let offered: Vec<&str> = providers.iter().map(|provider| provider.as_str()).collect();
            let path: Vec<PathStep<'_>> =
                path.iter().copied().chain([PathStep::Index(n)]).collect();
            diagnostics
                .error("PV201", &path, format!("{mode} is not among the API's providers"))
                .help = Some(format!(
                "add {mode} to `auth.providers`, or choose among {}",
                offered.join(", ")
            ));
        }
    }
}

/// A mode as CloudFormation and AppSync write it: `{AuthType: API_KEY}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AuthModeEntry {
    /// AppSync's name of the mode, even one that this version does not know.
    #[schemars(extend("enum" = AuthMode::ALL.map(AuthMode::as_str)))]
    pub auth_type: String,
}

/// Returns the modes as CloudFormation writes them.
pub fn to_entries(types: &[AuthMode]) -> Vec<AuthModeEntry> {
    types
        .iter()
        .map(|type_name| AuthModeEntry { auth_type: type_name.as_str().to_owned() })
        .collect()
}

/// Returns the modes as a spec writes them. Unknown modes are omitted.
pub fn from_entries(modes: &[AuthModeEntry]) -> Vec<AuthMode> {
    modes.iter().filter_map(|mode| AuthMode::from_name(&mode.auth_type)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_modes_are_serialized_by_their_names() {
        for mode in AuthMode::ALL {
            let any = AnyAuthMode::from_name(mode.as_str());
            assert_eq!(any, mode);
            assert_eq!(serde_json::to_value(&any).unwrap(), serde_json::to_value(mode).unwrap());
        }
        let unknown = AnyAuthMode::from_name("NEW_MODE");
        assert_eq!((unknown.known(), unknown.as_str()), (None, "NEW_MODE"));
        assert_eq!(serde_json::to_value(&unknown).unwrap(), "NEW_MODE");
    }
}

//! Authorization modes: what an API offers and what an operation accepts.
use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::kind::{DiagnosticSink, PathStep};

/// A way for clients to prove who they are, under AppSync's own name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AuthMode {
    /// An AppSync API key in the header `x-api-key`.
    #[serde(rename = "API_KEY")]
    ApiKey,
    /// An AWS signature (SigV4), judged by IAM policies.
    #[serde(rename = "AWS_IAM")]
    AwsIam,
    /// A token of a Cognito user pool.
    #[serde(rename = "AMAZON_COGNITO_USER_POOLS")]
    Cognito,
    /// A token of an OpenID Connect issuer.
    #[serde(rename = "OPENID_CONNECT")]
    OpenIdConnect,
    /// Whatever a Lambda function of yours accepts.
    #[serde(rename = "AWS_LAMBDA")]
    Lambda,
}

impl AuthMode {
    /// Every mode.
    pub const ALL: [Self; 5] =
        [Self::ApiKey, Self::AwsIam, Self::Cognito, Self::OpenIdConnect, Self::Lambda];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::AwsIam => "AWS_IAM",
            Self::Cognito => "AMAZON_COGNITO_USER_POOLS",
            Self::OpenIdConnect => "OPENID_CONNECT",
            Self::Lambda => "AWS_LAMBDA",
        }
    }
    /// The mode with this name of AppSync's, if we know it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The modes that an operation accepts, in the order they were written.
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

/// Reports every mode that `providers` does not offer.
pub fn check_offered(
    modes: Option<&Modes>,
    path: &[PathStep<'_>],
    providers: &[AuthMode],
    problems: &mut DiagnosticSink,
) {
    for (n, mode) in modes.iter().flat_map(|modes| modes.0.iter().enumerate()) {
        if !providers.contains(mode) {
            let offered: Vec<&str> = providers.iter().map(|it| it.as_str()).collect();
            let path: Vec<PathStep<'_>> =
                path.iter().copied().chain([PathStep::Index(n)]).collect();
            problems
                .error("PV201", &path, format!("{mode} is not among the API's providers"))
                .help = Some(format!(
                "add {mode} to `auth.providers`, or choose among {}",
                offered.join(", ")
            ));
        }
    }
}

/// CloudFormation's and AppSync's way to write one mode: `{AuthType: API_KEY}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AuthModeEntry {
    #[schemars(extend("enum" = AuthMode::ALL.map(AuthMode::as_str)))]
    pub auth_type: String,
}

pub fn to_modes(types: &[AuthMode]) -> Vec<AuthModeEntry> {
    types.iter().map(|it| AuthModeEntry { auth_type: it.as_str().to_owned() }).collect()
}

/// The modes as a spec writes them; what we don't know is left out.
pub fn to_types(modes: &[AuthModeEntry]) -> Vec<AuthMode> {
    modes.iter().filter_map(|mode| AuthMode::named(&mode.auth_type)).collect()
}

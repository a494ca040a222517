//! The auth modes of Event APIs (docs/reference/authorization.md#mode-of-a-request), for both planes. On the wire, and
//! in the stored state, they are strings: this module is the only one that knows them.
use std::fmt;

use serde_json::Value;

/// An auth mode: how a client proves its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// `API_KEY`: an API key of the API.
    ApiKey,
    /// `AWS_IAM`: a SigV4 signature.
    AwsIam,
    /// `AMAZON_COGNITO_USER_POOLS`: a token of a user pool.
    CognitoUserPools,
    /// `OPENID_CONNECT`: a token of an OpenID Connect issuer.
    OpenIdConnect,
    /// `AWS_LAMBDA`: a token that a Lambda function authorizes.
    AwsLambda,
}

impl AuthMode {
    /// The names of all modes, in AppSync's order.
    pub(crate) const NAMES: &[&str] = &[
        Self::ApiKey.name(),
        Self::AwsIam.name(),
        Self::CognitoUserPools.name(),
        Self::OpenIdConnect.name(),
        Self::AwsLambda.name(),
    ];

    /// Returns the mode's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::AwsIam => "AWS_IAM",
            Self::CognitoUserPools => "AMAZON_COGNITO_USER_POOLS",
            Self::OpenIdConnect => "OPENID_CONNECT",
            Self::AwsLambda => "AWS_LAMBDA",
        }
    }

    /// Parses a mode's name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::ApiKey, Self::AwsIam, Self::CognitoUserPools, Self::OpenIdConnect, Self::AwsLambda]
            .into_iter()
            .find(|mode| mode.name() == name)
    }

    /// Reads the `authType` of a provider, or of an entry in a list of modes.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Self::parse(value["authType"].as_str()?)
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

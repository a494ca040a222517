//! The ways for a client to prove who it is.
use std::fmt;

use serde::{Serialize, Serializer};

/// An authorization mode, as far as a client has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthMode {
    ApiKey,
    Iam,
    Cognito,
    Oidc,
    Lambda,
}

impl AuthMode {
    pub const ALL: [Self; 5] = [Self::ApiKey, Self::Iam, Self::Cognito, Self::Oidc, Self::Lambda];

    /// AppSync's own name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::Iam => "AWS_IAM",
            Self::Cognito => "AMAZON_COGNITO_USER_POOLS",
            Self::Oidc => "OPENID_CONNECT",
            Self::Lambda => "AWS_LAMBDA",
        }
    }
    /// The mode with this name of AppSync's, if we know it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
    /// The modes with these names of AppSync's.
    pub fn all_named(names: &[String]) -> Vec<Self> {
        names.iter().filter_map(|it| Self::named(it)).collect()
    }
    /// Whether the user has to bring a token for it.
    pub fn takes_token(self) -> bool {
        matches!(self, Self::Cognito | Self::Oidc | Self::Lambda)
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AuthMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

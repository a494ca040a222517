//! The auth modes of AppSync, by AppSync's names.
//!
//! Only names: what a client needs for a mode is in [`Credentials`](crate::Credentials).
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An auth mode of an Event API.
///
/// Displayed, parsed and serialized by AppSync's name, such as `API_KEY`.
///
/// ```
/// use appsync_events::AuthMode;
///
/// let mode: AuthMode = "OPENID_CONNECT".parse()?;
/// assert_eq!(mode, AuthMode::Oidc);
/// assert_eq!(AuthMode::Iam.to_string(), "AWS_IAM");
/// # Ok::<(), appsync_events::UnknownAuthMode>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum AuthMode {
    /// `API_KEY`: an API key of AppSync's.
    ApiKey,
    /// `AWS_IAM`: requests signed with AWS credentials (SigV4).
    Iam,
    /// `AMAZON_COGNITO_USER_POOLS`: a JWT of a Cognito user pool.
    Cognito,
    /// `OPENID_CONNECT`: a JWT of an OpenID Connect issuer.
    Oidc,
    /// `AWS_LAMBDA`: a token that a Lambda authorizer accepts.
    Lambda,
}

impl AuthMode {
    /// All modes, in AppSync's order.
    pub const ALL: [Self; 5] = [Self::ApiKey, Self::Iam, Self::Cognito, Self::Oidc, Self::Lambda];

    /// AppSync's name for this mode.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::Iam => "AWS_IAM",
            Self::Cognito => "AMAZON_COGNITO_USER_POOLS",
            Self::Oidc => "OPENID_CONNECT",
            Self::Lambda => "AWS_LAMBDA",
        }
    }

    /// Whether clients authenticate with a token that someone else issued.
    pub fn needs_token(self) -> bool {
        matches!(self, Self::Cognito | Self::Oidc | Self::Lambda)
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for AuthMode {
    type Err = UnknownAuthMode;

    fn from_str(name: &str) -> Result<Self, UnknownAuthMode> {
        let mode = Self::ALL.into_iter().find(|mode| mode.as_str() == name);
        mode.ok_or_else(|| UnknownAuthMode { name: name.to_owned() })
    }
}

impl TryFrom<String> for AuthMode {
    type Error = UnknownAuthMode;

    fn try_from(name: String) -> Result<Self, UnknownAuthMode> {
        name.parse()
    }
}

impl From<AuthMode> for &'static str {
    fn from(mode: AuthMode) -> Self {
        mode.as_str()
    }
}

/// A name that is not one of AppSync's auth modes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown auth mode `{name}`: expected one of {}", AuthMode::ALL.map(AuthMode::as_str).join(", "))]
pub struct UnknownAuthMode {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_parsed_and_serialized_by_its_own_name() {
        for mode in AuthMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(json, format!("\"{mode}\""));
            assert_eq!(serde_json::from_str::<AuthMode>(&json).unwrap(), mode);
        }
    }

    #[test]
    fn an_unknown_mode_is_rejected_with_the_known_names() {
        let error = "IAM".parse::<AuthMode>().unwrap_err().to_string();
        assert!(error.starts_with("unknown auth mode `IAM`: expected one of API_KEY, "));
        assert!(serde_json::from_str::<AuthMode>("\"IAM\"").is_err());
    }
}

//! The authorization providers of an API. Those whose credentials are JSON Web Tokens, user pools and OpenID
//! Connect issuers, have a type.
use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::issuer_keys::KeyDocument;
use crate::data_plane::error::DataPlaneError;
use crate::state::Api;

/// The URLs from which the keys of issuers are read, by issuer, if it is not the issuer itself.
pub type IssuerUrls = BTreeMap<String, String>;

/// Returns the authorization providers of an API.
pub fn providers(api: &Api) -> impl Iterator<Item = &Value> {
    api.event_config["authProviders"].as_array().into_iter().flatten()
}

/// Returns the first provider with an auth mode.
pub fn provider(api: &Api, mode: AuthMode) -> Option<&Value> {
    providers(api).find(|provider| AuthMode::from_json(provider) == Some(mode))
}

/// An authorization provider whose credentials are JSON Web Tokens.
#[derive(Clone, Copy)]
pub struct TokenProvider<'a> {
    /// `AMAZON_COGNITO_USER_POOLS` or `OPENID_CONNECT`.
    pub mode: AuthMode,
    pub value: &'a Value,
}

impl<'a> TokenProvider<'a> {
    /// Returns all such providers of an API.
    pub fn all(api: &'a Api) -> impl Iterator<Item = Self> {
        providers(api).filter_map(|value| match AuthMode::from_json(value)? {
            mode @ (AuthMode::CognitoUserPools | AuthMode::OpenIdConnect) => {
                Some(Self { mode, value })
            }
            AuthMode::ApiKey | AuthMode::AwsIam | AuthMode::AwsLambda => None,
        })
    }

    /// Finds the provider of a token's issuer.
    pub fn for_issuer(
        issuer: Option<&str>,
        api: &'a Api,
        issuers: &IssuerUrls,
    ) -> Result<Self, DataPlaneError> {
        let Some(issuer) = issuer else {
            return Err(DataPlaneError::unauthorized(
                "the token has no `iss`, so its issuer is unknown",
            ));
        };
        Self::all(api).find(|provider| provider.trusts(issuer, issuers)).ok_or_else(|| {
            let issuers: Vec<String> = Self::all(api).map(|provider| provider.issuer()).collect();
            let slash = issuers
                .iter()
                .any(|known| known.trim_end_matches('/') == issuer.trim_end_matches('/'));
            let hint = if slash { "; they differ in the slash at the end" } else { "" };
            let issuers = issuers.join(", ");
            DataPlaneError::unauthorized(format!(
                "the token's issuer is {issuer}, but the API trusts {issuers}{hint}"
            ))
        })
    }

    /// Whether the provider trusts an issuer. An issuer with another URL here may use that as its name.
    fn trusts(&self, issuer: &str, issuers: &IssuerUrls) -> bool {
        let own = self.issuer();
        own == issuer || issuers.get(&own).is_some_and(|url| url == issuer)
    }

    pub fn issuer(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match self.mode {
            AuthMode::CognitoUserPools => {
                let config = &self.value["cognitoConfig"];
                let (region, pool) = (text(&config["awsRegion"]), text(&config["userPoolId"]));
                let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://cognito-idp.{region}.amazonaws.com{suffix}/{pool}")
            }
            _ => text(&self.value["openIDConnectConfig"]["issuer"]),
        }
    }

    /// Returns the expression that the client id must match, if there is one.
    pub fn client_expression(&self) -> Option<&str> {
        let client = match self.mode {
            AuthMode::CognitoUserPools => &self.value["cognitoConfig"]["appIdClientRegex"],
            _ => &self.value["openIDConnectConfig"]["clientId"],
        };
        client.as_str().filter(|text| !text.is_empty())
    }

    /// Returns where the issuer publishes its keys.
    pub fn key_document(&self, issuers: &IssuerUrls) -> KeyDocument {
        let issuer = self.issuer();
        let base = issuers.get(&issuer).unwrap_or(&issuer).trim_end_matches('/');
        match self.mode {
            AuthMode::CognitoUserPools => {
                KeyDocument::Keys(format!("{base}/.well-known/jwks.json"))
            }
            _ => KeyDocument::Configuration(format!("{base}/.well-known/openid-configuration")),
        }
    }
}

/// Whether a client id matches the expression of an API.
pub fn matches_client(expression: &str, client: &str) -> Result<bool, String> {
    matches_whole(expression, client).map_err(|error| {
        format!(
            "the emulator does not support the API's expression {expression} for clients: {error}"
        )
    })
}

/// Whether an expression of an API matches a whole text.
pub fn matches_whole(expression: &str, text: &str) -> Result<bool, regex_lite::Error> {
    Regex::new(&format!("^(?:{expression})$")).map(|regex| regex.is_match(text))
}

//! The authorization providers of an API whose credentials are tokens: user pools and OpenID Connect issuers.
use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use crate::data_plane::auth::issuer_keys::KeyDocument;
use crate::data_plane::auth::mode::{COGNITO, OPENID_CONNECT, providers};
use crate::data_plane::error::DataPlaneError;
use crate::state::Api;

/// The address at which the document of each issuer is really read.
pub type IssuerUrls = BTreeMap<String, String>;

/// An authorization provider whose credentials are tokens.
#[derive(Clone, Copy)]
pub struct TokenProvider<'a> {
    pub value: &'a Value,
}

impl<'a> TokenProvider<'a> {
    /// All of an API.
    pub fn all(api: &'a Api) -> impl Iterator<Item = Self> {
        let ours = |it: &&Value| it["authType"] == COGNITO || it["authType"] == OPENID_CONNECT;
        providers(api).filter(ours).map(|value| Self { value })
    }

    /// That of the token's issuer.
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
        Self::all(api).find(|it| it.trusts(issuer, issuers)).ok_or_else(|| {
            let known: Vec<String> = Self::all(api).map(|it| it.issuer()).collect();
            let slash =
                known.iter().any(|it| it.trim_end_matches('/') == issuer.trim_end_matches('/'));
            let hint = if slash { "; they differ in the slash at the end" } else { "" };
            let known = known.join(", ");
            DataPlaneError::unauthorized(format!(
                "the token is of the issuer {issuer}, and the API trusts {known}{hint}"
            ))
        })
    }

    /// An issuer that has another address here may call itself by that.
    fn trusts(&self, issuer: &str, issuers: &IssuerUrls) -> bool {
        let ours = self.issuer();
        ours == issuer || issuers.get(&ours).is_some_and(|it| it == issuer)
    }

    pub fn mode(&self) -> &'static str {
        if self.value["authType"] == COGNITO { COGNITO } else { OPENID_CONNECT }
    }

    pub fn issuer(&self) -> String {
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        match self.mode() {
            COGNITO => {
                let config = &self.value["cognitoConfig"];
                let (region, pool) = (text(&config["awsRegion"]), text(&config["userPoolId"]));
                let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://cognito-idp.{region}.amazonaws.com{suffix}/{pool}")
            }
            _ => text(&self.value["openIDConnectConfig"]["issuer"]),
        }
    }

    /// The expression that the client must match, if there is one.
    pub fn client_expression(&self) -> Option<&str> {
        let client = match self.mode() {
            COGNITO => &self.value["cognitoConfig"]["appIdClientRegex"],
            _ => &self.value["openIDConnectConfig"]["clientId"],
        };
        client.as_str().filter(|it| !it.is_empty())
    }

    /// Where it publishes its keys.
    pub fn key_document(&self, issuers: &IssuerUrls) -> KeyDocument {
        let issuer = self.issuer();
        let base = issuers.get(&issuer).unwrap_or(&issuer).trim_end_matches('/');
        match self.mode() {
            COGNITO => KeyDocument::Keys(format!("{base}/.well-known/jwks.json")),
            _ => KeyDocument::Configuration(format!("{base}/.well-known/openid-configuration")),
        }
    }
}

/// Whether a client is one that an API takes.
pub fn matches_client(form: &str, client: &str) -> Result<bool, String> {
    matches_whole(form, client).map_err(|error| {
        format!("the API's expression {form} for clients can't be read here: {error}")
    })
}

/// Whether an expression of an API's matches all of a text.
pub fn matches_whole(form: &str, text: &str) -> Result<bool, regex_lite::Error> {
    Regex::new(&format!("^(?:{form})$")).map(|it| it.is_match(text))
}

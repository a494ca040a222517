//! AMAZON_COGNITO_USER_POOLS and OPENID_CONNECT: verifies JSON Web Tokens
//! (docs/reference/authorization.md#openid-connect, docs/reference/authorization.md#cognito).
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::verify;
use serde_json::{Map, Value, json};

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::issuer_keys::{IssuerKeys, PublicKey};
use crate::data_plane::auth::local_issuer::{KID, LocalIssuer};
use crate::data_plane::auth::provider::{IssuerUrls, TokenProvider, matches_client};
use crate::data_plane::auth::request::{AuthRequest, Identity};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::outbound::OutboundClient;

/// Verifies tokens with the keys of their issuers.
pub struct TokenVerifier {
    issuers: IssuerUrls,
    local_issuer: Arc<LocalIssuer>,
    keys: IssuerKeys,
    outbound: Arc<OutboundClient>,
}

impl TokenVerifier {
    pub fn new(
        issuers: IssuerUrls,
        local: Arc<LocalIssuer>,
        outbound: Arc<OutboundClient>,
    ) -> Self {
        Self { issuers, local_issuer: local, keys: IssuerKeys::default(), outbound }
    }

    pub fn issuers(&self) -> &IssuerUrls {
        &self.issuers
    }

    /// Authorizes a token by the provider of its issuer.
    pub async fn authorize(
        &self,
        request: &AuthRequest<'_>,
        token: &UnverifiedToken,
        provider: &TokenProvider<'_>,
        now_epoch_s: f64,
    ) -> Result<Identity, DataPlaneError> {
        let issuer = provider.issuer();
        let key =
            self.key(token, provider, now_epoch_s).await.map_err(DataPlaneError::unauthorized)?;
        let expiry = verify_token(token, &key, provider, now_epoch_s)
            .map_err(DataPlaneError::unauthorized)?;
        let claims = &token.claims;
        let context = match provider.mode {
            AuthMode::CognitoUserPools => json!({
                "sub": claims["sub"],
                "issuer": issuer,
                "username": claims.get("cognito:username").or_else(|| claims.get("username")),
                "claims": claims,
                "sourceIp": request.source_ips(),
                "defaultAuthStrategy": "ALLOW",
                "groups": claims.get("cognito:groups"),
            }),
            _ => json!({ "claims": claims, "issuer": issuer, "sub": claims["sub"] }),
        };
        Ok(Identity { mode: Some(provider.mode), context, expires_epoch_s: Some(expiry) })
    }

    /// Returns the key with the token's key id: the emulator's own, or the issuer's.
    async fn key(
        &self,
        token: &UnverifiedToken,
        provider: &TokenProvider<'_>,
        now_epoch_s: f64,
    ) -> Result<PublicKey, String> {
        let name = token.header["alg"].as_str().unwrap_or_default();
        match name {
            "HS256" | "HS384" | "HS512" => {
                return Err(format!(
                    "the token is signed with {name}, a secret that only its issuer and AWS share; the emulator cannot verify it"
                ));
            }
            "ES512" => {
                return Err(
                    "the token is signed with ES512, which the emulator cannot verify; AppSync can"
                        .to_owned(),
                );
            }
            _ => {}
        }
        if token.header.contains_key("crit") {
            return Err(
                "the token's header has crit, with extensions that AppSync does not support"
                    .to_owned(),
            );
        }
        let Some(kid) = token.header.get("kid").and_then(Value::as_str) else {
            return Err("the token's header has no kid, so its key is unknown".to_owned());
        };
        if kid == KID {
            return self.local_issuer.public_key();
        }
        let document = provider.key_document(&self.issuers);
        self.keys.find(&self.outbound, &document, kid, now_epoch_s).await
    }
}

/// A JWT that is not yet verified. No `Debug`: it is a credential.
pub struct UnverifiedToken {
    header: Map<String, Value>,
    claims: Value,
    /// The signed text, and its signature.
    message: String,
    signature: String,
}

impl UnverifiedToken {
    /// Parses a JWT, with or without the scheme `Bearer`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
            _ => text,
        };
        let (message, signature) = bare.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let object = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).or_else(|_| URL_SAFE.decode(part)).ok()?;
            serde_json::from_slice::<Map<String, Value>>(&bytes).ok()
        };
        let header = object(header).filter(|members| members.contains_key("alg"))?;
        let claims = Value::Object(object(claims)?);
        Some(Self { header, claims, message: message.to_owned(), signature: signature.to_owned() })
    }
    /// Returns the claim `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }
    fn text(&self, name: &str) -> Option<&str> {
        self.claims[name].as_str()
    }
}

/// Returns the expiry of a valid token, or why it is not valid.
fn verify_token(
    token: &UnverifiedToken,
    key: &PublicKey,
    provider: &TokenProvider<'_>,
    now_epoch_s: f64,
) -> Result<f64, String> {
    let name = token.header["alg"].as_str().unwrap_or_default();
    let algorithm =
        name.parse::<Algorithm>().ok().filter(|algorithm| key.algorithms.contains(algorithm));
    let Some(algorithm) = algorithm else {
        return Err(format!(
            "the token claims the algorithm {name:?}, which its key does not support"
        ));
    };
    let is_valid = verify(&token.signature, token.message.as_bytes(), &key.key, algorithm);
    if !is_valid.unwrap_or(false) {
        return Err("the token's signature is not that of its issuer's key".to_owned());
    }
    let Some(expires) = token.claims["exp"].as_f64() else {
        return Err("the token has no exp, so it would never expire".to_owned());
    };
    if expires <= now_epoch_s {
        return Err(format!("the token expired at {}", timestamp_text(expires)));
    }
    if let Some(not_before) = token.claims["nbf"].as_f64().filter(|time| *time > now_epoch_s) {
        return Err(format!("the token is not valid before {}", timestamp_text(not_before)));
    }
    let expiry = match provider.mode {
        AuthMode::CognitoUserPools => {
            check_user_pool_claims(token, provider)?;
            expires
        }
        _ => check_open_id_claims(token, provider, now_epoch_s)?.min(expires),
    };
    Ok(expiry)
}

/// Checks the client id, which ID tokens and access tokens have in different claims.
fn check_user_pool_claims(
    token: &UnverifiedToken,
    provider: &TokenProvider<'_>,
) -> Result<(), String> {
    let claim = match token.text("token_use") {
        Some("id") => "aud",
        Some("access") => "client_id",
        _ => return Err("the token's token_use is neither id nor access".to_owned()),
    };
    let Some(expression) = provider.client_expression() else { return Ok(()) };
    let client = token.text(claim).unwrap_or_default();
    match matches_client(expression, client)? {
        true => Ok(()),
        false => Err(format!(
            "the token's {claim} is {client:?}, which does not match the user pool's appIdClientRegex {expression}"
        )),
    }
}

/// Checks the client id and the limits since issue and since sign-in, and returns the expiry by these limits.
fn check_open_id_claims(
    token: &UnverifiedToken,
    provider: &TokenProvider<'_>,
    now_epoch_s: f64,
) -> Result<f64, String> {
    let config = &provider.value["openIDConnectConfig"];
    let Some(issued_at) = token.claims["iat"].as_f64() else {
        return Err("the token has no iat, which AppSync requires".to_owned());
    };
    let mut expiry = f64::INFINITY;
    let signed_in = token.claims["auth_time"].as_f64();
    for (start, limit, claim) in
        [(Some(issued_at), "iatTTL", "iat"), (signed_in, "authTTL", "auth_time")]
    {
        let limit_ms = config[limit].as_f64().filter(|limit| *limit > 0.0);
        if let (Some(start), Some(limit_ms)) = (start, limit_ms) {
            let end = start + limit_ms / 1_000.0;
            if end <= now_epoch_s {
                return Err(format!(
                    "the token's {claim} is {}, longer ago than the {limit_ms} ms of {limit}",
                    timestamp_text(start)
                ));
            }
            expiry = expiry.min(end);
        }
    }
    let Some(expression) = provider.client_expression() else { return Ok(expiry) };
    let mut clients: Vec<&str> = match &token.claims["aud"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    clients.extend(token.text("azp"));
    for client in &clients {
        if matches_client(expression, client)? {
            return Ok(expiry);
        }
    }
    Err(format!(
        "neither aud nor azp of the token ({}) matches the API's clientId {expression}",
        clients.join(", ")
    ))
}

fn timestamp_text(epoch_s: f64) -> String {
    Timestamp::from_second(epoch_s as i64)
        .map(|timestamp| timestamp.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;

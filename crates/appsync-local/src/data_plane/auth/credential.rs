//! Which credential a request presents, and so by which mode it is judged.
use serde_json::Value;

use crate::data_plane::auth::mode::{
    API_KEY, AWS_IAM, AWS_LAMBDA, COGNITO, OPENID_CONNECT, SIGNED, listed, provider, providers,
};
use crate::data_plane::auth::provider::{IssuerUrls, TokenProvider};
use crate::data_plane::auth::request::AuthRequest;
use crate::data_plane::auth::token::UnverifiedToken;
use crate::data_plane::error::DataPlaneError;
use crate::state::Api;

/// What is presented, with what judges it.
pub enum Credential<'a> {
    ApiKey(&'a str),
    /// An `Authorization` of SigV4's.
    Signature(&'a str),
    Token(UnverifiedToken, TokenProvider<'a>),
    /// A token for a Lambda authorizer, and its provider.
    LambdaToken(&'a str, &'a Value),
}

impl<'a> Credential<'a> {
    /// An API key goes first. A signature and a JWT are what they look like where the API knows what to do with
    /// them; where not, a function may.
    pub fn from_request(
        asked: &AuthRequest<'a>,
        issuers: &IssuerUrls,
    ) -> Result<Self, DataPlaneError> {
        let (api, fields) = (asked.api, &asked.credentials.fields);
        if let Some(key) = fields.get("x-api-key") {
            require_provider(api, API_KEY, "an API key")?;
            return Ok(Self::ApiKey(key));
        }
        let Some(text) = fields.get("authorization") else {
            let why = "there are no credentials: neither x-api-key nor Authorization is given";
            return Err(DataPlaneError::unauthorized(why));
        };
        let function = provider(api, AWS_LAMBDA);
        if text.trim_start().starts_with(SIGNED) {
            return match (provider(api, AWS_IAM), function) {
                (None, Some(function)) => Ok(Self::LambdaToken(text, function)),
                _ => require_provider(api, AWS_IAM, "a signature").map(|()| Self::Signature(text)),
            };
        }
        let of_tokens = provider(api, COGNITO).or_else(|| provider(api, OPENID_CONNECT));
        match (UnverifiedToken::parse(text), of_tokens, function) {
            (Some(token), Some(_), _) => {
                let provider = TokenProvider::for_issuer(token.issuer(), api, issuers)?;
                Ok(Self::Token(token, provider))
            }
            (_, _, Some(function)) => Ok(Self::LambdaToken(text, function)),
            (Some(_), None, None) => Err(no_provider(api, "a token of an issuer's")),
            (None, _, None) => Err(no_provider(api, "an Authorization that is not a JWT")),
        }
    }

    pub fn mode(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => API_KEY,
            Self::Signature(_) => AWS_IAM,
            Self::Token(_, provider) => provider.mode(),
            Self::LambdaToken(..) => AWS_LAMBDA,
        }
    }
}

fn require_provider(api: &Api, mode: &str, presented: &str) -> Result<(), DataPlaneError> {
    provider(api, mode).map(|_| ()).ok_or_else(|| no_provider(api, presented))
}

fn no_provider(api: &Api, presented: &str) -> DataPlaneError {
    let modes = listed(providers(api));
    let why = format!("the API has no authorization provider for {presented}; it has {modes}");
    DataPlaneError::unauthorized(why)
}

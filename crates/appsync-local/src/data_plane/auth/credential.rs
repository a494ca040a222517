//! Which credential a request presents, and so by which mode it is judged.
use serde_json::Value;

use crate::data_plane::auth::mode::{
    API_KEY, AWS_IAM, AWS_LAMBDA, COGNITO, OPENID_CONNECT, SIGNED, listed, provider, providers,
};
use crate::data_plane::auth::provider::{Issuers, Provider};
use crate::data_plane::auth::request::Asked;
use crate::data_plane::auth::token::Token;
use crate::data_plane::problem::Problem;
use crate::state::Api;

/// What is presented, with what judges it.
pub enum Credential<'a> {
    ApiKey(&'a str),
    /// An `Authorization` of SigV4's.
    Signature(&'a str),
    Token(Token, Provider<'a>),
    /// A token for a Lambda authorizer, and its provider.
    Text(&'a str, &'a Value),
}

impl<'a> Credential<'a> {
    /// An API key goes first. A signature and a JWT are what they look like where the API knows what to do with
    /// them; where not, a function may.
    pub fn of(asked: &Asked<'a>, issuers: &Issuers) -> Result<Self, Problem> {
        let (api, fields) = (asked.api, &asked.presented.fields);
        if let Some(key) = fields.get("x-api-key") {
            offered(api, API_KEY, "an API key")?;
            return Ok(Self::ApiKey(key));
        }
        let Some(text) = fields.get("authorization") else {
            let why = "there are no credentials: neither x-api-key nor Authorization is given";
            return Err(Problem::unauthorized(why));
        };
        let function = provider(api, AWS_LAMBDA);
        if text.trim_start().starts_with(SIGNED) {
            return match (provider(api, AWS_IAM), function) {
                (None, Some(function)) => Ok(Self::Text(text, function)),
                _ => offered(api, AWS_IAM, "a signature").map(|()| Self::Signature(text)),
            };
        }
        let of_tokens = provider(api, COGNITO).or_else(|| provider(api, OPENID_CONNECT));
        match (Token::read(text), of_tokens, function) {
            (Some(token), Some(_), _) => {
                let provider = Provider::of(token.issuer(), api, issuers)?;
                Ok(Self::Token(token, provider))
            }
            (_, _, Some(function)) => Ok(Self::Text(text, function)),
            (Some(_), None, None) => Err(not_offered(api, "a token of an issuer's")),
            (None, _, None) => Err(not_offered(api, "an Authorization that is not a JWT")),
        }
    }

    pub fn mode(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => API_KEY,
            Self::Signature(_) => AWS_IAM,
            Self::Token(_, provider) => provider.mode(),
            Self::Text(..) => AWS_LAMBDA,
        }
    }
}

fn offered(api: &Api, mode: &str, presented: &str) -> Result<(), Problem> {
    provider(api, mode).map(|_| ()).ok_or_else(|| not_offered(api, presented))
}

fn not_offered(api: &Api, presented: &str) -> Problem {
    let modes = listed(providers(api));
    let why = format!("the API has no authorization provider for {presented}; it has {modes}");
    Problem::unauthorized(why)
}

//! Selects the credential of a request, which determines its auth mode.
use serde_json::Value;

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::permission::list_modes;
use crate::data_plane::auth::provider::{IssuerUrls, TokenProvider, provider, providers};
use crate::data_plane::auth::request::AuthRequest;
use crate::data_plane::auth::signature::ALGORITHM;
use crate::data_plane::auth::token::UnverifiedToken;
use crate::data_plane::error::DataPlaneError;
use crate::state::Api;

/// A credential, with the provider that it is verified by.
pub enum Credential<'a> {
    ApiKey(&'a str),
    /// An `Authorization` with a SigV4 signature.
    Signature(&'a str),
    Token(UnverifiedToken, TokenProvider<'a>),
    /// A token for a Lambda authorizer, with its provider.
    LambdaToken(&'a str, &'a Value),
}

impl<'a> Credential<'a> {
    /// Selects the credential of a request. An API key takes precedence. A signature and a JWT are recognized by
    /// their form, if the API has a provider for them; otherwise they are for the Lambda authorizer, if there is one.
    pub fn from_request(
        request: &AuthRequest<'a>,
        issuers: &IssuerUrls,
    ) -> Result<Self, DataPlaneError> {
        let (api, fields) = (request.api, &request.credentials.fields);
        if let Some(key) = fields.get("x-api-key") {
            require_provider(api, AuthMode::ApiKey, "an API key")?;
            return Ok(Self::ApiKey(key));
        }
        let Some(text) = fields.get("authorization") else {
            let reason = "missing credentials: neither `x-api-key` nor `Authorization` is set";
            return Err(DataPlaneError::unauthorized(reason));
        };
        let function = provider(api, AuthMode::AwsLambda);
        if text.trim_start().starts_with(ALGORITHM) {
            return match (provider(api, AuthMode::AwsIam), function) {
                (None, Some(function)) => Ok(Self::LambdaToken(text, function)),
                _ => require_provider(api, AuthMode::AwsIam, "a signature")
                    .map(|()| Self::Signature(text)),
            };
        }
        let token_provider = provider(api, AuthMode::CognitoUserPools)
            .or_else(|| provider(api, AuthMode::OpenIdConnect));
        match (UnverifiedToken::parse(text), token_provider, function) {
            (Some(token), Some(_), _) => {
                let provider = TokenProvider::for_issuer(token.issuer(), api, issuers)?;
                Ok(Self::Token(token, provider))
            }
            (_, _, Some(function)) => Ok(Self::LambdaToken(text, function)),
            (Some(_), None, None) => Err(no_provider(api, "an issuer's token")),
            (None, _, None) => Err(no_provider(api, "an Authorization that is not a JWT")),
        }
    }

    pub fn mode(&self) -> AuthMode {
        match self {
            Self::ApiKey(_) => AuthMode::ApiKey,
            Self::Signature(_) => AuthMode::AwsIam,
            Self::Token(_, provider) => provider.mode,
            Self::LambdaToken(..) => AuthMode::AwsLambda,
        }
    }
}

fn require_provider(api: &Api, mode: AuthMode, credential: &str) -> Result<(), DataPlaneError> {
    provider(api, mode).map(|_| ()).ok_or_else(|| no_provider(api, credential))
}

fn no_provider(api: &Api, credential: &str) -> DataPlaneError {
    let modes = list_modes(providers(api));
    let reason = format!("the API has no authorization provider for {credential}; it has {modes}");
    DataPlaneError::unauthorized(reason)
}

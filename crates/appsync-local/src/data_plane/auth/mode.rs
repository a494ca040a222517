//! Which mode a request is judged by, and whether that mode may do what is asked
//! (docs/reference/authorization.md#mode-of-a-request).
use serde_json::Value;

use crate::data_plane::auth::token::{Provider, Token};
use crate::data_plane::auth::{Asked, Operation};
use crate::data_plane::plane::Settings;
use crate::data_plane::problem::Problem;
use crate::state::Api;

pub const API_KEY: &str = "API_KEY";
pub const AWS_IAM: &str = "AWS_IAM";
pub const COGNITO: &str = "AMAZON_COGNITO_USER_POOLS";
pub const OPENID_CONNECT: &str = "OPENID_CONNECT";
pub const AWS_LAMBDA: &str = "AWS_LAMBDA";

/// What SigV4's `Authorization` begins with.
pub const SIGNED: &str = "AWS4-HMAC-SHA256";

/// What is presented, with what judges it.
pub enum Credential<'a> {
    ApiKey(&'a str),
    /// An `Authorization` of SigV4's.
    Signature(&'a str),
    Token(Token, Provider<'a>),
    /// Whatever a function makes of it, and its provider.
    Text(&'a str, &'a Value),
}

impl<'a> Credential<'a> {
    /// An API key goes first. A signature and a JWT are what they look like where the API knows what to do with
    /// them; where not, a function may.
    pub fn of(asked: &Asked<'a>, settings: &Settings) -> Result<Self, Problem> {
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
                let provider = Provider::of(&token, api, settings)?;
                Ok(Self::Token(token, provider))
            }
            (_, _, Some(function)) => Ok(Self::Text(text, function)),
            (Some(_), None, None) => Err(not_offered(api, "a token of an issuer's")),
            (None, _, None) => Err(not_offered(api, "an Authorization that is no JWT")),
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

/// The authorization providers of an API.
pub fn providers(api: &Api) -> impl Iterator<Item = &Value> {
    api.event_config["authProviders"].as_array().into_iter().flatten()
}

fn provider<'a>(api: &'a Api, mode: &str) -> Option<&'a Value> {
    providers(api).find(|it| it["authType"] == mode)
}

fn offered(api: &Api, mode: &str, presented: &str) -> Result<(), Problem> {
    provider(api, mode).map(|_| ()).ok_or_else(|| not_offered(api, presented))
}

fn not_offered(api: &Api, presented: &str) -> Problem {
    let modes = listed(providers(api));
    let why = format!("the API has no authorization provider for {presented}; it has {modes}");
    Problem::unauthorized(why)
}

/// Whether `mode` may do what is asked. What is unknown of a namespace is told later.
pub fn check_allowed(mode: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    let (api, config) = (asked.api, &asked.api.event_config);
    let namespace = asked.channel.map(|it| api.namespaces.get(it.namespace()));
    let (own, default, what) = match (asked.operation, namespace) {
        (Operation::Connect, _) => (None, "connectionAuthModes", "connect"),
        (_, None | Some(None)) => return Ok(()),
        (Operation::Publish, Some(Some(it))) => {
            (Some((&it.publish, &it.name)), "defaultPublishAuthModes", "publish")
        }
        (Operation::Subscribe, Some(Some(it))) => {
            (Some((&it.subscribe, &it.name)), "defaultSubscribeAuthModes", "subscribe")
        }
    };
    let own_modes = own.and_then(|(modes, _)| modes.as_array()).filter(|it| !it.is_empty());
    let modes = own_modes.or_else(|| config[default].as_array()).map_or(&[][..], Vec::as_slice);
    if modes.iter().any(|it| it["authType"] == mode) {
        return Ok(());
    }
    let to = own.map(|(_, name)| format!(" to the channel namespace {name}")).unwrap_or_default();
    let allowed = listed(modes.iter());
    Err(Problem::unauthorized(format!("{mode} may not {what}{to}; allowed: {allowed}")))
}

fn listed<'a>(modes: impl Iterator<Item = &'a Value>) -> String {
    let mut modes: Vec<&str> = modes.filter_map(|it| it["authType"].as_str()).collect();
    modes.dedup();
    match modes.is_empty() {
        true => "none".to_owned(),
        false => modes.join(", "),
    }
}

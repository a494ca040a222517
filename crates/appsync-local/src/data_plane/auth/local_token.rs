//! A token of the local issuer's, as a user pool or an OpenID Connect issuer would write it.
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::data_plane::auth::mode::COGNITO;
use crate::data_plane::auth::token::{Provider, is_client};
use crate::data_plane::plane::Plane;
use crate::ids;
use crate::state::Api;
use crate::store::Store;

/// An hour, like a user pool's.
const LASTS_S: f64 = 3_600.0;
/// The user, and the client where an API takes any.
const LOCAL: &str = "local";

/// What a token is to say. What is left out is chosen so that the API takes the token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TokenAsked {
    /// An id or a name; may be left out while one API takes tokens.
    pub api: Option<String>,
    /// `AMAZON_COGNITO_USER_POOLS` or `OPENID_CONNECT`; may be left out while one provider is of it.
    pub mode: Option<String>,
    pub issuer: Option<String>,
    pub username: Option<String>,
    pub groups: Vec<String>,
    pub client_id: Option<String>,
    pub expires_in_s: Option<f64>,
    /// Added to the rest, and in its place.
    pub claims: Map<String, Value>,
}

impl Plane {
    /// A token that an API here takes.
    pub fn token(&self, asked: &TokenAsked) -> Result<String, String> {
        let apis = taking_tokens(&self.store, asked.api.as_deref());
        let fits = |it: &Provider<'_>| {
            asked.mode.as_ref().is_none_or(|mode| mode == it.mode())
                && asked.issuer.as_ref().is_none_or(|issuer| *issuer == it.issuer())
        };
        let mut found: Vec<(&Api, Provider<'_>)> = Vec::new();
        for api in &apis {
            found.extend(Provider::all(api).filter(fits).map(|it| (&**api, it)));
        }
        // Providers that ask for the same make the same token.
        let mut kinds = Vec::new();
        found.retain(|(_, it)| {
            let kind = (it.issuer(), it.client().map(str::to_owned));
            let new = !kinds.contains(&kind);
            kinds.push(kind);
            new
        });
        match found.as_slice() {
            [(_, provider)] => {
                let now = self.store.now_epoch_s().floor();
                self.issuer.sign(&claims(asked, provider, now)?)
            }
            [] => Err(none(asked, &apis)),
            several => {
                let one = |(api, it): &(&Api, Provider<'_>)| {
                    format!("\n  the API {} ({}), {} {}", api.name, api.id, it.mode(), it.issuer())
                };
                let lines: String = several.iter().map(one).collect();
                Err(format!(
                    "several issuers could be meant; say which by --api or --issuer:{lines}"
                ))
            }
        }
    }
}

/// The APIs of a store that some token is good for, of that id or name.
fn taking_tokens(store: &Store, named: Option<&str>) -> Vec<Arc<Api>> {
    store.look(|state| {
        let regions = state.accounts.values().flat_map(|it| it.regions.values());
        let apis = regions.flat_map(|it| it.apis.values());
        let apis = apis.filter(|it| named.is_none_or(|name| it.id == name || it.name == name));
        let apis = apis.filter(|it| Provider::all(it).next().is_some());
        apis.cloned().map(Arc::new).collect()
    })
}

fn none(asked: &TokenAsked, apis: &[Arc<Api>]) -> String {
    let issuers = apis.iter().flat_map(|api| Provider::all(api).map(|it| it.issuer()));
    let issuers: Vec<String> = issuers.collect();
    match (&asked.api, issuers.is_empty()) {
        (Some(name), true) => format!(
            "there is no API {name} here that trusts an issuer of tokens: it needs an authorization provider AMAZON_COGNITO_USER_POOLS or OPENID_CONNECT"
        ),
        (None, true) => "no API here trusts an issuer of tokens: it needs an authorization provider AMAZON_COGNITO_USER_POOLS or OPENID_CONNECT".to_owned(),
        (_, false) => format!("no such issuer; there are {}", issuers.join(", ")),
    }
}

fn claims(asked: &TokenAsked, provider: &Provider<'_>, now: f64) -> Result<Value, String> {
    let client = client(asked, provider)?;
    let expires = now + asked.expires_in_s.unwrap_or(LASTS_S);
    let user = asked.username.as_deref().unwrap_or(LOCAL);
    // Whole seconds, as issuers write them.
    let second = |it: f64| json!(it.floor() as i64);
    let mut claims = json!({
        "iss": provider.issuer(),
        "iat": second(now),
        "auth_time": second(now),
        "exp": second(expires),
        "jti": ids::request(),
    });
    if provider.mode() == COGNITO {
        let said = asked.claims.get("token_use").and_then(Value::as_str);
        let id = said == Some("id");
        claims["token_use"] = json!(if id { "id" } else { "access" });
        claims["sub"] = json!(ids::request());
        claims[if id { "cognito:username" } else { "username" }] = json!(user);
        claims[if id { "aud" } else { "client_id" }] = json!(client);
        if !asked.groups.is_empty() {
            claims["cognito:groups"] = json!(asked.groups);
        }
    } else {
        claims["sub"] = json!(user);
        claims["aud"] = json!(client);
        if !asked.groups.is_empty() {
            claims["groups"] = json!(asked.groups);
        }
    }
    for (name, value) in &asked.claims {
        claims[name] = value.clone();
    }
    Ok(claims)
}

/// The client that is asked for; else one that the API takes, where its expression is a plain name.
fn client(asked: &TokenAsked, provider: &Provider<'_>) -> Result<String, String> {
    let Some(form) = provider.client() else {
        return Ok(asked.client_id.clone().unwrap_or_else(|| LOCAL.to_owned()));
    };
    // A client that does not match is a token to be refused: somebody may want to see that.
    if let Some(client) = &asked.client_id {
        return Ok(client.clone());
    }
    let mut plain = form.split('|').map(|it| it.trim_start_matches('^').trim_end_matches('$'));
    match plain.find(|it| !it.is_empty() && is_client(form, it).unwrap_or(false)) {
        Some(client) => Ok(client.to_owned()),
        None => {
            Err(format!("the API takes only clients that match {form}; name one with --client-id"))
        }
    }
}

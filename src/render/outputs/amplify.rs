//! Formats the outputs of an API as the argument of `Amplify.configure` of aws-amplify 6.
use serde_json::{Value, json};

use crate::render::outputs::document::{ApiOutputs, KeyOutputs};
use provision_core::kinds::auth::{AnyAuthMode, AuthMode};

/// A configuration, and notes on it for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Amplify {
    pub configuration: Value,
    pub notes: Vec<String>,
}

/// Returns the configuration of a client of `api`. Its mode is the first of the API's connection modes that is usable.
pub fn amplify(api: &ApiOutputs) -> Amplify {
    let usable = |mode: &&AnyAuthMode| **mode != AuthMode::ApiKey || !api.api_keys.is_empty();
    let modes = &api.auth_modes.connection;
    let mode = modes.iter().find(usable).or(modes.first());
    let mut notes = Vec::new();
    let endpoint = secure(&api.http.url);
    if endpoint != api.http.url {
        notes.push("Amplify requires TLS; `provision local trust` explains how to trust the emulator's certificate".to_owned());
    }
    let mut events = json!({ "endpoint": endpoint, "region": api.region });
    if let Some(mode) = mode.and_then(AnyAuthMode::known).map(amplify_mode) {
        events["defaultAuthMode"] = json!(mode);
    }
    let by_key = api.auth_modes.providers.iter().any(|provider| provider.mode == AuthMode::ApiKey);
    if let Some(key) = longest_lived(&api.api_keys).filter(|_| by_key) {
        match &key.value {
            Some(value) => events["apiKey"] = json!(value),
            None => {
                notes.push("`apiKey` is omitted; add it with `--reveal`".to_owned());
            }
        }
        if api.api_keys.len() > 1 {
            notes.push(format!(
                "of {} API keys, the one that expires last is used: {}",
                api.api_keys.len(),
                key.key
            ));
        }
    }
    Amplify { configuration: json!({ "API": { "Events": events } }), notes }
}

/// Returns the HTTPS URL of an endpoint. The emulator serves TLS on the same port, as `localhost`.
pub fn secure(http: &str) -> String {
    match http.strip_prefix("http://127.0.0.1") {
        Some(rest) => format!("https://localhost{rest}"),
        None => http.to_owned(),
    }
}

/// Returns the key that expires last.
pub fn longest_lived(keys: &[KeyOutputs]) -> Option<&KeyOutputs> {
    keys.iter().max_by(|one, two| one.expires.cmp(&two.expires).then(two.key.cmp(&one.key)))
}

/// Returns Amplify's name of an auth mode.
pub fn amplify_mode(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::ApiKey => "apiKey",
        AuthMode::AwsIam => "iam",
        AuthMode::Cognito => "userPool",
        AuthMode::OpenIdConnect => "oidc",
        AuthMode::Lambda => "lambda",
    }
}

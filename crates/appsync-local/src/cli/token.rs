//! The command `token`: a token that an Event API of the emulator accepts. AWS never accepts it.
use std::path::{Path, PathBuf};

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value};

use crate::cli::environment::{CommandError, DATA_DIR, Environment, StoreAccess, access_store};
use crate::data_plane::{DataPlane, Settings, TokenRequest};

/// Create a token that an Event API of the emulator accepts
///
/// It replaces a user pool or an OpenID Connect issuer: the emulator signs the token, with the claims that
/// such an issuer would set. Only the emulator accepts it.
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    /// The name or id of the API; required if several accept tokens
    #[arg(long, value_name = "NAME|ID")]
    api: Option<String>,
    /// The issuer of the token; required if the API trusts several
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The user, which is the `sub` of an OpenID Connect token [default: local]
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// A group that the user is in
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The app that the token is issued to [default: one that the API accepts]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// How long the token is valid: 90s, 5m, 1h, 7d
    #[arg(long = "expires-in", value_name = "DURATION", default_value = "1h", value_parser = parse_duration_s)]
    expires_in_s: f64,
    /// A claim whose value is text
    #[arg(long = "claim", value_name = "NAME=TEXT", value_parser = parse_text_claim)]
    claims: Vec<(String, Value)>,
    /// A claim whose value is JSON: admin=true
    #[arg(long = "claim-json", value_name = "NAME=JSON", value_parser = parse_json_claim)]
    json_claims: Vec<(String, Value)>,
    /// The folder of the emulator's state
    #[arg(long, value_name = "DIR", default_value = DATA_DIR)]
    data_dir: PathBuf,
}

impl TokenArgs {
    /// Creates the token, in the emulator that serves the folder if one does. Calls `before_waiting` before it waits
    /// for another command that uses the folder.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be opened, or if no API in it accepts such a token.
    pub async fn create_token(
        &self,
        environment: &Environment,
        before_waiting: impl FnOnce(&Path),
    ) -> Result<String, CommandError> {
        let folder = environment.path(&self.data_dir);
        match access_store(&folder, &environment.clock, before_waiting).await? {
            StoreAccess::Served(url) => request_token(&url, &self.request()).await,
            StoreAccess::Exclusive(store) => {
                let data_plane = DataPlane::new(store, Settings::default());
                data_plane.create_token(&self.request()).map_err(|reason| token_error(&reason))
            }
        }
    }

    fn request(&self) -> TokenRequest {
        let claims = self.claims.iter().chain(&self.json_claims).cloned();
        TokenRequest {
            api: self.api.clone(),
            mode: None,
            issuer: self.issuer.clone(),
            username: self.username.clone(),
            groups: self.groups.clone(),
            client_id: self.client_id.clone(),
            expires_in_s: Some(self.expires_in_s),
            claims: claims.collect::<Map<_, _>>(),
        }
    }
}

/// Requests a token from the emulator at `url`.
///
/// # Errors
///
/// Fails if the emulator does not respond, or if none of its APIs accepts such a token.
pub async fn request_token(url: &str, request: &TokenRequest) -> Result<String, CommandError> {
    let unreachable = |error: &dyn std::fmt::Display| {
        CommandError::new(format!("the emulator at {url} does not respond: {error}"))
    };
    let body = serde_json::to_vec(request).map_err(|error| unreachable(&error))?;
    let request = Request::post(format!("{}/_provision/token", url.trim_end_matches('/')))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| unreachable(&error))?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| unreachable(&error))?;
    let body = response.into_body().collect().await.map_err(|error| unreachable(&error))?;
    let response: Value =
        serde_json::from_slice(&body.to_bytes()).map_err(|error| unreachable(&error))?;
    match (response["token"].as_str(), response["message"].as_str()) {
        (Some(token), _) => Ok(token.to_owned()),
        (None, Some(message)) => Err(token_error(message)),
        (None, None) => Err(unreachable(&"it does not create tokens; it may have another version")),
    }
}

/// The error for the emulator's message, which has the available values after a semicolon.
fn token_error(message: &str) -> CommandError {
    match message.split_once("; ") {
        Some((reason, help)) if !help.contains('\n') => CommandError::new(reason).with_help(help),
        _ => CommandError::new(message),
    }
}

fn parse_text_claim(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), Value::from(value))),
        _ => Err("expected NAME=TEXT".to_owned()),
    }
}

fn parse_json_claim(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            let value = serde_json::from_str(value);
            let value = value.map_err(|error| format!("the value is not valid JSON: {error}"))?;
            Ok((name.to_owned(), value))
        }
        _ => Err("expected NAME=JSON".to_owned()),
    }
}

fn parse_duration_s(text: &str) -> Result<f64, String> {
    const UNITS: [(&str, f64); 4] = [("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];
    let parse_unit = |(unit, unit_s): &(&str, f64)| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(f64::from(count) * unit_s)
    };
    UNITS
        .iter()
        .find_map(parse_unit)
        .ok_or_else(|| "expected a duration such as 90s, 5m, 1h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_text_or_json_as_their_option_specifies() {
        assert_eq!(parse_text_claim("a=b=c"), Ok(("a".into(), json!("b=c"))));
        assert_eq!(parse_text_claim("admin=true"), Ok(("admin".into(), json!("true"))));
        assert_eq!(parse_json_claim("admin=true"), Ok(("admin".into(), json!(true))));
        assert!(parse_json_claim("admin=yes").is_err() && parse_text_claim("=x").is_err());
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration_s("90s"), Ok(90.0));
        assert_eq!(parse_duration_s("1h"), Ok(3_600.0));
        assert!(
            parse_duration_s("5").is_err()
                && parse_duration_s("-1h").is_err()
                && parse_duration_s("h").is_err()
        );
    }
}

//! `token`: a token that an Event API of the emulator takes.
use std::path::{Path, PathBuf};

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value};

use crate::cli::emulator::DATA_DIR;
use crate::cli::environment::{CommandError, Environment, StoreAccess, access_store};
use crate::data_plane::{DataPlane, Settings, TokenRequest};

/// Create a token that an Event API of the emulator accepts
///
/// It replaces a user pool or an OpenID Connect issuer: the emulator signs the token, with the claims that
/// such an issuer would set. Only the emulator accepts it.
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    /// The API's name or id; may be left out while one API takes tokens
    #[arg(long, value_name = "NAME|ID")]
    api: Option<String>,
    /// The issuer that it is to come from; may be left out while the API trusts one
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The user, which is the `sub` of an OpenID Connect token [default: local]
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// A group that the user is in
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The app that it was issued to [default: one that the API takes]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// How long it is valid: 90s, 5m, 1h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration_s)]
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
    /// Makes the token; `waiting` is called before it waits for another command that uses the folder.
    ///
    /// # Errors
    ///
    /// Fails when the store can't be opened, or when no API in it takes such a token.
    pub async fn create_token(
        &self,
        environment: &Environment,
        waiting: impl FnOnce(&Path),
    ) -> Result<String, CommandError> {
        let folder = environment.path(&self.data_dir);
        match access_store(&folder, &environment.clock, waiting).await? {
            StoreAccess::Served(url) => request_token(&url, &self.request()).await,
            StoreAccess::Exclusive(store) => {
                let plane = DataPlane::new(store, Settings::default());
                plane.create_token(&self.request()).map_err(|it| token_error(&it))
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

/// Has the emulator that is served at `url` make the token.
///
/// # Errors
///
/// Fails when it can't be reached, or when no API there takes such a token.
pub async fn request_token(url: &str, asked: &TokenRequest) -> Result<String, CommandError> {
    let lost = |error: &dyn std::fmt::Display| {
        CommandError::new(format!("the emulator at {url} does not answer: {error}"))
    };
    let body = serde_json::to_vec(asked).map_err(|error| lost(&error))?;
    let request = Request::post(format!("{}/_provision/token", url.trim_end_matches('/')))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| lost(&error))?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.map_err(|error| lost(&error))?;
    let body = answer.into_body().collect().await.map_err(|error| lost(&error))?;
    let answer: Value = serde_json::from_slice(&body.to_bytes()).map_err(|error| lost(&error))?;
    match (answer["token"].as_str(), answer["message"].as_str()) {
        (Some(token), _) => Ok(token.to_owned()),
        (None, Some(message)) => Err(token_error(message)),
        (None, None) => Err(lost(&"it knows of no tokens; is it of another version?")),
    }
}

/// The emulator's answer: the reason, and after a semicolon the available values.
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
    let read = |(unit, unit_s): &(&str, f64)| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(f64::from(count) * unit_s)
    };
    UNITS
        .iter()
        .find_map(read)
        .ok_or_else(|| "expected a time such as 90s, 5m, 1h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_text_unless_they_are_marked_as_json() {
        assert_eq!(parse_text_claim("a=b=c"), Ok(("a".into(), json!("b=c"))));
        assert_eq!(parse_text_claim("admin=true"), Ok(("admin".into(), json!("true"))));
        assert_eq!(parse_json_claim("admin=true"), Ok(("admin".into(), json!(true))));
        assert!(parse_json_claim("admin=yes").is_err() && parse_text_claim("=x").is_err());
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(parse_duration_s("90s"), Ok(90.0));
        assert_eq!(parse_duration_s("1h"), Ok(3_600.0));
        assert!(
            parse_duration_s("5").is_err()
                && parse_duration_s("-1h").is_err()
                && parse_duration_s("h").is_err()
        );
    }
}

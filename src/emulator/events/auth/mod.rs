//! Who may do what: the one place where credentials are judged (reference §6.3, §6.4, §8).
mod api_key;
mod function;
mod keys_of_issuer;
mod local_issuer;
mod local_token;
mod mode;
mod signature;
mod token;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use crate::emulator::events::auth::mode::Credential;
use crate::emulator::events::channel::Channel;
use crate::emulator::events::place::Place;
use crate::emulator::events::plane::Plane;
use crate::emulator::events::problem::Problem;
use crate::emulator::state::Api;

pub use function::Remembered;
pub use keys_of_issuer::KeysOfIssuers;
pub use local_issuer::LocalIssuer;
pub use local_token::TokenAsked;

/// What a client may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Connect,
    Subscribe,
    Publish,
}

/// What a client presents: the headers of an HTTP request, the `header-…` subprotocol of an upgrade, or the
/// `authorization` of a message. Names in lower case. No `Debug`: it holds credentials.
#[derive(Clone, Default)]
pub struct Presented {
    pub fields: BTreeMap<String, String>,
}

/// One operation, as far as it is judged.
pub struct Asked<'a> {
    pub place: &'a Place,
    pub api: &'a Api,
    pub operation: Operation,
    /// None to connect.
    pub channel: Option<&'a Channel>,
    pub presented: &'a Presented,
    /// The headers of the HTTP request, or of the upgrade that the message's WebSocket began with, by lower-case name.
    pub headers: &'a BTreeMap<String, Vec<String>>,
    /// The path that was asked for, which some clients sign in place of `/event`.
    pub path: &'a str,
    /// The text whose hash is signed.
    pub signed: &'a [u8],
    pub peer: Option<IpAddr>,
}

/// Who was let in.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `API_KEY`, `AWS_IAM`, …
    pub mode: &'static str,
    /// What handlers see as `ctx.identity` (reference §7.2).
    pub context: Value,
    /// When the credentials end, if they do.
    pub until_epoch_s: Option<f64>,
}

/// Lets a client in, or says why not. Asked again for every message.
///
/// Bad credentials are told before an unknown channel namespace is, of which AppSync tells nothing.
pub async fn authorize(plane: &Plane, asked: &Asked<'_>) -> Result<Identity, Problem> {
    let judged = judge(plane, asked).await;
    judged.map_err(|problem| match asked.operation {
        // A connection is refused without a word (reference §6.5), but for what is wrong with a signature.
        Operation::Connect if problem.error_type == "UnauthorizedException" => {
            Problem { message: None, ..problem }
        }
        _ => problem,
    })
}

async fn judge(plane: &Plane, asked: &Asked<'_>) -> Result<Identity, Problem> {
    let credential = Credential::of(asked, &plane.settings)?;
    let mode = credential.mode();
    mode::check_allowed(mode, asked)?;
    let identity = match credential {
        Credential::ApiKey(key) => api_key::authorize(plane, asked, key),
        Credential::Signature(text) => signature::authorize(plane, asked, text),
        Credential::Token(token, provider) => {
            token::authorize(plane, asked, &token, &provider).await
        }
        Credential::Text(text, provider) => function::authorize(plane, asked, text, provider).await,
    }?;
    match asked.channel {
        Some(channel) if !asked.api.namespaces.contains_key(channel.namespace()) => {
            let why = format!("the API has no channel namespace {}", channel.namespace());
            Err(Problem::new(401, "UnauthorizedException").because(why))
        }
        _ => Ok(identity),
    }
}

/// `sourceIp`: who is said to be behind a proxy, then whoever it is that connected.
fn source_ip(asked: &Asked<'_>) -> Vec<String> {
    let forwarded = asked.headers.get("x-forwarded-for").into_iter().flatten();
    let forwarded = forwarded.flat_map(|it| it.split(',')).map(|it| it.trim().to_owned());
    forwarded.filter(|it| !it.is_empty()).chain(asked.peer.map(|it| it.to_string())).collect()
}

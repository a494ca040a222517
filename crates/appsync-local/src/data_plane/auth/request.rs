//! The input and the result of authorization: an operation with its credentials, and an identity.
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::auth_mode::AuthMode;
use crate::data_plane::apis::TargetApi;
use crate::data_plane::channel::Channel;
use crate::state::Api;

/// What watchers see instead of the auth mode of an admin publish.
const ADMIN: &str = "OWNER";

/// An operation that clients are authorized for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientOperation {
    Connect,
    Subscribe,
    Publish,
}

/// The credentials of a client: the headers of an HTTP request, the `header-…` subprotocol of an upgrade, or the
/// `authorization` of a message. Names are in lower case. No `Debug`: they are secret.
#[derive(Clone, Default)]
pub struct CredentialFields {
    pub fields: BTreeMap<String, String>,
}

/// A request for the authorization of an operation.
pub struct AuthRequest<'a> {
    pub target: &'a TargetApi,
    pub api: &'a Api,
    pub operation: ClientOperation,
    /// `None` to connect.
    pub channel: Option<&'a Channel>,
    pub credentials: &'a CredentialFields,
    /// The headers of the HTTP request, or of the upgrade of the message's WebSocket, by lower-case name.
    pub headers: &'a BTreeMap<String, Vec<String>>,
    /// The path of the request, which some clients sign instead of `/event`.
    pub path: &'a str,
    /// The text whose hash is signed.
    pub signed_text: &'a [u8],
    pub peer: Option<IpAddr>,
}

/// The identity of an authorized client.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The auth mode; `None` for an admin publish, which requires no credentials.
    pub mode: Option<AuthMode>,
    /// The `ctx.identity` of handlers (docs/reference/handlers.md#identity).
    pub context: Value,
    /// The expiry of the credentials, if they expire.
    pub expires_epoch_s: Option<f64>,
}

impl Identity {
    /// Returns the name of the auth mode, for people who watch.
    pub fn mode_name(&self) -> &'static str {
        self.mode.map_or(ADMIN, AuthMode::name)
    }
}

impl AuthRequest<'_> {
    /// Returns `sourceIp`: the addresses reported by proxies, then the address that connected.
    pub fn source_ips(&self) -> Vec<String> {
        let forwarded = self.headers.get("x-forwarded-for").into_iter().flatten();
        let forwarded =
            forwarded.flat_map(|text| text.split(',')).map(|text| text.trim().to_owned());
        forwarded
            .filter(|text| !text.is_empty())
            .chain(self.peer.map(|address| address.to_string()))
            .collect()
    }
}

/// Returns the `ctx.identity` of a client with signatures (docs/reference/handlers.md#identity), without Cognito.
pub fn iam_identity_context(account: &str, user: &str, arn: &str, source_ip: &[String]) -> Value {
    json!({
        "accountId": account,
        "cognitoIdentityPoolId": null,
        "cognitoIdentityId": null,
        "sourceIp": source_ip,
        "username": user,
        "userArn": arn,
        "cognitoIdentityAuthType": null,
        "cognitoIdentityAuthProvider": null,
    })
}

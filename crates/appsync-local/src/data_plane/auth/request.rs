//! One operation of a client for authorization, and the identity of an authorized client.
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::data_plane::apis::TargetApi;
use crate::data_plane::channel::Channel;
use crate::state::Api;

/// What a client may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientOperation {
    Connect,
    Subscribe,
    Publish,
}

/// What a client presents: the headers of an HTTP request, the `header-…` subprotocol of an upgrade, or the
/// `authorization` of a message. Names in lower case. No `Debug`: it holds credentials.
#[derive(Clone, Default)]
pub struct CredentialFields {
    pub fields: BTreeMap<String, String>,
}

/// One operation, as far as it is judged.
pub struct AuthRequest<'a> {
    pub target: &'a TargetApi,
    pub api: &'a Api,
    pub operation: ClientOperation,
    /// None to connect.
    pub channel: Option<&'a Channel>,
    pub credentials: &'a CredentialFields,
    /// The headers of the HTTP request, or of the upgrade that the message's WebSocket began with, by lower-case name.
    pub headers: &'a BTreeMap<String, Vec<String>>,
    /// The path that was asked for, which some clients sign in place of `/event`.
    pub path: &'a str,
    /// The text whose hash is signed.
    pub signed_text: &'a [u8],
    pub peer: Option<IpAddr>,
}

/// An authorized client.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `API_KEY`, `AWS_IAM`, …
    pub mode: &'static str,
    /// What handlers see as `ctx.identity` (docs/reference/handlers.md#identity).
    pub context: Value,
    /// When the credentials end, if they do.
    pub expires_epoch_s: Option<f64>,
}

impl AuthRequest<'_> {
    /// `sourceIp`: the address reported by proxies, then the address that connected.
    pub fn source_ips(&self) -> Vec<String> {
        let forwarded = self.headers.get("x-forwarded-for").into_iter().flatten();
        let forwarded = forwarded.flat_map(|it| it.split(',')).map(|it| it.trim().to_owned());
        forwarded.filter(|it| !it.is_empty()).chain(self.peer.map(|it| it.to_string())).collect()
    }
}

/// `ctx.identity` of a client that signs (docs/reference/handlers.md#identity), without Cognito members.
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

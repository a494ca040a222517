//! Who may do what: the one place where credentials are judged (reference §6.3, §6.4, §8).
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use crate::emulator::events::channel::Channel;
use crate::emulator::events::place::Place;
use crate::emulator::events::plane::Plane;
use crate::emulator::events::problem::Problem;
use crate::emulator::state::Api;

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
pub async fn authorize(_plane: &Plane, _asked: &Asked<'_>) -> Result<Identity, Problem> {
    Err(Problem::not_imitated("authorization on the data plane"))
}

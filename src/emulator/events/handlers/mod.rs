//! What a channel namespace's handlers make of events and subscriptions (reference §7).
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::emulator::events::auth::Identity;
use crate::emulator::events::channel::Channel;
use crate::emulator::events::place::Place;
use crate::emulator::events::plane::Plane;
use crate::emulator::events::problem::Problem;
use crate::emulator::state::{Api, Namespace};

/// An authorized operation on a channel.
pub struct Call<'a> {
    pub place: &'a Place,
    pub api: &'a Api,
    pub namespace: &'a Namespace,
    pub channel: &'a Channel,
    pub identity: &'a Identity,
    /// Of the HTTP request, or of the upgrade, by lower-case name.
    pub headers: &'a BTreeMap<String, Vec<String>>,
    pub peer: Option<IpAddr>,
}

/// An event as it was published: the id that AppSync gives it, and its JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    pub id: String,
    pub text: String,
}

/// What became of the events of one publish, by their place in it. What is in neither list was dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    /// In the order in which they are broadcast, each with its JSON text.
    pub delivered: Vec<(usize, String)>,
    /// Each with its message.
    pub failed: Vec<(usize, String)>,
}

/// What is to be broadcast of `events`.
pub async fn on_publish(
    _plane: &Plane,
    _call: &Call<'_>,
    _events: &[Incoming],
) -> Result<Published, Problem> {
    Err(Problem::not_imitated("handlers"))
}

/// Whether the subscription may be made.
pub async fn on_subscribe(_plane: &Plane, _call: &Call<'_>) -> Result<(), Problem> {
    Err(Problem::not_imitated("handlers"))
}

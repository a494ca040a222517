//! What handlers are called with, and what they make of it.
use std::collections::BTreeMap;

use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::Identity;
use crate::data_plane::channel::Channel;
use crate::state::{Api, Namespace};

pub const ON_PUBLISH: &str = "onPublish";
pub const ON_SUBSCRIBE: &str = "onSubscribe";

/// An authorized operation on a channel.
pub struct HandlerCall<'a> {
    pub target: &'a TargetApi,
    pub api: &'a Api,
    pub namespace: &'a Namespace,
    pub channel: &'a Channel,
    pub identity: &'a Identity,
    /// Of the HTTP request, or of the upgrade, by lower-case name.
    pub headers: &'a BTreeMap<String, Vec<String>>,
}

/// An event as it was published: the id that AppSync gives it, and its JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingEvent {
    pub id: String,
    pub text: String,
}

/// The result of one publish, by the index of each event. Events in neither list were dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishOutcome {
    /// In the order in which they are broadcast, each with its JSON text.
    pub delivered: Vec<(usize, String)>,
    /// Each with its message.
    pub failed: Vec<(usize, String)>,
}

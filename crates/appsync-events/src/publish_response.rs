//! AppSync's answer to a published batch, the same over HTTP and over a WebSocket.
use serde::{Deserialize, Serialize};

/// Which events of a batch AppSync accepted.
///
/// An accepted event is not necessarily delivered: AppSync does not report whether a handler
/// discarded it or whether anyone received it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishResponse {
    /// The events that AppSync accepted.
    #[serde(default)]
    pub successful: Vec<AcceptedEvent>,
    /// The events that AppSync or a handler rejected.
    #[serde(default)]
    pub failed: Vec<RejectedEvent>,
}

/// An event that AppSync accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedEvent {
    /// AppSync's id of the event, as in its logs.
    #[serde(default)]
    pub identifier: String,
    /// The position in the batch, from 0.
    pub index: usize,
}

/// An event that AppSync or a handler rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedEvent {
    /// AppSync's id of the event, as in its logs.
    #[serde(default)]
    pub identifier: String,
    /// The position in the batch, from 0.
    pub index: usize,
    /// AppSync's error code, similar to an HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

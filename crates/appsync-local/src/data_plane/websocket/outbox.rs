//! The frames that wait to be sent to one connection. Their number and size are limited: a client that reads too
//! slowly is disconnected, and never slows down others.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::lock::lock;

/// The frames that may wait. A client with more is disconnected.
const FRAMES_MAX: usize = 4_096;
/// The bytes that may wait. A client with more is disconnected.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The frames that are taken at once. Frames in a batch also wait, if the socket is slow.
const BATCH_FRAMES: usize = 64;
const BATCH_BYTES: usize = 64 * 1024;
/// The frames for which an idle connection keeps memory.
const IDLE_CAPACITY: usize = 16;

/// A frame to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A complete text.
    Text(String),
    /// An event for a subscription. Its text, escaped as JSON, is shared by all receivers.
    Data { id: Arc<str>, event: Arc<str> },
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client closed the connection.
    ClientClosed,
    /// The client disconnected, or violated the protocol.
    ClientLost,
    /// The client read too slowly.
    ClientTooSlow,
    /// The credentials expired.
    CredentialsExpired,
    /// The API was deleted.
    ApiDeleted,
    /// The maximum duration of a connection is reached.
    MaxDuration,
    Shutdown,
}

impl CloseReason {
    /// Returns the reason as text for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::ClientClosed => "the client closed it",
            Self::ClientLost => "the client disconnected",
            Self::ClientTooSlow => "the client read too slowly",
            Self::CredentialsExpired => "its credentials expired",
            Self::ApiDeleted => "its API was deleted",
            Self::MaxDuration => "the limit of 24 hours was reached",
            Self::Shutdown => "the emulator stops",
        }
    }
}

/// The frames of one connection that wait to be sent.
#[derive(Debug, Default)]
pub struct Outbox {
    state: Mutex<OutboxState>,
    frame_added: Notify,
    closed: Notify,
}

#[derive(Debug, Default)]
struct OutboxState {
    frames: VecDeque<Frame>,
    bytes: usize,
    close_reason: Option<CloseReason>,
}

impl Outbox {
    /// Appends a frame, and returns whether the connection accepts it.
    pub fn push(&self, frame: Frame) -> bool {
        let mut waiting = self.state();
        if waiting.close_reason.is_some() {
            return false;
        }
        waiting.bytes += frame.bytes();
        waiting.frames.push_back(frame);
        if waiting.frames.len() > FRAMES_MAX || waiting.bytes > BYTES_MAX {
            drop(waiting);
            self.close(CloseReason::ClientTooSlow);
            return false;
        }
        drop(waiting);
        self.frame_added.notify_one();
        true
    }

    /// Closes the connection and drops the frames that wait. The first reason counts.
    pub fn close(&self, end: CloseReason) {
        let mut waiting = self.state();
        waiting.close_reason.get_or_insert(end);
        waiting.frames = VecDeque::new();
        waiting.bytes = 0;
        drop(waiting);
        self.closed.notify_one();
    }

    /// Moves some frames to `frames`, as soon as there are any. No frame is lost if the caller stops waiting. One
    /// task at a time may wait.
    pub async fn take(&self, frames: &mut Vec<Frame>) {
        while !self.take_now(frames) {
            self.frame_added.notified().await;
        }
    }

    /// Moves some frames to `frames` without waiting, and returns whether there were any.
    pub fn take_now(&self, frames: &mut Vec<Frame>) -> bool {
        let mut waiting = self.state();
        let (mut count, mut bytes) = (0, 0);
        while count < BATCH_FRAMES && bytes < BATCH_BYTES {
            let Some(frame) = waiting.frames.pop_front() else { break };
            count += 1;
            bytes += frame.bytes();
            frames.push(frame);
        }
        waiting.bytes -= bytes;
        if waiting.frames.is_empty() {
            waiting.frames.shrink_to(IDLE_CAPACITY);
        }
        count > 0
    }

    /// Returns the reason when the connection is closed. One task at a time may wait.
    pub async fn closed(&self) -> CloseReason {
        loop {
            if let Some(end) = self.close_reason() {
                return end;
            }
            self.closed.notified().await;
        }
    }

    /// Returns the reason, if the connection is closed.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.state().close_reason
    }

    fn state(&self) -> MutexGuard<'_, OutboxState> {
        lock(&self.state)
    }
}

impl Frame {
    /// Returns the text of the frame.
    pub fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Data { id, event } => {
                let parts = ["{\"type\":\"data\",\"id\":\"", &id, "\",\"event\":", &event, "}"];
                parts.concat()
            }
        }
    }
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Data { event, .. } => event.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: usize) -> Frame {
        Frame::Text("x".repeat(of))
    }

    #[test]
    fn frames_are_sent_in_order_and_an_event_is_escaped_once() {
        let outbox = Outbox::default();
        let event: Arc<str> = serde_json::to_string("{\"a\":1}").unwrap().into();
        assert!(outbox.push(text(1)));
        assert!(outbox.push(Frame::Data { id: "s".into(), event }));
        let mut frames = Vec::new();
        assert!(outbox.take_now(&mut frames) && !outbox.take_now(&mut frames));
        let texts: Vec<_> = frames.into_iter().map(Frame::text).collect();
        assert_eq!(texts, ["x", r#"{"type":"data","id":"s","event":"{\"a\":1}"}"#]);
    }

    #[test]
    fn a_batch_is_limited_by_count_and_by_size() {
        let check = |frame: &Frame, expected: usize| {
            let (outbox, mut frames) = (Outbox::default(), Vec::new());
            (0..BATCH_FRAMES + 1).for_each(|_| assert!(outbox.push(frame.clone())));
            outbox.take_now(&mut frames);
            assert_eq!(frames.len(), expected);
        };
        check(&text(1), BATCH_FRAMES);
        check(&text(BATCH_BYTES / 2), 2);
        check(&text(BATCH_BYTES / 2 + 1), 2);
    }

    #[tokio::test]
    async fn a_slow_client_is_disconnected_by_count_and_by_size() {
        let check = async |frame: &Frame, fit: usize| {
            let outbox = Outbox::default();
            for _ in 0..fit {
                assert!(outbox.push(frame.clone()));
            }
            assert!(!outbox.push(frame.clone()) && !outbox.push(text(0)));
            assert_eq!(outbox.closed().await, CloseReason::ClientTooSlow);
            assert!(!outbox.take_now(&mut Vec::new()));
        };
        check(&text(1), FRAMES_MAX).await;
        check(&text(BYTES_MAX / 4), 4).await;
    }
}

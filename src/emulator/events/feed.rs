//! What happens on the data plane, for people who watch: `provision dev` and the console page.
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;

/// Whoever falls behind by more loses the oldest.
const KEPT_MAX: usize = 1_024;

/// Something that happened. No credential is in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "happened", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Happening {
    Connected {
        api_id: String,
        connection: u64,
        mode: String,
    },
    Disconnected {
        api_id: String,
        connection: u64,
    },
    Subscribed {
        api_id: String,
        connection: u64,
        id: String,
        channel: String,
        mode: String,
    },
    Unsubscribed {
        api_id: String,
        connection: u64,
        id: String,
        channel: String,
    },
    /// `events`: what was broadcast, as JSON.
    Published {
        api_id: String,
        channel: String,
        mode: String,
        over: &'static str,
        events: Vec<Value>,
        failed: usize,
        dropped: usize,
        receivers: usize,
    },
    Refused {
        api_id: String,
        operation: &'static str,
        channel: Option<String>,
        error_type: String,
        message: Option<String>,
        /// What AWS would not say.
        why: Option<String>,
    },
    /// A line of a handler's `console`.
    Logged {
        api_id: String,
        namespace: String,
        handler: &'static str,
        level: &'static str,
        text: String,
    },
}

/// All who watch. Telling costs nothing while nobody does.
#[derive(Clone, Debug)]
pub struct Feed {
    sender: broadcast::Sender<Happening>,
}

impl Feed {
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(KEPT_MAX) }
    }
    /// Tells what `happening` makes, if anybody watches.
    pub fn tell(&self, happening: impl FnOnce() -> Happening) {
        if self.sender.receiver_count() > 0 {
            // Nobody left in between is no loss.
            let _ = self.sender.send(happening());
        }
    }
    pub fn watch(&self) -> broadcast::Receiver<Happening> {
        self.sender.subscribe()
    }
}

impl Default for Feed {
    fn default() -> Self {
        Self::new()
    }
}

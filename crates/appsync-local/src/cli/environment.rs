//! What a command is given of the world around it, and how it fails.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_async::time::SharedTimeSource;

use crate::state::folder::{OpenError, served_url};
use crate::store::Store;

/// Another command of a folder is done within this time, or something is wrong.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The world around a command.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// Where relative paths start.
    pub folder: PathBuf,
    /// The clock.
    pub clock: SharedTimeSource,
}

/// Why a command failed, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// One line, without a period.
    pub message: String,
    /// What may help.
    pub help: Option<String>,
}

impl CommandError {
    /// A failure that nothing is known to help against.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// The same failure, with what may help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            OpenError::Io { .. } => {
                failure.with_help("keep the state in a folder that you may write: `--data-dir DIR`")
            }
            _ => failure,
        }
    }
}

impl Environment {
    /// The path that the user means.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The time, in whole seconds.
    pub fn now_epoch_s(&self) -> i64 {
        let since = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}

/// A store, or the URL at which another process serves it.
#[derive(Debug)]
pub enum StoreAccess {
    /// The store, locked for this process.
    Exclusive(Arc<Store>),
    /// The URL of the process that has the store.
    Served(String),
}

/// Opens the store in `folder`, or finds the process that serves it. Waits for a command that has it locked for
/// a short time, and calls `waiting` once before it does.
///
/// # Errors
///
/// Fails when the store cannot be read, or when it stays locked by a process that serves nothing.
pub async fn access_store(
    folder: &Path,
    clock: &SharedTimeSource,
    waiting: impl FnOnce(&Path),
) -> Result<StoreAccess, OpenError> {
    let (mut waited, mut waiting) = (Duration::ZERO, Some(waiting));
    loop {
        match Store::open(folder, clock.clone()) {
            Ok(store) => return Ok(StoreAccess::Exclusive(store)),
            Err(error @ OpenError::InUse { .. }) => {
                if let Some(url) = served_url(folder) {
                    return Ok(StoreAccess::Served(url));
                }
                if let Some(waiting) = waiting.take() {
                    waiting(folder);
                }
                if waited > LOCK_TIMEOUT {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(LOCK_POLL_INTERVAL).await;
        waited += LOCK_POLL_INTERVAL;
    }
}

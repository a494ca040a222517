//! What the commands share: their environment, their errors, and access to the store of a folder. Nothing here
//! reads the process's environment or clock; the program passes both in.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_async::time::SharedTimeSource;

use crate::state::folder::served_url;
use crate::state::open_error::OpenError;
use crate::store::Store;

/// The folder of the emulator's state, if no other is specified.
pub const DATA_DIR: &str = ".provision";
/// Other commands lock a folder only briefly. If one locks it longer, something is wrong.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The environment of a command, passed in by the program.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The folder that relative paths are relative to.
    pub folder: PathBuf,
    /// The clock that the emulator uses.
    pub clock: SharedTimeSource,
}

/// Why a command failed, and what may help.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// One line, without a final period.
    pub message: String,
    /// What the user can do about it.
    pub help: Option<String>,
}

impl CommandError {
    /// An error without help.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Adds help to the error.
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
        let command_error = Self::new(error.to_string());
        match error {
            OpenError::Io { .. } => {
                command_error.with_help("use a folder that you can write: `--data-dir DIR`")
            }
            _ => command_error,
        }
    }
}

impl Environment {
    /// Resolves a path of the command line.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The time, in whole seconds.
    pub(crate) fn now_epoch_s(&self) -> i64 {
        let since = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}

/// How to use the store of a folder.
#[derive(Debug)]
pub enum StoreAccess {
    /// The store, locked for this process.
    Exclusive(Arc<Store>),
    /// The URL at which another process serves the store.
    Served(String),
}

/// Opens the store in `folder`, or finds the process that serves it. If another command has locked it, waits for
/// that command, and calls `before_waiting` once before.
///
/// # Errors
///
/// Fails if the store cannot be read, or if a process that serves nothing does not unlock it in time.
pub async fn access_store(
    folder: &Path,
    clock: &SharedTimeSource,
    before_waiting: impl FnOnce(&Path),
) -> Result<StoreAccess, OpenError> {
    let (mut waited, mut before_waiting) = (Duration::ZERO, Some(before_waiting));
    loop {
        match Store::open(folder, clock.clone()) {
            Ok(store) => return Ok(StoreAccess::Exclusive(store)),
            Err(error @ OpenError::InUse { .. }) => {
                if let Some(url) = served_url(folder) {
                    return Ok(StoreAccess::Served(url));
                }
                if let Some(before_waiting) = before_waiting.take() {
                    before_waiting(folder);
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

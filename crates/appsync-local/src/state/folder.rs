//! The folder of a store: its journal, the lock of the process that has it, and the URL at which it is served.
//! It never interprets the state.
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::state::State;
use crate::state::files::{create_private_folder, write_atomically};
use crate::state::journal::Journal;
use crate::state::open_error::OpenError;

const LOCK_FILE: &str = "lock";
const ENDPOINT_FILE: &str = "endpoint";

/// A folder that is locked for this process.
pub struct StateFolder {
    pub dir: PathBuf,
    /// Locked by the one writer. It is shared, because a write goes on if the request that began it is cancelled.
    pub journal: Arc<tokio::sync::Mutex<Journal>>,
    /// Held for as long as the store is open.
    _lock: File,
}

impl StateFolder {
    /// Locks the folder, which is created if it does not exist, and reads its state.
    pub fn open(dir: &Path) -> Result<(Self, State), OpenError> {
        let io_error = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        create_private_folder(dir).map_err(io_error(dir))?;
        let path = dir.join(LOCK_FILE);
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(&path).map_err(io_error(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path, source }),
        }
        let (journal, state) = Journal::open(dir)?;
        let journal = Arc::new(tokio::sync::Mutex::new(journal));
        Ok((Self { dir: dir.to_owned(), journal, _lock: lock }, state))
    }

    /// Announces to other commands the URL at which the store is served, until the result is dropped.
    pub fn announce(&self, url: &str) -> io::Result<Announcement> {
        let path = self.dir.join(ENDPOINT_FILE);
        write_atomically(&path, url.as_bytes())?;
        Ok(Announcement { path: Some(path) })
    }
}

/// The announcement of the URL at which a store is served; dropping it withdraws it.
#[derive(Debug, Default)]
pub struct Announcement {
    path: Option<PathBuf>,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A leftover file is harmless: without the lock, commands ignore it.
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// The URL at which another process serves the store in `dir`, if one does.
pub fn served_url(dir: &Path) -> Option<String> {
    let lock = File::options().write(true).open(dir.join(LOCK_FILE)).ok()?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => fs::read_to_string(dir.join(ENDPOINT_FILE)).ok(),
        _ => None,
    }
}

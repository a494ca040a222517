//! The folder of a store: the state file, the lock of the process that has it, and the URL at which it is served.
//! It never interprets the state.
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::state::State;

/// The version of the file that this program reads and writes.
const VERSION: u32 = 1;
pub const STATE_FILE: &str = "state.json";
const LOCK_FILE: &str = "lock";
const ENDPOINT_FILE: &str = "endpoint";

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the store.
    #[error("the emulator state in {} is in use by another process; wait for it to end, or stop it", dir.display())]
    InUse {
        /// The folder of the store.
        dir: PathBuf,
    },
    /// A newer program wrote the state file.
    #[error("{} is of version {version}, and this program knows version {known}; use a newer program, or another folder", path.display())]
    Version {
        /// The state file.
        path: PathBuf,
        /// The version of the file.
        version: u64,
        /// The version that this program reads and writes.
        known: u32,
    },
    /// The state file cannot be parsed.
    #[error("{} is damaged ({reason}); restore it, or delete it to start with an empty state", path.display())]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder cannot be read, created or locked.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// A folder that is locked for this process.
pub struct StateFolder {
    pub dir: PathBuf,
    /// The number of the last change in the file.
    pub last_written: tokio::sync::Mutex<u64>,
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
        let path = dir.join(STATE_FILE);
        let state = match fs::read(&path) {
            Ok(bytes) => decode_state(&bytes, &path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(source) => return Err(OpenError::Io { path, source }),
        };
        let written = tokio::sync::Mutex::new(0);
        Ok((Self { dir: dir.to_owned(), last_written: written, _lock: lock }, state))
    }

    /// Replaces the state file.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        write_atomically(&self.dir.join(STATE_FILE), bytes)
    }

    /// Announces to other commands the URL at which the store is served, until the result is dropped.
    pub fn announce(&self, url: &str) -> io::Result<Announcement> {
        let path = self.dir.join(ENDPOINT_FILE);
        write_atomically(&path, url.as_bytes())?;
        Ok(Announcement { path: Some(path) })
    }
}

#[derive(Serialize)]
struct StateFileRef<'a> {
    version: u32,
    #[serde(flatten)]
    state: &'a State,
}

#[derive(Deserialize)]
struct StateFile {
    #[serde(flatten)]
    state: State,
}

/// The content of the state file.
pub fn encode_state(state: &State) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&StateFileRef { version: VERSION, state })?)
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

fn decode_state(bytes: &[u8], path: &Path) -> Result<State, OpenError> {
    let damaged = |reason: String| OpenError::Damaged { path: path.to_owned(), reason };
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    let version = value.get("version").and_then(serde_json::Value::as_u64);
    match version {
        Some(version) if version == u64::from(VERSION) => serde_json::from_value(value)
            .map(|file: StateFile| file.state)
            .map_err(|error| damaged(error.to_string())),
        Some(version) => Err(OpenError::Version { path: path.to_owned(), version, known: VERSION }),
        None => Err(damaged("it has no version".to_owned())),
    }
}

/// Creates a folder, if it does not exist, that only this user can read and that Git ignores.
pub fn create_private_folder(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    write_atomically(&dir.join(".gitignore"), b"*\n")
}

/// Replaces a file by way of a temporary one, so that no reader sees half of it. Only this user can read it.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

//! The folder of a store: its file, who has it, and where it is served.
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

/// Why a store can't be opened, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the emulator state in {} is in use by another process; wait for it to end, or stop it", dir.display())]
    InUse { dir: PathBuf },
    #[error("{} is of version {found}, and this program knows version {known}; use a newer program, or another folder", path.display())]
    Version { path: PathBuf, found: u64, known: u32 },
    #[error("{} is damaged ({reason}); restore it, or delete it to begin with an empty AWS", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// A folder that is locked for this process.
pub struct StateFolder {
    pub dir: PathBuf,
    /// The change up to which the file is written.
    pub last_written: tokio::sync::Mutex<u64>,
    /// Held for as long as the store is open.
    _lock: File,
}

impl StateFolder {
    /// Locks the folder, making it if need be, and reads what is in it.
    pub fn open(dir: &Path) -> Result<(Self, State), OpenError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        create_private_folder(dir).map_err(failed(dir))?;
        let path = dir.join(LOCK_FILE);
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(&path).map_err(failed(&path))?;
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

    /// Puts a whole new state in place of the one before.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        write_atomically(&self.dir.join(STATE_FILE), bytes)
    }

    /// Announces to other commands where the store is served, until the value is dropped.
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

/// The state as its file has it.
pub fn encode_state(state: &State) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&StateFileRef { version: VERSION, state })?)
}

/// The announcement of a store's address, until it is dropped.
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

/// Where the store in `dir` is served: its lock is held and an address was announced.
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
        serde_json::from_slice(bytes).map_err(|it| damaged(it.to_string()))?;
    let version = value.get("version").and_then(serde_json::Value::as_u64);
    match version {
        Some(version) if version == u64::from(VERSION) => serde_json::from_value(value)
            .map(|it: StateFile| it.state)
            .map_err(|it| damaged(it.to_string())),
        Some(found) => Err(OpenError::Version { path: path.to_owned(), found, known: VERSION }),
        None => Err(damaged("it has no version".to_owned())),
    }
}

/// A folder for this user alone, which version control leaves alone.
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

/// A temporary file is for its user alone; so is what it becomes.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

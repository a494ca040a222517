//! Why a store cannot be opened.
use std::io;
use std::path::PathBuf;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the store.
    #[error("the emulator state in {} is in use by another process; wait for it to end, or stop it", dir.display())]
    InUse {
        /// The folder of the store.
        dir: PathBuf,
    },
    /// A newer program wrote the file.
    #[error("{} is of version {version}, and this program knows version {known}; use a newer program, or another folder", path.display())]
    Version {
        /// The state file or the journal.
        path: PathBuf,
        /// The version of the file.
        version: u64,
        /// The version that this program writes.
        known: u32,
    },
    /// The state file or the journal cannot be parsed, or they do not belong together.
    #[error("{} is damaged ({reason}); restore it, or delete `state.json` and `state.journal` to start with an empty state", path.display())]
    Damaged {
        /// The state file or the journal.
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

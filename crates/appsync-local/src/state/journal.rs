//! The state on disk: the state file, and the journal of the changes since. Which changes there are, and who waits
//! for them, is decided elsewhere.
//!
//! A change appends a line to the journal, `state.journal`. Once the journal is a few times as large as the state file,
//! `state.json`, that is written anew, and a new journal begins. So what is written grows with the changes, and not with
//! the changes times the state. Both files have a generation. A kill between the writes of the two leaves the journal of
//! the generation before, whose changes the state file already has: it is ignored.
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::state::delta;
use crate::state::files::write_atomically;
use crate::state::open_error::OpenError;

/// The version of the files that this program writes. It also reads version 1, which has no journal.
const VERSION: u32 = 2;
pub const STATE_FILE: &str = "state.json";
pub const JOURNAL_FILE: &str = "state.journal";
/// A new journal begins once the journal is larger than this and than the state file by [`GROWTH`]. A state of this
/// size is written in about the time of an fsync.
const JOURNAL_MIN_BYTES: u64 = 64 * 1024;
/// With 2, the writes of a growing state are less than four times its size. The journals are at most 1.8 times its size,
/// because a record has a path: that is the factor of API keys, the smallest values. Each state file is then at least 2.1
/// times as large as the one before, so all of them are 1.9 times the size of the last.
const GROWTH: u64 = 2;

/// The state file and the journal in a folder that no other process writes to.
pub struct Journal {
    dir: PathBuf,
    /// The generation of the state file. Without a state file, or with one of version 1, it is 0.
    generation: u64,
    /// The journal of this generation. Without one, the next write begins a generation.
    file: Option<File>,
    journal_bytes: u64,
    state_file_bytes: u64,
    pub writes: DiskWrites,
}

/// How much a store has written since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskWrites {
    /// The bytes of all writes.
    pub bytes: u64,
    /// The number of durable writes, each of which serves all changes that waited for it.
    pub commits: u64,
}

/// The members that tell whether, and with what, a file can be read.
#[derive(Serialize, Deserialize)]
struct Header {
    version: Option<u64>,
    generation: Option<u64>,
}

#[derive(Serialize)]
struct StateFile<'a> {
    version: u32,
    generation: u64,
    #[serde(flatten)]
    state: &'a State,
}

impl Journal {
    /// Reads the state in `dir`.
    pub fn open(dir: &Path) -> Result<(Self, State), OpenError> {
        let (generation, mut state, state_file_bytes) = read_state_file(&dir.join(STATE_FILE))?;
        let mut journal = Self {
            dir: dir.to_owned(),
            generation,
            file: None,
            journal_bytes: 0,
            state_file_bytes,
            writes: DiskWrites::default(),
        };
        journal.replay(&mut state)?;
        Ok((journal, state))
    }

    /// Applies the journal to the state of the state file, and opens it to append to it.
    fn replay(&mut self, state: &mut State) -> Result<(), OpenError> {
        let path = self.dir.join(JOURNAL_FILE);
        let Some(bytes) = read_if_exists(&path)? else { return Ok(()) };
        // A change is acknowledged once its line break is on disk.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut lines = bytes[..end].split_inclusive(|byte| *byte == b'\n').zip(1..);
        let Some((header, _)) = lines.next() else { return Ok(()) };
        let generation = Header::parse(header, &path)?.require_generation(&path)?;
        if generation < self.generation {
            return Ok(());
        }
        if generation > self.generation {
            let reason = format!(
                "it continues {STATE_FILE} of generation {generation}, and that file is missing or older"
            );
            return Err(OpenError::Damaged { path, reason });
        }
        for (line, number) in lines {
            delta::apply(state, line).map_err(|reason| {
                let reason = format!("line {number}: {reason}");
                OpenError::Damaged { path: path.clone(), reason }
            })?;
        }
        let append = || {
            if end < bytes.len() {
                let file = File::options().write(true).open(&path)?;
                file.set_len(end as u64)?;
                file.sync_all()?;
            }
            File::options().append(true).open(&path)
        };
        self.file = Some(append().map_err(|source| OpenError::Io { path: path.clone(), source })?);
        self.journal_bytes = end as u64;
        Ok(())
    }

    /// Writes changes, as lines of records, durably. `state` is the state that they lead to.
    ///
    /// # Errors
    ///
    /// After an error, nothing may be written before the folder is opened again: part of the lines may be on disk.
    pub fn write(&mut self, lines: &[u8], state: &State) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let journal_bytes = self.journal_bytes + lines.len() as u64;
        let max_bytes = JOURNAL_MIN_BYTES.max(GROWTH * self.state_file_bytes);
        match &mut self.file {
            Some(file) if journal_bytes <= max_bytes => {
                file.write_all(lines)?;
                file.sync_data()?;
                self.journal_bytes = journal_bytes;
                self.writes.bytes += lines.len() as u64;
            }
            _ => self.begin_generation(state)?,
        }
        self.writes.commits += 1;
        Ok(())
    }

    /// Writes the state file anew, and begins a journal without changes.
    fn begin_generation(&mut self, state: &State) -> io::Result<()> {
        // Closed, because Windows replaces no open file.
        self.file = None;
        self.generation += 1;
        let state_file = encode_state_file(state, self.generation)?;
        write_atomically(&self.dir.join(STATE_FILE), &state_file)?;
        let header = Header { version: Some(VERSION.into()), generation: Some(self.generation) };
        let mut header = serde_json::to_vec(&header)?;
        header.push(b'\n');
        let path = self.dir.join(JOURNAL_FILE);
        write_atomically(&path, &header)?;
        self.file = Some(File::options().append(true).open(path)?);
        self.state_file_bytes = state_file.len() as u64;
        self.journal_bytes = header.len() as u64;
        self.writes.bytes += self.state_file_bytes + self.journal_bytes;
        Ok(())
    }
}

/// The content of a state file.
pub fn encode_state_file(state: &State, generation: u64) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&StateFile { version: VERSION, generation, state })?)
}

/// The generation, the state and the size of a state file, which may be missing.
fn read_state_file(path: &Path) -> Result<(u64, State, u64), OpenError> {
    let Some(bytes) = read_if_exists(path)? else { return Ok((0, State::default(), 0)) };
    let header = Header::parse(&bytes, path)?;
    let generation = if header.version == Some(1) { 0 } else { header.require_generation(path)? };
    let state = serde_json::from_slice(&bytes).map_err(|error| damaged(path)(error.to_string()))?;
    Ok((generation, state, bytes.len() as u64))
}

impl Header {
    /// Rejects a file of another version.
    fn parse(bytes: &[u8], path: &Path) -> Result<Self, OpenError> {
        let header: Self =
            serde_json::from_slice(bytes).map_err(|error| damaged(path)(error.to_string()))?;
        match header.version {
            Some(1..=2) => Ok(header),
            Some(version) => {
                Err(OpenError::Version { path: path.to_owned(), version, known: VERSION })
            }
            None => Err(damaged(path)("it has no version".to_owned())),
        }
    }

    fn require_generation(&self, path: &Path) -> Result<u64, OpenError> {
        self.generation.ok_or_else(|| damaged(path)("it has no generation".to_owned()))
    }
}

fn damaged(path: &Path) -> impl Fn(String) -> OpenError {
    |reason| OpenError::Damaged { path: path.to_owned(), reason }
}

fn read_if_exists(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpenError::Io { path: path.to_owned(), source }),
    }
}

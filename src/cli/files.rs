//! Reads and writes the user's files.
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use crate::cli::{Failure, Io};

/// Nobody's spec is larger; reading on would only fill memory.
pub const BYTES_MAX: u64 = 10 * 1024 * 1024;

/// The name of a file, as people know it, and its bytes or why they can't be had; `-` is standard input.
pub fn read_named(path: &Path, io: &mut Io) -> (String, Result<Vec<u8>, String>) {
    match is_stdin(path) {
        true => ("<stdin>".to_owned(), read_all(&mut io.input)),
        false => (path.display().to_string(), read_file(&io.path(path))),
    }
}

/// A JSON file that an option names, or the JSON that stands on the command line itself: what it is called, and its
/// text.
pub fn file_or_json(option: &str, given: &str, io: &mut Io) -> Result<(String, String), Failure> {
    // What begins as JSON is that, and told as bad JSON if need be; a file of that name comes first.
    let begins = given.trim_start().starts_with(['{', '[', '"']);
    let inline = begins || serde_json::from_str::<IgnoredAny>(given).is_ok();
    if inline && !io.path(Path::new(given)).is_file() {
        return Ok((option.to_owned(), given.to_owned()));
    }
    let (name, bytes) = read_named(Path::new(given), io);
    let bytes = bytes.map_err(|reason| {
        Failure::error(format!("{option}: {name} can't be read: {reason}"))
            .with_hint("name a JSON file, or write the JSON itself between quotes")
    })?;
    Ok((name, String::from_utf8_lossy(&bytes).into_owned()))
}

pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The bytes of a file, or of a pipe that a shell made for this command. Of too many, as many as are
/// needed to see that.
pub fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    open(path).and_then(|mut file| read_all(&mut file))
}

/// Whether a path is what a shell calls a stream that it hands to a command: `/dev/stdin`, `<(…)`.
pub fn is_pipe(path: &Path) -> bool {
    ["/dev/stdin", "/dev/fd", "/proc/self/fd"].iter().any(|text| path.starts_with(text))
}

/// Opens what can be read to its end: a device has none, and a named pipe may have nobody at its other
/// one.
fn open(path: &Path) -> Result<std::fs::File, String> {
    let kind = std::fs::metadata(path).map_err(|error| io_reason(&error))?;
    match () {
        () if kind.is_dir() => Err("it is a folder".to_owned()),
        () if !kind.is_file() && !is_pipe(path) => {
            Err("it is a device or a pipe, and no plain file".to_owned())
        }
        () => std::fs::File::open(path).map_err(|error| io_reason(&error)),
    }
}

/// Why a file can't be had, in plain words.
pub fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::NotADirectory => "its path leads through a file".to_owned(),
        ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    }
}

fn read_all(reader: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that too much can be told from just enough.
    reader.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| io_reason(&error))?;
    Ok(bytes)
}

/// Makes a folder, and those around it, where they are not there yet.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "a file has that name".to_owned(),
            std::io::ErrorKind::NotADirectory => "its path leads through a file".to_owned(),
            _ => error.to_string(),
        };
        Failure::error(format!("the folder {} can't be made: {reason}", folder.display()))
            .with_hint("name another folder")
    })
}

/// Writes a file whole or not at all, as a user's other files are.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_atomically(path, text, 0o644)
}

/// Writes a file that nobody else may read.
pub fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    write_atomically(path, text, 0o600)
}

fn write_atomically(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    check_writable(path)?;
    let path = &link_target(path);
    let failed = |reason: String| write_failure(path, &reason);
    let folder = folder_of(path);
    // The kind alone: the whole error would name a file that nobody asked for.
    let aside = tempfile::NamedTempFile::new_in(folder);
    let mut file = aside.map_err(|error| {
        failed(format!("no file can be made in {}: {}", folder.display(), error.kind()))
            .with_hint("choose another place, or change what the folder allows")
    })?;
    let written = std::io::Write::write_all(&mut file, text.as_bytes()).and_then(|()| {
        #[cfg(unix)]
        std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        #[cfg(not(unix))]
        let _ = mode;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|error| failed(error.kind().to_string()))
}

/// Refuses a path at which no file can be.
pub fn check_writable(path: &Path) -> Result<(), Failure> {
    let path = &link_target(path);
    let (folder, failed) = (folder_of(path), |reason: String| write_failure(path, &reason));
    let shown = folder.display();
    if !folder.is_dir() {
        let failure = failed(format!("there is no folder {shown}"));
        return Err(failure.with_hint(format!("make it: `mkdir -p {shown}`")));
    }
    if path.exists() && !path.is_file() {
        let failure = failed("there is something else than a file".into());
        return Err(failure.with_hint("name a file, or leave it out for standard output"));
    }
    Ok(())
}

/// What a link leads to is written, not the link.
fn link_target(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_failure(path: &Path, reason: &str) -> Failure {
    Failure::error(format!("{} can't be written: {reason}", path.display()))
}

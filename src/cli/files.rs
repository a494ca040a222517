//! Reads and writes the user's files: with a size limit, and whole or not at all.
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use crate::cli::{Failure, Io};

/// No spec is larger; a limit protects memory from endless input.
pub const BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Returns the display name of a file, and its bytes or why they cannot be read; `-` is stdin.
pub fn read_named(path: &Path, io: &mut Io) -> (String, Result<Vec<u8>, String>) {
    match is_stdin(path) {
        true => ("<stdin>".to_owned(), read_all(&mut io.input)),
        false => (path.display().to_string(), read_file(&io.path(path))),
    }
}

/// Reads the value of an option that is a JSON file or JSON itself; returns its display name and its text.
pub fn file_or_json(option: &str, value: &str, io: &mut Io) -> Result<(String, String), Failure> {
    // A value that starts like JSON is treated as JSON, so that a syntax error is reported as one. A file with that
    // name takes precedence.
    let starts_like_json = value.trim_start().starts_with(['{', '[', '"']);
    let is_json = starts_like_json || serde_json::from_str::<IgnoredAny>(value).is_ok();
    if is_json && !io.path(Path::new(value)).is_file() {
        return Ok((option.to_owned(), value.to_owned()));
    }
    let (name, bytes) = read_named(Path::new(value), io);
    let bytes = bytes.map_err(|reason| {
        Failure::error(format!("{option}: cannot read `{name}`: {reason}"))
            .with_hint("pass the path of a JSON file, or JSON in quotes")
    })?;
    Ok((name, String::from_utf8_lossy(&bytes).into_owned()))
}

pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Reads a file, or a pipe that a shell made for this command; at most `BYTES_MAX + 1` bytes.
pub fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    open(path).and_then(|mut file| read_all(&mut file))
}

/// Returns whether a path is a stream that a shell passes to a command: `/dev/stdin`, `<(…)`.
pub fn is_pipe(path: &Path) -> bool {
    ["/dev/stdin", "/dev/fd", "/proc/self/fd"].iter().any(|text| path.starts_with(text))
}

/// Opens a file or a shell's pipe. Rejects devices, which have no end, and named pipes, which may have no writer.
fn open(path: &Path) -> Result<std::fs::File, String> {
    let kind = std::fs::metadata(path).map_err(|error| io_reason(&error))?;
    match () {
        () if kind.is_dir() => Err("it is a directory".to_owned()),
        () if !kind.is_file() && !is_pipe(path) => {
            Err("it is a device or a named pipe, not a regular file".to_owned())
        }
        () => std::fs::File::open(path).map_err(|error| io_reason(&error)),
    }
}

/// Returns why a file cannot be read.
pub fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::NotADirectory => "a part of its path is a file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn read_all(reader: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that the caller can recognize a file that is too large.
    reader.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| io_reason(&error))?;
    Ok(bytes)
}

/// Creates a folder and its parents if they do not exist.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "a file has that name".to_owned(),
            std::io::ErrorKind::NotADirectory => "a part of its path is a file".to_owned(),
            _ => error.to_string(),
        };
        Failure::error(format!("cannot create the directory `{}`: {reason}", folder.display()))
            .with_hint("choose another directory")
    })
}

/// Writes a file whole or not at all, readable by everyone.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_atomically(path, text, 0o644)
}

/// Writes a file whole or not at all, readable only by its owner.
pub fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    write_atomically(path, text, 0o600)
}

fn write_atomically(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    check_writable(path)?;
    let path = &link_target(path);
    let failure = |reason: String| write_failure(path, &reason);
    let folder = folder_of(path);
    let temporary = tempfile::NamedTempFile::new_in(folder);
    let mut file = temporary.map_err(|error| {
        // Only the kind: the error's text names the temporary file.
        failure(format!("cannot create a file in `{}`: {}", folder.display(), error.kind()))
            .with_hint("choose another directory, or change its permissions")
    })?;
    let result = std::io::Write::write_all(&mut file, text.as_bytes()).and_then(|()| {
        #[cfg(unix)]
        std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        #[cfg(not(unix))]
        let _ = mode;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    result.map_err(|error| failure(error.kind().to_string()))
}

/// Rejects a path at which no file can be created.
pub fn check_writable(path: &Path) -> Result<(), Failure> {
    let path = &link_target(path);
    let folder = folder_of(path);
    let shown = folder.display();
    if !folder.is_dir() {
        let failure = write_failure(path, &format!("the directory `{shown}` does not exist"));
        return Err(failure.with_hint(format!("create it: `mkdir -p {shown}`")));
    }
    if path.exists() && !path.is_file() {
        let failure = write_failure(path, "it exists and is not a file");
        return Err(failure.with_hint("name a file, or omit the option to print to stdout"));
    }
    Ok(())
}

/// Resolves a symbolic link, so that its target is written and the link stays.
fn link_target(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_failure(path: &Path, reason: &str) -> Failure {
    Failure::error(format!("cannot write `{}`: {reason}", path.display()))
}

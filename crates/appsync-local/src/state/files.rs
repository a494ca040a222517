//! Private files and folders, which are replaced as a whole. What they contain is decided elsewhere.
use std::fs;
use std::io::{self, Write};
use std::path::Path;

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

/// Replaces a file by way of a temporary one, so that no reader, and no restart after a crash, sees half of it.
/// Only this user can read it.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(dir)
}

/// Makes the names of the files in a folder durable, which only Unix leaves to the program.
fn sync_folder(dir: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => fs::File::open(dir)?.sync_all(),
        false => Ok(()),
    }
}

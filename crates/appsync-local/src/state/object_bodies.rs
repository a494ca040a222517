//! The bodies of S3's objects: files next to the state, or in memory. They are never part of the state, which is copied
//! and written as a whole. Each upload has a body with its own id, so that no upload changes the body of another.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::lock::lock;
use crate::state::files::{create_private_folder, write_atomically};

/// The folder of the bodies in the folder of the state.
const FOLDER: &str = "objects";

/// The bodies of a store.
pub struct ObjectBodies(Location);

enum Location {
    Memory(Mutex<BTreeMap<String, Arc<Vec<u8>>>>),
    Folder(PathBuf),
}

impl ObjectBodies {
    pub fn in_memory() -> Self {
        Self(Location::Memory(Mutex::default()))
    }

    /// Opens the bodies of the state in `dir`, and deletes those that no object has: a kill may leave them.
    pub fn open<'a>(dir: &Path, used: impl Iterator<Item = &'a str>) -> Self {
        let (folder, used) = (dir.join(FOLDER), used.collect::<BTreeSet<_>>());
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(|name| used.contains(name)) {
                // It only uses space.
                let _ = fs::remove_file(entry.path());
            }
        }
        Self(Location::Folder(folder))
    }

    /// Stores a body, and returns its id. It survives a kill before this returns.
    pub fn insert(&self, body: Vec<u8>) -> io::Result<String> {
        let id = uuid::Uuid::new_v4().to_string();
        match &self.0 {
            Location::Memory(bodies) => {
                lock(bodies).insert(id.clone(), Arc::new(body));
            }
            Location::Folder(folder) => {
                create_private_folder(folder)?;
                write_atomically(&folder.join(&id), &body)?;
            }
        }
        Ok(id)
    }

    pub fn read(&self, id: &str) -> io::Result<Vec<u8>> {
        match &self.0 {
            Location::Memory(bodies) => {
                let body = lock(bodies).get(id).cloned().ok_or(io::ErrorKind::NotFound)?;
                Ok(Arc::unwrap_or_clone(body))
            }
            Location::Folder(folder) => fs::read(folder.join(id)),
        }
    }

    /// Deletes a body that no object has any more.
    pub fn remove(&self, id: &str) {
        match &self.0 {
            Location::Memory(bodies) => {
                lock(bodies).remove(id);
            }
            Location::Folder(folder) => {
                // If it fails, the next start deletes it.
                let _ = fs::remove_file(folder.join(id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_survive_a_restart_if_an_object_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let bodies = ObjectBodies::open(folder.path(), [].into_iter());
        let (kept, left_over) =
            (bodies.insert(b"kept".into()).unwrap(), bodies.insert(b"x".into()).unwrap());
        let reopened = ObjectBodies::open(folder.path(), [kept.as_str()].into_iter());
        assert_eq!(reopened.read(&kept).unwrap(), b"kept");
        assert!(reopened.read(&left_over).is_err());
        reopened.remove(&kept);
        assert!(reopened.read(&kept).is_err());
    }

    #[test]
    fn bodies_in_memory_are_read_until_they_are_removed() {
        let bodies = ObjectBodies::in_memory();
        let id = bodies.insert(b"x".into()).unwrap();
        assert_eq!(bodies.read(&id).unwrap(), b"x");
        bodies.remove(&id);
        assert!(bodies.read(&id).is_err());
    }
}

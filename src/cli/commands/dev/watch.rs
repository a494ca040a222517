//! Watches files for changed content. Watches their folders, since most editors write a new file and rename it.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::cli::Failure;

/// A save is complete when no notification arrives for this duration.
const QUIET_PERIOD: Duration = Duration::from_millis(50);
/// Maximum number of `QUIET_PERIOD`s to wait while a file is written continuously.
const DEBOUNCE_ROUNDS_MAX: usize = 20;

pub struct FileWatcher {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    files: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// The content of each file at the last check; `None` if it did not exist.
    contents: BTreeMap<PathBuf, Option<Vec<u8>>>,
    notifications: UnboundedReceiver<()>,
}

impl FileWatcher {
    pub fn new() -> Result<Self, Failure> {
        let files = Arc::new(Mutex::new(BTreeSet::new()));
        let watched = Arc::clone(&files);
        let (sender, notifications) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // An error may be a lost event; checking the files is cheap.
            let concerns = event.as_ref().map_or(true, |event| {
                !event.kind.is_access()
                    && event.paths.iter().any(|path| is_near(path, &lock(&watched)))
            });
            if concerns {
                // Without a receiver, no one waits for the notification.
                let _ = sender.send(());
            }
        });
        let watcher = watcher.map_err(|error| watch_failure(&error))?;
        let (folders, contents) = (BTreeSet::new(), BTreeMap::new());
        Ok(Self { watcher, folders, files, contents, notifications })
    }

    /// Watches only these files from now on. The current content of new ones does not count as a change.
    pub fn set(&mut self, files: BTreeSet<PathBuf>) -> Result<(), Failure> {
        let files: BTreeSet<PathBuf> = files.into_iter().map(canonical_path).collect();
        let folders: BTreeSet<PathBuf> = files.iter().filter_map(|file| folder(file)).collect();
        for folder in self.folders.difference(&folders) {
            // The folder may no longer exist.
            let _ = self.watcher.unwatch(folder);
        }
        self.contents.retain(|file, _| files.contains(file));
        lock(&self.files).clone_from(&files);
        // Also folders that were watched before: one may have been deleted and created again.
        for folder in &folders {
            let result = self.watcher.watch(folder, RecursiveMode::NonRecursive);
            result.map_err(|error| watch_failure(&error))?;
        }
        for file in files {
            self.contents.entry(file).or_insert_with_key(|file| fs::read(file).ok());
        }
        self.folders = folders;
        Ok(())
    }

    /// Also watches these files.
    pub fn add(&mut self, files: &BTreeSet<PathBuf>) -> Result<(), Failure> {
        let all = self.contents.keys().chain(files).cloned().collect();
        self.set(all)
    }

    /// Waits until a file may have been saved. Cancel-safe.
    pub async fn changed(&mut self) {
        // The watcher owns the sender, so the channel is open.
        let _ = self.notifications.recv().await;
    }

    /// Waits until the save is complete and returns whether the content of a file has changed since the last check.
    pub async fn content_changed(&mut self) -> bool {
        for _ in 0..DEBOUNCE_ROUNDS_MAX {
            if timeout(QUIET_PERIOD, self.notifications.recv()).await.is_err() {
                break;
            }
        }
        let mut differs = false;
        for (file, last) in &mut self.contents {
            let content = fs::read(file).ok();
            differs |= *last != content;
            *last = content;
        }
        differs
    }

    /// Makes the next save count as a change, even if the content is the same.
    pub fn forget(&mut self) {
        self.contents.values_mut().for_each(|content| *content = None);
    }

    pub fn count(&self) -> usize {
        self.contents.len()
    }
}

impl fmt::Debug for FileWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("folders", &self.folders).finish_non_exhaustive()
    }
}

/// Returns whether `path` is one of the files or a folder that contains one.
fn is_near(path: &Path, files: &BTreeSet<PathBuf>) -> bool {
    files.iter().any(|file| file.starts_with(path))
}

/// Returns the canonical path of a file that need not exist.
fn canonical_path(file: PathBuf) -> PathBuf {
    let folder = file.parent().and_then(|parent| parent.canonicalize().ok());
    match (folder, file.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => file,
    }
}

/// Returns the nearest existing folder of a file.
fn folder(file: &Path) -> Option<PathBuf> {
    file.ancestors().skip(1).find(|ancestor| ancestor.is_dir()).map(Path::to_owned)
}

fn lock(files: &Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'_, BTreeSet<PathBuf>> {
    files.lock().expect("no thread panics while it holds the lock")
}

fn watch_failure(error: &notify::Error) -> Failure {
    Failure::error(format!("cannot watch the spec's files: {error}")).with_hint(
        "the system may limit the number of watched files: on Linux, raise fs.inotify.max_user_watches",
    )
}

//! Which files were saved. Folders are watched, not files: most editors write a new file and rename it.
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

/// A save is over when nothing has come for this long.
const QUIET_PERIOD: Duration = Duration::from_millis(50);
/// Who writes on and on is not waited for longer than so many times that.
const DEBOUNCE_ROUNDS_MAX: usize = 20;

pub struct FileWatcher {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    files: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// What each file held when it counted last; nothing, if it was not there.
    seen: BTreeMap<PathBuf, Option<Vec<u8>>>,
    hints: UnboundedReceiver<()>,
}

impl FileWatcher {
    pub fn new() -> Result<Self, Failure> {
        let files = Arc::new(Mutex::new(BTreeSet::new()));
        let (wanted, (hint, hints)) = (Arc::clone(&files), unbounded_channel());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // An error may be a lost event: looking is cheap.
            let concerns = event.as_ref().map_or(true, |event| {
                !event.kind.is_access()
                    && event.paths.iter().any(|path| is_near(path, &lock(&wanted)))
            });
            if concerns {
                // Nobody left who watches is no loss.
                let _ = hint.send(());
            }
        });
        let watcher = watcher.map_err(|error| watch_failure(&error))?;
        Ok(Self { watcher, folders: BTreeSet::new(), files, seen: BTreeMap::new(), hints })
    }

    /// Watches these files from now on, and takes what is in new ones for seen.
    pub fn set(&mut self, files: BTreeSet<PathBuf>) -> Result<(), Failure> {
        let files: BTreeSet<PathBuf> = files.into_iter().map(canonical_path).collect();
        let folders: BTreeSet<PathBuf> = files.iter().filter_map(|file| folder(file)).collect();
        for gone in self.folders.difference(&folders) {
            // It may be gone altogether.
            let _ = self.watcher.unwatch(gone);
        }
        self.seen.retain(|file, _| files.contains(file));
        lock(&self.files).clone_from(&files);
        // Those of before too: a folder of the same name may be another one by now.
        for folder in &folders {
            let watched = self.watcher.watch(folder, RecursiveMode::NonRecursive);
            watched.map_err(|error| watch_failure(&error))?;
        }
        for file in files {
            self.seen.entry(file).or_insert_with_key(|file| fs::read(file).ok());
        }
        self.folders = folders;
        Ok(())
    }

    /// Watches these files too.
    pub fn add(&mut self, files: &BTreeSet<PathBuf>) -> Result<(), Failure> {
        let all = self.seen.keys().chain(files).cloned().collect();
        self.set(all)
    }

    /// Returns when something may have been saved. Nothing is lost if this is dropped.
    pub async fn changed(&mut self) {
        // The sender lives in the watcher.
        let _ = self.hints.recv().await;
    }

    /// Whether a file holds something else than last time, once the save is over.
    pub async fn content_changed(&mut self) -> bool {
        for _ in 0..DEBOUNCE_ROUNDS_MAX {
            if timeout(QUIET_PERIOD, self.hints.recv()).await.is_err() {
                break;
            }
        }
        let mut differs = false;
        for (file, seen) in &mut self.seen {
            let now = fs::read(file).ok();
            differs |= *seen != now;
            *seen = now;
        }
        differs
    }

    /// Makes the next save count, whatever it says.
    pub fn forget(&mut self) {
        self.seen.values_mut().for_each(|items| *items = None);
    }

    pub fn count(&self) -> usize {
        self.seen.len()
    }
}

impl fmt::Debug for FileWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("folders", &self.folders).finish_non_exhaustive()
    }
}

/// Whether a change at `path` may be one of a file: it, or a folder that it is in.
fn is_near(path: &Path, files: &BTreeSet<PathBuf>) -> bool {
    files.iter().any(|file| file.starts_with(path))
}

/// The path as the system tells it, of a file that need not be there.
fn canonical_path(file: PathBuf) -> PathBuf {
    let folder = file.parent().and_then(|parent| parent.canonicalize().ok());
    match (folder, file.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => file,
    }
}

/// The nearest folder of a file that is there.
fn folder(file: &Path) -> Option<PathBuf> {
    file.ancestors().skip(1).find(|ancestor| ancestor.is_dir()).map(Path::to_owned)
}

fn lock(files: &Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'_, BTreeSet<PathBuf>> {
    files.lock().expect("nobody panics while holding it")
}

fn watch_failure(error: &notify::Error) -> Failure {
    Failure::error(format!("the spec's files can't be watched: {error}")).with_hint(
        "many systems limit how much may be watched: fs.inotify.max_user_watches on Linux",
    )
}

//! The emulator's state: one file, written to a temporary file and renamed, before the
//! change is answered. One process at a time has it.
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::UNIX_EPOCH;

use aws_smithy_async::time::SharedTimeSource;
use tokio::sync::watch;

use crate::call_log::{CallLog, LoggedCall};
use crate::emulator_options::EmulatorOptions;
use crate::faults::{ActiveFaults, Faults, Quotas};
use crate::lock::lock;
use crate::protocol::response::AwsError;
use crate::state::State;
use crate::state::folder::{self, Announcement, OpenError, StateFolder};

/// The state, and how it is kept.
pub struct Store {
    state: Mutex<VersionedState>,
    clock: SharedTimeSource,
    options: EmulatorOptions,
    folder: Option<StateFolder>,
    /// What is to go wrong. A run's, and never written.
    pub(crate) active_faults: Arc<ActiveFaults>,
    pub(crate) call_log: Arc<CallLog>,
    /// Whether the service is stopping: then all waiting ends.
    closing: watch::Sender<bool>,
    /// Notified of each change, of each move of the clock, and of the end.
    changed: watch::Sender<()>,
}

struct VersionedState {
    state: State,
    /// Counts changes, so that one write can serve many.
    changes: u64,
}

impl Store {
    /// Opens the store in `dir`, making it if need be, and locks it for this process.
    pub fn open(dir: &Path, clock: SharedTimeSource) -> Result<Arc<Self>, OpenError> {
        Self::open_with(dir, clock, EmulatorOptions::default())
    }

    /// The same, of an AWS that behaves as `options` say.
    pub fn open_with(
        dir: &Path,
        clock: SharedTimeSource,
        options: EmulatorOptions,
    ) -> Result<Arc<Self>, OpenError> {
        let (disk, state) = StateFolder::open(dir)?;
        Ok(Self::new(state, clock, options, Some(disk)))
    }

    /// A store that ends with its process.
    pub fn in_memory(clock: SharedTimeSource) -> Arc<Self> {
        Self::in_memory_with(clock, EmulatorOptions::default())
    }

    /// The same, of an AWS that behaves as `options` say.
    pub fn in_memory_with(clock: SharedTimeSource, options: EmulatorOptions) -> Arc<Self> {
        Self::new(State::default(), clock, options, None)
    }

    fn new(
        state: State,
        clock: SharedTimeSource,
        options: EmulatorOptions,
        disk: Option<StateFolder>,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(VersionedState { state, changes: 0 }),
            clock,
            options,
            folder: disk,
            active_faults: ActiveFaults::new(),
            call_log: Arc::new(CallLog::new()),
            closing: watch::Sender::new(false),
            changed: watch::Sender::new(()),
        })
    }

    /// How the emulator behaves where AWS's behavior is undocumented.
    pub fn options(&self) -> &EmulatorOptions {
        &self.options
    }

    /// Where it is kept, if it is.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(|it| it.dir.as_path())
    }

    /// Whether `host` is a name of one of its APIs: AWS's own for it, or a custom domain.
    pub(crate) fn has_host(&self, host: &str) -> bool {
        let versioned = self.state();
        let mut regions = versioned.state.accounts.values().flat_map(|it| it.regions.values());
        let (prefix, rest) = host.split_once('.').unwrap_or((host, ""));
        let aws = rest.starts_with("appsync-api.") || rest.starts_with("appsync-realtime-api.");
        regions.any(|region| {
            region.domains.contains_key(host)
                || aws && region.apis.values().any(|it| it.dns_prefix == prefix)
        })
    }

    /// Announces to other commands where this store is served, until the value is dropped.
    pub fn announce(&self, url: &str) -> io::Result<Announcement> {
        let Some(disk) = &self.folder else { return Ok(Announcement::default()) };
        disk.announce(url)
    }

    /// The time here, which faults may have moved from the machine's.
    pub fn now_epoch_s(&self) -> f64 {
        let clock = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (clock.as_secs_f64() + self.active_faults.clock_offset_s()).max(0.0)
    }

    /// Moves the clock on, or back.
    pub fn move_clock(&self, by_s: f64) {
        self.active_faults.move_clock(by_s);
        self.changed.send_replace(());
    }

    /// Puts `faults` in force, in place of those before.
    pub fn set_faults(&self, faults: Faults) {
        self.active_faults.set(faults, &self.state().state);
    }
    pub fn faults(&self) -> Faults {
        self.active_faults.faults()
    }

    /// What was asked since the store was made or the log emptied, in order.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.call_log.calls()
    }
    pub fn clear_calls(&self) {
        self.call_log.clear();
    }

    /// Ends all waiting, including faults that hang or delay.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
        self.changed.send_replace(());
    }
    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }
    /// Returns once the service ends.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives in the store, so this can't fail before it ends.
        let _ = closing.wait_for(|it| *it).await;
    }

    /// Notifies of each change, of each move of the clock, and of the end.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn quotas(&self) -> Quotas {
        self.active_faults.quotas()
    }
    /// Refuses a role that AWS could not assume yet.
    pub(crate) fn check_role(&self, arn: &str) -> Result<(), AwsError> {
        self.active_faults.check_role(arn, self.now_epoch_s())
    }

    /// A store that shows `state`, with all else as in this one.
    pub(crate) fn with_state(&self, state: State) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(VersionedState { state, changes: 0 }),
            clock: self.clock.clone(),
            options: self.options.clone(),
            folder: None,
            active_faults: Arc::clone(&self.active_faults),
            call_log: Arc::clone(&self.call_log),
            closing: self.closing.clone(),
            changed: self.changed.clone(),
        })
    }

    /// The number of changes, by which the holder of a copy knows when it is outdated.
    pub(crate) fn change_number(&self) -> u64 {
        self.state().changes
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state().state)
    }

    /// Changes the state and keeps it. A change that fails must not have changed anything.
    pub(crate) async fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let (result, number) = {
            let mut versioned = self.state();
            let result = change(&mut versioned.state)?;
            versioned.changes += 1;
            self.active_faults.record_state(&versioned.state, self.now_epoch_s());
            (result, versioned.changes)
        };
        self.changed.send_replace(());
        self.persist(number).await.map_err(|error| {
            let message = format!("provision's emulator cannot write its state: {error}");
            AwsError::new(500, "InternalFailureException", message)
        })?;
        Ok(result)
    }

    /// Returns once change `number` is on disk. One writer writes for all that wait.
    async fn persist(&self, number: u64) -> io::Result<()> {
        let Some(disk) = &self.folder else { return Ok(()) };
        let mut written = disk.last_written.lock().await;
        if *written >= number {
            return Ok(());
        }
        let (bytes, changes) = {
            let versioned = self.state();
            (folder::encode_state(&versioned.state)?, versioned.changes)
        };
        disk.write(&bytes)?;
        *written = changes;
        Ok(())
    }

    /// Acquired before the lock of active faults, never after.
    fn state(&self) -> MutexGuard<'_, VersionedState> {
        lock(&self.state)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.folder.as_ref().map(|it| &it.dir)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aws_smithy_async::time::SystemTimeSource;

    use super::*;
    use crate::state::folder::{STATE_FILE, served_url};

    fn clock() -> SharedTimeSource {
        SharedTimeSource::new(SystemTimeSource::new())
    }

    #[tokio::test]
    async fn what_was_changed_is_there_again_and_only_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("local");
        let store = Store::open(&dir, clock()).unwrap();
        let add = |state: &mut State| {
            state.accounts.insert("1".into(), Default::default());
            Ok(())
        };
        store.change(add).await.unwrap();
        assert!(matches!(Store::open(&dir, clock()), Err(OpenError::InUse { .. })));
        assert_eq!(served_url(&dir), None);
        let announced = store.announce("http://here").unwrap();
        assert_eq!(served_url(&dir).as_deref(), Some("http://here"));
        drop((announced, store));
        assert_eq!(served_url(&dir), None);
        let again = Store::open(&dir, clock()).unwrap();
        assert!(again.read(|state| state.accounts.contains_key("1")));
    }

    #[test]
    fn a_damaged_or_newer_file_is_never_an_empty_aws() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: &str, expected: &str| {
            fs::write(folder.path().join(STATE_FILE), text).unwrap();
            let error = Store::open(folder.path(), clock()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("", "damaged");
        check("{}", "no version");
        check("{\"version\":2}", "knows version 1");
        check("{\"version\":1}", "damaged");
    }
}

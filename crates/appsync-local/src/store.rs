//! The store: the emulator's state, its clock and its faults. With a folder, every change is on disk before it
//! is acknowledged. A store is never shared by two processes.
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::UNIX_EPOCH;

use aws_smithy_async::time::SharedTimeSource;
use tokio::sync::{broadcast, watch};

use crate::call_log::{CallLog, LoggedCall};
use crate::emulator_options::EmulatorOptions;
use crate::faults::{ActiveFaults, Faults, Quotas};
use crate::lock::lock;
use crate::protocol::response::AwsError;
use crate::stack_settings::{STACK_STEP, StackSettings, StackTime};
use crate::state::folder::{Announcement, StateFolder};
use crate::state::journal::{DiskWrites, encode_state_file};
use crate::state::object_bodies::ObjectBodies;
use crate::state::open_error::OpenError;
use crate::state::{self, State};

/// Lines that are kept for a slow terminal.
const STACK_LINES_MAX: usize = 64;

/// The state of the emulated AWS, in a folder or in memory.
///
/// A store also has what belongs to a run and is never written: faults, the call log and the clock's offset.
pub struct Store {
    state: Arc<Mutex<VersionedState>>,
    clock: SharedTimeSource,
    options: EmulatorOptions,
    stack_settings: StackSettings,
    folder: Option<Arc<StateFolder>>,
    pub(crate) object_bodies: Arc<ObjectBodies>,
    pub(crate) active_faults: Arc<ActiveFaults>,
    pub(crate) call_log: Arc<CallLog>,
    /// A line for each operation on a stack that ended.
    pub(crate) stack_lines: broadcast::Sender<String>,
    /// Whether the emulator is stopping, which ends all waiting.
    closing: watch::Sender<bool>,
    /// Notifies of each change, of each move of the clock, and when the emulator stops.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct VersionedState {
    state: State,
    /// The number of changes so far.
    changes: u64,
    /// The number of changes that are on disk.
    durable_changes: u64,
    /// The changes that no write has begun with, as lines of the journal.
    pending_lines: Vec<u8>,
    /// Why a write failed. Then the state on disk may differ, and nothing can change until it is opened again.
    write_error: Option<String>,
    writes: DiskWrites,
}

impl VersionedState {
    fn new(state: State) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { state, ..Self::default() }))
    }

    fn check_writable(&self) -> Result<(), AwsError> {
        let Some(error) = &self.write_error else { return Ok(()) };
        let message = format!(
            "provision's emulator cannot write its state, and changes nothing until it is restarted: {error}"
        );
        Err(AwsError::new(500, "InternalFailureException", message))
    }
}

impl Store {
    /// Opens the store in the folder `dir`, which is created if it does not exist, and locks it for this process.
    ///
    /// # Errors
    ///
    /// Fails if another process has the store, if its file is damaged or of another version, and if the folder
    /// cannot be created, read or locked.
    pub fn open(dir: &Path, clock: SharedTimeSource) -> Result<Arc<Self>, OpenError> {
        Self::open_with(dir, clock, EmulatorOptions::default())
    }

    /// Opens the store in `dir` with emulator options.
    pub(crate) fn open_with(
        dir: &Path,
        clock: SharedTimeSource,
        options: EmulatorOptions,
    ) -> Result<Arc<Self>, OpenError> {
        Self::open_with_stacks(dir, clock, options, StackSettings::default())
    }

    /// Opens the store in `dir` with emulator options and the settings of stacks.
    pub(crate) fn open_with_stacks(
        dir: &Path,
        clock: SharedTimeSource,
        options: EmulatorOptions,
        stack_settings: StackSettings,
    ) -> Result<Arc<Self>, OpenError> {
        let (disk, state) = StateFolder::open(dir)?;
        let buckets = state.accounts.values().flat_map(|account| account.buckets.values());
        let objects = buckets.flat_map(|bucket| bucket.objects.values());
        let bodies = ObjectBodies::open(dir, objects.map(|object| object.body.as_str()));
        Ok(Self::new(state, clock, options, stack_settings, Some(Arc::new(disk)), bodies))
    }

    /// Creates an empty store that is never written.
    pub fn in_memory(clock: SharedTimeSource) -> Arc<Self> {
        Self::in_memory_with(clock, EmulatorOptions::default())
    }

    /// Creates an empty store that is never written, with emulator options.
    pub fn in_memory_with(clock: SharedTimeSource, options: EmulatorOptions) -> Arc<Self> {
        let bodies = ObjectBodies::in_memory();
        Self::new(State::default(), clock, options, StackSettings::default(), None, bodies)
    }

    fn new(
        state: State,
        clock: SharedTimeSource,
        options: EmulatorOptions,
        stack_settings: StackSettings,
        disk: Option<Arc<StateFolder>>,
        object_bodies: ObjectBodies,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: VersionedState::new(state),
            clock,
            options,
            stack_settings,
            folder: disk,
            object_bodies: Arc::new(object_bodies),
            active_faults: ActiveFaults::new(),
            call_log: Arc::new(CallLog::new()),
            stack_lines: broadcast::Sender::new(STACK_LINES_MAX),
            closing: watch::Sender::new(false),
            changed: watch::Sender::new(()),
        })
    }

    pub(crate) fn options(&self) -> &EmulatorOptions {
        &self.options
    }

    pub(crate) fn stack_settings(&self) -> &StackSettings {
        &self.stack_settings
    }

    /// Decides the order of what stacks do concurrently.
    pub(crate) fn stack_seed(&self) -> u64 {
        self.active_faults.faults().seed
    }

    /// Waits as long as one step of a stack takes.
    pub(crate) async fn pause_stack_step(&self) {
        match self.stack_settings.time {
            None => {}
            Some(StackTime::Real) => tokio::select! {
                () = tokio::time::sleep(STACK_STEP) => {}
                () = self.closed() => {}
            },
            Some(StackTime::Step) => {
                let due_epoch_s = self.now_epoch_s() + STACK_STEP.as_secs_f64();
                let mut changes = self.changes();
                while self.now_epoch_s() < due_epoch_s && !self.is_closing() {
                    if changes.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// The folder of the store, unless it is in memory.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(|folder| folder.dir.as_path())
    }

    /// Whether `host` is a host name of one of the APIs: AWS's name or a custom domain name.
    pub(crate) fn has_host(&self, host: &str) -> bool {
        let versioned = self.state();
        let mut regions =
            versioned.state.accounts.values().flat_map(|account| account.regions.values());
        let (prefix, rest) = host.split_once('.').unwrap_or((host, ""));
        let is_aws_name =
            rest.starts_with("appsync-api.") || rest.starts_with("appsync-realtime-api.");
        regions.any(|region| {
            region.domains.contains_key(host)
                || is_aws_name && region.apis.values().any(|api| api.dns_prefix == prefix)
        })
    }

    /// Announces to other commands the URL at which this store is served, until the result is dropped.
    pub(crate) fn announce(&self, url: &str) -> io::Result<Announcement> {
        match &self.folder {
            Some(folder) => folder.announce(url),
            None => Ok(Announcement::default()),
        }
    }

    /// The emulator's time, which differs from the machine's if the clock was moved or a fault skews it.
    pub fn now_epoch_s(&self) -> f64 {
        let clock = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (clock.as_secs_f64() + self.active_faults.clock_offset_s()).max(0.0)
    }

    /// Moves the clock by some seconds, back if they are negative.
    pub fn move_clock(&self, by_s: f64) {
        self.active_faults.move_clock(by_s);
        self.changed.send_replace(());
    }

    /// Replaces the faults that are injected; their rules start counting anew.
    pub fn set_faults(&self, faults: Faults) {
        self.active_faults.set(faults, &self.state().state);
    }
    /// The faults that are injected.
    pub fn faults(&self) -> Faults {
        self.active_faults.faults()
    }

    /// The calls since the store was created or the log was cleared, in order.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.call_log.calls()
    }
    /// Clears the call log.
    pub fn clear_calls(&self) {
        self.call_log.clear();
    }

    /// Ends all waiting, including that of injected faults.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
        self.changed.send_replace(());
    }
    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }
    /// Waits until the emulator stops.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // Waiting fails only without a sender, and this store has it.
        let _ = closing.wait_for(|is_closing| *is_closing).await;
    }

    /// Notifies of each change, of each move of the clock, and when the emulator stops.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn quotas(&self) -> Quotas {
        self.active_faults.quotas()
    }
    /// Rejects a role that AWS could not assume yet.
    pub(crate) fn check_role(&self, arn: &str) -> Result<(), AwsError> {
        self.active_faults.check_role(arn, self.now_epoch_s())
    }

    /// A store with another state that shares everything else with this one, and is never written.
    pub(crate) fn with_state(&self, state: State) -> Arc<Self> {
        Arc::new(Self {
            state: VersionedState::new(state),
            clock: self.clock.clone(),
            options: self.options.clone(),
            stack_settings: self.stack_settings.clone(),
            folder: None,
            object_bodies: Arc::clone(&self.object_bodies),
            active_faults: Arc::clone(&self.active_faults),
            call_log: Arc::clone(&self.call_log),
            stack_lines: self.stack_lines.clone(),
            closing: self.closing.clone(),
            changed: self.changed.clone(),
        })
    }

    /// The number of changes so far, which shows whether a copy of the state is current.
    pub(crate) fn change_number(&self) -> u64 {
        self.state().changes
    }

    /// The content of a state file with the current state, to copy it into another folder.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be expressed as JSON.
    pub fn state_file(&self) -> io::Result<Vec<u8>> {
        self.read(|state| encode_state_file(state, 0))
    }

    /// How much was written to the folder since the store was opened.
    pub fn disk_writes(&self) -> DiskWrites {
        self.state().writes
    }

    /// Passes a copy of the state to `read`; what that changes is lost.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state().state.clone();
        read(&mut state)
    }

    /// Changes the state and persists it. A change that fails changes nothing.
    pub(crate) async fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let (result, number) = {
            let mut versioned = self.state();
            versioned.check_writable()?;
            let mut state = versioned.state.clone();
            let result = change(&mut state)?;
            if self.folder.is_some() {
                let line = state::encode(&versioned.state, &state);
                versioned.pending_lines.extend(line);
            }
            versioned.state = state;
            versioned.changes += 1;
            self.active_faults.record_state(&versioned.state, self.now_epoch_s());
            (result, versioned.changes)
        };
        self.changed.send_replace(());
        if let Some(folder) = &self.folder {
            self.persist(folder, number).await?;
        }
        Ok(result)
    }

    /// Returns once change `number` is on disk. One write serves all changes that wait when it begins.
    async fn persist(&self, folder: &Arc<StateFolder>, number: u64) -> Result<(), AwsError> {
        let mut journal = Arc::clone(&folder.journal).lock_owned().await;
        {
            let versioned = self.state();
            if versioned.durable_changes >= number {
                return Ok(());
            }
            versioned.check_writable()?;
        }
        // The write continues if this request is cancelled. So it keeps the locks of the journal and of the folder.
        let (folder, state) = (Arc::clone(folder), Arc::clone(&self.state));
        let write = tokio::task::spawn_blocking(move || {
            let (lines, snapshot, changes) = {
                let mut versioned = lock(&state);
                let lines = std::mem::take(&mut versioned.pending_lines);
                (lines, versioned.state.clone(), versioned.changes)
            };
            let written = journal.write(&lines, &snapshot);
            let mut versioned = lock(&state);
            versioned.writes = journal.writes;
            match written {
                Ok(()) => versioned.durable_changes = changes,
                Err(error) => versioned.write_error = Some(error.to_string()),
            }
            drop(folder);
        });
        let end = write.await;
        let mut versioned = self.state();
        if let Err(error) = end {
            versioned.write_error = Some(error.to_string());
        }
        versioned.check_writable()
    }

    /// Acquired before the lock of active faults, never after.
    fn state(&self) -> MutexGuard<'_, VersionedState> {
        lock(&self.state)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("dir", &self.folder.as_ref().map(|folder| &folder.dir))
            .finish()
    }
}

#[cfg(test)]
mod tests;

//! The threads that run handlers: few, so that handlers never take the machine, and each run alone on its own.
//! No channel namespace has them all.
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::data_plane::handlers::runtime::engine::{THREAD_STACK, run};
use crate::data_plane::handlers::runtime::queue::{FairQueue, Owner};
use crate::data_plane::handlers::runtime::run::{HandlerOutcome, Run, RunFailure, RunResult};
use crate::data_plane::handlers::runtime::script::Script;
use crate::json::approximate_size;
use crate::lock::lock;

/// More threads would only wait for each other.
const WORKERS_MAX: usize = 4;
/// With one alone a run that goes on would keep everybody waiting.
const WORKERS_MIN: usize = 2;
/// A run does a bounded amount of work, but one built-in may be slow on a huge list. A run that takes
/// this long is given up, and another thread takes its place.
const RUN_TIMEOUT: Duration = Duration::from_secs(10);
/// As long as a request may take (docs/reference/quotas.md#handlers).
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);
/// Threads that are given up at once; beyond, handlers wait until one is done.
const ABANDONED_MAX: usize = 8;
/// As many channel namespaces as an API has, by default.
const SCRIPTS_MAX: usize = 50;

/// Runs handlers.
pub struct Pool {
    shared: Arc<Shared>,
    /// Code that was looked at, by its name and text.
    scripts: Mutex<HashMap<(String, String), Arc<Script>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<PoolState>,
    arrived: Condvar,
}

#[derive(Default)]
struct PoolState {
    queue: FairQueue<Job>,
    /// Threads that wait for a job.
    idle: usize,
    /// Threads that there are, without those given up.
    workers: usize,
    abandoned: usize,
    closed: bool,
}

struct Job {
    run: Run,
    /// Notified when it starts and when it ends.
    started: oneshot::Sender<()>,
    done: oneshot::Sender<RunResult>,
    is_abandoned: Arc<AtomicBool>,
}

impl Pool {
    pub fn new() -> Self {
        Self { shared: Arc::default(), scripts: Mutex::default() }
    }

    /// Code that can be run. Looked at once, not once a run.
    pub fn script(&self, name: &str, text: &str) -> Arc<Script> {
        let key = (name.to_owned(), text.to_owned());
        let mut scripts = lock(&self.scripts);
        if scripts.len() >= SCRIPTS_MAX && !scripts.contains_key(&key) {
            scripts.clear();
        }
        Arc::clone(scripts.entry(key).or_insert_with(|| Arc::new(Script::new(name, text))))
    }

    /// Runs a function, when its turn has come.
    pub async fn run(&self, run: Run) -> RunResult {
        let stash = run.context.get("stash").cloned().unwrap_or_default();
        let owner = Arc::clone(&run.owner);
        let (begins, begun) = oneshot::channel();
        let (done, mut ran) = oneshot::channel();
        let given_up = Arc::default();
        let job = Job { run, started: begins, done, is_abandoned: Arc::clone(&given_up) };
        if let Err(reason) = self.enqueue(&owner, job) {
            return failed_run(reason, stash);
        }
        // Dropped silently only by a thread that ended.
        if timeout(QUEUE_TIMEOUT, begun).await.is_err() {
            return failed_run("its turn did not come: others of its channel namespace run", stash);
        }
        match timeout(RUN_TIMEOUT, &mut ran).await {
            Ok(Ok(ran)) => ran,
            Ok(Err(_)) => failed_run("the engine crashed", stash),
            Err(_) => {
                self.abandon(&owner, &given_up);
                failed_run("it ran for too long, and was given up", stash)
            }
        }
    }

    fn enqueue(&self, owner: &Owner, job: Job) -> Result<(), &'static str> {
        let weight = approximate_size(&job.run.context);
        let mut state = self.shared.state();
        state.queue.push(owner, weight, job)?;
        if state.idle < state.queue.waiting_count() && state.workers < workers_max() {
            self.start_worker(&mut state)?;
        }
        self.shared.arrived.notify_one();
        Ok(())
    }

    fn start_worker(&self, state: &mut MutexGuard<'_, PoolState>) -> Result<(), &'static str> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("handler".to_owned()).stack_size(THREAD_STACK);
        let started = thread.spawn(move || shared.work());
        match started {
            Ok(_) => state.workers += 1,
            Err(_) if state.workers == 0 => return Err("no thread could be started for it"),
            Err(_) => {}
        }
        Ok(())
    }

    /// Starts another thread in place of one that does not return soon.
    fn abandon(&self, owner: &Owner, given_up: &AtomicBool) {
        let mut state = self.shared.state();
        if state.abandoned < ABANDONED_MAX {
            given_up.store(true, Ordering::Relaxed);
            state.abandoned += 1;
            state.workers = state.workers.saturating_sub(1);
            state.queue.finish(owner);
            if state.queue.waiting_count() > 0 {
                // Without a thread the next run tries again.
                let _ = self.start_worker(&mut state);
                self.shared.arrived.notify_one();
            }
        }
    }
}

/// How many threads there are at most.
fn workers_max() -> usize {
    thread::available_parallelism().map_or(1, usize::from).clamp(WORKERS_MIN, WORKERS_MAX)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, PoolState> {
        lock(&self.state)
    }

    fn work(&self) {
        while let Some((owner, job)) = self.next() {
            let Job { run: todo, started: begins, done, is_abandoned: given_up } = job;
            // No one waits for it any longer, so it need not run.
            if begins.send(()).is_ok() {
                let ran = catch_unwind(AssertUnwindSafe(|| run(&todo)));
                if let Ok(ran) = ran {
                    // The caller may have gone away.
                    let _ = done.send(ran);
                }
            }
            let mut state = self.state();
            if given_up.load(Ordering::Relaxed) {
                // Given up, but back: another thread has replaced it.
                state.abandoned -= 1;
                return;
            }
            state.queue.finish(&owner);
            // Another of the same owner may run now.
            self.arrived.notify_one();
        }
    }

    fn next(&self) -> Option<(Owner, Job)> {
        let share = workers_max() - 1;
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.queue.pop(share) {
                return Some(job);
            }
            state.idle += 1;
            state = self.arrived.wait(state).expect("no code panics while it holds a lock");
            state.idle -= 1;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.arrived.notify_all();
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

fn failed_run(message: &str, stash: Value) -> RunResult {
    let ended = HandlerOutcome::Failed(RunFailure::new(message));
    RunResult { outcome: ended, logs: Vec::new(), out_errors: Vec::new(), stash }
}

//! The threads that run handlers. They are few, so handlers never use the whole machine, and no channel namespace
//! uses all of them.
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use std::{fmt, thread};

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::data_plane::handlers::runtime::engine::{THREAD_STACK, run};
use crate::data_plane::handlers::runtime::run::{HandlerOutcome, Run, RunFailure, RunResult};
use crate::data_plane::handlers::runtime::script::Script;
use crate::json::approximate_size;
use crate::lock::lock;

/// More threads would only wait for each other.
const WORKERS_MAX: usize = 4;
/// With only one thread, a long run would delay all others.
const WORKERS_MIN: usize = 2;
/// How long a run may take. Its work is limited, but a built-in function may be slow on a huge list. A run that
/// takes longer is abandoned, and another thread replaces its thread.
const RUN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a run may wait: the time limit of a request (docs/reference/quotas.md#handlers).
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);
/// The number of abandoned threads. Further runs are not abandoned.
const ABANDONED_MAX: usize = 8;
/// The number of cached scripts: AppSync's default quota of channel namespaces.
const SCRIPTS_MAX: usize = 50;

/// Runs handlers.
pub struct Pool {
    shared: Arc<Shared>,
    /// Instrumented code, by name and text.
    scripts: Mutex<HashMap<(String, String), Arc<Script>>>,
}

/// What the threads and the callers share.
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
    /// Threads, without abandoned ones.
    workers: usize,
    abandoned: usize,
    closed: bool,
}

/// A run that waits for a thread.
struct Job {
    run: Run,
    /// Notified when the run starts.
    start_sender: oneshot::Sender<()>,
    result_sender: oneshot::Sender<RunResult>,
    is_abandoned: Arc<AtomicBool>,
}

impl Pool {
    pub fn new() -> Self {
        Self { shared: Arc::default(), scripts: Mutex::default() }
    }

    /// Returns instrumented code, which is cached.
    pub fn script(&self, name: &str, text: &str) -> Arc<Script> {
        let key = (name.to_owned(), text.to_owned());
        let mut scripts = lock(&self.scripts);
        if scripts.len() >= SCRIPTS_MAX && !scripts.contains_key(&key) {
            scripts.clear();
        }
        Arc::clone(scripts.entry(key).or_insert_with(|| Arc::new(Script::new(name, text))))
    }

    /// Runs a function when it is scheduled.
    pub async fn run(&self, run: Run) -> RunResult {
        let stash = run.context.get("stash").cloned().unwrap_or_default();
        let owner = Arc::clone(&run.owner);
        let (start_sender, start_receiver) = oneshot::channel();
        let (result_sender, mut result) = oneshot::channel();
        let is_abandoned = Arc::default();
        let job = Job { run, start_sender, result_sender, is_abandoned: Arc::clone(&is_abandoned) };
        if let Err(reason) = self.enqueue(&owner, job) {
            return failed_run(reason, stash);
        }
        // Only a thread that crashed drops the sender.
        if timeout(QUEUE_TIMEOUT, start_receiver).await.is_err() {
            return failed_run(
                "it was not scheduled in time: other handlers of its channel namespace are running",
                stash,
            );
        }
        match timeout(RUN_TIMEOUT, &mut result).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => failed_run("the engine crashed", stash),
            Err(_) => {
                self.abandon(&owner, &is_abandoned);
                failed_run("it ran for too long and was abandoned", stash)
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
        match thread.spawn(move || shared.work()) {
            Ok(_) => state.workers += 1,
            Err(_) if state.workers == 0 => return Err("cannot start a thread for it"),
            Err(_) => {}
        }
        Ok(())
    }

    /// Abandons a thread that takes too long, and starts another.
    fn abandon(&self, owner: &Owner, is_abandoned: &AtomicBool) {
        let mut state = self.shared.state();
        if state.abandoned < ABANDONED_MAX {
            is_abandoned.store(true, Ordering::Relaxed);
            state.abandoned += 1;
            state.workers = state.workers.saturating_sub(1);
            state.queue.finish(owner);
            if state.queue.waiting_count() > 0 {
                // If no thread can be started, the next run tries again.
                let _ = self.start_worker(&mut state);
                self.shared.arrived.notify_one();
            }
        }
    }
}

/// Returns the maximum number of threads.
fn workers_max() -> usize {
    thread::available_parallelism().map_or(1, usize::from).clamp(WORKERS_MIN, WORKERS_MAX)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, PoolState> {
        lock(&self.state)
    }

    fn work(&self) {
        while let Some((owner, job)) = self.next() {
            let Job { run: task, start_sender, result_sender, is_abandoned } = job;
            // If no one waits for it any more, it need not run.
            if start_sender.send(()).is_ok() {
                let result = catch_unwind(AssertUnwindSafe(|| run(&task)));
                if let Ok(result) = result {
                    // The caller may have stopped waiting.
                    let _ = result_sender.send(result);
                }
            }
            let mut state = self.state();
            if is_abandoned.load(Ordering::Relaxed) {
                // It was abandoned: another thread has replaced it.
                state.abandoned -= 1;
                return;
            }
            state.queue.finish(&owner);
            // Another run of the same owner may be scheduled now.
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

/// Runs of one owner that may wait. Only a flood has more.
const WAITING_MAX: usize = 1_000;
/// The weight of the runs of one owner that may wait. One run may always wait.
const WEIGHT_MAX: usize = 64 << 20;

/// The owner of a run: a channel namespace.
pub type Owner = Arc<str>;

/// Runs that wait, by owner.
pub struct FairQueue<J> {
    /// Owners with runs that wait, the next first.
    owners: VecDeque<OwnerQueue<J>>,
    running: HashMap<Owner, usize>,
}

/// The runs of one owner that wait, in order.
struct OwnerQueue<J> {
    owner: Owner,
    /// Each with its weight.
    jobs: VecDeque<(usize, J)>,
    weight: usize,
}

impl<J> FairQueue<J> {
    /// Appends a job to its owner's queue.
    pub fn push(&mut self, owner: &Owner, weight: usize, job: J) -> Result<(), &'static str> {
        let index =
            self.owners.iter().position(|queue| queue.owner == *owner).unwrap_or_else(|| {
                let queue =
                    OwnerQueue { owner: Arc::clone(owner), jobs: VecDeque::new(), weight: 0 };
                self.owners.push_back(queue);
                self.owners.len() - 1
            });
        let queue = &mut self.owners[index];
        let full = queue.jobs.len() >= WAITING_MAX || queue.weight + weight > WEIGHT_MAX;
        if full && !queue.jobs.is_empty() {
            return Err("too many handlers wait to be run");
        }
        queue.weight += weight;
        queue.jobs.push_back((weight, job));
        Ok(())
    }

    /// Returns the next job of an owner with fewer than `share` running jobs. It runs until [`Self::finish`].
    pub fn pop(&mut self, share: usize) -> Option<(Owner, J)> {
        let running = &self.running;
        let is_allowed =
            |queue: &OwnerQueue<J>| running.get(&queue.owner).is_none_or(|count| *count < share);
        let mut queue = self.owners.remove(self.owners.iter().position(is_allowed)?)?;
        let (weight, job) = queue.jobs.pop_front()?;
        let owner = Arc::clone(&queue.owner);
        queue.weight -= weight;
        if !queue.jobs.is_empty() {
            self.owners.push_back(queue);
        }
        *self.running.entry(Arc::clone(&owner)).or_default() += 1;
        Some((owner, job))
    }

    /// Records that a job of the owner has finished.
    pub fn finish(&mut self, owner: &Owner) {
        if let Some(count) = self.running.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                self.running.remove(owner);
            }
        }
    }

    pub fn waiting_count(&self) -> usize {
        self.owners.iter().map(|owner| owner.jobs.len()).sum()
    }
}

impl<J> Default for FairQueue<J> {
    fn default() -> Self {
        Self { owners: VecDeque::new(), running: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pop_all(queue: &mut FairQueue<u32>, share: usize) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(share).map(|(_, job)| job)).collect()
    }

    #[test]
    fn tenants_are_scheduled_fairly_and_none_exceeds_its_share() {
        let (mut queue, a, b) = (FairQueue::default(), Owner::from("a"), Owner::from("b"));
        for job in 0..4 {
            queue.push(&a, 1, job).unwrap();
        }
        queue.push(&b, 1, 10).unwrap();
        assert_eq!(pop_all(&mut queue, 2), [0, 10, 1]);
        queue.push(&b, 1, 11).unwrap();
        assert_eq!((pop_all(&mut queue, 2), queue.waiting_count()), (vec![11], 2));
        queue.finish(&a);
        assert_eq!(pop_all(&mut queue, 2), [2]);
        (0..2).for_each(|_| queue.finish(&a));
        (0..2).for_each(|_| queue.finish(&b));
        assert_eq!(pop_all(&mut queue, 1), [3]);
        queue.finish(&a);
        assert!(queue.running.is_empty() && queue.owners.is_empty());
    }

    #[test]
    fn a_flood_fills_only_the_queue_of_its_owner_by_count_and_by_weight() {
        let (mut queue, a, b) = (FairQueue::default(), Owner::from("a"), Owner::from("b"));
        assert!((0..WAITING_MAX).all(|_| queue.push(&a, 1, 0).is_ok()));
        assert!(queue.push(&a, 1, 0).is_err());
        queue.push(&b, 2 * WEIGHT_MAX, 1).unwrap();
        assert!(queue.push(&b, 1, 2).is_err());
        assert_eq!(queue.pop(9).unwrap().1, 0);
        assert!(queue.push(&a, 1, 0).is_ok());
    }
}

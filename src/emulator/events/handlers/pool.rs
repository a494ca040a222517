//! The threads that run handlers: few, so that handlers never take the machine, and each run alone on its own.
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::emulator::events::handlers::engine::{Break, Ended, Ran, Run, THREAD_STACK, run};
use crate::emulator::events::handlers::script::Script;

/// More would only take turns.
const WORKERS_MAX: usize = 4;
/// A run does a bounded amount of work, but one built-in may take its time over a huge list. Whoever takes
/// this long is given up, and another thread takes its place.
const PATIENCE_S: u64 = 10;
/// Threads that are given up at once; beyond, handlers wait until one is done.
const LOST_MAX: usize = 8;
/// Runs that wait. More come only from who floods.
const WAITING_MAX: usize = 1_000;
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
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that wait for a job.
    idle: usize,
    /// Threads that there are, without those given up.
    workers: usize,
    lost: usize,
    closed: bool,
}

struct Job {
    run: Run,
    /// Told when it begins, and what it came to.
    begins: oneshot::Sender<()>,
    done: oneshot::Sender<Ran>,
}

impl Pool {
    pub fn new() -> Self {
        Self { shared: Arc::default(), scripts: Mutex::default() }
    }

    /// Code that can be run. Looked at once, not once a run.
    pub fn script(&self, name: &str, text: &str) -> Arc<Script> {
        let key = (name.to_owned(), text.to_owned());
        let mut scripts = self.scripts.lock().expect("nobody panics while holding it");
        if scripts.len() >= SCRIPTS_MAX && !scripts.contains_key(&key) {
            scripts.clear();
        }
        Arc::clone(scripts.entry(key).or_insert_with(|| Arc::new(Script::new(name, text))))
    }

    /// Runs a function, when its turn has come.
    pub async fn run(&self, run: Run) -> Ran {
        let stash = run.context.get("stash").cloned().unwrap_or_default();
        let (begins, begun) = oneshot::channel();
        let (done, mut ran) = oneshot::channel();
        if let Err(reason) = self.put(Job { run, begins, done }) {
            return broken(reason, stash);
        }
        // Dropped without a word only by a thread that is gone.
        let _ = begun.await;
        match tokio::time::timeout(Duration::from_secs(PATIENCE_S), &mut ran).await {
            Ok(Ok(ran)) => ran,
            Ok(Err(_)) => broken("the engine broke down over it", stash),
            Err(_) => {
                self.give_up();
                broken("it ran for too long, and was given up", stash)
            }
        }
    }

    fn put(&self, job: Job) -> Result<(), &'static str> {
        let mut queue = self.shared.queue();
        if queue.jobs.len() >= WAITING_MAX {
            return Err("too many handlers wait for their turn");
        }
        queue.jobs.push_back(job);
        let most = thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX);
        if queue.idle < queue.jobs.len() && queue.workers < most {
            self.start(&mut queue)?;
        }
        self.shared.arrived.notify_one();
        Ok(())
    }

    fn start(&self, queue: &mut MutexGuard<'_, Queue>) -> Result<(), &'static str> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("handler".to_owned()).stack_size(THREAD_STACK);
        let started = thread.spawn(move || shared.work());
        match started {
            Ok(_) => queue.workers += 1,
            Err(_) if queue.workers == 0 => return Err("no thread could be started for it"),
            Err(_) => {}
        }
        Ok(())
    }

    /// Another thread in the place of one that does not come back soon.
    fn give_up(&self) {
        let mut queue = self.shared.queue();
        if queue.lost < LOST_MAX {
            queue.lost += 1;
            queue.workers = queue.workers.saturating_sub(1);
            if !queue.jobs.is_empty() {
                // Without a thread the next run tries again.
                let _ = self.start(&mut queue);
            }
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nobody panics while holding it")
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            let Job { run: todo, begins, done } = job;
            // Whoever asked may have gone away.
            let _ = begins.send(());
            let ran = catch_unwind(AssertUnwindSafe(|| run(&todo)));
            let Ok(ran) = ran else { continue };
            if done.send(ran).is_err() {
                let mut queue = self.queue();
                // Given up, and back: another thread stands in its place.
                if queue.lost > 0 {
                    queue.lost -= 1;
                    return;
                }
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue.idle += 1;
            queue = self.arrived.wait(queue).expect("nobody panics while holding it");
            queue.idle -= 1;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
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

fn broken(message: &str, stash: Value) -> Ran {
    let ended = Ended::Broken(Break::new(message));
    Ran { ended, logs: Vec::new(), appended: Vec::new(), stash }
}

//! Locks a mutex, with the reason why it is never poisoned.
use std::sync::{Mutex, MutexGuard};

/// Locks `mutex`.
///
/// The code of this crate that holds a lock only moves values and does not panic, so no lock is poisoned.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no code panics while it holds the lock")
}

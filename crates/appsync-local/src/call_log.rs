//! The call log: which operations were called, in which order, and their results. It never holds an id or a
//! body, because the id of an API key is a secret.
use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;
use tokio::time::Instant;

use crate::lock::lock;
use crate::protocol::operation::{Operation, Service};

/// The log forgets its oldest calls beyond this number.
const CALLS_MAX: usize = 100_000;

/// A call of an operation of the control plane, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedCall {
    /// The number of the call, from 1; clearing the log does not reset it.
    pub n: u64,
    /// The called service, if the emulator implements it.
    pub service: Option<Service>,
    /// AWS's name of the operation, or `Unknown`.
    pub operation: &'static str,
    /// The HTTP status; `None` while the call is in progress, and if there was no response.
    pub status: Option<u16>,
    /// The fault that was injected, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// The start, in milliseconds since the store was created.
    pub started_ms: u64,
    /// The end, in the same unit; `None` while the call is in progress.
    pub ended_ms: Option<u64>,
}

/// Identifies a call of the log.
#[derive(Clone, Copy, Debug)]
pub struct CallNumber(u64);

/// The calls of one store.
pub struct CallLog {
    start: Instant,
    entries: Mutex<LogEntries>,
}

struct LogEntries {
    next_number: u64,
    calls: VecDeque<LoggedCall>,
}

impl CallLog {
    pub fn new() -> Self {
        let entries = LogEntries { next_number: 1, calls: VecDeque::new() };
        Self { start: Instant::now(), entries: Mutex::new(entries) }
    }

    pub fn begin(&self, operation: &Operation) -> CallNumber {
        let started_ms = self.now_ms();
        let mut log = lock(&self.entries);
        let n = log.next_number;
        log.next_number += 1;
        if log.calls.len() == CALLS_MAX {
            log.calls.pop_front();
        }
        log.calls.push_back(LoggedCall {
            n,
            service: operation.kind.service(),
            operation: operation.kind.name(),
            status: None,
            fault: None,
            started_ms,
            ended_ms: None,
        });
        CallNumber(n)
    }

    /// Records the fault that was injected into a call.
    pub fn record_fault(&self, number: CallNumber, fault: Option<&'static str>) {
        self.update(number, |call| call.fault = fault);
    }

    /// Records the end of a call, and its status if there was a response.
    pub fn end(&self, number: CallNumber, status: Option<u16>) {
        let ended_ms = Some(self.now_ms());
        self.update(number, |call| (call.status, call.ended_ms) = (status, ended_ms));
    }

    pub fn calls(&self) -> Vec<LoggedCall> {
        let log = lock(&self.entries);
        log.calls.iter().cloned().collect()
    }

    pub fn clear(&self) {
        lock(&self.entries).calls.clear();
    }

    /// Updates a call, unless the log has forgotten it.
    fn update(&self, CallNumber(n): CallNumber, update: impl FnOnce(&mut LoggedCall)) {
        let mut log = lock(&self.entries);
        if let Ok(index) = log.calls.binary_search_by_key(&n, |call| call.n) {
            update(&mut log.calls[index]);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::operation::{Appsync, OperationKind};

    use super::*;

    #[test]
    fn the_log_forgets_the_oldest_calls_and_updates_the_right_one() {
        let calls = CallLog::new();
        let operation = || Operation {
            kind: OperationKind::Appsync(Appsync::GetApi),
            labels: Vec::new(),
            change_key: None,
        };
        let first = calls.begin(&operation());
        let second = calls.begin(&operation());
        calls.end(second, Some(200));
        assert_eq!(
            calls.calls().iter().map(|call| call.status).collect::<Vec<_>>(),
            [None, Some(200)]
        );
        calls.clear();
        calls.end(first, Some(500));
        assert_eq!(calls.calls(), []);
        for _ in 0..=CALLS_MAX {
            calls.begin(&operation());
        }
        let all = calls.calls();
        assert_eq!((all.len(), all[0].n), (CALLS_MAX, 4));
    }
}

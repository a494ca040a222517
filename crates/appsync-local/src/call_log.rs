//! The log of calls: what was asked, in which order, and how it went. It holds no id and no body:
//! the id of an API key is a secret.
use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;
use tokio::time::Instant;

use crate::lock::lock;
use crate::protocol::operation::{Operation, Service};

/// The log forgets its oldest calls beyond this many.
const CALLS_MAX: usize = 100_000;

/// One call, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedCall {
    /// Counts calls from 1, and goes on counting when the log is emptied.
    pub n: u64,
    pub service: Option<Service>,
    pub operation: &'static str,
    /// None while the call lasts, and for a call that got no answer.
    pub status: Option<u16>,
    /// The fault that it met, if it met one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// Since the store was made.
    pub started_ms: u64,
    /// None while the call lasts.
    pub ended_ms: Option<u64>,
}

/// Which call of the log.
#[derive(Clone, Copy, Debug)]
pub struct CallNumber(u64);

/// The log of one store.
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
        let log = LogEntries { next_number: 1, calls: VecDeque::new() };
        Self { start: Instant::now(), entries: Mutex::new(log) }
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

    /// Notes the fault that a call met.
    pub fn record_fault(&self, number: CallNumber, fault: Option<&'static str>) {
        self.update(number, |call| call.fault = fault);
    }

    /// Notes how a call ended.
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

    /// Calls that the log has forgotten stay forgotten.
    fn update(&self, CallNumber(n): CallNumber, note: impl FnOnce(&mut LoggedCall)) {
        let mut log = lock(&self.entries);
        if let Ok(place) = log.calls.binary_search_by_key(&n, |it| it.n) {
            note(&mut log.calls[place]);
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
    fn the_log_forgets_the_oldest_and_never_mixes_calls_up() {
        let calls = CallLog::new();
        let operation = || Operation {
            kind: OperationKind::Appsync(Appsync::GetApi),
            labels: Vec::new(),
            change_key: None,
        };
        let first = calls.begin(&operation());
        let second = calls.begin(&operation());
        calls.end(second, Some(200));
        assert_eq!(calls.calls().iter().map(|it| it.status).collect::<Vec<_>>(), [None, Some(200)]);
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

//! How many changes of one API may be under way: many, until AppSync says that it minds.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::lock::lock;
use provision_core::address::Address;

/// A gate for each thing that stands at the top of a spec.
#[derive(Debug)]
pub struct Gates {
    widest: usize,
    gates: Mutex<BTreeMap<Address, Arc<Gate>>>,
}

impl Gates {
    pub fn new(widest: usize) -> Self {
        Self { widest, gates: Mutex::default() }
    }
    /// The gate in front of `address`: its API's.
    pub fn of(&self, address: &Address) -> Arc<Gate> {
        let mut gates = lock(&self.gates);
        let new = || {
            Arc::new(Gate {
                widest: self.widest,
                state: Mutex::new(Width { limit: FIRST.min(self.widest), ..Width::default() }),
                freed: Notify::new(),
            })
        };
        Arc::clone(gates.entry(address.root()).or_insert_with(new))
    }
}

/// As wide as a gate is at first.
const FIRST: usize = 16;

/// Grows by one with every quiet passage until the first conflict; halves on a conflict, and grows by one
/// after as many quiet passages as it is wide from then on.
#[derive(Debug)]
pub struct Gate {
    widest: usize,
    state: Mutex<Width>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Width {
    limit: usize,
    inside: usize,
    quiet: usize,
    /// Whether there was a conflict.
    minded: bool,
}

/// How a passage went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    Quiet,
    Conflict,
}

impl Gate {
    /// Waits for room, then is inside until [`Gate::leave`].
    pub async fn enter(&self) {
        loop {
            let freed = self.freed.notified();
            if self.try_enter() {
                return;
            }
            freed.await;
        }
    }
    /// Is inside, if there is room.
    pub fn try_enter(&self) -> bool {
        let mut width = lock(&self.state);
        let room = width.inside < width.limit;
        width.inside += usize::from(room);
        room
    }
    pub fn leave(&self, passage: Passage) {
        let mut width = lock(&self.state);
        width.inside = width.inside.saturating_sub(1);
        match passage {
            Passage::Conflict => {
                width.limit = (width.limit / 2).max(1);
                width.quiet = 0;
                width.minded = true;
            }
            Passage::Quiet => {
                width.quiet += 1;
                let enough = width.quiet >= width.limit || !width.minded;
                if enough && width.limit < self.widest {
                    width.limit += 1;
                    width.quiet = 0;
                }
            }
        }
        drop(width);
        self.freed.notify_waiters();
    }
    #[cfg(test)]
    fn limit(&self) -> usize {
        lock(&self.state).limit
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn a_gate_halves_on_conflict_and_grows_back() {
        let gates = Gates::new(8);
        let gate = gates.of(&Address::top("apis", "a").child("namespaces", "x"));
        assert!(Arc::ptr_eq(&gate, &gates.of(&Address::top("apis", "a"))));
        for expected in [4, 2, 1, 1] {
            gate.enter().await;
            gate.leave(Passage::Conflict);
            assert_eq!(gate.limit(), expected);
        }
        for _ in 0..100 {
            gate.enter().await;
            gate.leave(Passage::Quiet);
        }
        assert_eq!(gate.limit(), 8);
    }

    #[tokio::test]
    async fn nobody_enters_a_full_gate_until_somebody_leaves() {
        let gates = Gates::new(1);
        let gate = gates.of(&Address::top("apis", "a"));
        gate.enter().await;
        let mut second = std::pin::pin!(gate.enter());
        let mut context = Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll(&mut context).is_pending());
        gate.leave(Passage::Quiet);
        second.await;
    }
}

//! Runs that wait to be scheduled. Tenants are scheduled in turn and none has every thread, so a tenant that floods, or
//! never ends, only delays itself.
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Runs of one owner that wait. More come only from who floods.
const WAITING_MAX: usize = 1_000;
/// What they may hold together; one may always wait.
const WEIGHT_MAX: usize = 64 << 20;

/// Whose a run is: a channel namespace.
pub type Owner = Arc<str>;

pub struct FairQueue<J> {
    /// Owners with runs that wait; whose turn it is comes first.
    owners: VecDeque<OwnerQueue<J>>,
    running: HashMap<Owner, usize>,
}

struct OwnerQueue<J> {
    owner: Owner,
    /// Each with its weight.
    jobs: VecDeque<(usize, J)>,
    weight: usize,
}

impl<J> FairQueue<J> {
    /// Puts a job at the end of its owner's line.
    pub fn push(&mut self, owner: &Owner, weight: usize, job: J) -> Result<(), &'static str> {
        let place = self.owners.iter().position(|it| it.owner == *owner).unwrap_or_else(|| {
            let line = OwnerQueue { owner: Arc::clone(owner), jobs: VecDeque::new(), weight: 0 };
            self.owners.push_back(line);
            self.owners.len() - 1
        });
        let line = &mut self.owners[place];
        let full = line.jobs.len() >= WAITING_MAX || line.weight + weight > WEIGHT_MAX;
        if full && !line.jobs.is_empty() {
            return Err("too many handlers wait for their turn");
        }
        line.weight += weight;
        line.jobs.push_back((weight, job));
        Ok(())
    }

    /// The job whose turn it is, of an owner of whom fewer than `share` run; it runs until [`Self::ended`].
    pub fn pop(&mut self, share: usize) -> Option<(Owner, J)> {
        let running = &self.running;
        let may = |it: &OwnerQueue<J>| running.get(&it.owner).is_none_or(|count| *count < share);
        let mut line = self.owners.remove(self.owners.iter().position(may)?)?;
        let (weight, job) = line.jobs.pop_front()?;
        let owner = Arc::clone(&line.owner);
        line.weight -= weight;
        if !line.jobs.is_empty() {
            self.owners.push_back(line);
        }
        *self.running.entry(Arc::clone(&owner)).or_default() += 1;
        Some((owner, job))
    }

    /// One of the owner's jobs runs no longer.
    pub fn finish(&mut self, owner: &Owner) {
        if let Some(count) = self.running.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                self.running.remove(owner);
            }
        }
    }

    pub fn waiting_count(&self) -> usize {
        self.owners.iter().map(|it| it.jobs.len()).sum()
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
    fn who_floods_fills_his_own_line_by_count_and_by_weight() {
        let (mut queue, a, b) = (FairQueue::default(), Owner::from("a"), Owner::from("b"));
        assert!((0..WAITING_MAX).all(|_| queue.push(&a, 1, 0).is_ok()));
        assert!(queue.push(&a, 1, 0).is_err());
        queue.push(&b, 2 * WEIGHT_MAX, 1).unwrap();
        assert!(queue.push(&b, 1, 2).is_err());
        assert_eq!(queue.pop(9).unwrap().1, 0);
        assert!(queue.push(&a, 1, 0).is_ok());
    }
}

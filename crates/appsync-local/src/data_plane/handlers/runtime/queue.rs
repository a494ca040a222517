//! The queue of runs. Tenants are scheduled in rotation and none uses every thread, so a tenant with too many or endless
//! runs delays only itself.
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

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

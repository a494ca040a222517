//! One run at a time: a run records on AWS that it changes a stack, and a run that finds another one waits.
//!
//! AWS has no locks, and a lock that a killed run leaves behind would have to be removed by hand. So a run writes a
//! tag with its id and then reads all tags: of two concurrent runs, at least one sees the other. While it runs, it
//! changes the value of its tag as a heartbeat. A tag whose value does not change is stale, and is removed.
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};

use crate::apply::stop::StopSignal;
use crate::calls::AwsResult;
use crate::client::Aws;
use crate::kinds::{appsync_tags, calls_of};
use crate::live::Runs;
use crate::lock::lock;
use crate::stand_ins::is_tagging_unsupported;
use provision_core::failure::ErrorClass;
use provision_core::kind::{Kind, LiveState};
use provision_core::model::Attributes;
use provision_core::ownership::{run_tag, runs};

/// How often a run sends a heartbeat.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// How often a waiting run reads the tags.
const POLL_INTERVAL: Duration = Duration::from_millis(400);
/// A run has lost its lock when its tag is missing in so many consecutive polls.
const MISSING_POLLS_MAX: u32 = 3;
/// A run is dead when its heartbeat has not changed in so many consecutive polls.
const SILENT_POLLS_MAX: u32 = 8;

/// Where the runs of a stack record themselves: in the tags of an API.
#[derive(Clone, Debug)]
pub struct RunLock {
    arn: String,
}

/// The result of acquiring a run lock.
#[derive(Debug)]
pub enum LockResult {
    /// No other run changes the stack.
    Acquired,
    /// Another run has the lock.
    Contended,
    /// Another run has deleted the API.
    TargetDeleted,
    /// The server keeps no tags, so other runs cannot be seen.
    Unsupported,
}

impl RunLock {
    /// Returns the lock of the stack, which is on its first API. `None` if it has no API yet: then the run that
    /// creates one takes the lock by creating it.
    pub fn find(live: &LiveState) -> Option<Self> {
        let mut resources = live.managed.values();
        resources.find_map(|resource| Self::on(resource.kind, &resource.attributes))
    }

    /// Returns the lock on a resource, if its kind has one.
    pub fn on(kind: &'static dyn Kind, attributes: &Attributes) -> Option<Self> {
        let arn = attributes.get("ApiArn").filter(|_| calls_of(kind).allows_duplicates())?;
        Some(Self { arn: arn.to_owned() })
    }

    /// Acquires the lock for a run, unless another run has it.
    pub async fn acquire(&self, aws: &Aws, run_id: &str) -> AwsResult<LockResult> {
        match self.write_tag_and_list_others(aws, run_id).await {
            Err(error) if error.class == ErrorClass::NotFound => Ok(LockResult::TargetDeleted),
            Err(error) if is_tagging_unsupported(error.class) => Ok(LockResult::Unsupported),
            Err(error) => Err(error),
            Ok(others) if others.is_empty() => Ok(LockResult::Acquired),
            Ok(_) => {
                self.release(aws, [run_id.to_owned()]).await?;
                Ok(LockResult::Contended)
            }
        }
    }

    async fn write_tag_and_list_others(&self, aws: &Aws, run_id: &str) -> AwsResult<Runs> {
        appsync_tags::tag(aws, &self.arn, &run_tag(run_id), "0").await?;
        let mut others = self.runs(aws).await?;
        others.remove(run_id);
        Ok(others)
    }

    async fn runs(&self, aws: &Aws) -> AwsResult<Runs> {
        Ok(runs(&appsync_tags::read(aws, &self.arn).await?))
    }

    /// Waits until all other runs have finished or are dead, or until `stop` is requested.
    pub async fn wait_for_others(&self, aws: &Aws, stop: &StopSignal) -> AwsResult<()> {
        // Each run's last heartbeat, and in how many polls it has not changed.
        let mut heartbeats: BTreeMap<String, (String, u32)> = BTreeMap::new();
        while !stop.is_requested() {
            let runs = match self.runs(aws).await {
                Err(error) if is_tagging_unsupported(error.class) => return Ok(()),
                runs => runs?,
            };
            heartbeats.retain(|run_id, _| runs.contains_key(run_id));
            for (run_id, heartbeat) in runs {
                let (last, silent_polls) =
                    heartbeats.entry(run_id).or_insert_with(|| (heartbeat.clone(), 0));
                *silent_polls = if *last == heartbeat { *silent_polls + 1 } else { 0 };
                *last = heartbeat;
            }
            if heartbeats.values().all(|(_, silent_polls)| *silent_polls > SILENT_POLLS_MAX) {
                return match heartbeats.is_empty() {
                    true => Ok(()),
                    false => self.release(aws, heartbeats.into_keys()).await,
                };
            }
            aws.wait(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Sends the heartbeat with this number. Returns whether another run has removed the tag.
    async fn send_heartbeat(&self, aws: &Aws, run_id: &str, number: u64) -> bool {
        for poll in 1.. {
            match self.runs(aws).await {
                Ok(runs) if runs.contains_key(run_id) => break,
                Ok(_) if poll == MISSING_POLLS_MAX => return true,
                // The tag may not be visible yet.
                Ok(_) => aws.wait(POLL_INTERVAL).await,
                // Waiting runs tolerate several missing heartbeats.
                Err(_) => return false,
            }
        }
        drop(appsync_tags::tag(aws, &self.arn, &run_tag(run_id), &number.to_string()).await);
        false
    }

    /// Removes the tags of these runs.
    pub async fn release(
        &self,
        aws: &Aws,
        run_ids: impl IntoIterator<Item = String>,
    ) -> AwsResult<()> {
        let keys: Vec<String> = run_ids.into_iter().map(|run_id| run_tag(&run_id)).collect();
        match appsync_tags::untag(aws, &self.arn, keys).await {
            Err(error) if is_tagging_unsupported(error.class) => Ok(()),
            result => result,
        }
    }
}

/// Sends heartbeats of a run on all its locks, forever. Returns when another run has removed its tag, taking it for
/// dead.
pub async fn send_heartbeats(aws: &Aws, run_id: &str, locks: &Mutex<Vec<RunLock>>) {
    for number in 1_u64.. {
        aws.wait(HEARTBEAT_INTERVAL).await;
        let held = lock(locks).clone();
        let heartbeats = held.iter().map(|lock| lock.send_heartbeat(aws, run_id, number));
        if join_all(heartbeats).await.contains(&true) {
            return;
        }
    }
}

/// Removes the tags of finished and dead runs from all resources of `live`.
pub async fn release_stale(aws: &Aws, live: &LiveState) -> AwsResult<()> {
    let stale = live.active_runs.iter().filter_map(|(address, run_ids)| {
        let resource = live.managed.get(address)?;
        Some((RunLock::on(resource.kind, &resource.attributes)?, run_ids.clone()))
    });
    let releases = stale.map(|(lock, run_ids)| async move { lock.release(aws, run_ids).await });
    try_join_all(releases).await.map(drop)
}

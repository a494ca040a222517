//! One run at a time: a run says on AWS that it is changing a stack, and one that finds another waits.
//!
//! AWS has no lock, and one that is left behind would have to be broken by hand. So a run writes a tag of its
//! own and then reads them all: of two runs, at least one sees the other. For as long as it lives it changes
//! its tag; what stands still was left by a run that died, and is taken away.
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};

use crate::apply::stop::StopSignal;
use crate::calls::Answer;
use crate::client::Aws;
use crate::kinds::{appsync_tags, calls_of};
use crate::lock::lock;
use crate::stand_ins::is_tagging_unsupported;
use provision_core::failure::ErrorClass;
use provision_core::kind::{Kind, LiveState};
use provision_core::model::Attributes;
use provision_core::ownership::{run_tag, runs};

/// How often a run says that it lives.
const BEAT: Duration = Duration::from_secs(1);
/// How often a waiting run looks.
const LOOK: Duration = Duration::from_millis(400);
/// What a run has said is gone if it is missing for so many looks.
const GONE_LOOKS: u32 = 3;
/// A run that said nothing for so many looks is dead.
const SILENT_LOOKS: u32 = 8;

/// Where a stack's runs say that they run: its first API.
#[derive(Clone, Debug)]
pub struct Place {
    arn: String,
}

/// Whether a run has the stack to itself.
#[derive(Debug)]
pub enum Taken {
    Alone,
    /// Others were there first.
    Others,
    /// Others were there, and have deleted what this run wanted to say so on.
    Gone,
    /// This AWS keeps no tags, so nobody can know.
    Unknown,
}

impl Place {
    /// `None`: the stack has no API yet. Then the run that makes it says so as it makes it.
    pub fn of(live: &LiveState) -> Option<Self> {
        live.managed.values().find_map(|it| Self::made(it.kind, &it.attributes))
    }

    /// Where a run has said that it runs as it made this.
    pub fn made(kind: &'static dyn Kind, attributes: &Attributes) -> Option<Self> {
        let arn = attributes.get("ApiArn").filter(|_| calls_of(kind).twins())?;
        Some(Self { arn: arn.to_owned() })
    }

    /// Says that `run` runs, unless another does.
    pub async fn take(&self, aws: &Aws, run: &str) -> Answer<Taken> {
        match self.claim(aws, run).await {
            Err(error) if error.class == ErrorClass::NotFound => Ok(Taken::Gone),
            Err(error) if is_tagging_unsupported(error.class) => Ok(Taken::Unknown),
            Err(error) => Err(error),
            Ok(others) if others.is_empty() => Ok(Taken::Alone),
            Ok(_) => {
                self.leave(aws, [run.to_owned()]).await?;
                Ok(Taken::Others)
            }
        }
    }

    async fn claim(&self, aws: &Aws, run: &str) -> Answer<BTreeMap<String, String>> {
        appsync_tags::tag(aws, &self.arn, &run_tag(run), "0").await?;
        let mut all = self.runs(aws).await?;
        all.remove(run);
        Ok(all)
    }

    async fn runs(&self, aws: &Aws) -> Answer<BTreeMap<String, String>> {
        Ok(runs(&appsync_tags::read(aws, &self.arn).await?))
    }

    /// Returns once no other run is there any more, or all that are have died. `stop` ends it.
    pub async fn wait_for_others(&self, aws: &Aws, stop: &StopSignal) -> Answer<()> {
        let mut silent: BTreeMap<String, (String, u32)> = BTreeMap::new();
        while !stop.is_requested() {
            let now = match self.runs(aws).await {
                Err(error) if is_tagging_unsupported(error.class) => return Ok(()),
                now => now?,
            };
            silent.retain(|run, _| now.contains_key(run));
            for (run, said) in now {
                let looks = silent.entry(run).or_insert_with(|| (said.clone(), 0));
                *looks = if looks.0 == said { (said, looks.1 + 1) } else { (said, 0) };
            }
            if silent.values().all(|(_, looks)| *looks > SILENT_LOOKS) {
                return match silent.is_empty() {
                    true => Ok(()),
                    false => self.leave(aws, silent.into_keys()).await,
                };
            }
            aws.wait(LOOK).await;
        }
        Ok(())
    }

    /// Says that `run` lives, for the `beat`th time. Whether somebody took it for dead.
    async fn says(&self, aws: &Aws, run: &str, beat: u64) -> bool {
        for look in 1.. {
            match self.runs(aws).await {
                Ok(runs) if runs.contains_key(run) => break,
                Ok(_) if look == GONE_LOOKS => return true,
                // It may not show yet.
                Ok(_) => aws.wait(LOOK).await,
                // Whoever looks meanwhile has some patience.
                Err(_) => return false,
            }
        }
        drop(appsync_tags::tag(aws, &self.arn, &run_tag(run), &beat.to_string()).await);
        false
    }

    /// Takes away what these runs said.
    pub async fn leave(&self, aws: &Aws, runs: impl IntoIterator<Item = String>) -> Answer<()> {
        let keys: Vec<String> = runs.into_iter().map(|run| run_tag(&run)).collect();
        match appsync_tags::untag(aws, &self.arn, keys).await {
            Err(error) if is_tagging_unsupported(error.class) => Ok(()),
            answer => answer,
        }
    }
}

/// Says again and again that `run` lives, wherever it has said so. Ends when somebody took it for dead.
pub async fn beat(aws: &Aws, run: &str, places: &Mutex<Vec<Place>>) {
    for beat in 1_u64.. {
        aws.wait(BEAT).await;
        let now = lock(places).clone();
        let said = join_all(now.iter().map(|it| it.says(aws, run, beat))).await;
        if said.contains(&true) {
            return;
        }
    }
}

/// Takes away what runs that have ended said on anything of `live`.
pub async fn clear(aws: &Aws, live: &LiveState) -> Answer<()> {
    let left = live.active_runs.iter().filter_map(|(address, runs)| {
        let it = live.managed.get(address)?;
        Some((Place::made(it.kind, &it.attributes)?, runs.clone()))
    });
    let left = left.map(|(place, runs)| async move { place.leave(aws, runs).await });
    try_join_all(left).await.map(drop)
}

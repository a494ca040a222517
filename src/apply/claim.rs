//! One run at a time: a run says on AWS that it is changing a stack, and one that finds another waits.
//!
//! AWS has no lock, and one that is left behind would have to be broken by hand. So a run writes a tag of its
//! own and then reads them all: of two runs, at least one sees the other. For as long as it lives it changes
//! its tag; what stands still was left by a run that died, and is taken away.
use std::collections::BTreeMap;
use std::time::Duration;

use crate::apply::{Outcome, Stop};
use crate::aws::Aws;
use crate::calls::Answer;
use crate::kind::Live;
use crate::kinds::{appsync_tags, calls_of};
use crate::mark::{run_tag, runs};
use crate::plan::Verb;

/// How often a run says that it lives.
const BEAT: Duration = Duration::from_secs(1);
/// How often a waiting run looks.
const LOOK: Duration = Duration::from_millis(400);
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
    /// This AWS keeps no tags, so nobody can know.
    Unknown,
}

impl Place {
    /// `None`: the stack has no API yet. Then the run that makes it says so as it makes it.
    pub fn of(live: &Live) -> Option<Self> {
        let tagged = |kind| calls_of(kind).twins;
        let first = live.ours.values().find(|it| tagged(it.kind))?;
        Some(Self { arn: first.attributes.get("ApiArn")?.to_owned() })
    }

    /// Where a run has said that it runs as it made something.
    pub fn among(live: &Live, outcome: &Outcome) -> Vec<Self> {
        let made = outcome.succeeded.iter().filter(|(_, action)| *action == Verb::Create);
        let made = made.filter_map(|(address, _)| live.ours.get(address));
        let told = made.filter(|it| calls_of(it.kind).twins);
        told.filter_map(|it| Some(Self { arn: it.attributes.get("ApiArn")?.to_owned() })).collect()
    }

    /// Says that `run` runs, unless another does.
    pub async fn take(&self, aws: &Aws, run: &str) -> Answer<Taken> {
        match self.claim(aws, run).await {
            // It is being deleted, or an AWS beside AWS's own has no tags.
            Err(error) if appsync_tags::untaggable(&error) => Ok(Taken::Unknown),
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
    pub async fn wait_for_others(&self, aws: &Aws, stop: &Stop) -> Answer<()> {
        let mut silent: BTreeMap<String, (String, u32)> = BTreeMap::new();
        while !stop.is_set() {
            let now = match self.runs(aws).await {
                Err(error) if appsync_tags::untaggable(&error) => return Ok(()),
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

    /// Says again and again that `run` lives. Ends when somebody took it for dead.
    pub async fn beat(&self, aws: &Aws, run: &str) {
        for beat in 1_u64.. {
            aws.wait(BEAT).await;
            match self.runs(aws).await {
                Ok(runs) if !runs.contains_key(run) => return,
                // Whoever looks meanwhile has some patience.
                Err(_) => continue,
                Ok(_) => {}
            }
            let said = beat.to_string();
            drop(appsync_tags::tag(aws, &self.arn, &run_tag(run), &said).await);
        }
    }

    /// Takes away what these runs said.
    pub async fn leave(&self, aws: &Aws, runs: impl IntoIterator<Item = String>) -> Answer<()> {
        let keys: Vec<String> = runs.into_iter().map(|run| run_tag(&run)).collect();
        match appsync_tags::untag(aws, &self.arn, keys).await {
            Err(error) if appsync_tags::untaggable(&error) => Ok(()),
            answer => answer,
        }
    }
}

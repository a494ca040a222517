//! What stands on the local AWS, made as the spec says whenever it says something else.
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::cli::change_request::ScopeArgs;
use crate::cli::change_request::{ChangeRequest, RequestedChanges};
use crate::cli::commands::dev::activity_log::ResourceNames;
use crate::cli::commands::dev::args::Args;
use crate::cli::commands::dev::change_printer::ChangePrinter;
use crate::cli::commands::dev::watch::FileWatcher;
use crate::cli::load::{ValidSpec, WarningPolicy, read};
use crate::cli::parameters::with_values;
use crate::cli::progress::now;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{Outputs, outputs};
use provision_aws::apply::{MAX_CONCURRENT_STEPS, StopSignal};
use provision_aws::backend::direct::{
    ApplyOptions, ApplyReport, ApplyResult, Proposal, apply_proposal,
};
use provision_aws::client::Aws;
use provision_aws::connect::{AwsEndpoint, Target, connect};
use provision_core::address::Address;
use provision_core::diagnostic::{ReferencedFile, Severity};
use provision_core::kind::DesiredResource;

/// Another apply of the stack is let go first so many times.
const STALE_PLANS_MAX: usize = 5;

pub struct DevSession<'a> {
    args: &'a Args,
    pub url: &'a str,
    pub watch: FileWatcher,
    pub names: ResourceNames,
    /// The warnings that were shown: they are not shown again with every save.
    warned: BTreeSet<String>,
    /// The clients of a Region and account; there is one of them as a rule.
    aws: Option<(Option<String>, Option<String>, Aws)>,
}

impl<'a> DevSession<'a> {
    pub fn new(args: &'a Args, url: &'a str, watch: FileWatcher) -> Self {
        let (names, warned) = (ResourceNames::default(), BTreeSet::new());
        Self { args, url, watch, names, warned, aws: None }
    }

    pub fn watching(&self) -> String {
        let more = self.watch.count().saturating_sub(1);
        let spec = self.args.spec.display();
        let more = match more {
            0 => String::new(),
            1 => " and 1 more file".to_owned(),
            more => format!(" and {more} more files"),
        };
        format!("watching {spec}{more}; Ctrl-C ends it\n\n")
    }

    /// Reads the files and makes the local AWS as they say. The outputs, if they have other APIs than before.
    pub async fn apply_changes(&mut self, io: &mut Io) -> Result<Option<Outputs>, Failure> {
        let mut brought = self.attempt(io).await;
        for _ in 1..STALE_PLANS_MAX {
            // Another apply of the stack came first.
            if brought.as_ref().is_err_and(|failure| failure.kind == Exit::Stale) {
                brought = self.attempt(io).await;
            }
        }
        if brought.is_err() {
            self.watch.forget();
        }
        brought
    }

    async fn attempt(&mut self, io: &mut Io) -> Result<Option<Outputs>, Failure> {
        let begun = now();
        let intent = self.read(io)?;
        let aws = self.aws(&intent).await?;
        let proposed = intent.propose(&aws).await?;
        let RequestedChanges { proposal, refusals, .. } = &proposed;
        if let Some(refused) = Failure::blocked(refusals) {
            return Err(refused);
        }
        if let Some(emptied) = self.reject_empty_spec(&intent, proposal) {
            return Err(emptied);
        }
        if proposal.changes.is_empty() {
            let ms = begun.elapsed().as_millis();
            if !self.names.apis.is_empty() {
                io.note(&format!("  = nothing to change  {ms} ms\n"));
            }
            let reveal = self.args.reveal;
            let outputs = outputs(&intent.stack, &proposal.site, &proposal.live, reveal);
            return Ok(self.changed_outputs(outputs, &intent));
        }
        let telling = ChangePrinter::new(io, self.args.format, proposal, &intent.desired);
        let tell = |event| telling.print(&event);
        let stop = StopSignal::default();
        let options = ApplyOptions {
            max_concurrent_steps: MAX_CONCURRENT_STEPS,
            was_confirmed: false,
            stop: &stop,
            emit: &tell,
        };
        let carried =
            apply_proposal(&aws, &intent.stack, &intent.desired, proposal, options).await?;
        let ApplyResult::Completed(done) = carried else {
            return Err(Failure::new(Exit::Stale, "another apply of this stack came first"));
        };
        let ApplyReport { outcome, verified } = *done;
        let (live, _) = verified?;
        let outputs = outputs(&intent.stack, &proposal.site, &live, self.args.reveal);
        let outputs = self.changed_outputs(outputs, &intent);
        match outcome.is_complete() {
            true => Ok(outputs),
            false => Err(Failure::new(Exit::Partial, "not everything could be changed")),
        }
    }

    /// Why a spec that declares nothing changes nothing: a file that is saved half-way looks so.
    fn reject_empty_spec(&self, intent: &ChangeRequest, proposal: &Proposal) -> Option<Failure> {
        let count = proposal.live.managed.len();
        if !intent.desired.is_empty() || count == 0 {
            return None;
        }
        let (spec, stack) = (self.args.spec.display(), &intent.stack);
        let reason = format!(
            "{spec} declares nothing, so everything the stack {stack} has ({count}) would be deleted"
        );
        let hint = format!("if that is meant, run `provision destroy {spec} --local`");
        Some(Failure::new(Exit::Refused, reason).with_hint(hint))
    }

    /// The spec's intent, after all that it is read of is watched.
    fn read(&mut self, io: &mut Io) -> Result<ChangeRequest, Failure> {
        let args = self.args;
        let own = std::iter::once(&args.spec).chain(args.parameters.files());
        let mut files: BTreeSet<PathBuf> = own.map(|item| io.path(item)).collect();
        self.watch.add(&files)?;
        let given = args.parameters.values(io)?;
        let loaded = read(&args.spec, &given, io)?;
        files.extend(loaded.beside.iter().cloned());
        self.watch.set(files)?;
        let mild =
            loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Error);
        let warned =
            mild.map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message)).collect();
        let warns = if warned == self.warned { WarningPolicy::No } else { WarningPolicy::Yes };
        self.warned = warned;
        let ValidSpec { source, spec } = loaded.into_valid(warns, io)?;
        let sound = ValidSpec { source, spec: with_values(spec, &given)? };
        // It is local: what the spec does not want goes, unless that is everything, which `emptied` tells better.
        Ok(ChangeRequest::from_spec(sound, false, &ScopeArgs::default(), true, io.now_epoch_s()))
    }

    async fn aws(&mut self, intent: &ChangeRequest) -> Result<Aws, Failure> {
        let declared = intent.expected_target();
        let (region, account) = (declared.region.cloned(), declared.account.cloned());
        if let Some((its_region, its_account, aws)) = &self.aws
            && (its_region, its_account) == (&region, &account)
        {
            return Ok(aws.clone());
        }
        let endpoint = AwsEndpoint::Local(self.url.to_owned());
        let target =
            Target { region: region.clone(), account: account.clone(), profile: None, endpoint };
        let mut aws = connect(&target).await?;
        aws.served_at = Some(self.url.to_owned());
        self.aws = Some((region, account, aws.clone()));
        Ok(aws)
    }

    /// Takes note of the APIs; the outputs, if they are others than before.
    fn changed_outputs(&mut self, outputs: Outputs, intent: &ChangeRequest) -> Option<Outputs> {
        let apis = outputs
            .apis
            .iter()
            .map(|api_outputs| (api_outputs.id.clone(), api_outputs.key.clone()))
            .collect();
        let ids = outputs
            .apis
            .iter()
            .map(|api_outputs| (api_outputs.key.as_str(), &api_outputs.id))
            .collect();
        self.names.files = self.files(intent, &ids);
        (std::mem::replace(&mut self.names.apis, apis) != self.names.apis).then_some(outputs)
    }

    /// The file of each channel namespace's handlers, by the API's id and the namespace's name.
    fn files(
        &self,
        intent: &ChangeRequest,
        ids: &BTreeMap<&str, &String>,
    ) -> BTreeMap<(String, String), String> {
        let spec = self.args.spec.display().to_string();
        let namespaces =
            intent.desired.iter().filter(|(address, _)| address.section() == "namespaces");
        let file = |(address, resource): (&Address, &DesiredResource)| {
            let id = (*ids.get(address.parent()?.name())?).clone();
            let name = resource.properties.get("Name")?.as_str()?.to_owned();
            let path = resource.declared["handlers"]["code"].as_str()?;
            Some(((id, name), ReferencedFile::relative_to(&spec, path, String::new()).name))
        };
        namespaces.filter_map(file).collect()
    }
}

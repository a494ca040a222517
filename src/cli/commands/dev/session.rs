//! Applies the spec of `provision dev` to the emulator whenever its files change, and watches the files.
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::cli::change_request::ScopeArgs;
use crate::cli::change_request::{ChangeRequest, ReviewedProposal};
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
use provision_aws::client::Aws;
use provision_aws::connect::{AwsEndpoint, Target, connect};
use provision_aws::proposal::{ApplyOptions, ApplyReport, ApplyResult, Proposal, apply_proposal};
use provision_core::address::Address;
use provision_core::diagnostic::{ReferencedFile, Severity};
use provision_core::kind::DesiredResource;

/// Maximum number of attempts when other runs change the stack in the meantime.
const ATTEMPTS_MAX: usize = 5;

pub struct DevSession<'a> {
    args: &'a Args,
    pub url: &'a str,
    pub watch: FileWatcher,
    pub names: ResourceNames,
    /// The warnings that were shown last; unchanged warnings are not shown again.
    warnings: BTreeSet<String>,
    /// The region and account of the spec, and the AWS clients for them.
    aws: Option<(Option<String>, Option<String>, Aws)>,
}

impl<'a> DevSession<'a> {
    pub fn new(args: &'a Args, url: &'a str, watch: FileWatcher) -> Self {
        let (names, warnings) = (ResourceNames::default(), BTreeSet::new());
        Self { args, url, watch, names, warnings, aws: None }
    }

    pub fn watching(&self) -> String {
        let more = self.watch.count().saturating_sub(1);
        let spec = self.args.spec.display();
        let more = match more {
            0 => String::new(),
            1 => " and 1 more file".to_owned(),
            more => format!(" and {more} more files"),
        };
        format!("watching {spec}{more}; press Ctrl-C to stop\n\n")
    }

    /// Reads the files and applies the spec. Returns the outputs if the APIs have changed.
    pub async fn apply_changes(&mut self, io: &mut Io) -> Result<Option<Outputs>, Failure> {
        let mut result = self.attempt(io).await;
        for _ in 1..ATTEMPTS_MAX {
            // Another run changed the stack first.
            if result.as_ref().is_err_and(|failure| failure.kind == Exit::Stale) {
                result = self.attempt(io).await;
            }
        }
        if result.is_err() {
            self.watch.forget();
        }
        result
    }

    async fn attempt(&mut self, io: &mut Io) -> Result<Option<Outputs>, Failure> {
        let start = now();
        let request = self.read(io)?;
        let aws = self.aws(&request).await?;
        let requested = request.propose(&aws).await?;
        let ReviewedProposal { proposal, violations, .. } = &requested;
        if let Some(failure) = Failure::blocked(violations) {
            return Err(failure);
        }
        if let Some(failure) = self.reject_empty_spec(&request, proposal) {
            return Err(failure);
        }
        if proposal.changes.is_empty() {
            let ms = start.elapsed().as_millis();
            if !self.names.apis.is_empty() {
                io.eprint_unless_quiet(&format!("  = nothing to change  {ms} ms\n"));
            }
            let reveal = self.args.reveal;
            let outputs = outputs(&request.stack, &proposal.site, &proposal.live, reveal);
            return Ok(self.changed_outputs(outputs, &request));
        }
        let printer = ChangePrinter::new(io, self.args.format, proposal, &request.desired);
        let emit = |event| printer.print(&event);
        let stop = StopSignal::default();
        let options = ApplyOptions {
            max_concurrent_steps: MAX_CONCURRENT_STEPS,
            was_confirmed: false,
            stop: &stop,
            emit: &emit,
        };
        let result =
            apply_proposal(&aws, &request.stack, &request.desired, proposal, options).await?;
        let ApplyResult::Completed(report) = result else {
            return Err(Failure::new(Exit::Stale, "another run changed this stack first"));
        };
        let ApplyReport { outcome, final_state } = *report;
        let live = final_state?.live;
        let outputs = outputs(&request.stack, &proposal.site, &live, self.args.reveal);
        let outputs = self.changed_outputs(outputs, &request);
        match outcome.is_complete() {
            true => Ok(outputs),
            false => Err(Failure::new(Exit::Partial, "only some of the changes were made")),
        }
    }

    /// Rejects a spec without resources if the stack has some: the file may be only partly saved.
    fn reject_empty_spec(&self, request: &ChangeRequest, proposal: &Proposal) -> Option<Failure> {
        let count = proposal.live.managed.len();
        if !request.desired.is_empty() || count == 0 {
            return None;
        }
        let (spec, stack) = (self.args.spec.display(), &request.stack);
        let reason = format!(
            "`{spec}` declares no resources, so all {count} resources of stack {stack} would be deleted"
        );
        let hint = format!("if this is intended, run `provision destroy {spec} --local`");
        Some(Failure::new(Exit::Blocked, reason).with_hint(hint))
    }

    /// Reads the spec as a request, and watches all files that it is read from.
    fn read(&mut self, io: &mut Io) -> Result<ChangeRequest, Failure> {
        let args = self.args;
        let files = std::iter::once(&args.spec).chain(args.parameters.files());
        let mut files: BTreeSet<PathBuf> = files.map(|file| io.path(file)).collect();
        self.watch.add(&files)?;
        let values = args.parameters.values(io)?;
        let spec = read(&args.spec, &values, io)?;
        files.extend(spec.referenced_paths.iter().cloned());
        self.watch.set(files)?;
        let warnings =
            spec.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Error);
        let warnings = warnings
            .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message))
            .collect();
        let warns = if warnings == self.warnings { WarningPolicy::No } else { WarningPolicy::Yes };
        self.warnings = warnings;
        let ValidSpec { source, spec } = spec.into_valid(warns, io)?;
        let spec = ValidSpec { source, spec: with_values(spec, &values)? };
        // The policy allows an empty spec because `reject_empty_spec` reports it with better help.
        Ok(ChangeRequest::from_spec(spec, false, &ScopeArgs::default(), true, io.now_epoch_s()))
    }

    async fn aws(&mut self, request: &ChangeRequest) -> Result<Aws, Failure> {
        let declared = request.expected_target();
        let (region, account) = (declared.region.cloned(), declared.account.cloned());
        if let Some((last_region, last_account, aws)) = &self.aws
            && (last_region, last_account) == (&region, &account)
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

    /// Updates the names of resources; returns the outputs if the APIs have changed.
    fn changed_outputs(&mut self, outputs: Outputs, request: &ChangeRequest) -> Option<Outputs> {
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
        self.names.files = self.files(request, &ids);
        (std::mem::replace(&mut self.names.apis, apis) != self.names.apis).then_some(outputs)
    }

    /// Returns the file of each channel namespace's handlers, by the API's id and the namespace's name.
    fn files(
        &self,
        request: &ChangeRequest,
        ids: &BTreeMap<&str, &String>,
    ) -> BTreeMap<(String, String), String> {
        let spec = self.args.spec.display().to_string();
        let namespaces =
            request.desired.iter().filter(|(address, _)| address.section() == "namespaces");
        let file = |(address, resource): (&Address, &DesiredResource)| {
            let id = (*ids.get(address.parent()?.name())?).clone();
            let name = resource.properties.get("Name")?.as_str()?.to_owned();
            let path = resource.declared["handlers"]["code"].as_str()?;
            Some(((id, name), ReferencedFile::relative_to(&spec, path, String::new()).name))
        };
        namespaces.filter_map(file).collect()
    }
}

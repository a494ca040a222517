//! The changes that a command is asked to make, from a spec or a saved plan, and the changes that this requires on AWS.
//!
//! Reads the live state and proposes changes; never changes anything.
use std::collections::BTreeSet;

use crate::cli::exit::Exit;
use crate::cli::load::{SpecFile, ValidSpec, WarningPolicy, load_valid_spec_in};
use crate::cli::parameters::{check_stack_name, with_values};
use crate::cli::target::ExpectedTarget;
use crate::cli::{Failure, Io};
use crate::render::changes::{FindSpecLine, PlanView};
use provision_aws::client::Aws;
use provision_aws::proposal::{Proposal, propose};
use provision_core::access::{Access, AccessChange, changes as access_changes};
use provision_core::address::Address;
use provision_core::diagnostic::{DocumentPath, Location};
use provision_core::diff::{ChangeNote, deferred_changes};
use provision_core::kind::{DesiredState, Kind, LiveState, UnmanagedResource};
use provision_core::plan::{expected_state, select_targets};
use provision_core::policy::{Policy, PolicyViolation, name_conflicts, violations};
use provision_core::saved_plan::{PlanInputs, SavedPlan};
use provision_core::source::Source;
use provision_core::spec::ParameterValues;
use provision_core::suggest::closest_match;

#[derive(Clone, Debug, Default, clap::Args)]
pub struct ScopeArgs {
    /// Change only the resource at this address, its child resources and their dependencies; can be repeated
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_address, help_heading = "Safety")]
    pub targets: Vec<Address>,
    /// Fail if more than N resources would be deleted or replaced
    #[arg(long, value_name = "N", help_heading = "Safety")]
    pub max_deletes: Option<usize>,
    /// Allow deleting the unmanaged resources of a deleted API, and creating an API whose name already exists
    #[arg(long, help_heading = "Safety")]
    pub allow_unmanaged: bool,
}

impl ScopeArgs {
    pub fn policy(&self, allow_empty: bool) -> Policy {
        let Self { max_deletes, allow_unmanaged, .. } = *self;
        Policy { allow_empty, allow_unmanaged, max_deletes }
    }
}

/// The desired state that a command is asked to apply, and the limits on how.
#[derive(Debug)]
pub struct ChangeRequest {
    pub stack: String,
    region: Option<String>,
    account: Option<String>,
    pub desired: DesiredState,
    /// Whether the whole stack is to be deleted.
    pub destroys: bool,
    pub policy: Policy,
    targets: Vec<Address>,
    /// The addresses that the spec declares, even if the stack is to be deleted.
    declared: BTreeSet<Address>,
    source: Option<Source>,
    saved: Option<SavedPlan>,
    now_epoch_s: i64,
}

/// A proposal with all that `plan` and `apply` show and check before it is applied.
#[derive(Debug)]
pub struct ReviewedProposal {
    pub proposal: Proposal,
    pub access: Vec<AccessChange>,
    pub violations: Vec<PolicyViolation>,
    /// Effects of the spec that take place later, without a change now.
    pub notes: Vec<ChangeNote>,
    /// Unmanaged resources that matter to the stack.
    pub unmanaged: Vec<UnmanagedResource>,
    /// The number of changes that the spec requires and this proposal omits.
    pub omitted: usize,
}

impl ChangeRequest {
    /// Whether the request is a saved plan, which must be applied exactly.
    pub fn is_saved(&self) -> bool {
        self.saved.is_some()
    }
    /// Returns the request to apply a spec, or to delete its stack.
    pub fn from_spec(
        spec: ValidSpec,
        destroys: bool,
        scope: &ScopeArgs,
        allow_empty: bool,
        now: i64,
    ) -> Self {
        let ValidSpec { source, spec } = spec;
        let declared = spec.desired.keys().cloned().collect();
        Self {
            stack: spec.stack,
            region: spec.region,
            account: spec.account,
            desired: if destroys { DesiredState::new() } else { spec.desired },
            destroys,
            policy: scope.policy(allow_empty || destroys),
            targets: scope.targets.clone(),
            declared,
            source: Some(source),
            saved: None,
            now_epoch_s: now,
        }
    }

    /// Returns the request to apply a saved plan exactly; `max_deletes` can only make its limit stricter.
    pub fn from_saved_plan(
        saved: SavedPlan,
        max_deletes: Option<usize>,
        now: i64,
    ) -> Result<Self, Failure> {
        let desired = saved.desired().map_err(Failure::error)?;
        let strictest = [saved.policy.max_deletes, max_deletes].into_iter().flatten().min();
        Ok(Self {
            stack: saved.stack.clone(),
            region: Some(saved.region.clone()),
            account: Some(saved.account.clone()),
            declared: desired.keys().cloned().collect(),
            desired,
            destroys: saved.destroys,
            policy: Policy { max_deletes: strictest, ..saved.policy },
            targets: saved.targets.clone(),
            source: None,
            saved: Some(saved),
            now_epoch_s: now,
        })
    }

    /// Returns the account and region in which the stack must be.
    pub fn expected_target(&self) -> ExpectedTarget<'_> {
        let (region, account) = (self.region.as_ref(), self.account.as_ref());
        ExpectedTarget { region, account, is_planned: self.is_saved() }
    }

    /// Reads the live state and proposes changes. `plan` and `apply` both call it, so they agree.
    pub async fn propose(&self, aws: &Aws) -> Result<ReviewedProposal, Failure> {
        let now = self.saved.as_ref().map_or(self.now_epoch_s, |plan| plan.now_epoch_s);
        let whole = propose(aws, &self.stack, &self.desired, now).await?;
        let required = whole.changes.len();
        let proposal = match &self.saved {
            Some(saved) => verify_saved_plan(saved, whole, self.now_epoch_s)?,
            None if self.targets.is_empty() => whole,
            None => {
                self.reject_unknown_addresses(&whole.live)?;
                let selected = select_targets(&whole.steps, &self.targets);
                whole.limited_to(selected)
            }
        };
        let Proposal { live, steps, changes, normalized, site, .. } = &proposal;
        let access = access_changes(&live_access(live), &live_access(&expected_state(live, steps)));
        let violations = violations(changes, &self.desired, live, self.policy);
        let notes = deferred_changes(&self.desired, normalized, live, changes, site);
        let unmanaged =
            live.unmanaged.iter().cloned().chain(name_conflicts(changes, live)).collect();
        let omitted = required.saturating_sub(changes.len());
        Ok(ReviewedProposal { omitted, proposal, access, violations, notes, unmanaged })
    }

    /// Returns the plan in the form that `render::changes` shows.
    pub fn plan<'a>(
        &'a self,
        requested: &'a ReviewedProposal,
        find_spec_line: FindSpecLine<'a>,
    ) -> PlanView<'a> {
        let ReviewedProposal { proposal, access, violations, notes, unmanaged, .. } = requested;
        PlanView {
            stack: &self.stack,
            account: &proposal.site.account,
            region: &proposal.site.region,
            targets: &self.targets,
            changes: &proposal.changes,
            access,
            unmanaged,
            destroys: self.destroys,
            notes,
            violations,
            find_spec_line,
        }
    }

    /// Returns the plan in the form that `plan --out` writes.
    pub fn to_saved_plan(&self, proposal: &Proposal) -> SavedPlan {
        SavedPlan::new(PlanInputs {
            stack: &self.stack,
            site: &proposal.site,
            desired: &self.desired,
            live: &proposal.live,
            steps: &proposal.steps,
            targets: &self.targets,
            policy: self.policy,
            destroys: self.destroys,
        })
    }

    /// Returns a function that finds the file and line in which the spec declares a property.
    pub fn spec_line_finder(
        &self,
    ) -> impl Fn(&Address, &'static dyn Kind, &str) -> Option<(String, usize)> + '_ {
        |address, kind, property| {
            let source = self.source.as_ref().filter(|_| self.declared.contains(address))?;
            let at = Location::Value(property_path(source, address, kind, property));
            Some((source.name.clone(), source.position(&at).line))
        }
    }

    /// Rejects a `--target` that is neither declared nor live: it is a typo.
    fn reject_unknown_addresses(&self, live: &LiveState) -> Result<(), Failure> {
        let known: BTreeSet<&Address> = self.declared.iter().chain(live.managed.keys()).collect();
        let is_known = |target: &Address| {
            known.iter().any(|address| *address == target || address.is_within(target))
        };
        let Some(target) = self.targets.iter().find(|address| !is_known(address)) else {
            return Ok(());
        };
        let message = format!("--target {target}: no such address in the spec or on AWS");
        let failure = Failure::new(Exit::Usage, message);
        let names = known.iter().map(|address| address.as_str());
        Err(match closest_match(target.as_str(), names) {
            Some(meant) => failure.with_hint(format!("did you mean `{meant}`?")),
            None => failure.with_hint("`provision plan` shows the address of every change"),
        })
    }
}

/// Loads a valid spec and replaces its parameters. To delete a stack, only the parameters in its name need values.
pub fn load_spec_with_values(
    file: &SpecFile,
    values: &ParameterValues,
    destroys: bool,
    io: &mut Io,
) -> Result<ValidSpec, Failure> {
    let warns = if destroys { WarningPolicy::No } else { WarningPolicy::Yes };
    let ValidSpec { source, spec } = load_valid_spec_in(file, values, warns, io)?;
    if destroys {
        check_stack_name(&spec, values)?;
        return Ok(ValidSpec { source, spec });
    }
    let spec = with_values(spec, values)?;
    Ok(ValidSpec { source, spec })
}

/// Returns the first line of a plan: stack, account, region and what was read.
pub fn headline(stack: &str, proposal: &Proposal, place: Option<&str>) -> String {
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    let Proposal { site, live, calls, .. } = proposal;
    let count = |n: u64, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let objects = count((live.managed.len() + live.unmanaged.len()) as u64, "object");
    let calls = count(*calls, "call");
    format!(
        "stack {stack} · account {} · region {}{place} · read {objects} in {calls}\n\n",
        site.account, site.region
    )
}

fn live_access(live: &LiveState) -> Access {
    Access::from_resources(
        live.managed.iter().map(|(address, resource)| (address, &resource.properties)),
    )
}

/// Returns the proposal that `saved` records, or fails if the live state has changed since.
fn verify_saved_plan(
    saved: &SavedPlan,
    whole: Proposal,
    now_epoch_s: i64,
) -> Result<Proposal, Failure> {
    let (account, region) = (&whole.site.account, &whole.site.region);
    if (account, region) != (&saved.account, &saved.region) {
        let message = format!(
            "the plan was made for account {}, region {}; this is account {account}, region {region}",
            saved.account, saved.region
        );
        return Err(Failure::new(Exit::Blocked, message)
            .with_hint("use the credentials of that account, or create a new plan"));
    }
    let proposal = whole.limited_to(saved.changed_addresses());
    let reasons = saved.staleness_reasons(&proposal.live, &proposal.steps, now_epoch_s);
    if reasons.is_empty() {
        return Ok(proposal);
    }
    let cause = match proposal.changes.is_empty() {
        true => "the plan was already applied, or AWS was changed in the same way",
        false => "AWS was changed since the plan was made, perhaps by applying it",
    };
    let message = format!("the plan is stale: {}", reasons.join("; "));
    Err(Failure::new(Exit::Stale, message)
        .with_hint(format!("{cause}; create a new plan with `provision plan --out` and apply it")))
}

/// Returns the path in the spec of the text that declares `property`; if the kind does not name one, the path of
/// the resource.
fn property_path(
    source: &Source,
    address: &Address,
    kind: &'static dyn Kind,
    property: &str,
) -> DocumentPath {
    let suffix = |prefix: &str| {
        let rest = property.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
    };
    let matches =
        || kind.spec_paths.iter().filter_map(|(text, to)| Some((text.len(), suffix(text)?, *to)));
    let longest = matches().map(|(length, ..)| length).max();
    let paths = matches().filter(|(length, ..)| Some(*length) == longest);
    let paths = paths.map(|(_, rest, member)| {
        let base: DocumentPath = match member.starts_with('/') {
            true => DocumentPath::default(),
            false => address.parts().collect(),
        };
        let base = member.trim_start_matches('/').split('.').fold(base, DocumentPath::key);
        (base.clone(), extend_path(base, rest))
    });
    let paths: Vec<(DocumentPath, DocumentPath)> = paths.collect();
    let path = paths.iter().find(|(member, _)| source.has(member)).or(paths.first());
    path.map_or_else(|| address.parts().collect(), |(_, whole)| whole.clone())
}

/// Appends members and indexes such as `.a[1]` to a path.
fn extend_path(base: DocumentPath, rest: &str) -> DocumentPath {
    let parts = rest.split(['.', '[']).filter(|text| !text.is_empty());
    parts.fold(base, |path, part| {
        match part.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(n) => path.index(n),
            None => path.key(part),
        }
    })
}

fn parse_address(text: &str) -> Result<Address, String> {
    Address::parse(text)
        .ok_or_else(|| "expected an address such as apis/sample/namespaces/chat".to_owned())
}

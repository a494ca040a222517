//! What a command is to bring about, from a spec or a saved plan, and what that comes to on AWS.
use std::collections::BTreeSet;

use crate::cli::exit::Exit;
use crate::cli::load::{SpecFile, ValidSpec, WarningPolicy, load_valid_spec_in};
use crate::cli::parameters::{with_name, with_values};
use crate::cli::target::ExpectedTarget;
use crate::cli::{Failure, Io};
use crate::render::changes::{FindSpecText, PlanView};
use provision_aws::backend::direct::{Proposal, propose};
use provision_aws::client::Aws;
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
    /// Change only what is at or under this address, and what that needs; may be repeated
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_address, help_heading = "Safety")]
    pub targets: Vec<Address>,
    /// Refuse to delete or replace more than N resources
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

/// What a command is to bring about.
#[derive(Debug)]
pub struct ChangeRequest {
    pub stack: String,
    region: Option<String>,
    account: Option<String>,
    pub desired: DesiredState,
    /// Whether all of the stack is to be deleted.
    pub destroys: bool,
    pub policy: Policy,
    targets: Vec<Address>,
    /// What the spec declares, wanted or not.
    declared: BTreeSet<Address>,
    source: Option<Source>,
    saved: Option<SavedPlan>,
    now_epoch_s: i64,
}

/// What an intent comes to on AWS.
#[derive(Debug)]
pub struct RequestedChanges {
    pub proposal: Proposal,
    pub access: Vec<AccessChange>,
    pub refusals: Vec<PolicyViolation>,
    /// What comes true later, without a change now.
    pub notes: Vec<ChangeNote>,
    /// What is not this stack's, and matters to it.
    pub unmanaged: Vec<UnmanagedResource>,
    /// Changes that are needed beside those that are proposed.
    pub beside: usize,
}

impl ChangeRequest {
    /// Whether it was planned before, and may be nothing else.
    pub fn is_saved(&self) -> bool {
        self.saved.is_some()
    }
    /// To have what a spec declares, or nothing of it.
    pub fn from_spec(
        sound: ValidSpec,
        destroys: bool,
        scope: &ScopeArgs,
        allow_empty: bool,
        now: i64,
    ) -> Self {
        let ValidSpec { source, spec } = sound;
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

    /// To do exactly what a plan says; `max_deletes` may forbid more than it was made with.
    pub fn from_saved_plan(
        saved: SavedPlan,
        max_deletes: Option<usize>,
        now: i64,
    ) -> Result<Self, Failure> {
        let desired = saved.desired().map_err(Failure::error)?;
        let least = [saved.policy.max_deletes, max_deletes].into_iter().flatten().min();
        Ok(Self {
            stack: saved.stack.clone(),
            region: Some(saved.region.clone()),
            account: Some(saved.account.clone()),
            declared: desired.keys().cloned().collect(),
            desired,
            destroys: saved.destroys,
            policy: Policy { max_deletes: least, ..saved.policy },
            targets: saved.targets.clone(),
            source: None,
            saved: Some(saved),
            now_epoch_s: now,
        })
    }

    /// Where it is to stand.
    pub fn expected_target(&self) -> ExpectedTarget<'_> {
        let (region, account) = (self.region.as_ref(), self.account.as_ref());
        ExpectedTarget { region, account, is_planned: self.is_saved() }
    }

    /// Looks at AWS: the one way to a proposal, so that what is shown is what is done.
    pub async fn propose(&self, aws: &Aws) -> Result<RequestedChanges, Failure> {
        let now = self.saved.as_ref().map_or(self.now_epoch_s, |plan| plan.now_epoch_s);
        let whole = propose(aws, &self.stack, &self.desired, now).await?;
        let needed = whole.changes.len();
        let proposal = match &self.saved {
            Some(saved) => verify_saved_plan(saved, whole, self.now_epoch_s)?,
            None if self.targets.is_empty() => whole,
            None => {
                self.reject_unknown_addresses(&whole.live)?;
                let wanted = select_targets(&whole.steps, &self.targets);
                whole.limited_to(wanted)
            }
        };
        let Proposal { live, steps, changes, normalized, site, .. } = &proposal;
        let access = access_changes(&live_access(live), &live_access(&expected_state(live, steps)));
        let refusals = violations(changes, &self.desired, live, self.policy);
        let notes = deferred_changes(&self.desired, normalized, live, changes, site);
        let unmanaged =
            live.unmanaged.iter().cloned().chain(name_conflicts(changes, live)).collect();
        let beside = needed.saturating_sub(changes.len());
        Ok(RequestedChanges { beside, proposal, access, refusals, notes, unmanaged })
    }

    /// The plan as renderers take it.
    pub fn plan<'a>(
        &'a self,
        proposed: &'a RequestedChanges,
        written: FindSpecText<'a>,
    ) -> PlanView<'a> {
        let RequestedChanges { proposal, access, refusals, notes, unmanaged, .. } = proposed;
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
            refused: refusals,
            written,
        }
    }

    /// The plan as a file keeps it.
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

    /// Finds where the spec says what a property should be.
    pub fn spec_text(
        &self,
    ) -> impl Fn(&Address, &'static dyn Kind, &str) -> Option<(String, usize)> + '_ {
        |address, kind, property| {
            let source = self.source.as_ref().filter(|_| self.declared.contains(address))?;
            let at = Location::Value(property_path(source, address, kind, property));
            Some((source.name.clone(), source.position(&at).line))
        }
    }

    /// An address that is neither declared nor live is a slip of the pen.
    fn reject_unknown_addresses(&self, live: &LiveState) -> Result<(), Failure> {
        let known: BTreeSet<&Address> = self.declared.iter().chain(live.managed.keys()).collect();
        let is_known = |target: &Address| {
            known.iter().any(|address| *address == target || address.is_within(target))
        };
        let Some(target) = self.targets.iter().find(|address| !is_known(address)) else {
            return Ok(());
        };
        let message =
            format!("--target {target}: the spec declares no such address, and AWS has none");
        let failure = Failure::new(Exit::Usage, message);
        let names = known.iter().map(|address| address.as_str());
        Err(match closest_match(target.as_str(), names) {
            Some(meant) => failure.with_hint(format!("did you mean `{meant}`?")),
            None => failure
                .with_hint("`provision plan` shows the addresses of all that it would change"),
        })
    }
}

/// The spec in an opened file, as far as it is needed: to delete, its name is enough.
pub fn load_change_request(
    opened: &SpecFile,
    given: &ParameterValues,
    destroys: bool,
    io: &mut Io,
) -> Result<ValidSpec, Failure> {
    let warns = if destroys { WarningPolicy::No } else { WarningPolicy::Yes };
    let ValidSpec { source, spec } = load_valid_spec_in(opened, given, warns, io)?;
    let spec = match destroys {
        true => with_name(spec, given)?,
        false => with_values(spec, given)?,
    };
    Ok(ValidSpec { source, spec })
}

/// Whose AWS this is, before anything else is said.
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

/// The proposal that `saved` was made of, if AWS is still as it was.
fn verify_saved_plan(
    saved: &SavedPlan,
    whole: Proposal,
    now_epoch_s: i64,
) -> Result<Proposal, Failure> {
    let (account, theirs) = (&whole.site.account, &saved.account);
    let (region, there) = (&whole.site.region, &saved.region);
    if (account, region) != (theirs, there) {
        let message = format!(
            "the plan was made for account {theirs}, region {there}; this is account {account}, region {region}"
        );
        return Err(Failure::new(Exit::Refused, message)
            .with_hint("use the credentials of that account, or plan again"));
    }
    let proposal = whole.limited_to(saved.changed_addresses());
    let reasons = saved.staleness_reasons(&proposal.live, &proposal.steps, now_epoch_s);
    if reasons.is_empty() {
        return Ok(proposal);
    }
    let since = match proposal.changes.is_empty() {
        true => "it was applied already, or AWS was changed in its way since it was made",
        false => "since it was made, AWS was changed, perhaps by applying it",
    };
    let message = format!("the plan is stale: {since}: {}", reasons.join("; "));
    Err(Failure::new(Exit::Stale, message).with_hint("plan again, and apply that"))
}

/// The way in the spec to what says `property`, as far as the kind tells.
fn property_path(
    source: &Source,
    address: &Address,
    kind: &'static dyn Kind,
    property: &str,
) -> DocumentPath {
    let begins = |beginning: &str| {
        let rest = property.strip_prefix(beginning)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
    };
    let fitting =
        || kind.spec_paths.iter().filter_map(|(text, to)| Some((text.len(), begins(text)?, *to)));
    let longest = fitting().map(|(length, ..)| length).max();
    let ways = fitting().filter(|(length, ..)| Some(*length) == longest);
    let ways = ways.map(|(_, rest, member)| {
        let base: DocumentPath = match member.starts_with('/') {
            true => DocumentPath::default(),
            false => address.parts().collect(),
        };
        let base = member.trim_start_matches('/').split('.').fold(base, DocumentPath::key);
        (base.clone(), extend_path(base, rest))
    });
    let ways: Vec<(DocumentPath, DocumentPath)> = ways.collect();
    let there = ways.iter().find(|(member, _)| source.has(member)).or(ways.first());
    there.map_or_else(|| address.parts().collect(), |(_, whole)| whole.clone())
}

/// The same way and then `.a[1]`.
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
    let sound = Address::parse(text);
    sound.ok_or_else(|| "an address is such as apis/sample/namespaces/chat".to_owned())
}

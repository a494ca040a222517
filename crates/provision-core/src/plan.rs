//! Turns changes into steps with their dependencies. Pure; `apply` makes no decisions.
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::diff::{self, Change};
use crate::kind::{DesiredResource, DesiredState, Kind, LiveResource, LiveState};
use crate::model::{Attributes, Properties};

/// One operation on a resource.
#[derive(Clone, Debug)]
pub struct Step {
    /// The address of the resource.
    pub address: Address,
    /// The kind of the resource.
    pub kind: &'static dyn Kind,
    /// What the step does.
    pub action: StepAction,
    /// The steps that must succeed first, by their index in the plan.
    pub depends_on: BTreeSet<usize>,
    /// The digest of the declaration, for the ownership marker.
    pub digest: String,
    /// Whether it removes something that other resources use until they have changed.
    pub is_narrowing: bool,
    /// The temporary address of the old resource, if its successor has the address.
    pub temporary_address: Option<Address>,
}

/// What a step does, with all that it needs.
#[derive(Clone, Debug)]
pub enum StepAction {
    /// Create a resource.
    Create {
        /// The desired properties.
        properties: Properties,
    },
    /// Change a resource in place.
    Update {
        /// The desired properties.
        properties: Properties,
        /// The live resource.
        was: LiveResource,
    },
    /// Delete a resource.
    Delete {
        /// The live resource.
        was: LiveResource,
    },
}

/// What a step does, for output.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StepVerb {
    /// A resource is created.
    Create,
    /// A resource is changed in place.
    Update,
    /// A resource is deleted.
    Delete,
}

impl Step {
    /// Returns what the step does, for output.
    pub fn verb(&self) -> StepVerb {
        match self.action {
            StepAction::Create { .. } => StepVerb::Create,
            StepAction::Update { .. } => StepVerb::Update,
            StepAction::Delete { .. } => StepVerb::Delete,
        }
    }
    /// Returns the address of the resource after the step.
    pub fn final_address(&self) -> &Address {
        self.temporary_address.as_ref().unwrap_or(&self.address)
    }
    /// Returns the resources whose attributes this step needs.
    fn references(&self) -> Vec<Address> {
        let (StepAction::Create { properties } | StepAction::Update { properties, .. }) =
            &self.action
        else {
            return Vec::new();
        };
        properties.references().collect()
    }
}

/// Returns the steps of `changes`, each with its dependencies. `desired` is normalized.
///
/// A replaced resource is deleted first: two resources with one marker would be ambiguous if the run is killed
/// between the two calls. If other resources use it until they have changed, and the new one has another name,
/// the old one gives up its address first and is deleted last. What other changing resources still use is
/// removed in a separate update, after theirs.
pub fn plan(changes: &[Change], desired: &DesiredState, live: &LiveState) -> Vec<Step> {
    let mut steps = Vec::new();
    for change in changes {
        let Change { address, verb, digest, .. } = change;
        let kind = change.kind;
        let (is, should) = (live.managed.get(address), desired.get(address));
        let mut push = |action, narrows, aside: Option<&Address>| {
            let (address, digest, aside) = (address.clone(), digest.clone(), aside.cloned());
            let needs = BTreeSet::new();
            steps.push(Step {
                address,
                kind,
                action,
                depends_on: needs,
                digest,
                is_narrowing: narrows,
                temporary_address: aside,
            });
        };
        match (verb, is, should) {
            (diff::ChangeAction::Update, Some(is), Some(should)) => {
                let (properties, mut was) = (should.properties.clone(), is.clone());
                let between = match changes.iter().any(|value| may_depend_on(value, change)) {
                    true => kind.intermediate_state(&properties, &was.properties),
                    false => None,
                };
                let narrows = between.is_some();
                let between = between.map(|between| between.ordered_like(&was.properties));
                if let Some(between) = between.filter(|between| *between != was.properties) {
                    let properties = between.clone();
                    push(StepAction::Update { properties, was: was.clone() }, false, None);
                    (was.properties, was.digest) = (between, Some(digest.clone()));
                }
                push(StepAction::Update { properties, was }, narrows, None);
            }
            (diff::ChangeAction::Create, _, Some(should)) => {
                push(StepAction::Create { properties: should.properties.clone() }, false, None);
            }
            (_, is, should) => {
                let aside = is.zip(should).and_then(|(is, should)| replaced_name(is, should));
                let aside =
                    aside.filter(|_| changes.iter().any(|value| stops_using(value, change)));
                let aside = aside.map(|name| address.temporary(&name));
                if let Some((is, aside)) = is.zip(aside.as_ref()) {
                    let (properties, was) = (is.properties.clone(), is.clone());
                    push(StepAction::Update { properties, was }, false, Some(aside));
                }
                if let Some(is) = is {
                    push(StepAction::Delete { was: is.clone() }, false, aside.as_ref());
                }
                if let Some(should) = should {
                    push(StepAction::Create { properties: should.properties.clone() }, false, None);
                }
            }
        }
    }
    let needs: Vec<BTreeSet<usize>> = (0..steps.len()).map(|n| needs(&steps, n)).collect();
    for (step, needs) in steps.iter_mut().zip(needs) {
        step.depends_on = needs;
    }
    steps
}

/// Returns the addresses that `targets` select: those at or under a target, and all that their steps depend
/// on. `steps` are the steps of all changes.
pub fn select_targets(steps: &[Step], targets: &[Address]) -> BTreeSet<Address> {
    let is_target = |address: &Address| {
        targets.iter().any(|target| address == target || address.is_within(target))
    };
    let mut selected: BTreeSet<Address> =
        steps.iter().map(|step| &step.address).filter(|step| is_target(step)).cloned().collect();
    // A replacement has two steps, and each selects the other: hence by address.
    loop {
        let included = steps.iter().filter(|step| selected.contains(&step.address));
        let needs =
            included.flat_map(|included| &included.depends_on).map(|n| steps[*n].address.clone());
        let more: Vec<Address> = needs.filter(|need| !selected.contains(need)).collect();
        if more.is_empty() {
            return selected;
        }
        selected.extend(more);
    }
}

/// Whether the resource of `other` may depend on the resource of `change` until it has changed.
fn may_depend_on(other: &Change, change: &Change) -> bool {
    other.verb != diff::ChangeAction::Create
        && other.kind.depends_on.contains(&change.kind.section)
        && other.address.root() == change.address.root()
}

/// Whether `other` uses the resource that `change` replaces, and another one after its own change.
fn stops_using(other: &Change, change: &Change) -> bool {
    other.verb == diff::ChangeAction::Update && may_depend_on(other, change)
}

/// Returns the current name of a resource that gets another name, if both can exist on AWS at once.
fn replaced_name(is: &LiveResource, should: &DesiredResource) -> Option<String> {
    let aws_name = is.kind.aws_name.filter(|aws_name| !aws_name.allows_duplicates)?;
    let (was, name) =
        (is.properties.get(aws_name.property)?, should.properties.get(aws_name.property)?);
    (was != name).then(|| was.as_str().map(str::to_owned))?
}

fn needs(steps: &[Step], n: usize) -> BTreeSet<usize> {
    let step = &steps[n];
    let others = steps.iter().enumerate().filter(|(m, _)| *m != n);
    let indexes = |needed: &dyn Fn(&Step) -> bool| -> BTreeSet<usize> {
        others.filter(|(_, other)| needed(other)).map(|(m, _)| m).collect()
    };
    match step.verb() {
        StepVerb::Delete => {
            let recreates =
                |value: &Step| value.address == step.address && value.verb() == StepVerb::Create;
            let is_recreated = step.temporary_address.is_none() && steps.iter().any(recreates);
            // Nothing else is left to do for an address when the resource that gave it up is deleted.
            let last =
                |value: &Step| step.temporary_address.is_some() && value.address == step.address;
            indexes(&|other| must_precede_delete(other, step, is_recreated) || last(other))
        }
        StepVerb::Create | StepVerb::Update => {
            let waits_for = step.references();
            // A resource that must give up its name cannot stay until others use its successor.
            let is_free = |step: &Step| {
                !steps.iter().any(|user| {
                    user.verb() == StepVerb::Update && must_precede_delete(user, step, false)
                })
            };
            indexes(&|other| {
                must_precede(other, step, &waits_for)
                    || releases_name(other, step) && is_free(other)
            })
        }
    }
}

/// Whether `other` must precede `delete`, because it ends a use of the deleted resource.
fn must_precede_delete(other: &Step, delete: &Step, is_recreated: bool) -> bool {
    // Two APIs never use each other; any API may use a top-level resource, such as a role.
    let (root, gone) = (other.address.root(), delete.address.root());
    let related = root == gone || root.section() != gone.section();
    let uses = related && other.kind.depends_on.contains(&delete.kind.section);
    match other.verb() {
        // A replaced role may precede the deletion of an API: otherwise that API, which a domain leaves for a new
        // API that needs the new role, would wait for itself.
        StepVerb::Delete => uses && (root == gone || !is_recreated),
        // Users of the new resource do not wait for the deletion of the old one.
        StepVerb::Update => uses && !is_recreated,
        StepVerb::Create => false,
    }
}

/// Whether `other` must precede `step`, which creates or changes a resource.
fn must_precede(other: &Step, step: &Step, waits_for: &[Address]) -> bool {
    match other.verb() {
        StepVerb::Create => {
            waits_for.contains(&other.address) || step.address.is_within(&other.address)
        }
        StepVerb::Delete => {
            // The old resource is deleted before its successor is created.
            let makes_way =
                step.verb() == StepVerb::Create && *other.final_address() == step.address;
            makes_way || step.is_narrowing && depends_on_kind(other, step)
        }
        // A created or changed resource may depend on the other's new state, and a removal on the end of every
        // use.
        StepVerb::Update => {
            let widens = depends_on_kind(step, other) || other.address == step.address;
            widens && !other.is_narrowing || step.is_narrowing && depends_on_kind(other, step)
        }
    }
}

/// Whether `other` deletes the resource whose name on AWS `step` gives to another one.
fn releases_name(other: &Step, step: &Step) -> bool {
    let (StepAction::Delete { was }, StepAction::Create { properties }) =
        (&other.action, &step.action)
    else {
        return false;
    };
    let aws_name = step
        .kind
        .aws_name
        .filter(|aws_name| other.kind == step.kind && !aws_name.allows_duplicates);
    let same = |property: &str| properties.get(property) == was.properties.get(property);
    aws_name.is_some_and(|aws_name| same(aws_name.property))
        && other.address.parent() == step.address.parent()
}

/// Whether the kind of `step` depends on the kind of `other`, in the same API.
fn depends_on_kind(step: &Step, other: &Step) -> bool {
    step.kind.depends_on.contains(&other.kind.section)
        && step.address.root() == other.address.root()
}

/// Returns the live state that results if every step succeeds.
pub fn expected_state(live: &LiveState, steps: &[Step]) -> LiveState {
    let mut live = live.clone();
    for step in steps {
        let Step { action, digest, .. } = step;
        let kind = step.kind;
        let address = step.final_address();
        let (properties, attributes) = match action {
            StepAction::Delete { .. } => {
                live.managed.remove(address);
                continue;
            }
            StepAction::Create { properties } => (properties, Attributes::default()),
            StepAction::Update { properties, was } => {
                if step.temporary_address.is_some() {
                    live.managed.remove(&step.address);
                }
                (properties, was.attributes.clone())
            }
        };
        let digest = Some(digest.clone());
        let resource = LiveResource { kind, properties: properties.clone(), attributes, digest };
        live.managed.insert(address.clone(), resource);
    }
    live
}

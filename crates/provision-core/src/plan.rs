//! Turns changes into steps with their dependencies. Pure. `apply` adds no step.
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
    /// Whether it is the second of two updates: it removes what other resources use until their own update.
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
/// between the two calls. The exception is a resource that other resources use until they have changed, and whose
/// successor has another name. Then the old resource is moved to a temporary address and deleted last. For example, a
/// data source that a namespace uses gets another name. The steps are: move the data source to a temporary address,
/// create the new one, update the namespace, delete the old one.
///
/// What other changing resources still use is removed in a separate update, after theirs.
pub fn plan(changes: &[Change], desired: &DesiredState, live: &LiveState) -> Vec<Step> {
    let steps_of = |change| steps_of_change(change, changes, desired, live);
    let mut steps: Vec<Step> = changes.iter().flat_map(steps_of).collect();
    let dependencies: Vec<BTreeSet<usize>> =
        (0..steps.len()).map(|n| dependencies(&steps, n)).collect();
    for (step, dependencies) in steps.iter_mut().zip(dependencies) {
        step.depends_on = dependencies;
    }
    steps
}

/// Returns the steps of one of the `changes`, without their dependencies.
fn steps_of_change(
    change: &Change,
    changes: &[Change],
    desired: &DesiredState,
    live: &LiveState,
) -> Vec<Step> {
    let address = &change.address;
    let live_resource =
        || live.managed.get(address).expect("only a live resource is updated, replaced or deleted");
    let desired_resource =
        || desired.get(address).expect("only a desired resource is created, updated or replaced");
    match change.verb {
        diff::ChangeAction::Create => vec![create_step(change, desired_resource())],
        diff::ChangeAction::Update => {
            update_steps(change, changes, live_resource(), desired_resource())
        }
        diff::ChangeAction::Replace => {
            replace_steps(change, changes, live_resource(), desired_resource())
        }
        diff::ChangeAction::Delete => vec![delete_step(change, live_resource())],
    }
}

fn new_step(change: &Change, action: StepAction) -> Step {
    Step {
        address: change.address.clone(),
        kind: change.kind,
        action,
        depends_on: BTreeSet::new(),
        digest: change.digest.clone(),
        is_narrowing: false,
        temporary_address: None,
    }
}

fn create_step(change: &Change, desired: &DesiredResource) -> Step {
    new_step(change, StepAction::Create { properties: desired.properties.clone() })
}

fn delete_step(change: &Change, live: &LiveResource) -> Step {
    new_step(change, StepAction::Delete { was: live.clone() })
}

/// Returns one update, or two if other changing resources use what the second one removes.
fn update_steps(
    change: &Change,
    changes: &[Change],
    live: &LiveResource,
    desired: &DesiredResource,
) -> Vec<Step> {
    let (properties, mut was) = (desired.properties.clone(), live.clone());
    let is_used = changes.iter().any(|other| may_depend_on(other, change));
    let intermediate = is_used
        .then(|| change.kind.intermediate_state(&properties, &was.properties))
        .flatten()
        .map(|intermediate| intermediate.ordered_like(&was.properties));
    let is_narrowing = intermediate.is_some();
    let mut steps = Vec::new();
    if let Some(intermediate) = intermediate.filter(|properties| *properties != was.properties) {
        let properties = intermediate.clone();
        steps.push(new_step(change, StepAction::Update { properties, was: was.clone() }));
        (was.properties, was.digest) = (intermediate, Some(change.digest.clone()));
    }
    let last = new_step(change, StepAction::Update { properties, was });
    steps.push(Step { is_narrowing, ..last });
    steps
}

/// Returns the deletion of the old resource and the creation of its successor, after a move to a temporary address if
/// the old resource must be deleted last.
fn replace_steps(
    change: &Change,
    changes: &[Change],
    live: &LiveResource,
    desired: &DesiredResource,
) -> Vec<Step> {
    let is_used = changes.iter().any(|other| stops_using(other, change));
    let temporary_address = replaced_name(live, desired)
        .filter(|_| is_used)
        .map(|name| change.address.temporary(&name));
    let mut steps = Vec::new();
    if temporary_address.is_some() {
        let (properties, was) = (live.properties.clone(), live.clone());
        let action = StepAction::Update { properties, was };
        let temporary_address = temporary_address.clone();
        steps.push(Step { temporary_address, ..new_step(change, action) });
    }
    steps.push(Step { temporary_address, ..delete_step(change, live) });
    steps.push(create_step(change, desired));
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
    // All steps of a replacement have one address, so selecting one by its address selects the others.
    loop {
        let included = steps.iter().filter(|step| selected.contains(&step.address));
        let dependencies =
            included.flat_map(|included| &included.depends_on).map(|n| steps[*n].address.clone());
        let more: Vec<Address> =
            dependencies.filter(|dependency| !selected.contains(dependency)).collect();
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
fn replaced_name(live: &LiveResource, desired: &DesiredResource) -> Option<String> {
    let aws_name = live.kind.aws_name.filter(|aws_name| !aws_name.allows_duplicates)?;
    let (live_name, desired_name) =
        (live.properties.get(aws_name.property)?, desired.properties.get(aws_name.property)?);
    (live_name != desired_name).then(|| live_name.as_str().map(str::to_owned))?
}

/// Returns the steps that must succeed before the step with index `n`.
fn dependencies(steps: &[Step], n: usize) -> BTreeSet<usize> {
    let step = &steps[n];
    let others = steps.iter().enumerate().filter(|(m, _)| *m != n);
    let indexes = |needed: &dyn Fn(&Step) -> bool| -> BTreeSet<usize> {
        others.filter(|(_, other)| needed(other)).map(|(m, _)| m).collect()
    };
    match step.verb() {
        StepVerb::Delete => {
            let recreates =
                |other: &Step| other.address == step.address && other.verb() == StepVerb::Create;
            let is_recreated = step.temporary_address.is_none() && steps.iter().any(recreates);
            // A resource at a temporary address is deleted after all other steps of the replacement.
            let is_same_replacement =
                |other: &Step| step.temporary_address.is_some() && other.address == step.address;
            indexes(&|other| {
                must_precede_delete(other, step, is_recreated) || is_same_replacement(other)
            })
        }
        StepVerb::Create | StepVerb::Update => {
            let waits_for = step.references();
            // An update that ends a use of the old resource may need its successor. Then the successor must not wait
            // for the deletion: the steps would form a cycle.
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
        // The deletion of a replaced role does not wait for the deletion of an API that uses it. Otherwise, the steps
        // could form a cycle: delete API A, after the domain moves to API B, after B is created, after the new role
        // is created, after the old role is deleted, after A is deleted.
        StepVerb::Delete => uses && (root == gone || !is_recreated),
        // Updates of users need the new resource, which is created after the old one is deleted.
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
        // A created or changed resource may depend on the other's new state. An update that removes something waits
        // until no other resource uses it.
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

//! Saved plans: a plan that is applied later, exactly as it was reviewed, once, or not at all.
//!
//! A saved plan has the desired state and a fingerprint of each resource that it changes. Once applied, it
//! has changed those resources, and is stale. Pure.
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::kind::{DesiredResource, DesiredState, LiveResource, LiveState};
use crate::kinds::KINDS;
use crate::model::{Properties, Site};
use crate::plan::{Step, StepAction, StepVerb};
use crate::policy::Policy;

/// Distinguishes a saved plan from a spec: no spec has this member.
const FORMAT: &str = "provision plan";
const VERSION: u32 = 2;

/// A saved plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedPlan {
    format: String,
    version: u32,
    /// The version of the program that created it.
    made_by: String,
    /// The name of the stack.
    pub stack: String,
    /// The account on which the plan may be applied.
    pub account: String,
    /// The region in which the plan may be applied.
    pub region: String,
    /// The time from which the expiry of keys was computed.
    pub now_epoch_s: i64,
    /// Whether it deletes the stack.
    pub destroys: bool,
    /// The addresses given with `--target`.
    pub targets: Vec<Address>,
    /// The permissions given when the plan was created.
    pub policy: Policy,
    desired: BTreeMap<Address, SavedResource>,
    steps: Vec<SavedStep>,
    /// The live resource at each address that it changes; null: none.
    live: BTreeMap<Address, Option<Fingerprint>>,
    /// Unmanaged resources that would be deleted with their parents.
    unmanaged: Vec<String>,
}

/// A desired resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedResource {
    r#type: String,
    properties: Map<String, Value>,
    declared: Value,
}

/// A step, by what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedStep {
    address: Address,
    action: StepVerb,
    properties: String,
}

/// The inputs of a plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanInputs<'a> {
    /// The name of the stack.
    pub stack: &'a str,
    /// The account, the region and the time.
    pub site: &'a Site,
    /// The desired state, normalized.
    pub desired: &'a DesiredState,
    /// The live state that the plan was compared with.
    pub live: &'a LiveState,
    /// The steps of the plan.
    pub steps: &'a [Step],
    /// The addresses given with `--target`.
    pub targets: &'a [Address],
    /// The permissions of the user.
    pub policy: Policy,
    /// Whether the plan deletes the stack.
    pub destroys: bool,
}

impl SavedPlan {
    /// Creates a saved plan.
    pub fn new(inputs: PlanInputs<'_>) -> Self {
        let PlanInputs { stack, site, desired, live, steps, targets, policy, destroys } = inputs;
        let saved_resource = |(address, resource): (&Address, &DesiredResource)| {
            (address.clone(), SavedResource::of(resource))
        };
        let live_fingerprint =
            |step: &Step| (step.address.clone(), live.managed.get(&step.address).map(fingerprint));
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            stack: stack.to_owned(),
            account: site.account.clone(),
            region: site.region.clone(),
            now_epoch_s: site.now_epoch_s,
            destroys,
            targets: targets.to_vec(),
            policy,
            desired: desired.iter().map(saved_resource).collect(),
            steps: steps.iter().map(SavedStep::of).collect(),
            live: steps.iter().map(live_fingerprint).collect(),
            unmanaged: unmanaged_children(live, steps),
        }
    }

    /// Whether `bytes` look like a saved plan, even a truncated one.
    pub fn is_saved_plan(bytes: &[u8]) -> bool {
        // A spec is YAML, or lacks this member.
        bytes.trim_ascii_start().starts_with(b"{")
            && match serde_json::from_slice::<Value>(bytes) {
                Ok(value) => value["format"] == FORMAT,
                // A truncated plan is recognized by its beginning.
                Err(_) => {
                    let text = String::from_utf8_lossy(bytes);
                    let member =
                        |gap: &str| text.contains(&format!("\"format\":{gap}\"{FORMAT}\""));
                    member(" ") || member("")
                }
            }
    }

    /// Returns the text of the file: the plan, and a digest that detects edits.
    pub fn text(&self) -> String {
        let mut plan = json!(self);
        plan["digest"] = json!(sha256(&plan));
        format!("{plan:#}\n")
    }

    /// Parses what [`Self::text`] returned.
    ///
    /// # Errors
    /// The plan is incomplete, was edited, or was created by another version.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let broken = |error: serde_json::Error| format!("not a valid saved plan: {error}");
        let cut = |error: serde_json::Error| format!("not a complete saved plan: {error}");
        let mut plan: Value = serde_json::from_slice(bytes).map_err(cut)?;
        if plan["version"] != json!(VERSION) || plan["madeBy"] != env!("CARGO_PKG_VERSION") {
            let by = plan["madeBy"].as_str().unwrap_or("another version").to_owned();
            let ours = env!("CARGO_PKG_VERSION");
            return Err(format!("it was created by provision {by}; this is provision {ours}"));
        }
        let digest = plan.as_object_mut().and_then(|object_mut| object_mut.shift_remove("digest"));
        if digest != Some(json!(sha256(&plan))) {
            return Err("it was edited after it was created".to_owned());
        }
        let plan: Self = serde_json::from_value(plan).map_err(broken)?;
        plan.desired()?;
        Ok(plan)
    }

    /// Returns the desired state.
    ///
    /// # Errors
    /// A resource has an unknown type, or its properties are not valid.
    pub fn desired(&self) -> Result<DesiredState, String> {
        let resource = |(address, saved_resource): (&Address, &SavedResource)| {
            Ok((address.clone(), saved_resource.resource()?))
        };
        self.desired.iter().map(resource).collect()
    }

    /// Returns the addresses that it changes.
    pub fn changed_addresses(&self) -> BTreeSet<Address> {
        self.live.keys().cloned().collect()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns what changed since the plan was created, given the live state and what the same plan would be now.
    /// Empty: the plan may be applied.
    pub fn staleness_reasons(
        &self,
        live: &LiveState,
        steps: &[Step],
        now_epoch_s: i64,
    ) -> Vec<String> {
        let mut reasons: Vec<String> = self
            .live
            .iter()
            .filter_map(|(address, was)| {
                let is = live.managed.get(address).map(fingerprint);
                let reason = difference(was.as_ref(), is.as_ref())?;
                Some(format!("{address} {reason}"))
            })
            .collect();
        if unmanaged_children(live, steps) != self.unmanaged && reasons.is_empty() {
            reasons.push("the unmanaged resources that would be deleted with it changed".into());
        }
        if let Some(address) =
            steps.iter().find_map(|step| expired_address(step, self.now_epoch_s, now_epoch_s))
        {
            reasons.push(format!("{address} would expire in the past"));
        }
        let now: Vec<SavedStep> = steps.iter().map(SavedStep::of).collect();
        if now != self.steps && reasons.is_empty() {
            reasons.push("a resource that it refers to changed".into());
        }
        reasons
    }
}

impl SavedResource {
    fn of(resource: &DesiredResource) -> Self {
        let properties =
            resource.properties.iter().map(|(name, value)| (name.clone(), value.clone()));
        Self {
            r#type: resource.kind.type_name.to_owned(),
            properties: properties.collect(),
            declared: resource.declared.clone(),
        }
    }
    fn resource(&self) -> Result<DesiredResource, String> {
        let kind = KINDS.iter().copied().find(|kind| kind.type_name == self.r#type);
        let kind = kind.ok_or_else(|| format!("unknown resource type `{}`", self.r#type))?;
        let properties = Properties::from_typed(&self.properties);
        let fits = kind
            .check_properties(&properties)
            .and_then(|()| kind.check_declaration(&self.declared));
        fits.map_err(|error| format!("not a valid {}: {error}", kind.noun))?;
        Ok(DesiredResource { kind, properties, declared: self.declared.clone() })
    }
}

impl SavedStep {
    fn of(step: &Step) -> Self {
        let properties = match &step.action {
            StepAction::Create { properties } | StepAction::Update { properties, .. } => {
                sha256(&json!(properties))
            }
            StepAction::Delete { .. } => String::new(),
        };
        Self { address: step.address.clone(), action: step.verb(), properties }
    }
}

/// Returns the unmanaged children of the resources that the steps delete, without secret names.
fn unmanaged_children(live: &LiveState, steps: &[Step]) -> Vec<String> {
    let deleted: BTreeSet<&Address> = steps
        .iter()
        .filter(|step| step.verb() == StepVerb::Delete)
        .map(|step| &step.address)
        .collect();
    let is_child = |resource: &&crate::kind::UnmanagedResource| {
        resource.parent.as_ref().is_some_and(|parent| deleted.contains(parent))
    };
    let mut names: Vec<String> = live
        .unmanaged
        .iter()
        .filter(is_child)
        .map(|unmanaged| {
            format!("{unmanaged} at {}", unmanaged.parent.as_ref().map_or("", Address::as_str))
        })
        .collect();
    names.sort();
    names
}

/// Returns the address of a step whose timestamp has passed since the plan was created.
fn expired_address(step: &Step, planned_epoch_s: i64, now_epoch_s: i64) -> Option<&Address> {
    let (StepAction::Create { properties } | StepAction::Update { properties, .. }) = &step.action
    else {
        return None;
    };
    let timestamp_of = |name: &&str| properties.get(name).and_then(Value::as_i64);
    let past = step
        .kind
        .timestamps
        .iter()
        .filter_map(timestamp_of)
        .any(|timestamp| planned_epoch_s < timestamp && timestamp <= now_epoch_s);
    past.then_some(&step.address)
}

/// A digest of each property of a resource, and one of its attributes.
pub type Fingerprint = BTreeMap<String, String>;

/// Represents all attributes together: an id is among them, and the id of an API key is the key.
const ATTRIBUTES: &str = "its identity on AWS";

/// Returns the fingerprint of one resource.
pub fn fingerprint(resource: &LiveResource) -> Fingerprint {
    let property = |(name, value): (&String, &Value)| (name.clone(), sha256(&json!([name, value])));
    let mut fingerprint: Fingerprint = resource.properties.iter().map(property).collect();
    let attributes: BTreeMap<&str, &str> = resource.attributes.iter().collect();
    fingerprint.insert(ATTRIBUTES.to_owned(), sha256(&json!(attributes)));
    fingerprint
}

/// Returns how a resource changed. `None`: it did not.
pub fn difference(before: Option<&Fingerprint>, after: Option<&Fingerprint>) -> Option<String> {
    match (before, after) {
        (None, None) => None,
        (None, Some(_)) => Some("exists now".to_owned()),
        (Some(_), None) => Some("is gone".to_owned()),
        (Some(before), Some(after)) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
            let differ: Vec<&str> = differ.map(String::as_str).collect();
            (!differ.is_empty()).then(|| format!("was changed ({})", differ.join(", ")))
        }
    }
}

pub(crate) fn sha256(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes())
        .iter()
        .map(|digest| format!("{digest:02x}"))
        .collect()
}

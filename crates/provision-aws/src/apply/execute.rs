//! Executes one step once: makes its calls, and finds out what a lost response means.
//!
//! AppSync's creates have no idempotency token. If the response to a create is lost, the resource is looked for by
//! its ownership marker and adopted, so that no retry creates a second one.
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::apply::run::ApplyRun;
use crate::calls::{AwsResult, Query};
use crate::error::{AwsError, if_exists};
use crate::kinds::calls_of;
use crate::live::{Runs, find_by_marker, read_one};
use crate::lock::lock;
use provision_core::address::Address;
use provision_core::failure::ErrorClass;
use provision_core::kind::LiveResource;
use provision_core::model::{Attributes, Properties};
use provision_core::ownership::OwnershipMarker;
use provision_core::plan::{Step, StepAction};
use provision_core::text::Placeholder;

/// When a resource is looked for after a lost response: it may not be visible in lists immediately.
const VISIBILITY_DELAYS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// How long a run waits for another one to delete its duplicate: longer than that run takes to see both.
const DUPLICATE_WAIT: Duration = Duration::from_secs(1);

/// What the steps of a run share while they are executed.
#[derive(Clone, Copy)]
pub struct StepContext<'a> {
    pub run: ApplyRun<'a>,
    /// The attributes of all resources, existing or created by this run.
    pub attributes: &'a Mutex<BTreeMap<Address, Attributes>>,
}

impl StepContext<'_> {
    /// Fills in the placeholders. The plan orders the steps so that all values are available.
    fn resolve(&self, properties: &Properties) -> Properties {
        let attributes = lock(self.attributes);
        properties.resolve(&|placeholder| match placeholder {
            Placeholder::Pseudo(name) => self.run.site.pseudo_parameter(name),
            Placeholder::Parameter(_) => None,
            Placeholder::Attribute { address, name } => {
                Some(attributes.get(address)?.get(name)?.to_owned())
            }
        })
    }

    /// Returns the parent of a step's resource, if it has one.
    fn parent(&self, step: &Step) -> Option<(Address, Attributes)> {
        let parent = step.address.parent()?;
        let attributes = lock(self.attributes).get(&parent)?.clone();
        Some((parent, attributes))
    }

    fn marker(&self, step: &Step, previous_digest: Option<String>) -> OwnershipMarker {
        OwnershipMarker {
            stack: self.run.stack.to_owned(),
            address: step.final_address().clone(),
            digest: step.digest.clone(),
            previous_digest,
            run_id: None,
        }
    }
}

/// Executes `step` once. Returns the attributes of its resource; none after a delete.
pub async fn execute(step: &Step, context: StepContext<'_>) -> AwsResult<Attributes> {
    match &step.action {
        StepAction::Create { properties } => create(step, properties, context).await,
        StepAction::Update { properties, was } => update(step, properties, was, context).await,
        StepAction::Delete { was } => delete(step, was, context).await,
    }
}

async fn create(
    step: &Step,
    properties: &Properties,
    context: StepContext<'_>,
) -> AwsResult<Attributes> {
    let ApplyRun { aws, id, .. } = context.run;
    let calls = calls_of(step.kind);
    let run_id = calls.allows_duplicates().then(|| id.to_owned());
    let marker = OwnershipMarker { run_id, ..context.marker(step, None) };
    let properties = context.resolve(properties);
    let error = match calls.create(aws, &marker, &properties).await {
        Ok(created) if calls.allows_duplicates() => {
            return resolve_duplicate(step, &properties, created, context).await;
        }
        Ok(created) => return Ok(created),
        Err(error) => error,
    };
    // An existing resource may be the result of an earlier attempt of this stack.
    if !matches!(error.class, ErrorClass::Uncertain | ErrorClass::Exists) {
        return Err(error);
    }
    let mut was_searched = false;
    for delay in VISIBILITY_DELAYS {
        aws.wait(delay).await;
        let Ok(found) = find_created(step, &properties, context).await else { continue };
        was_searched = true;
        if let Some(found) = found {
            if found.properties != properties {
                let LiveResource { properties: before, attributes, .. } = &found;
                calls.update(aws, &marker, &properties, before, attributes).await?;
            }
            return Ok(found.attributes);
        }
    }
    match was_searched {
        true if error.class == ErrorClass::Exists => {
            let message = format!(
                "{}; it does not have this stack's ownership tags, so it is not modified",
                error.message
            );
            Err(AwsError { message, ..error })
        }
        true => Err(error),
        // Not retried: if the resource was created, a retry would create a second one.
        false => {
            let message = format!("{}; cannot find out whether it was created", error.message);
            Err(AwsError { message, class: ErrorClass::Unexpected, is_partial: true, ..error })
        }
    }
}

/// Deletes the resource just created if another one has the same ownership marker and takes precedence.
///
/// AWS allows duplicates, so a concurrent run may have created one. The duplicate of the run with the greater id is
/// deleted. If that of the lesser id remains visible for a while, its run has read the live state before there were
/// two, and keeps its own. A resource that this run has created before, and whose response was lost, is kept.
async fn resolve_duplicate(
    step: &Step,
    properties: &Properties,
    created: Attributes,
    context: StepContext<'_>,
) -> AwsResult<Attributes> {
    let ApplyRun { aws, id, .. } = context.run;
    let delete_created = || calls_of(step.kind).delete(aws, properties, &created);
    let others = find_duplicates(step, &created, context).await?;
    if others.is_empty() {
        return Ok(created);
    }
    if let Some((earlier, _)) = others.iter().find(|(_, runs)| runs.contains_key(id)) {
        delete_created().await?;
        return Ok(earlier.attributes.clone());
    }
    let mut other_ids = others.iter().flat_map(|(_, runs)| runs.keys());
    if other_ids.all(|other| other.as_str() > id) {
        aws.wait(DUPLICATE_WAIT).await;
        if find_duplicates(step, &created, context).await?.is_empty() {
            return Ok(created);
        }
    }
    delete_created().await?;
    Err(AwsError::superseded("another apply of this stack is creating it at the same time"))
}

/// Finds the other resources with the ownership marker of the one just created.
async fn find_duplicates(
    step: &Step,
    created: &Attributes,
    context: StepContext<'_>,
) -> AwsResult<Vec<(LiveResource, Runs)>> {
    let mut found = find_in_list(step, context).await?;
    found.retain(|(resource, _)| !resource.attributes.is_compatible_with(created));
    Ok(found)
}

/// Finds the resource that an earlier create of this step may have created: by its name if that is unique, which
/// is visible immediately, else in a list.
async fn find_created(
    step: &Step,
    properties: &Properties,
    context: StepContext<'_>,
) -> AwsResult<Option<LiveResource>> {
    let unique_name = step.kind.aws_name.filter(|name| !name.allows_duplicates);
    let name = unique_name
        .and_then(|name| Some((name.property, properties.get(name.property)?.as_str()?)));
    if let Some((property, name)) = name {
        let parent = context.parent(step);
        let query = Query::new(context.run.stack, parent.as_ref());
        let attributes = Attributes::default().with(property, Some(name));
        let read = read_one(context.run.aws, step.kind, query, &step.address, &attributes);
        // If it cannot be read, it may still be listed.
        if let Ok(Some(found)) = read.await {
            return Ok(Some(found));
        }
    }
    let found = find_in_list(step, context).await?;
    Ok(found.into_iter().map(|(resource, _)| resource).next())
}

async fn find_in_list(
    step: &Step,
    context: StepContext<'_>,
) -> AwsResult<Vec<(LiveResource, Runs)>> {
    let parent = context.parent(step);
    let query = Query::new(context.run.stack, parent.as_ref());
    find_by_marker(context.run.aws, step.kind, query, &step.address).await
}

async fn update(
    step: &Step,
    properties: &Properties,
    before: &LiveResource,
    context: StepContext<'_>,
) -> AwsResult<Attributes> {
    let marker = context.marker(step, before.digest.clone());
    let properties = context.resolve(properties);
    let LiveResource { properties: properties_before, attributes, .. } = before;
    let call = calls_of(step.kind).update(
        context.run.aws,
        &marker,
        &properties,
        properties_before,
        attributes,
    );
    call.await?;
    Ok(attributes.clone())
}

async fn delete(
    step: &Step,
    before: &LiveResource,
    context: StepContext<'_>,
) -> AwsResult<Attributes> {
    let LiveResource { properties, attributes, .. } = before;
    // Deleting a resource that does not exist succeeds.
    if_exists(calls_of(step.kind).delete(context.run.aws, properties, attributes).await)?;
    Ok(Attributes::default())
}

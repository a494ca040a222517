//! Reads the live state of a stack: its managed resources, by their ownership tags, and the unmanaged resources
//! next to them.
//!
//! All kinds are listed concurrently. A resource that the list already shows to be managed is read while its
//! child resources are listed, so the longest chain of calls is: list APIs, list namespaces, read one. Reading
//! changes nothing on AWS.
use std::collections::BTreeMap;
use std::iter::successors;

use futures_util::future::{try_join, try_join_all};
use tokio::sync::Semaphore;

use crate::calls::{AwsResult, Details, ListEntry, Query};
use crate::client::Aws;
use crate::error::AwsError;
use crate::kinds::calls_of;
use provision_core::address::Address;
use provision_core::failure::ErrorClass;
use provision_core::kind::{Kind, LiveResource, LiveState, UnmanagedResource};
use provision_core::kinds;
use provision_core::model::{Attributes, Properties};
use provision_core::ownership::{Owner, OwnershipInfo};

/// Lists and reads in progress at a time, so that a large stack does not cause a burst of hundreds of calls.
const MAX_CONCURRENT_READS: usize = 64;

/// Why the live state could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LiveStateError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Two resources have the ownership tags of one address, so it is ambiguous which one is managed.
    #[error(
        "{address}: two resources on AWS have its ownership tags: {both}; delete one of them, or remove its tags `provision:stack` and `provision:address`"
    )]
    DuplicateOwner {
        /// The address in both resources' tags.
        address: Address,
        /// A description of both, for people.
        both: String,
    },
}

/// The runs that are changing a resource, by id, with the value of each one's last heartbeat.
pub(crate) type Runs = BTreeMap<String, String>;

/// Reads all resources of `stack`, and the unmanaged resources next to them.
///
/// A kind that the server cannot list is recorded in [`LiveState::unlisted`].
///
/// # Errors
///
/// Fails if a call fails, or if two resources have the ownership tags of one address.
pub async fn read_live_state(aws: &Aws, stack: &str) -> Result<LiveState, LiveStateError> {
    let reader = &LiveStateReader::new(aws);
    let kinds = kinds::children_of(None);
    let lists = kinds.map(|kind| reader.list_kind(kind, Query { stack, parent: None }));
    let mut live = LiveState::default();
    for outcome in try_join_all(lists).await?.into_iter().flatten() {
        match outcome {
            ReadOutcome::Found { resource, parent } => {
                insert(&mut live, *resource, parent.as_ref())?;
            }
            ReadOutcome::Unlisted { section, reason } => {
                live.unlisted.insert(section, reason);
            }
        }
    }
    Ok(live)
}

/// Fails for the first desired address whose kind the server cannot list: every apply would create the
/// resource again.
pub(crate) fn reject_unlisted<'a>(
    live: &LiveState,
    desired: impl IntoIterator<Item = &'a Address>,
) -> AwsResult<()> {
    let unlisted = |address: &Address| {
        let mut ancestors = successors(Some(address.clone()), Address::parent);
        let reason = ancestors.find_map(|address| live.unlisted.get(address.section()).cloned())?;
        let message = format!("{address}: {reason}, so it is unknown whether the resource exists");
        Some(AwsError::new(ErrorClass::Unsupported, "", message))
    };
    desired.into_iter().find_map(unlisted).map_or(Ok(()), Err)
}

/// Returns the resources of a kind that have the ownership tags of `address`, normally at most one, and the
/// runs that are changing each.
pub(crate) async fn find_by_marker(
    aws: &Aws,
    kind: &'static dyn Kind,
    query: Query<'_>,
    address: &Address,
) -> AwsResult<Vec<(LiveResource, Runs)>> {
    let reader = &LiveStateReader::new(aws);
    let entries = reader.with_permit(calls_of(kind).list(aws, &query)).await?;
    let reads = entries.into_iter().map(|entry| reader.read_details(kind, &query, entry));
    let resources = try_join_all(reads).await?.into_iter().flatten();
    let owner = Owner::ThisStack(address.clone());
    let managed = resources.filter(|resource| resource.owner == owner);
    Ok(managed.filter_map(|resource| Some((resource.live?, resource.runs))).collect())
}

/// Reads the resource with these attributes, without a list. `None` if it does not exist, or if its ownership
/// tags do not name `address`.
pub(crate) async fn read_one(
    aws: &Aws,
    kind: &'static dyn Kind,
    query: Query<'_>,
    address: &Address,
    attributes: &Attributes,
) -> AwsResult<Option<LiveResource>> {
    let details = calls_of(kind).read(aws, &query, attributes).await?;
    let owner = Owner::ThisStack(address.clone());
    let managed = details.filter(|details| details.ownership.owner == owner);
    Ok(managed.map(|details| {
        let Details { properties, attributes, ownership, .. } = details;
        LiveResource { kind, properties, attributes, digest: ownership.digest }
    }))
}

/// Adds to `live` the resources just created that lists do not show yet, where AWS returns them by id. Parents
/// come before their children in `created`.
pub(crate) async fn with_created<'a>(
    aws: &Aws,
    stack: &str,
    mut live: LiveState,
    created: impl Iterator<Item = (&'a Address, &'static dyn Kind, &'a Attributes)>,
) -> AwsResult<LiveState> {
    for (address, kind, attributes) in created {
        let listed = live.managed.get(address);
        if listed.is_some_and(|listed| listed.attributes.is_compatible_with(attributes)) {
            continue;
        }
        let parent = address.parent();
        let of_parent =
            parent.as_ref().and_then(|parent| Some(&live.managed.get(parent)?.attributes));
        let query = Query { stack, parent: parent.as_ref().zip(of_parent) };
        let found = match read_one(aws, kind, query.clone(), address, attributes).await? {
            // If lists did not show the parent, its children have not been listed.
            None if query.parent.is_some() => {
                let found = find_by_marker(aws, kind, query, address).await?;
                found.into_iter().map(|(resource, _)| resource).next()
            }
            found => found,
        };
        live.managed.extend(found.map(|resource| (address.clone(), resource)));
    }
    Ok(live)
}

/// A resource that was found: with all details if it is managed, else by its name.
struct FoundResource {
    kind: &'static dyn Kind,
    name: Option<String>,
    owner: Owner,
    live: Option<LiveResource>,
    runs: Runs,
    /// Unmanaged parts of the resource: noun and name of each.
    unmanaged: Vec<(&'static str, String)>,
}

/// What listing a kind resulted in, once per resource.
enum ReadOutcome {
    Found {
        resource: Box<FoundResource>,
        parent: Option<Address>,
    },
    /// The server cannot list the kind in `section`, so no apply can have created one there.
    Unlisted {
        section: &'static str,
        reason: String,
    },
}

/// Lists and reads with a limit on the calls in progress.
struct LiveStateReader<'a> {
    aws: &'a Aws,
    permits: Semaphore,
}

impl<'a> LiveStateReader<'a> {
    fn new(aws: &'a Aws) -> Self {
        Self { aws, permits: Semaphore::new(MAX_CONCURRENT_READS) }
    }

    async fn with_permit<T>(&self, call: impl Future<Output = T>) -> T {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        call.await
    }

    /// Lists one kind, and reads what may be managed along with its child resources.
    async fn list_kind(
        &self,
        kind: &'static dyn Kind,
        query: Query<'_>,
    ) -> AwsResult<Vec<ReadOutcome>> {
        let entries = match self.with_permit(calls_of(kind).list(self.aws, &query)).await {
            // The parent was deleted after it was listed.
            Err(error) if error.class == ErrorClass::NotFound && query.parent.is_some() => {
                Vec::new()
            }
            // An error only if the spec declares such a resource: see `reject_unlisted`.
            Err(error) if error.class == ErrorClass::Unsupported => {
                let reason = error.to_string();
                tracing::debug!("{reason}: treated as having no {}", kind.noun);
                return Ok(vec![ReadOutcome::Unlisted { section: kind.section, reason }]);
            }
            entries => entries?,
        };
        let reads = entries.into_iter().map(|entry| self.read_entry(kind, &query, entry));
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    /// Reads what a list omitted, and concurrently lists the child resources if the list entry suffices for that.
    async fn read_entry(
        &self,
        kind: &'static dyn Kind,
        query: &Query<'_>,
        entry: ListEntry<Properties>,
    ) -> AwsResult<Vec<ReadOutcome>> {
        let stack = query.stack;
        let attributes = entry.attributes.clone();
        let ownership = entry.ownership.as_ref();
        let listed_address = ownership
            .and_then(|ownership| child_parent_address(kind, stack, &ownership.owner, &attributes));
        let early_children = async {
            match &listed_address {
                Some(address) => {
                    let query = Query { stack, parent: Some((address, &attributes)) };
                    self.read_children(kind, query, false).await
                }
                None => Ok(Vec::new()),
            }
        };
        let (resource, mut found) =
            try_join(self.read_details(kind, query, entry), early_children).await?;
        if let Some(FoundResource { owner, live: Some(live), .. }) = &resource
            && let Some(address) = child_parent_address(kind, stack, owner, &live.attributes)
        {
            let query = Query { stack, parent: Some((&address, &live.attributes)) };
            found.extend(self.read_children(kind, query.clone(), true).await?);
            // If the list omits the ownership tags, only the details show whether there may be children.
            if listed_address.is_none() {
                found.extend(self.read_children(kind, query, false).await?);
            }
        }
        let parent = query.parent.map(|(address, _)| address.clone());
        let outcome =
            resource.map(|resource| ReadOutcome::Found { resource: Box::new(resource), parent });
        Ok(outcome.into_iter().chain(found).collect())
    }

    /// Lists the child kinds of the parent in `query`, which is a `kind`: those that need the parent's details,
    /// or the others.
    async fn read_children(
        &self,
        kind: &'static dyn Kind,
        query: Query<'_>,
        needs_parent_details: bool,
    ) -> AwsResult<Vec<ReadOutcome>> {
        let kinds = kinds::children_of(Some(kind.section));
        let kinds =
            kinds.filter(|kind| calls_of(*kind).needs_parent_details() == needs_parent_details);
        let lists = kinds.map(|kind| Box::pin(self.list_kind(kind, query.clone())));
        Ok(try_join_all(lists).await?.into_iter().flatten().collect())
    }

    /// Completes a list entry, with another call if the list omitted something that matters.
    async fn read_details(
        &self,
        kind: &'static dyn Kind,
        query: &Query<'_>,
        entry: ListEntry<Properties>,
    ) -> AwsResult<Option<FoundResource>> {
        let ListEntry { attributes, name, ownership, properties } = entry;
        let found = |owner, live, runs, unmanaged| FoundResource {
            kind,
            name,
            owner,
            live,
            runs,
            unmanaged,
        };
        match (ownership, properties) {
            // Of an unmanaged resource, only the name matters.
            (Some(OwnershipInfo { owner, .. }), _) if !matches!(owner, Owner::ThisStack(_)) => {
                Ok(Some(found(owner, None, Runs::new(), vec![])))
            }
            (Some(OwnershipInfo { owner, digest, runs }), Some(properties)) => {
                let live = LiveResource { kind, properties, attributes, digest };
                Ok(Some(found(owner, Some(live), runs, vec![])))
            }
            _ => {
                let read = calls_of(kind).read(self.aws, query, &attributes);
                Ok(self.with_permit(read).await?.map(|details| {
                    let Details { properties, attributes, ownership, unmanaged } = details;
                    let OwnershipInfo { owner, digest, runs } = ownership;
                    let live = LiveResource { kind, properties, attributes, digest };
                    found(owner, Some(live), runs, unmanaged)
                }))
            }
        }
    }
}

/// Returns the address that child resources of this resource have as their parent, if it can have any.
fn child_parent_address(
    kind: &'static dyn Kind,
    stack: &str,
    owner: &Owner,
    attributes: &Attributes,
) -> Option<Address> {
    match owner {
        Owner::ThisStack(address) => Some(address.clone()),
        _ => calls_of(kind).attachment_address(stack, attributes),
    }
}

/// Adds a resource to the live state, as managed, as unmanaged or as unrelated.
fn insert(
    live: &mut LiveState,
    found: FoundResource,
    parent: Option<&Address>,
) -> Result<(), LiveStateError> {
    match (found.owner, found.live) {
        // Ownership tags of another kind or parent are copies, and do not count.
        (Owner::ThisStack(address), Some(resource))
            if address.section() == found.kind.section && address.parent().as_ref() == parent =>
        {
            live.unmanaged.extend(found.unmanaged.into_iter().map(|(noun, name)| {
                UnmanagedResource {
                    parent: Some(address.clone()),
                    noun,
                    name: Some(name),
                    owner: Owner::Unknown,
                }
            }));
            if !found.runs.is_empty() {
                live.active_runs.insert(address.clone(), found.runs.into_keys().collect());
            }
            let second = describe(&resource);
            if let Some(first) = live.managed.insert(address.clone(), resource) {
                let both = format!("{} and {second}", describe(&first));
                return Err(LiveStateError::DuplicateOwner { address, both });
            }
        }
        (owner, _) => {
            let (noun, name, parent) = (found.kind.noun, found.name, parent.cloned());
            let list = match parent {
                Some(_) => &mut live.unmanaged,
                None => &mut live.unrelated,
            };
            list.push(UnmanagedResource { parent, noun, name, owner });
        }
    }
    Ok(())
}

/// Describes a resource so that a person can find it on AWS: by its ARN, or, if its id is a secret, by its expiry.
fn describe(resource: &LiveResource) -> String {
    let arn = resource.attributes.iter().find(|(name, _)| name.ends_with("Arn"));
    if let Some((_, arn)) = arn {
        return arn.to_owned();
    }
    let kind = resource.kind;
    let mut timestamps =
        kind.timestamps.iter().filter_map(|name| resource.properties.get(name)?.as_i64());
    let expiry = timestamps.find_map(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let expiry = expiry.map(|expiry| format!(" that expires at {expiry}"));
    format!("one {}{}", kind.noun, expiry.unwrap_or_default())
}

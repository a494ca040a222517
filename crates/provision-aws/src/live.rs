//! Looks at AWS: what is ours, by its mark, and what stands beside it.
use std::collections::BTreeMap;
use std::iter::successors;

use futures_util::future::{try_join, try_join_all};
use tokio::sync::Semaphore;

use crate::calls::{Listed, Seek, Whole};
use crate::client::Aws;
use crate::error::AwsError;
use crate::kinds::calls_of;
use provision_core::address::Address;
use provision_core::failure::ErrorClass;
use provision_core::kind::{Kind, LiveResource, LiveState, UnmanagedResource};
use provision_core::kinds;
use provision_core::model::{Attributes, Properties};
use provision_core::ownership::Owner;
use provision_core::ownership::OwnershipInfo;

/// Lists and reads under way at a time in a whole look, so that a big stack is no burst of hundreds.
const READS_AT_ONCE: usize = 64;

/// Why what is there can't be told apart.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LiveStateError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(
        "{address}: two objects on AWS carry its mark, {both}; keep one and delete the other, or take its tags `provision:stack` and `provision:address` away"
    )]
    DuplicateOwner { address: Address, both: String },
}

/// Everything of `stack`, and everything else that hangs on its APIs.
///
/// All kinds are listed at once. Whatever a list already knows to be ours is read while what hangs
/// on it is listed, so that the longest chain is: list APIs, list namespaces, read one.
pub async fn read_live_state(aws: &Aws, stack: &str) -> Result<LiveState, LiveStateError> {
    let look = &Look::of(aws);
    let tops = kinds::under(None).map(|row| branches(look, row, Seek { stack, parent: None }));
    let mut live = LiveState::default();
    for branch in try_join_all(tops).await?.into_iter().flatten() {
        match branch {
            Branch::Seen { seen, parent } => place(*seen, parent.as_ref(), &mut live)?,
            Branch::Unlisted { section, refusal } => drop(live.unlisted.insert(section, refusal)),
        }
    }
    Ok(live)
}

/// Refuses to go on with what this AWS can't list: making it would make it again each time.
pub fn reject_unlisted<'a>(
    live: &LiveState,
    wanted: impl IntoIterator<Item = &'a Address>,
) -> Result<(), AwsError> {
    let unlisted = |address: &Address| {
        let mut places = successors(Some(address.clone()), Address::parent);
        let refusal = places.find_map(|it| live.unlisted.get(it.section()).cloned())?;
        let message = format!("{address}: {refusal}, so nobody can tell whether it is there");
        Some(AwsError::new(ErrorClass::Unsupported, "", message))
    };
    wanted.into_iter().find_map(unlisted).map_or(Ok(()), Err)
}

/// One look at AWS, and how much of it may be under way.
struct Look<'a> {
    aws: &'a Aws,
    reads: Semaphore,
}

impl<'a> Look<'a> {
    fn of(aws: &'a Aws) -> Self {
        Self { aws, reads: Semaphore::new(READS_AT_ONCE) }
    }
    /// Waits for room, then for the answer.
    async fn turn<T>(&self, call: impl Future<Output = T>) -> T {
        let _room = self.reads.acquire().await.expect("nobody closes it");
        call.await
    }
}

/// What came of a look.
enum Branch {
    /// Something, and what it hangs on.
    Seen { seen: Box<Seen>, parent: Option<Address> },
    /// The kind in `section`: this AWS has no such list, and so can't have had one made by us.
    Unlisted { section: &'static str, refusal: String },
}

/// Lists one kind; reads what may be ours, and all that hangs on it.
async fn branches(
    look: &Look<'_>,
    row: &'static dyn Kind,
    seek: Seek<'_>,
) -> Result<Vec<Branch>, AwsError> {
    let listed = match look.turn(calls_of(row).list(look.aws, &seek)).await {
        // What it hung on is gone since it was listed.
        Err(error) if error.class == ErrorClass::NotFound && seek.parent.is_some() => Vec::new(),
        // Not AWS but something like it. Whoever wants the kind is told.
        Err(error) if error.class == ErrorClass::Unsupported => {
            let refusal = error.to_string();
            tracing::debug!("{refusal}: taken as having no {}", row.noun);
            return Ok(vec![Branch::Unlisted { section: row.section, refusal }]);
        }
        listed => listed?,
    };
    let branches = listed.into_iter().map(|it| branch(look, row, &seek, it));
    Ok(try_join_all(branches).await?.into_iter().flatten().collect())
}

/// Reads what a list left out while it lists what hangs on it, as far as the list says enough for that.
async fn branch(
    look: &Look<'_>,
    row: &'static dyn Kind,
    seek: &Seek<'_>,
    listed: Listed<Properties>,
) -> Result<Vec<Branch>, AwsError> {
    let stack = seek.stack;
    let told = listed.marked.as_ref().map(|it| it.owner.clone());
    let attributes = listed.attributes.clone();
    let place = told.and_then(|owner| place_of(row, stack, &owner, &attributes));
    let early = async {
        match &place {
            Some(address) => {
                below(look, row, Seek { stack, parent: Some((address, &attributes)) }, false).await
            }
            None => Ok(Vec::new()),
        }
    };
    let (seen, mut found) = try_join(whole(look, row, seek, listed), early).await?;
    if let Some(Seen { owner, observed: Some(it), .. }) = &seen
        && let Some(address) = place_of(row, stack, owner, &it.attributes)
    {
        let parent = Some((&address, &it.attributes));
        found.extend(below(look, row, Seek { stack, parent }, true).await?);
        if place.is_none() {
            // Only the object itself says whose it is.
            found.extend(below(look, row, Seek { stack, parent }, false).await?);
        }
    }
    let parent = seek.parent.map(|(it, _)| it.clone());
    let own = seen.map(|seen| Branch::Seen { seen: Box::new(seen), parent });
    Ok(own.into_iter().chain(found).collect())
}

/// The address that something seen gives to what hangs on it.
fn place_of(
    row: &'static dyn Kind,
    stack: &str,
    owner: &Owner,
    attributes: &Attributes,
) -> Option<Address> {
    match owner {
        Owner::ThisStack(address) => Some(address.clone()),
        _ => calls_of(row).hook(stack, attributes),
    }
}

/// Everything that hangs on the parent sought, a `row`: what is listed after that was read whole, or
/// what need not wait for it.
async fn below(
    look: &Look<'_>,
    row: &'static dyn Kind,
    seek: Seek<'_>,
    after_whole: bool,
) -> Result<Vec<Branch>, AwsError> {
    let kinds = kinds::under(Some(row.section));
    let kinds = kinds.filter(|kind| calls_of(*kind).after_whole() == after_whole);
    let looks = kinds.map(|row| Box::pin(branches(look, row, seek.clone())));
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// What a look has seen: ours whole, strangers by name.
struct Seen {
    row: &'static dyn Kind,
    name: Option<String>,
    owner: Owner,
    observed: Option<LiveResource>,
    runs: Runs,
    /// What stands inside it and is not ours.
    strangers: Vec<(&'static str, String)>,
}

/// Runs that are changing something, and what each said last.
pub type Runs = BTreeMap<String, String>;

/// Those of a kind that carry the mark of `address`, and the runs that are changing each: one, if all is well.
pub async fn look_for(
    aws: &Aws,
    row: &'static dyn Kind,
    seek: Seek<'_>,
    address: &Address,
) -> Result<Vec<(LiveResource, Runs)>, AwsError> {
    let look = &Look::of(aws);
    let listed = look.turn(calls_of(row).list(aws, &seek)).await?;
    let reads = listed.into_iter().map(|it| whole(look, row, &seek, it));
    let seen = try_join_all(reads).await?;
    let ours =
        seen.into_iter().flatten().filter(|it| it.owner == Owner::ThisStack(address.clone()));
    Ok(ours.filter_map(|it| Some((it.observed?, it.runs))).collect())
}

/// The one at `address`, by what is known of it rather than by a list. `None`: nobody there says that it is that.
pub async fn look_at(
    aws: &Aws,
    row: &'static dyn Kind,
    seek: Seek<'_>,
    address: &Address,
    known: &Attributes,
) -> Result<Option<LiveResource>, AwsError> {
    let found = calls_of(row).read(aws, &seek, known).await?;
    let ours = found.filter(|it| it.marked.owner == Owner::ThisStack(address.clone()));
    Ok(ours.map(|it| {
        let Whole { properties, attributes, marked, .. } = it;
        LiveResource { kind: row, properties, attributes, digest: marked.digest }
    }))
}

/// `live` and what was made that lists don't show yet, where AWS tells of it by its id. What something hangs
/// on comes before it.
pub async fn with_made<'a>(
    aws: &Aws,
    stack: &str,
    mut live: LiveState,
    made: impl Iterator<Item = (&'a Address, &'static dyn Kind, &'a Attributes)>,
) -> Result<LiveState, AwsError> {
    for (address, kind, known) in made {
        if live.managed.get(address).is_some_and(|it| it.attributes.agrees_with(known)) {
            continue;
        }
        let parent = address.parent();
        let attributes = parent.as_ref().and_then(|it| Some(&live.managed.get(it)?.attributes));
        let seek = Seek { stack, parent: parent.as_ref().zip(attributes) };
        let found = match look_at(aws, kind, seek.clone(), address, known).await? {
            // Its parent may not have shown, so that nobody has listed what hangs on it.
            None if seek.parent.is_some() => {
                let found = look_for(aws, kind, seek, address).await?;
                found.into_iter().map(|(it, _)| it).next()
            }
            found => found,
        };
        live.managed.extend(found.map(|it| (address.clone(), it)));
    }
    Ok(live)
}

async fn whole(
    look: &Look<'_>,
    row: &'static dyn Kind,
    seek: &Seek<'_>,
    listed: Listed<Properties>,
) -> Result<Option<Seen>, AwsError> {
    let Listed { attributes, name, marked, properties } = listed;
    let kind = row;
    let seen =
        |owner, observed, runs, strangers| Seen { row, name, owner, observed, runs, strangers };
    match (marked, properties) {
        // A stranger is known by its name; nobody needs the rest.
        (Some(OwnershipInfo { owner, .. }), _) if !matches!(owner, Owner::ThisStack(_)) => {
            Ok(Some(seen(owner, None, Runs::new(), vec![])))
        }
        (Some(OwnershipInfo { owner, digest, runs }), Some(properties)) => {
            let observed = LiveResource { kind, properties, attributes, digest };
            Ok(Some(seen(owner, Some(observed), runs, vec![])))
        }
        _ => Ok(look.turn(calls_of(row).read(look.aws, seek, &attributes)).await?.map(|it| {
            let Whole { properties, attributes, marked, strangers } = it;
            let OwnershipInfo { owner, digest, runs } = marked;
            seen(
                owner,
                Some(LiveResource { kind, properties, attributes, digest }),
                runs,
                strangers,
            )
        })),
    }
}

/// Puts what was seen where it belongs.
fn place(seen: Seen, parent: Option<&Address>, live: &mut LiveState) -> Result<(), LiveStateError> {
    match (seen.owner, seen.observed) {
        // What carries the mark of something elsewhere has it from there, as a copied tag is.
        (Owner::ThisStack(address), Some(observed))
            if address.section() == seen.row.section && address.parent().as_ref() == parent =>
        {
            live.unmanaged.extend(seen.strangers.into_iter().map(|(noun, name)| {
                UnmanagedResource {
                    parent: Some(address.clone()),
                    noun,
                    name: Some(name),
                    owner: Owner::Unknown,
                }
            }));
            if !seen.runs.is_empty() {
                live.active_runs.insert(address.clone(), seen.runs.into_keys().collect());
            }
            let this = told(&observed);
            if let Some(other) = live.managed.insert(address.clone(), observed) {
                let both = format!("{} and {this}", told(&other));
                return Err(LiveStateError::DuplicateOwner { address, both });
            }
        }
        (owner, _) => {
            let (noun, name) = (seen.row.noun, seen.name);
            match parent.cloned() {
                parent @ Some(_) => {
                    live.unmanaged.push(UnmanagedResource { parent, noun, name, owner })
                }
                None => live.unrelated.push(UnmanagedResource { parent: None, noun, name, owner }),
            }
        }
    }
    Ok(())
}

/// Something in words by which a person finds it on AWS: its ARN, or where its id is a secret, what else
/// tells it from its like.
fn told(it: &LiveResource) -> String {
    let arn = it.attributes.iter().find(|(name, _)| name.ends_with("Arn"));
    if let Some((_, arn)) = arn {
        return arn.to_owned();
    }
    let times = it.kind.timestamps.iter().filter_map(|name| it.properties.get(name)?.as_i64());
    let end = times.filter_map(|it| jiff::Timestamp::from_second(it).ok()).next();
    let end = end.map(|it| format!(" that ends at {it}"));
    format!("one {}{}", it.kind.noun, end.unwrap_or_default())
}

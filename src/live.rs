//! Looks at AWS: what is ours, by its mark, and what stands beside it.
use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join_all};
use futures_util::stream::{StreamExt, TryStreamExt, iter};

use crate::address::Address;
use crate::aws::{Aws, AwsError, Class};
use crate::calls::{Listed, Seek, Whole};
use crate::kind::{Live, Observed, Owner, Stranger};
use crate::kinds::{self, Row, calls_of};
use crate::mark::Marked;
use crate::model::{Attributes, Properties};

/// Reads under way at a time, so that fifty namespaces are no burst of fifty calls.
const READS_AT_ONCE: usize = 16;

/// Why what is there can't be told apart.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LookError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(
        "{address}: two objects on AWS carry its mark; keep one and delete the other, or take its tags `provision:stack` and `provision:address` away"
    )]
    Twins { address: Address },
}

/// Everything of `stack`, and everything else that hangs on its APIs.
///
/// All kinds are listed at once. Whatever a list already knows to be ours is read while what hangs
/// on it is listed, so that the longest chain is: list APIs, list namespaces, read one.
pub async fn observe(aws: &Aws, stack: &str) -> Result<Live, LookError> {
    let tops = applied(None).map(|row| branches(aws, row, Seek { stack, parent: None }));
    let mut live = Live::default();
    for Branch { seen, parent } in try_join_all(tops).await?.into_iter().flatten() {
        place(seen, parent.as_ref(), &mut live)?;
    }
    Ok(live)
}

/// The kinds that we make, in the declarations of `parent`.
fn applied(parent: Option<&str>) -> impl Iterator<Item = &'static Row> {
    kinds::under(parent).filter(|row| row.calls.is_some())
}

/// Something seen, and what it hangs on.
struct Branch {
    seen: Seen,
    parent: Option<Address>,
}

/// Lists one kind; reads what may be ours, and all that hangs on it.
async fn branches(aws: &Aws, row: &'static Row, seek: Seek<'_>) -> Result<Vec<Branch>, AwsError> {
    let listed = match (calls_of(&row.facts).list)(aws, &seek).await {
        // What it hung on is gone since it was listed.
        Err(error) if error.class == Class::NotFound && seek.parent.is_some() => Vec::new(),
        listed => listed?,
    };
    let branches = listed.into_iter().map(|it| branch(aws, row, &seek, it));
    let grown: Vec<_> = iter(branches).buffered(READS_AT_ONCE).try_collect().await?;
    Ok(grown.into_iter().flatten().collect())
}

async fn branch(
    aws: &Aws,
    row: &'static Row,
    seek: &Seek<'_>,
    listed: Listed<Properties>,
) -> Result<Vec<Branch>, AwsError> {
    let known = match &listed.marked {
        Some(Marked { owner: Owner::Ours(address), .. }) => {
            Some((address.clone(), listed.attributes.clone()))
        }
        _ => None,
    };
    let (seen, below) = match known {
        Some((address, attributes)) => {
            let below = below(aws, row, seek.stack, &address, &attributes);
            try_join(whole(aws, row, seek, listed), below).await?
        }
        // Only the object itself says whose it is.
        None => {
            let seen = whole(aws, row, seek, listed).await?;
            let below = match &seen {
                Some(Seen { owner: Owner::Ours(address), observed: Some(it), .. }) => {
                    below(aws, row, seek.stack, address, &it.attributes).await?
                }
                _ => Vec::new(),
            };
            (seen, below)
        }
    };
    let own = seen.map(|seen| Branch { seen, parent: seek.parent.map(|(it, _)| it.clone()) });
    Ok(own.into_iter().chain(below).collect())
}

/// Everything that hangs on what is at `address`.
async fn below(
    aws: &Aws,
    row: &'static Row,
    stack: &str,
    address: &Address,
    attributes: &Attributes,
) -> Result<Vec<Branch>, AwsError> {
    let seek = Seek { stack, parent: Some((address, attributes)) };
    let kinds = applied(Some(row.facts.section));
    let looks = kinds.map(|row| Box::pin(branches(aws, row, seek.clone())));
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// What a look has seen: ours whole, strangers by name.
struct Seen {
    row: &'static Row,
    name: Option<String>,
    owner: Owner,
    observed: Option<Observed>,
    runs: Runs,
}

/// Runs that are changing something, and what each said last.
pub type Runs = BTreeMap<String, String>;

/// Those of a kind that carry the mark of `address`, and the runs that are changing each: one, if all is well.
pub async fn look_for(
    aws: &Aws,
    row: &'static Row,
    seek: Seek<'_>,
    address: &Address,
) -> Result<Vec<(Observed, Runs)>, AwsError> {
    let listed = (calls_of(&row.facts).list)(aws, &seek).await?;
    let reads = listed.into_iter().map(|it| whole(aws, row, &seek, it));
    let seen: Vec<Option<Seen>> = iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
    let ours = seen.into_iter().flatten().filter(|it| it.owner == Owner::Ours(address.clone()));
    Ok(ours.filter_map(|it| Some((it.observed?, it.runs))).collect())
}

async fn whole(
    aws: &Aws,
    row: &'static Row,
    seek: &Seek<'_>,
    listed: Listed<Properties>,
) -> Result<Option<Seen>, AwsError> {
    let Listed { attributes, name, marked, properties } = listed;
    let kind = &row.facts;
    let seen = |owner, observed, runs| Seen { row, name, owner, observed, runs };
    match (marked, properties) {
        // A stranger is known by its name; nobody needs the rest.
        (Some(Marked { owner, .. }), _) if !matches!(owner, Owner::Ours(_)) => {
            Ok(Some(seen(owner, None, Runs::new())))
        }
        (Some(Marked { owner, digest, runs }), Some(properties)) => {
            Ok(Some(seen(owner, Some(Observed { kind, properties, attributes, digest }), runs)))
        }
        _ => Ok((calls_of(&row.facts).read)(aws, seek, &attributes).await?.map(|it| {
            let Whole { properties, attributes, marked: Marked { owner, digest, runs } } = it;
            seen(owner, Some(Observed { kind, properties, attributes, digest }), runs)
        })),
    }
}

/// Puts what was seen where it belongs.
fn place(seen: Seen, parent: Option<&Address>, live: &mut Live) -> Result<(), LookError> {
    match (seen.owner, seen.observed) {
        (Owner::Ours(address), Some(observed)) if address.section() == seen.row.facts.section => {
            if live.ours.insert(address.clone(), observed).is_some() {
                return Err(LookError::Twins { address });
            }
        }
        (owner, _) => {
            let (noun, name) = (seen.row.facts.noun, seen.name);
            match parent.cloned() {
                parent @ Some(_) => live.strangers.push(Stranger { parent, noun, name, owner }),
                None => live.beside.push(Stranger { parent: None, noun, name, owner }),
            }
        }
    }
    Ok(())
}

//! Looks at AWS: what is ours, by its mark, and what stands beside it.
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::{StreamExt, TryStreamExt, iter};

use crate::address::Address;
use crate::aws::{Aws, AwsError};
use crate::calls::{Listed, Seek, Whole};
use crate::kind::{Live, Observed, Owner, Stranger};
use crate::kinds::{self, Row};
use crate::model::Properties;

/// Reads under way at a time, so that fifty namespaces are no burst of fifty calls.
const READS_AT_ONCE: usize = 16;

/// Why what is there can't be told apart.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LookError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(
        "{address}: {count} objects on AWS carry its mark; keep one and delete the other, or take its tags `provision:stack` and `provision:address` away"
    )]
    Twins { address: Address, count: usize },
}

/// Everything of `stack`, and everything else that hangs on its APIs.
///
/// Two rounds: what stands at the top, then what hangs on it. Within a round all calls run at once.
pub async fn observe(aws: &Aws, stack: &str) -> Result<Live, LookError> {
    let seek = Seek { stack, parent: None };
    let tops = try_join_all(kinds::under(None).map(|row| look(aws, row, seek.clone()))).await?;
    let mut live = Live::default();
    for seen in tops.into_iter().flatten() {
        place(seen, None, &mut live)?;
    }
    let looks = live.ours.iter().flat_map(|(address, parent)| {
        kinds::under(Some(parent.kind.section)).map(move |row| async move {
            let seek = Seek { stack, parent: Some((address, &parent.attributes)) };
            Ok::<_, LookError>((address.clone(), look(aws, row, seek).await?))
        })
    });
    let below: Vec<_> = join_all(looks).await;
    for seen in below {
        let (parent, seen) = seen?;
        for it in seen {
            place(it, Some(&parent), &mut live)?;
        }
    }
    Ok(live)
}

/// What a look has seen: ours whole, strangers by name.
struct Seen {
    row: &'static Row,
    name: Option<String>,
    owner: Owner,
    observed: Option<Observed>,
}

/// Lists one kind, then reads what the list leaves out of those that may be ours.
pub async fn look_for(
    aws: &Aws,
    row: &'static Row,
    seek: Seek<'_>,
    address: &Address,
) -> Result<Option<Observed>, AwsError> {
    let seen = look(aws, row, seek).await?;
    let ours =
        |it: Seen| (it.owner == Owner::Ours(address.clone())).then_some(it.observed).flatten();
    Ok(seen.into_iter().find_map(ours))
}

async fn look(aws: &Aws, row: &'static Row, seek: Seek<'_>) -> Result<Vec<Seen>, AwsError> {
    let listed = (row.calls.list)(aws, &seek).await?;
    let reads = listed.into_iter().map(|it| whole(aws, row, &seek, it));
    let seen: Vec<Option<Seen>> = iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
    Ok(seen.into_iter().flatten().collect())
}

async fn whole(
    aws: &Aws,
    row: &'static Row,
    seek: &Seek<'_>,
    listed: Listed<Properties>,
) -> Result<Option<Seen>, AwsError> {
    let Listed { attributes, name, owner, properties } = listed;
    let kind = &row.facts;
    let seen = |owner, observed| Seen { row, name, owner, observed };
    match (owner, properties) {
        // A stranger is known by its name; nobody needs the rest.
        (Some(owner), _) if !matches!(owner, Owner::Ours(_)) => Ok(Some(seen(owner, None))),
        (Some(owner), Some(properties)) => {
            Ok(Some(seen(owner, Some(Observed { kind, properties, attributes }))))
        }
        _ => Ok((row.calls.read)(aws, seek, &attributes).await?.map(|it| {
            let Whole { properties, attributes, owner } = it;
            seen(owner, Some(Observed { kind, properties, attributes }))
        })),
    }
}

/// Puts what was seen where it belongs. At the top, only what is ours matters.
fn place(seen: Seen, parent: Option<&Address>, live: &mut Live) -> Result<(), LookError> {
    match (seen.owner, seen.observed) {
        (Owner::Ours(address), Some(observed)) if address.section() == seen.row.facts.section => {
            if live.ours.insert(address.clone(), observed).is_some() {
                return Err(LookError::Twins { address, count: 2 });
            }
        }
        (owner, _) => {
            if let Some(parent) = parent {
                let noun = seen.row.facts.noun;
                let parent = Some(parent.clone());
                live.strangers.push(Stranger { parent, noun, name: seen.name, owner });
            }
        }
    }
    Ok(())
}

//! Tags of AppSync's objects, the same for every kind that takes them
//! (docs/reference/control-plane.md#tags).
use std::collections::{BTreeMap, HashMap};

use crate::calls::Answer;
use crate::client::Aws;
use crate::error::failed;
use crate::stand_ins::is_tagging_unsupported;
use provision_core::model::Tags;
use provision_core::ownership::{OwnershipInfo, OwnershipMarker, TagUpdate, parse_tags};

/// Tags as the SDK has them.
type Given<'a> = Option<&'a HashMap<String, String>>;

pub fn of_sdk(tags: Given<'_>) -> BTreeMap<String, String> {
    tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a list tells its objects' tags. The documentation says that lists leave details out, not
/// which (docs/reference/control-plane.md#lists): if no object has a tag, it may be the tags.
pub fn told<'a>(all: impl IntoIterator<Item = Given<'a>>) -> bool {
    all.into_iter().flatten().any(|tags| !tags.is_empty())
}

/// What the mark of an object with these tags says.
pub fn marked(tags: Given<'_>, stack: &str) -> OwnershipInfo {
    parse_tags(of_sdk(tags), stack).1
}

/// All tags of an object.
pub async fn read(aws: &Aws, arn: &str) -> Answer<BTreeMap<String, String>> {
    let call = aws.appsync.list_tags_for_resource().resource_arn(arn);
    let answer = call.send().await.map_err(failed("ListTagsForResource"))?;
    Ok(of_sdk(answer.tags()))
}

/// Sets one tag of an object.
pub async fn tag(aws: &Aws, arn: &str, key: &str, value: &str) -> Answer<()> {
    let call = aws.appsync.tag_resource().resource_arn(arn).tags(key, value);
    call.send().await.map(drop).map_err(failed("TagResource"))
}

/// Takes tags of an object away.
pub async fn untag(aws: &Aws, arn: &str, keys: Vec<String>) -> Answer<()> {
    let call = aws.appsync.untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
    call.send().await.map(drop).map_err(failed("UntagResource"))
}

/// Turns the tags `was` of an object into `should`. Updates never touch them.
pub async fn retag(
    aws: &Aws,
    arn: &str,
    mark: &OwnershipMarker,
    was: &Tags,
    should: &Tags,
) -> Answer<()> {
    let change = mark.tag_update(was.expect_plain(), should.expect_plain());
    let Some(TagUpdate { set, remove: gone }) = change else { return Ok(()) };
    let call = aws.appsync.tag_resource().resource_arn(arn);
    let call = call.set_tags(Some(set.into_iter().collect()));
    match call.send().await.map_err(failed("TagResource")) {
        // Of the digest, only a plan's words depend.
        Err(error) if was == should && is_tagging_unsupported(error.class) => return Ok(()),
        answer => answer?,
    };
    if gone.is_empty() { Ok(()) } else { untag(aws, arn, gone).await }
}

//! Tags of AppSync's resources, for all kinds that can be tagged (docs/reference/control-plane.md#tags).
use std::collections::{BTreeMap, HashMap};

use crate::calls::AwsResult;
use crate::client::Aws;
use crate::error::failed;
use crate::stand_ins::is_tagging_unsupported;
use provision_core::model::Tags;
use provision_core::ownership::{OwnershipInfo, OwnershipMarker, TagUpdate, parse_tags};

/// Tags as the SDK returns them.
type SdkTags<'a> = Option<&'a HashMap<String, String>>;

/// Converts tags that AWS returned.
pub fn from_sdk(tags: SdkTags<'_>) -> BTreeMap<String, String> {
    tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a list includes the tags of its resources. AWS documents that lists omit details, but not which
/// (docs/reference/control-plane.md#lists): if no resource has a tag, the list may omit them.
pub fn list_includes_tags<'a>(tags_of_all: impl IntoIterator<Item = SdkTags<'a>>) -> bool {
    tags_of_all.into_iter().flatten().any(|tags| !tags.is_empty())
}

/// Reads the ownership tags among the tags of a resource.
pub fn ownership(tags: SdkTags<'_>, stack: &str) -> OwnershipInfo {
    parse_tags(from_sdk(tags), stack).1
}

/// Reads all tags of a resource.
pub async fn read(aws: &Aws, arn: &str) -> AwsResult<BTreeMap<String, String>> {
    let call = aws.appsync.list_tags_for_resource().resource_arn(arn);
    let response = call.send().await.map_err(failed("ListTagsForResource"))?;
    Ok(from_sdk(response.tags()))
}

/// Sets one tag of a resource.
pub async fn tag(aws: &Aws, arn: &str, key: &str, value: &str) -> AwsResult<()> {
    let call = aws.appsync.tag_resource().resource_arn(arn).tags(key, value);
    call.send().await.map(drop).map_err(failed("TagResource"))
}

/// Removes tags of a resource.
pub async fn untag(aws: &Aws, arn: &str, keys: Vec<String>) -> AwsResult<()> {
    let call = aws.appsync.untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
    call.send().await.map(drop).map_err(failed("UntagResource"))
}

/// Changes the user's tags of a resource from `before` to `desired`, and its ownership tags. The operations that
/// update a resource never change its tags.
pub async fn retag(
    aws: &Aws,
    arn: &str,
    marker: &OwnershipMarker,
    before: &Tags,
    desired: &Tags,
) -> AwsResult<()> {
    let update = marker.tag_update(before.expect_literals(), desired.expect_literals());
    let Some(TagUpdate { set, remove }) = update else { return Ok(()) };
    let call = aws.appsync.tag_resource().resource_arn(arn);
    let call = call.set_tags(Some(set.into_iter().collect()));
    match call.send().await.map_err(failed("TagResource")) {
        // Only the digest would change, and only the wording of a plan depends on that.
        Err(error) if before == desired && is_tagging_unsupported(error.class) => return Ok(()),
        result => result?,
    };
    if remove.is_empty() { Ok(()) } else { untag(aws, arn, remove).await }
}

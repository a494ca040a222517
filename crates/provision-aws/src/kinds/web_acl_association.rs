//! Calls for the association of a web ACL with an API: AWS WAF changes it, AppSync reports it
//! (docs/reference/apis.md#web-acl).
//!
//! An association cannot be tagged. Its ownership marker is a tag of the API that names the web ACL. Another web
//! ACL, such as one that Firewall Manager associated, is unmanaged and never replaced.
use std::collections::BTreeMap;

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::{AwsError, failed, if_exists};
use crate::kinds::appsync_tags;
use provision_core::failure::ErrorClass;
use provision_core::kind::TypedKind;
use provision_core::kinds::arn;
use provision_core::kinds::web_acl_association::{WebAclAssociation, tag_value};
use provision_core::model::Attributes;
use provision_core::ownership::{Owner, OwnershipInfo, OwnershipMarker, WAF_TAG};

impl Remote for WebAclAssociation {
    const NEEDS_PARENT_DETAILS: bool = true;

    /// Needs no call: the API's details contain its web ACL. A marker without a web ACL, as a killed run leaves it,
    /// is listed as an association with no web ACL.
    async fn list(_: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let Some((address, api)) = query.parent else { return Ok(Vec::new()) };
        let (web_acl, tag) = (api.get("WebAclArn").unwrap_or_default(), api.get("WafTag"));
        if web_acl.is_empty() && tag.is_none() {
            return Ok(Vec::new());
        }
        let is_managed = web_acl.is_empty() || tag == Some(&*tag_value(web_acl));
        let owner = if is_managed {
            Owner::ThisStack(address.singleton(Self::FACTS.section))
        } else {
            Owner::Unknown
        };
        let resource_arn = api.get_or_empty("ApiArn");
        Ok(vec![ListEntry {
            attributes: Attributes::default().with("ApiArn", Some(&resource_arn)),
            name: Some(web_acl.to_owned()),
            ownership: Some(OwnershipInfo { owner, digest: None, runs: BTreeMap::new() }),
            properties: Some(Self {
                resource_arn: resource_arn.into(),
                web_acl_arn: web_acl.into(),
            }),
        }])
    }
    /// Never needed: the list omits nothing.
    async fn read(_: &Aws, _: &Query<'_>, _: &Attributes) -> AwsResult<Option<Details<Self>>> {
        Ok(None)
    }
    /// Associating would replace another web ACL, so an unmanaged one is an error.
    async fn create(self, aws: &Aws, _: &OwnershipMarker) -> AwsResult<Attributes> {
        let api = self.resource_arn.expect_literal();
        let id = arn::parse(api).and_then(|parts| parts.resource.strip_prefix("apis/"));
        let call = aws.appsync.get_api().api_id(id.unwrap_or_default());
        let live = call.send().await.map_err(failed("GetApi"))?.api;
        let existing = live.as_ref().and_then(|api| api.waf_web_acl_arn());
        let tag = live.as_ref().and_then(|api| api.tags()?.get(WAF_TAG));
        if let Some(existing) = existing.filter(|arn| !arn.is_empty())
            && tag != Some(&tag_value(existing))
        {
            let message = format!("the API is already associated with the web ACL {existing}");
            return Err(AwsError::new(ErrorClass::Exists, "AssociateWebACL", message));
        }
        associate(&self, aws).await?;
        Ok(Attributes::default().with("ApiArn", Some(api)))
    }
    async fn update(
        self,
        aws: &Aws,
        _: &OwnershipMarker,
        _: Self,
        _: &Attributes,
    ) -> AwsResult<()> {
        associate(&self, aws).await
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> AwsResult<()> {
        let api = self.resource_arn.expect_literal();
        // If the API had no web ACL, one that it has now is unmanaged.
        if !self.web_acl_arn.expect_literal().is_empty() {
            let call = aws.waf.disassociate_web_acl().resource_arn(api);
            // The tag may still exist if the association does not.
            if_exists(call.send().await.map_err(failed("DisassociateWebACL")))?;
        }
        let untagged = appsync_tags::untag(aws, api, vec![WAF_TAG.to_owned()]).await;
        untagged.map_err(AwsError::partial)
    }
}

/// Tags the API first: a run that is killed in between leaves a state that the next run recognizes.
async fn associate(association: &WebAclAssociation, aws: &Aws) -> AwsResult<()> {
    let api = association.resource_arn.expect_literal();
    let web_acl = association.web_acl_arn.expect_literal();
    appsync_tags::tag(aws, api, WAF_TAG, &tag_value(web_acl)).await?;
    let call = aws.waf.associate_web_acl().resource_arn(api).web_acl_arn(web_acl);
    let result = call.send().await.map(drop).map_err(failed("AssociateWebACL"));
    result.map_err(AwsError::partial)
}

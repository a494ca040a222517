//! The web ACL in front of an API, on AWS: AWS WAF associates, AppSync tells (docs/reference/apis.md#web-acl).
//!
//! An association takes no tags. Its mark is a tag of the API that names the web ACL. Whatever else is in
//! front of the API was put there by others, as Firewall Manager does, and is not touched.
use std::collections::BTreeMap;

use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::client::Aws;
use crate::error::{AwsError, failed, if_exists};
use crate::kinds::appsync_tags;
use provision_core::failure::ErrorClass;
use provision_core::kinds::arn;
use provision_core::kinds::web_acl_association::{WebAclAssociation, tag_value};
use provision_core::model::Attributes;
use provision_core::ownership::Owner;
use provision_core::ownership::{OwnershipInfo, OwnershipMarker, WAF_TAG};

impl Remote for WebAclAssociation {
    const AFTER_WHOLE: bool = true;

    /// The API tells what is in front of it, so that nobody need be called. A mark with nothing in front
    /// is what a run leaves that is killed in between.
    async fn list(_: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let Some((address, api)) = seek.parent else { return Ok(Vec::new()) };
        let (web_acl, tag) = (api.get("WebAclArn").unwrap_or_default(), api.get("WafTag"));
        if web_acl.is_empty() && tag.is_none() {
            return Ok(Vec::new());
        }
        let ours = web_acl.is_empty() || tag == Some(&*tag_value(web_acl));
        let owner = if ours { Owner::ThisStack(address.only("waf")) } else { Owner::Unknown };
        let resource_arn = api.text("ApiArn");
        Ok(vec![Listed {
            attributes: Attributes::default().with("ApiArn", Some(&resource_arn)),
            name: Some(web_acl.to_owned()),
            marked: Some(OwnershipInfo { owner, digest: None, runs: BTreeMap::new() }),
            properties: Some(Self {
                resource_arn: resource_arn.into(),
                web_acl_arn: web_acl.into(),
            }),
        }])
    }
    /// The list is whole.
    async fn read(_: &Aws, _: &Seek<'_>, _: &Attributes) -> Answer<Option<Whole<Self>>> {
        Ok(None)
    }
    /// An associating call would take the place of another web ACL; so it is looked for first.
    async fn create(self, aws: &Aws, _: &OwnershipMarker) -> Answer<Attributes> {
        let api = self.resource_arn.expect_plain();
        let id = arn::parts(api).and_then(|it| it.resource.strip_prefix("apis/"));
        let call = aws.appsync.get_api().api_id(id.unwrap_or_default());
        let found = call.send().await.map_err(failed("GetApi"))?.api;
        let other = found.as_ref().and_then(|it| it.waf_web_acl_arn()).filter(|it| !it.is_empty());
        let tag = found.as_ref().and_then(|it| it.tags()?.get(WAF_TAG));
        if let Some(other) = other
            && tag != Some(&tag_value(other))
        {
            let message = format!("the web ACL {other} is in front of this API already");
            return Err(AwsError::new(ErrorClass::Exists, "AssociateWebACL", message));
        }
        associate(&self, aws).await?;
        Ok(Attributes::default().with("ApiArn", Some(api)))
    }
    async fn update(self, aws: &Aws, _: &OwnershipMarker, _: Self, _: &Attributes) -> Answer<()> {
        associate(&self, aws).await
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> Answer<()> {
        let api = self.resource_arn.expect_plain();
        // Where nothing was in front of the API, whatever is by now is not ours.
        if !self.web_acl_arn.expect_plain().is_empty() {
            let call = aws.waf.disassociate_web_acl().resource_arn(api);
            // Deleted already, it still has the tag.
            if_exists(call.send().await.map_err(failed("DisassociateWebACL")))?;
        }
        let untagged = appsync_tags::untag(aws, api, vec![WAF_TAG.to_owned()]).await;
        untagged.map_err(AwsError::partial)
    }
}

/// Marks first: a run that is killed in between leaves what the next one understands.
async fn associate(association: &WebAclAssociation, aws: &Aws) -> Answer<()> {
    let api = association.resource_arn.expect_plain();
    let web_acl = association.web_acl_arn.expect_plain();
    appsync_tags::tag(aws, api, WAF_TAG, &tag_value(web_acl)).await?;
    let call = aws.waf.associate_web_acl().resource_arn(api).web_acl_arn(web_acl);
    let done = call.send().await.map(drop).map_err(failed("AssociateWebACL"));
    done.map_err(AwsError::partial)
}

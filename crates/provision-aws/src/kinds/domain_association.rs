//! Calls for the association of a domain name with an API (docs/reference/domains.md#associations).
//!
//! An association cannot be tagged. Its ownership marker is a tag of the domain name, whether the stack manages
//! that or not, and is set before the association is made: a run that is killed in between leaves a state that the
//! next run recognizes.
use std::time::Duration;

use aws_sdk_appsync::types as sdk;
use backon::{BackoffBuilder, ExponentialBuilder};

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::{AwsError, failed, if_exists};
use crate::kinds::appsync_tags;
use crate::kinds::domain_name;
use provision_core::failure::ErrorClass;
use provision_core::kinds::domain_association::DomainAssociation;
use provision_core::model::Attributes;
use provision_core::ownership::{
    ASSOCIATION_TAG, Owner, OwnershipInfo, OwnershipMarker, parse_tag_value,
};
use provision_core::text::Text;

/// How long a change may take. A domain name is served by a CloudFront distribution, which takes minutes.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// When AWS is polled: often at first, for changes that are quick.
const POLL_DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(10))
    .without_max_times()
    .with_total_delay(Some(CHANGE_TIMEOUT));

impl Remote for DomainAssociation {
    /// A marker without an association, as a killed run leaves it, is listed as an association with no API. So
    /// is an association that has failed.
    async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let Some((_, domain)) = query.parent else { return Ok(Vec::new()) };
        let name = domain.get_or_empty("DomainName");
        let ownership = ownership(domain, query.stack);
        let association = get(aws, &name).await?;
        if association.is_none() && !matches!(ownership.owner, Owner::ThisStack(_)) {
            return Ok(Vec::new());
        }
        let api_id = association.as_ref().and_then(|association| association.api_id());
        let has_failed = association.as_ref().is_some_and(|association| {
            association.association_status() == Some(&sdk::AssociationStatus::Failed)
        });
        Ok(vec![ListEntry {
            attributes: domain.clone(),
            name: api_id.map(|api_id| format!("{name} → {api_id}")),
            ownership: Some(ownership),
            properties: Some(Self {
                api_id: api_id.filter(|_| !has_failed).unwrap_or_default().into(),
                domain_name: name.into(),
            }),
        }])
    }
    /// Never needed: the list omits nothing.
    async fn read(_: &Aws, _: &Query<'_>, _: &Attributes) -> AwsResult<Option<Details<Self>>> {
        Ok(None)
    }
    /// Associating would replace another association of the domain name, so an existing one is an error.
    async fn create(self, aws: &Aws, marker: &OwnershipMarker) -> AwsResult<Attributes> {
        let name = self.domain_name.expect_literal();
        let domain = domain_name::attributes(&domain_name::get(aws, name).await?);
        if let Some(existing) = get(aws, name).await? {
            let owner = ownership(&domain, &marker.stack).owner;
            if owner != Owner::ThisStack(marker.address.clone()) {
                let api_id = existing.api_id().unwrap_or_default();
                let message = format!("`{name}` is already associated with the API {api_id}");
                return Err(AwsError::new(ErrorClass::Exists, "AssociateApi", message));
            }
        }
        associate(aws, marker, name, &self.api_id, &domain).await?;
        Ok(domain)
    }
    async fn update(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
        _: Self,
        attributes: &Attributes,
    ) -> AwsResult<()> {
        let name = self.domain_name.expect_literal();
        associate(aws, marker, name, &self.api_id, attributes).await
    }
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> AwsResult<()> {
        let name = self.domain_name.expect_literal();
        let call = aws.appsync.disassociate_api().domain_name(name);
        // The tag may still exist if the association does not.
        if if_exists(call.send().await.map_err(failed("DisassociateApi")))?.is_some() {
            wait_until_removed(aws, name).await?;
        }
        let arn = attributes.get_or_empty("DomainNameArn");
        let untagged = appsync_tags::untag(aws, &arn, vec![ASSOCIATION_TAG.to_owned()]).await;
        untagged.map_err(AwsError::partial)
    }
}

/// Reads the ownership marker of the association from the attributes of its domain name.
fn ownership(domain: &Attributes, stack: &str) -> OwnershipInfo {
    parse_tag_value(domain.get("AssociationTag").unwrap_or_default(), stack)
}

/// Tags the domain name, associates it with the API, and waits until the association is active.
async fn associate(
    aws: &Aws,
    marker: &OwnershipMarker,
    name: &str,
    api_id: &Text,
    domain: &Attributes,
) -> AwsResult<()> {
    let arn = domain.get_or_empty("DomainNameArn");
    appsync_tags::tag(aws, &arn, ASSOCIATION_TAG, &marker.to_tag_value()).await?;
    let call = aws.appsync.associate_api().domain_name(name).api_id(api_id.expect_literal());
    let associated = call.send().await.map_err(failed("AssociateApi"));
    associated.map_err(AwsError::partial)?;
    wait_until_active(aws, name).await.map_err(AwsError::partial)
}

async fn wait_until_active(aws: &Aws, name: &str) -> AwsResult<()> {
    let mut delays = POLL_DELAYS.build();
    loop {
        let association = get(aws, name).await?;
        let association = association.as_ref();
        match association.and_then(|association| association.association_status()) {
            Some(sdk::AssociationStatus::Success) => return Ok(()),
            Some(sdk::AssociationStatus::Failed) => {
                let detail = association.and_then(|association| association.deployment_detail());
                let message = detail.unwrap_or("AppSync gives no reason");
                return Err(AwsError::new(ErrorClass::Invalid, "AssociateApi", message));
            }
            _ => wait(aws, delays.next(), "AssociateApi").await?,
        }
    }
}

/// Waits until the association is removed: before that, neither the domain name nor its API can be deleted.
async fn wait_until_removed(aws: &Aws, name: &str) -> AwsResult<()> {
    let mut delays = POLL_DELAYS.build();
    while get(aws, name).await?.is_some() {
        wait(aws, delays.next(), "DisassociateApi").await?;
    }
    Ok(())
}

/// Reads the association of a domain name, if there is one.
async fn get(aws: &Aws, name: &str) -> AwsResult<Option<sdk::ApiAssociation>> {
    let call = aws.appsync.get_api_association().domain_name(name);
    let response = if_exists(call.send().await.map_err(failed("GetApiAssociation")))?;
    Ok(response.and_then(|response| response.api_association))
}

/// Waits for `delay`, or fails if there is none because the change takes too long.
async fn wait(aws: &Aws, delay: Option<Duration>, operation: &'static str) -> AwsResult<()> {
    let Some(delay) = delay else {
        let minutes = CHANGE_TIMEOUT.as_secs() / 60;
        let message = format!(
            "AppSync has not completed the change within {minutes} minutes; run the command again later"
        );
        return Err(AwsError::new(ErrorClass::Unexpected, operation, message));
    };
    aws.wait(delay).await;
    Ok(())
}

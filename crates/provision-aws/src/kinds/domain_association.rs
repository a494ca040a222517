//! Which API a domain name leads to, on AWS (docs/reference/domains.md#associations).
//!
//! An association takes no tags. Its mark is a tag of the domain name, whoever made that, and stands
//! there before the association does: a run that is killed in between leaves what the next one understands.
use std::time::Duration;

use aws_sdk_appsync::types as sdk;
use backon::{BackoffBuilder, ExponentialBuilder};

use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::client::Aws;
use crate::error::{AwsError, failed, if_exists};
use crate::kinds::appsync_tags;
use crate::kinds::domain_name;
use provision_core::failure::ErrorClass;
use provision_core::kinds::domain_association::DomainAssociation;
use provision_core::model::Attributes;
use provision_core::ownership::Owner;
use provision_core::ownership::{ASSOCIATION_TAG, OwnershipInfo, OwnershipMarker, parse_tag_value};
use provision_core::text::Text;

/// A domain name is served by a CloudFront distribution, which takes minutes to change.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// When AWS is polled: often at first, for changes that are quick.
const POLL_DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(10))
    .without_max_times()
    .with_total_delay(Some(PATIENCE));

impl Remote for DomainAssociation {
    /// A mark without an association is what a run leaves that is killed in between: one that leads
    /// nowhere. So does one that has failed, whatever it says.
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let Some((_, domain)) = seek.parent else { return Ok(Vec::new()) };
        let name = domain.text("DomainName");
        let marked = marked(domain, seek.stack);
        let found = get(aws, &name).await?;
        if found.is_none() && !matches!(marked.owner, Owner::ThisStack(_)) {
            return Ok(Vec::new());
        }
        let stands = |it: &&sdk::ApiAssociation| {
            it.association_status() != Some(&sdk::AssociationStatus::Failed)
        };
        let leads_to = found.as_ref().filter(stands).and_then(|it| it.api_id());
        let stranger = found.as_ref().and_then(|it| it.api_id());
        Ok(vec![Listed {
            attributes: domain.clone(),
            name: stranger.map(|api| format!("{name} → {api}")),
            marked: Some(marked),
            properties: Some(Self {
                api_id: leads_to.unwrap_or_default().into(),
                domain_name: name.into(),
            }),
        }])
    }
    /// The list is whole.
    async fn read(_: &Aws, _: &Seek<'_>, _: &Attributes) -> Answer<Option<Whole<Self>>> {
        Ok(None)
    }
    /// An associating call would take the domain away from whoever has it; so it is looked for first.
    async fn create(self, aws: &Aws, mark: &OwnershipMarker) -> Answer<Attributes> {
        let name = self.domain_name.expect_plain();
        let domain = domain_name::attributes(&domain_name::get(aws, name).await?);
        if let Some(other) = get(aws, name).await? {
            let owner = marked(&domain, &mark.stack).owner;
            if owner != Owner::ThisStack(mark.address.clone()) {
                return Err(taken(name, other.api_id().unwrap_or_default()));
            }
        }
        associate(aws, mark, name, &self.api_id, &domain).await?;
        Ok(domain)
    }
    async fn update(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
        _: Self,
        attributes: &Attributes,
    ) -> Answer<()> {
        let name = self.domain_name.expect_plain();
        associate(aws, mark, name, &self.api_id, attributes).await
    }
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> Answer<()> {
        let name = self.domain_name.expect_plain();
        let call = aws.appsync.disassociate_api().domain_name(name);
        // Deleted already, it still has the tag.
        if if_exists(call.send().await.map_err(failed("DisassociateApi")))?.is_some() {
            gone(aws, name).await?;
        }
        let arn = attributes.text("DomainNameArn");
        let untagged = appsync_tags::untag(aws, &arn, vec![ASSOCIATION_TAG.to_owned()]).await;
        untagged.map_err(AwsError::partial)
    }
}

fn marked(domain: &Attributes, stack: &str) -> OwnershipInfo {
    parse_tag_value(domain.get("AssociationTag").unwrap_or_default(), stack)
}

fn taken(name: &str, api: &str) -> AwsError {
    let message = format!("`{name}` leads to the API {api} already");
    AwsError::new(ErrorClass::Exists, "AssociateApi", message)
}

/// Marks the domain, leads it to the API, and waits until it does.
async fn associate(
    aws: &Aws,
    mark: &OwnershipMarker,
    name: &str,
    api_id: &Text,
    domain: &Attributes,
) -> Answer<()> {
    let arn = domain.text("DomainNameArn");
    appsync_tags::tag(aws, &arn, ASSOCIATION_TAG, &mark.to_tag_value()).await?;
    let call = aws.appsync.associate_api().domain_name(name).api_id(api_id.expect_plain());
    let led = call.send().await.map_err(failed("AssociateApi"));
    led.map_err(AwsError::partial)?;
    stands(aws, name).await.map_err(AwsError::partial)
}

/// Waits until the domain leads where it should.
async fn stands(aws: &Aws, name: &str) -> Answer<()> {
    let mut delays = POLL_DELAYS.build();
    loop {
        let found = get(aws, name).await?;
        match found.as_ref().and_then(|it| it.association_status()) {
            Some(sdk::AssociationStatus::Success) => return Ok(()),
            Some(sdk::AssociationStatus::Failed) => {
                let detail = found.as_ref().and_then(|it| it.deployment_detail());
                let message = detail.unwrap_or("AppSync gives no reason");
                return Err(AwsError::new(ErrorClass::Invalid, "AssociateApi", message));
            }
            _ => wait(aws, delays.next(), "AssociateApi").await?,
        }
    }
}

/// Waits until the domain leads nowhere: before that neither it nor its API can be deleted.
async fn gone(aws: &Aws, name: &str) -> Answer<()> {
    let mut delays = POLL_DELAYS.build();
    while get(aws, name).await?.is_some() {
        wait(aws, delays.next(), "DisassociateApi").await?;
    }
    Ok(())
}

/// What the domain leads to, if it leads anywhere.
async fn get(aws: &Aws, name: &str) -> Answer<Option<sdk::ApiAssociation>> {
    let call = aws.appsync.get_api_association().domain_name(name);
    let answer = if_exists(call.send().await.map_err(failed("GetApiAssociation")))?;
    Ok(answer.and_then(|answer| answer.api_association))
}

/// Waits for `delay`; without one, AWS has taken too long.
async fn wait(aws: &Aws, delay: Option<Duration>, operation: &'static str) -> Answer<()> {
    let Some(delay) = delay else {
        let minutes = PATIENCE.as_secs() / 60;
        let message = format!("AppSync is still at it after {minutes} minutes; look again later");
        return Err(AwsError::new(ErrorClass::Unexpected, operation, message));
    };
    aws.wait(delay).await;
    Ok(())
}

//! Calls for custom domain names (docs/reference/domains.md#members).
use aws_sdk_appsync::types as sdk;

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::{failed, if_exists};
use crate::kinds::appsync_tags;
use provision_core::address::Address;
use provision_core::kinds::domain_name::DomainName;
use provision_core::model::{Attributes, Tags};
use provision_core::ownership::{
    ASSOCIATION_TAG, Owner, OwnershipMarker, parse_tag_value, parse_tags,
};
use provision_core::text::Text;

impl Remote for DomainName {
    /// An unmanaged domain name has the tag of its managed association.
    fn attachment_address(stack: &str, attributes: &Attributes) -> Option<Address> {
        match parse_tag_value(attributes.get("AssociationTag")?, stack).owner {
            Owner::ThisStack(association) => association.parent(),
            _ => None,
        }
    }
    async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let call = aws.appsync.list_domain_names().max_results(25);
        let domains = call.into_paginator().items().send().try_collect().await;
        let domains = domains.map_err(failed("ListDomainNames"))?;
        let tags_of_all = domains.iter().map(sdk::DomainNameConfig::tags);
        let includes_tags = appsync_tags::list_includes_tags(tags_of_all);
        let entry = |domain: sdk::DomainNameConfig| {
            let Details { properties, attributes, ownership, .. } = read(domain, query.stack);
            ListEntry {
                name: properties.domain_name.as_literal().map(str::to_owned),
                attributes,
                ownership: includes_tags.then_some(ownership),
                // The list may omit some.
                properties: None,
            }
        };
        Ok(domains.into_iter().map(entry).collect())
    }
    async fn read(
        aws: &Aws,
        query: &Query<'_>,
        attributes: &Attributes,
    ) -> AwsResult<Option<Details<Self>>> {
        let domain = if_exists(get(aws, &attributes.get_or_empty("DomainName")).await)?;
        Ok(domain.map(|domain| read(domain, query.stack)))
    }
    async fn create(self, aws: &Aws, marker: &OwnershipMarker) -> AwsResult<Attributes> {
        let tags = marker.add_to_tags(self.tags.expect_literals());
        let call = aws.appsync_once.create_domain_name();
        let call = call
            .domain_name(self.domain_name.expect_literal())
            .certificate_arn(self.certificate_arn.expect_literal())
            .set_description(self.description.map(|text| text.expect_literal().to_owned()))
            .set_tags(Some(tags.into_iter().collect()));
        let created = call.send().await.map_err(failed("CreateDomainName"))?;
        Ok(created.domain_name_config.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
        before: Self,
        attributes: &Attributes,
    ) -> AwsResult<()> {
        let tags_only = self.description == before.description;
        if !tags_only {
            let call =
                aws.appsync.update_domain_name().domain_name(self.domain_name.expect_literal());
            let call = call.description(self.description.as_ref().map_or("", Text::expect_literal));
            call.send().await.map_err(failed("UpdateDomainName"))?;
        }
        let arn = attributes.get_or_empty("DomainNameArn");
        let result = appsync_tags::retag(aws, &arn, marker, &before.tags, &self.tags).await;
        result.map_err(|error| if tags_only { error } else { error.partial() })
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> AwsResult<()> {
        let call = aws.appsync.delete_domain_name().domain_name(self.domain_name.expect_literal());
        call.send().await.map_err(failed("DeleteDomainName"))?;
        Ok(())
    }
}

/// Reads a domain name, managed or not.
pub async fn get(aws: &Aws, name: &str) -> AwsResult<sdk::DomainNameConfig> {
    let call = aws.appsync.get_domain_name().domain_name(name);
    let response = call.send().await.map_err(failed("GetDomainName"))?;
    let without_details = || sdk::DomainNameConfig::builder().domain_name(name).build();
    Ok(response.domain_name_config.unwrap_or_else(without_details))
}

/// Returns the attributes of a domain name, among them the tag of its association.
pub fn attributes(domain: &sdk::DomainNameConfig) -> Attributes {
    Attributes::default()
        .with("DomainName", domain.domain_name())
        .with("AppSyncDomainName", domain.appsync_domain_name())
        .with("HostedZoneId", domain.hosted_zone_id())
        .with("DomainNameArn", domain.domain_name_arn())
        .with("AssociationTag", domain.tags().and_then(|tags| tags.get(ASSOCIATION_TAG)))
}

fn read(domain: sdk::DomainNameConfig, stack: &str) -> Details<DomainName> {
    let attributes = attributes(&domain);
    let (tags, ownership) = parse_tags(appsync_tags::from_sdk(domain.tags()), stack);
    let properties = DomainName {
        domain_name: domain.domain_name.unwrap_or_default().into(),
        certificate_arn: domain.certificate_arn.unwrap_or_default().into(),
        description: domain.description.filter(|text| !text.is_empty()).map(Text::from),
        tags: Tags::from_literals(tags),
    };
    Details { properties, attributes, ownership, unmanaged: vec![] }
}

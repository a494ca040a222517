//! Custom domain names on AWS (docs/reference/domains.md#members).
use aws_sdk_appsync::types as sdk;

use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::client::Aws;
use crate::error::{failed, if_exists};
use crate::kinds::appsync_tags;
use provision_core::address::Address;
use provision_core::kinds::domain_name::DomainName;
use provision_core::model::{Attributes, Tags};
use provision_core::ownership::Owner;
use provision_core::ownership::{ASSOCIATION_TAG, OwnershipMarker, parse_tag_value, parse_tags};
use provision_core::text::Text;

impl Remote for DomainName {
    /// A domain that we only use carries the mark of its association.
    fn hook(stack: &str, attributes: &Attributes) -> Option<Address> {
        match parse_tag_value(attributes.get("AssociationTag")?, stack).owner {
            Owner::ThisStack(association) => association.parent(),
            _ => None,
        }
    }
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let call = aws.appsync.list_domain_names().max_results(25);
        let all = call.into_paginator().items().send().try_collect().await;
        let all = all.map_err(failed("ListDomainNames"))?;
        let told = appsync_tags::told(all.iter().map(sdk::DomainNameConfig::tags));
        let listed = |it: sdk::DomainNameConfig| {
            let Whole { properties, attributes, marked, .. } = read(it, seek.stack);
            Listed {
                name: properties.domain_name.as_plain().map(str::to_owned),
                attributes,
                marked: told.then_some(marked),
                // Whatever a list leaves out, a name is read once more.
                properties: None,
            }
        };
        Ok(all.into_iter().map(listed).collect())
    }
    async fn read(aws: &Aws, seek: &Seek<'_>, listed: &Attributes) -> Answer<Option<Whole<Self>>> {
        let domain = if_exists(get(aws, &listed.text("DomainName")).await)?;
        Ok(domain.map(|domain| read(domain, seek.stack)))
    }
    async fn create(self, aws: &Aws, mark: &OwnershipMarker) -> Answer<Attributes> {
        let tags = mark.add_to_tags(self.tags.expect_plain());
        let call = aws.appsync_once.create_domain_name();
        let call = call
            .domain_name(self.domain_name.expect_plain())
            .certificate_arn(self.certificate_arn.expect_plain())
            .set_description(self.description.map(|it| it.expect_plain().to_owned()))
            .set_tags(Some(tags.into_iter().collect()));
        let made = call.send().await.map_err(failed("CreateDomainName"))?;
        Ok(made.domain_name_config.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
        was: Self,
        attributes: &Attributes,
    ) -> Answer<()> {
        let tags_only = self.description == was.description;
        if !tags_only {
            let call =
                aws.appsync.update_domain_name().domain_name(self.domain_name.expect_plain());
            let call = call.description(self.description.as_ref().map_or("", Text::expect_plain));
            call.send().await.map_err(failed("UpdateDomainName"))?;
        }
        let arn = attributes.text("DomainNameArn");
        let tagged = appsync_tags::retag(aws, &arn, mark, &was.tags, &self.tags).await;
        tagged.map_err(|error| if tags_only { error } else { error.partial() })
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> Answer<()> {
        let call = aws.appsync.delete_domain_name().domain_name(self.domain_name.expect_plain());
        call.send().await.map_err(failed("DeleteDomainName"))?;
        Ok(())
    }
}

/// A domain name as AWS has it, whoever made it.
pub async fn get(aws: &Aws, name: &str) -> Answer<sdk::DomainNameConfig> {
    let call = aws.appsync.get_domain_name().domain_name(name);
    let answer = call.send().await.map_err(failed("GetDomainName"))?;
    let nothing = || sdk::DomainNameConfig::builder().domain_name(name).build();
    Ok(answer.domain_name_config.unwrap_or_else(nothing))
}

pub fn attributes(it: &sdk::DomainNameConfig) -> Attributes {
    Attributes::default()
        .with("DomainName", it.domain_name())
        .with("AppSyncDomainName", it.appsync_domain_name())
        .with("HostedZoneId", it.hosted_zone_id())
        .with("DomainNameArn", it.domain_name_arn())
        .with("AssociationTag", it.tags().and_then(|tags| tags.get(ASSOCIATION_TAG)))
}

fn read(it: sdk::DomainNameConfig, stack: &str) -> Whole<DomainName> {
    let attributes = attributes(&it);
    let (tags, marked) = parse_tags(appsync_tags::of_sdk(it.tags()), stack);
    let properties = DomainName {
        domain_name: it.domain_name.unwrap_or_default().into(),
        certificate_arn: it.certificate_arn.unwrap_or_default().into(),
        description: it.description.filter(|it| !it.is_empty()).map(Text::from),
        tags: Tags::of_plain(tags),
    };
    Whole { properties, attributes, marked, strangers: vec![] }
}

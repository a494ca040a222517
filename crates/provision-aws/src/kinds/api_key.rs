//! API keys on AWS (docs/reference/api-keys.md#members). They take no tags: the description carries
//! the mark.
use aws_sdk_appsync::types as sdk;
use provision_core::kinds::api_key::ApiKey;
use provision_core::model::Attributes;
use provision_core::ownership::{OwnershipMarker, parse_description};
use provision_core::text::Text;

use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::client::Aws;
use crate::error::failed;

impl Remote for ApiKey {
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let api_id = seek.api_id();
        let call = aws.appsync.list_api_keys().api_id(api_id).max_results(25);
        let keys = call.into_paginator().items().send().try_collect().await;
        let listed = |key: sdk::ApiKey| {
            let (description, marked) =
                parse_description(key.description.as_deref().unwrap_or_default(), seek.stack);
            let description = (!description.is_empty()).then(|| description.into());
            let expires = (key.expires > 0).then_some(key.expires);
            Listed {
                attributes: Attributes::default().with("ApiKeyId", key.id),
                name: None,
                marked: Some(marked),
                properties: Some(Self { api_id: api_id.into(), description, expires }),
            }
        };
        Ok(keys.map_err(failed("ListApiKeys"))?.into_iter().map(listed).collect())
    }
    /// The list is whole and AppSync has no call for one key.
    async fn read(_: &Aws, _: &Seek<'_>, _: &Attributes) -> Answer<Option<Whole<Self>>> {
        Ok(None)
    }
    async fn create(self, aws: &Aws, mark: &OwnershipMarker) -> Answer<Attributes> {
        let call = aws.appsync_once.create_api_key().api_id(self.api_id.expect_plain());
        let call = call.description(marked(&self, mark)).set_expires(self.expires);
        let made = call.send().await.map_err(failed("CreateApiKey"))?.api_key;
        Ok(Attributes::default().with("ApiKeyId", made.and_then(|key| key.id)))
    }
    async fn update(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
        _: Self,
        attributes: &Attributes,
    ) -> Answer<()> {
        let call = aws.appsync.update_api_key().api_id(self.api_id.expect_plain());
        let call = call.id(attributes.text("ApiKeyId"));
        let call = call.description(marked(&self, mark)).set_expires(self.expires);
        call.send().await.map_err(failed("UpdateApiKey"))?;
        Ok(())
    }
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> Answer<()> {
        let call = aws.appsync.delete_api_key().api_id(self.api_id.expect_plain());
        call.id(attributes.text("ApiKeyId")).send().await.map_err(failed("DeleteApiKey"))?;
        Ok(())
    }
}

fn marked(key: &ApiKey, mark: &OwnershipMarker) -> String {
    mark.add_to_description(key.description.as_ref().map_or("", Text::expect_plain))
}

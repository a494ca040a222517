//! Calls for API keys (docs/reference/api-keys.md#members).
//!
//! AppSync cannot tag a key: its description contains the ownership marker.
use aws_sdk_appsync::types as sdk;
use provision_core::kinds::api_key::ApiKey;
use provision_core::model::Attributes;
use provision_core::ownership::{OwnershipMarker, parse_description};
use provision_core::text::Text;

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::failed;

impl Remote for ApiKey {
    async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let api_id = query.api_id();
        let call = aws.appsync.list_api_keys().api_id(api_id).max_results(25);
        let keys = call.into_paginator().items().send().try_collect().await;
        let entry = |key: sdk::ApiKey| {
            let (description, ownership) =
                parse_description(key.description.as_deref().unwrap_or_default(), query.stack);
            let description = (!description.is_empty()).then(|| description.into());
            let expires = (key.expires > 0).then_some(key.expires);
            ListEntry {
                attributes: Attributes::default().with("ApiKeyId", key.id),
                name: None,
                ownership: Some(ownership),
                properties: Some(Self { api_id: api_id.into(), description, expires }),
            }
        };
        Ok(keys.map_err(failed("ListApiKeys"))?.into_iter().map(entry).collect())
    }
    /// Never needed: the list omits nothing, and AppSync has no operation that returns one key.
    async fn read(_: &Aws, _: &Query<'_>, _: &Attributes) -> AwsResult<Option<Details<Self>>> {
        Ok(None)
    }
    async fn create(self, aws: &Aws, marker: &OwnershipMarker) -> AwsResult<Attributes> {
        let call = aws.appsync_once.create_api_key().api_id(self.api_id.expect_literal());
        let call = call.description(description(&self, marker)).set_expires(self.expires);
        let created = call.send().await.map_err(failed("CreateApiKey"))?.api_key;
        Ok(Attributes::default().with("ApiKeyId", created.and_then(|key| key.id)))
    }
    async fn update(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
        _: Self,
        attributes: &Attributes,
    ) -> AwsResult<()> {
        let call = aws.appsync.update_api_key().api_id(self.api_id.expect_literal());
        let call = call.id(attributes.get_or_empty("ApiKeyId"));
        let call = call.description(description(&self, marker)).set_expires(self.expires);
        call.send().await.map_err(failed("UpdateApiKey"))?;
        Ok(())
    }
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> AwsResult<()> {
        let call = aws.appsync.delete_api_key().api_id(self.api_id.expect_literal());
        call.id(attributes.get_or_empty("ApiKeyId"))
            .send()
            .await
            .map_err(failed("DeleteApiKey"))?;
        Ok(())
    }
}

/// Returns the description with the ownership marker.
fn description(key: &ApiKey, marker: &OwnershipMarker) -> String {
    marker.add_to_description(key.description.as_ref().map_or("", Text::expect_literal))
}

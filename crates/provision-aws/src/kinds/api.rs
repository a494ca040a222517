//! Calls for Event APIs (docs/reference/apis.md#members).
//!
//! AppSync allows several APIs with the same name, so an API is found by its ownership tags only.
use aws_sdk_appsync::types as sdk;

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::{failed, if_exists};
use crate::kinds::appsync_tags;
use crate::kinds::sdk::{all_from_sdk, all_to_sdk};
use provision_core::kinds::api::{Api, EventConfig, LogConfig};
use provision_core::model::{Attributes, Tags};
use provision_core::ownership::{OwnershipMarker, WAF_TAG, parse_tags};
use provision_core::text::Text;

impl Remote for Api {
    const ALLOWS_DUPLICATES: bool = true;

    async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let call = aws.appsync.list_apis().max_results(25);
        let apis = call.into_paginator().items().send().try_collect().await;
        let apis = apis.map_err(failed("ListApis"))?;
        let includes_tags = appsync_tags::list_includes_tags(apis.iter().map(sdk::Api::tags));
        let entry = |api: sdk::Api| ListEntry {
            attributes: attributes(&api),
            ownership: includes_tags.then(|| appsync_tags::ownership(api.tags(), query.stack)),
            name: api.name,
            properties: None,
        };
        Ok(apis.into_iter().map(entry).collect())
    }
    async fn read(
        aws: &Aws,
        query: &Query<'_>,
        attributes: &Attributes,
    ) -> AwsResult<Option<Details<Self>>> {
        let call = aws.appsync.get_api().api_id(attributes.get_or_empty("ApiId"));
        let response = if_exists(call.send().await.map_err(failed("GetApi")))?;
        Ok(response.and_then(|response| response.api).map(|api| read(api, query.stack)))
    }
    async fn create(self, aws: &Aws, marker: &OwnershipMarker) -> AwsResult<Attributes> {
        let call = aws.appsync_once.create_api().name(self.name.expect_literal());
        let call =
            call.set_owner_contact(self.owner_contact.map(|text| text.expect_literal().to_owned()));
        let tags = marker.add_to_tags(self.tags.expect_literals());
        let call = call.set_tags(Some(tags.into_iter().collect()));
        let call = call.event_config(to_sdk(&self.event_config));
        let created = call.send().await.map_err(failed("CreateApi"))?;
        Ok(created.api.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
        before: Self,
        attributes: &Attributes,
    ) -> AwsResult<()> {
        let tags_only = Self { tags: before.tags.clone(), ..self.clone() } == before;
        if !tags_only {
            let call = aws.appsync.update_api().api_id(attributes.get_or_empty("ApiId"));
            let call = call.name(self.name.expect_literal());
            let call = call
                .set_owner_contact(self.owner_contact.map(|text| text.expect_literal().to_owned()));
            let call = call.event_config(to_sdk(&self.event_config));
            call.send().await.map_err(failed("UpdateApi"))?;
        }
        let arn = attributes.get_or_empty("ApiArn");
        let result = appsync_tags::retag(aws, &arn, marker, &before.tags, &self.tags).await;
        result.map_err(|error| if tags_only { error } else { error.partial() })
    }
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> AwsResult<()> {
        let call = aws.appsync.delete_api().api_id(attributes.get_or_empty("ApiId"));
        call.send().await.map_err(failed("DeleteApi"))?;
        Ok(())
    }
}

fn to_sdk(config: &EventConfig) -> sdk::EventConfig {
    let log_config = config.log_config.as_ref().map(|log| {
        let builder = sdk::EventLogConfig::builder()
            .log_level(log.log_level.as_str().into())
            .cloud_watch_logs_role_arn(log.cloud_watch_logs_role_arn.expect_literal());
        builder.build().expect("both required fields are set")
    });
    sdk::EventConfig::builder()
        .set_auth_providers(Some(all_to_sdk(&config.auth_providers)))
        .set_connection_auth_modes(Some(all_to_sdk(&config.connection_auth_modes)))
        .set_default_publish_auth_modes(Some(all_to_sdk(&config.default_publish_auth_modes)))
        .set_default_subscribe_auth_modes(Some(all_to_sdk(&config.default_subscribe_auth_modes)))
        .set_log_config(log_config)
        .build()
        .expect("all required fields are set")
}

fn attributes(api: &sdk::Api) -> Attributes {
    let dns = |name: &str| api.dns().and_then(|dns| dns.get(name)).cloned();
    Attributes::default()
        .with("ApiId", api.api_id())
        .with("ApiArn", api.api_arn())
        .with("Dns.Http", dns("HTTP"))
        .with("Dns.Realtime", dns("REALTIME"))
        .with("WebAclArn", api.waf_web_acl_arn())
        .with("WafTag", api.tags().and_then(|tags| tags.get(WAF_TAG)))
}

fn read(api: sdk::Api, stack: &str) -> Details<Api> {
    let attributes = attributes(&api);
    let (tags, ownership) = parse_tags(appsync_tags::from_sdk(api.tags()), stack);
    let config = api.event_config.as_ref().map(|config| EventConfig {
        auth_providers: all_from_sdk(config.auth_providers()),
        connection_auth_modes: all_from_sdk(config.connection_auth_modes()),
        default_publish_auth_modes: all_from_sdk(config.default_publish_auth_modes()),
        default_subscribe_auth_modes: all_from_sdk(config.default_subscribe_auth_modes()),
        log_config: config.log_config().map(|log| LogConfig {
            log_level: log.log_level().as_str().to_owned(),
            cloud_watch_logs_role_arn: log.cloud_watch_logs_role_arn().into(),
        }),
    });
    let properties = Api {
        name: api.name.unwrap_or_default().into(),
        owner_contact: api.owner_contact.filter(|text| !text.is_empty()).map(Text::from),
        event_config: config.unwrap_or_default(),
        tags: Tags::from_literals(tags),
    };
    Details { properties, attributes, ownership, unmanaged: vec![] }
}

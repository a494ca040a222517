//! Calls for channel namespaces (docs/reference/channel-namespaces.md#members).
use aws_sdk_appsync::operation::create_channel_namespace::CreateChannelNamespaceError;
use aws_sdk_appsync::operation::update_channel_namespace::UpdateChannelNamespaceError;
use aws_sdk_appsync::types as sdk;
use serde_json::{Map, Value, json};

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::{AwsError, code_errors, failed};
use crate::kinds::appsync_tags;
use crate::kinds::sdk::{all_from_sdk, all_to_sdk};
use crate::stand_ins::is_in_list_only;
use provision_core::failure::ErrorClass;
use provision_core::kinds::channel_namespace::ChannelNamespace;
use provision_core::model::{Attributes, Tags};
use provision_core::ownership::{OwnershipMarker, parse_tags};

impl Remote for ChannelNamespace {
    async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let namespaces = list(aws, query).await?;
        let tags_of_all = namespaces.iter().map(sdk::ChannelNamespace::tags);
        let includes_tags = appsync_tags::list_includes_tags(tags_of_all);
        let entry = |namespace: sdk::ChannelNamespace| ListEntry {
            attributes: attributes(&namespace),
            ownership: includes_tags
                .then(|| appsync_tags::ownership(namespace.tags(), query.stack)),
            name: namespace.name,
            properties: None,
        };
        Ok(namespaces.into_iter().map(entry).collect())
    }
    async fn read(
        aws: &Aws,
        query: &Query<'_>,
        attributes: &Attributes,
    ) -> AwsResult<Option<Details<Self>>> {
        let call = aws.appsync.get_channel_namespace().api_id(query.api_id());
        let name = attributes.get_or_empty("Name");
        match call.name(&name).send().await.map_err(failed("GetChannelNamespace")) {
            Ok(response) => Ok(response.channel_namespace.map(|namespace| read(namespace, query))),
            Err(error) if error.class == ErrorClass::NotFound => Ok(None),
            Err(error) if is_in_list_only(error.class) => {
                let namespaces = list(aws, query).await?;
                let found =
                    namespaces.into_iter().find(|namespace| namespace.name() == Some(&name));
                Ok(found.map(|namespace| read(namespace, query)))
            }
            Err(error) => Err(error),
        }
    }
    async fn create(self, aws: &Aws, marker: &OwnershipMarker) -> AwsResult<Attributes> {
        let call = aws.appsync_once.create_channel_namespace().api_id(self.api_id.expect_literal());
        let tags = marker.add_to_tags(self.tags.expect_literals());
        let call = call
            .name(self.name.expect_literal())
            .set_code_handlers(self.code_handlers)
            .set_handler_configs(self.handler_configs.as_ref().map(configs_to_sdk))
            .set_publish_auth_modes(non_empty(all_to_sdk(&self.publish_auth_modes)))
            .set_subscribe_auth_modes(non_empty(all_to_sdk(&self.subscribe_auth_modes)))
            .set_tags(Some(tags.into_iter().collect()));
        let created = call.send().await.map_err(|error| {
            let code_errors = match error.as_service_error() {
                Some(CreateChannelNamespaceError::BadRequestException(rejection)) => {
                    code_errors(rejection)
                }
                _ => Vec::new(),
            };
            AwsError { code_errors, ..failed("CreateChannelNamespace")(error) }
        })?;
        Ok(created.channel_namespace.as_ref().map(attributes).unwrap_or_default())
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
            let call = aws.appsync.update_channel_namespace().api_id(self.api_id.expect_literal());
            let call = call
                .name(self.name.expect_literal())
                .set_code_handlers(self.code_handlers)
                // Empty instead of omitted: so the namespace inherits its API's modes and has no data source,
                // whether AppSync clears or keeps omitted members.
                .handler_configs(configs_to_sdk(
                    self.handler_configs.as_ref().unwrap_or(&Value::Null),
                ))
                .set_publish_auth_modes(Some(all_to_sdk(&self.publish_auth_modes)))
                .set_subscribe_auth_modes(Some(all_to_sdk(&self.subscribe_auth_modes)));
            call.send().await.map_err(|error| {
                let code_errors = match error.as_service_error() {
                    Some(UpdateChannelNamespaceError::BadRequestException(rejection)) => {
                        code_errors(rejection)
                    }
                    _ => Vec::new(),
                };
                AwsError { code_errors, ..failed("UpdateChannelNamespace")(error) }
            })?;
        }
        let arn = attributes.get_or_empty("ChannelNamespaceArn");
        let result = appsync_tags::retag(aws, &arn, marker, &before.tags, &self.tags).await;
        result.map_err(|error| if tags_only { error } else { error.partial() })
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> AwsResult<()> {
        let call = aws.appsync.delete_channel_namespace().api_id(self.api_id.expect_literal());
        let call = call.name(self.name.expect_literal());
        call.send().await.map_err(failed("DeleteChannelNamespace"))?;
        Ok(())
    }
}

async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<sdk::ChannelNamespace>> {
    let call = aws.appsync.list_channel_namespaces().api_id(query.api_id()).max_results(25);
    let namespaces = call.into_paginator().items().send().try_collect().await;
    namespaces.map_err(failed("ListChannelNamespaces"))
}

fn non_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn attributes(namespace: &sdk::ChannelNamespace) -> Attributes {
    Attributes::default()
        .with("ChannelNamespaceArn", namespace.channel_namespace_arn())
        .with("Name", namespace.name())
}

fn read(namespace: sdk::ChannelNamespace, query: &Query<'_>) -> Details<ChannelNamespace> {
    let attributes = attributes(&namespace);
    let (tags, ownership) = parse_tags(appsync_tags::from_sdk(namespace.tags()), query.stack);
    let properties = ChannelNamespace {
        api_id: query.api_id().into(),
        publish_auth_modes: all_from_sdk(namespace.publish_auth_modes()),
        subscribe_auth_modes: all_from_sdk(namespace.subscribe_auth_modes()),
        handler_configs: namespace.handler_configs().and_then(configs_of_sdk),
        name: namespace.name.unwrap_or_default().into(),
        code_s3_location: None,
        code_handlers: namespace.code_handlers.filter(|code| !code.is_empty()),
        tags: Tags::from_literals(tags),
    };
    Details { properties, attributes, ownership, unmanaged: vec![] }
}

/// Converts handler configurations that AWS returned to CloudFormation's `HandlerConfigs`. `None` if there are none.
fn configs_of_sdk(configs: &sdk::HandlerConfigs) -> Option<Value> {
    let config = |config: &sdk::HandlerConfig| {
        let integration = config.integration();
        let invoke = integration
            .and_then(|integration| integration.lambda_config())
            .and_then(|lambda| lambda.invoke_type());
        let mut document =
            json!({ "DataSourceName": integration.map(sdk::Integration::data_source_name) });
        if let Some(invoke) = invoke {
            document["LambdaConfig"] = json!({ "InvokeType": invoke.as_str() });
        }
        json!({ "Behavior": config.behavior().as_str(), "Integration": document })
    };
    let handlers = [("OnPublish", configs.on_publish()), ("OnSubscribe", configs.on_subscribe())];
    let map: Map<String, Value> = handlers
        .into_iter()
        .filter_map(|(name, handler)| Some((name.to_owned(), config(handler?))))
        .collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

fn configs_to_sdk(configs: &Value) -> sdk::HandlerConfigs {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let config = |config: &Value| {
        let integration = &config["Integration"];
        let invoke = integration["LambdaConfig"]["InvokeType"].as_str().map(sdk::InvokeType::from);
        let lambda = invoke.map(|invoke| sdk::LambdaConfig::builder().invoke_type(invoke).build());
        let integration = sdk::Integration::builder()
            .data_source_name(text(&integration["DataSourceName"]))
            .set_lambda_config(lambda)
            .build()
            .expect("its one required field is set");
        sdk::HandlerConfig::builder()
            .behavior(text(&config["Behavior"]).as_str().into())
            .integration(integration)
            .build()
            .expect("both required fields are set")
    };
    sdk::HandlerConfigs::builder()
        .set_on_publish(configs.get("OnPublish").map(config))
        .set_on_subscribe(configs.get("OnSubscribe").map(config))
        .build()
}

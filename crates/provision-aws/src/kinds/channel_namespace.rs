//! Channel namespaces on AWS (docs/reference/channel-namespaces.md#members).
use aws_sdk_appsync::operation::create_channel_namespace::CreateChannelNamespaceError;
use aws_sdk_appsync::operation::update_channel_namespace::UpdateChannelNamespaceError;
use aws_sdk_appsync::types as sdk;
use serde_json::{Map, Value, json};

use crate::calls::{Answer, Listed, Remote, Seek, Whole};
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
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let all = list(aws, seek).await?;
        let told = appsync_tags::told(all.iter().map(sdk::ChannelNamespace::tags));
        let listed = |it: sdk::ChannelNamespace| Listed {
            attributes: attributes(&it),
            marked: told.then(|| appsync_tags::marked(it.tags(), seek.stack)),
            name: it.name,
            properties: None,
        };
        Ok(all.into_iter().map(listed).collect())
    }
    async fn read(aws: &Aws, seek: &Seek<'_>, listed: &Attributes) -> Answer<Option<Whole<Self>>> {
        let call = aws.appsync.get_channel_namespace().api_id(seek.api_id());
        let name = listed.text("Name");
        match call.name(&name).send().await.map_err(failed("GetChannelNamespace")) {
            Ok(answer) => Ok(answer.channel_namespace.map(|it| read(it, seek))),
            Err(error) if error.class == ErrorClass::NotFound => Ok(None),
            Err(error) if is_in_list_only(error.class) => {
                let all = list(aws, seek).await?;
                let found = all.into_iter().find(|it| it.name() == Some(&name));
                Ok(found.map(|it| read(it, seek)))
            }
            Err(error) => Err(error),
        }
    }
    async fn create(self, aws: &Aws, mark: &OwnershipMarker) -> Answer<Attributes> {
        let call = aws.appsync_once.create_channel_namespace().api_id(self.api_id.expect_plain());
        let tags = mark.add_to_tags(self.tags.expect_plain());
        let call = call
            .name(self.name.expect_plain())
            .set_code_handlers(self.code_handlers)
            .set_handler_configs(self.handler_configs.as_ref().map(configs_to_sdk))
            .set_publish_auth_modes(some(all_to_sdk(&self.publish_auth_modes)))
            .set_subscribe_auth_modes(some(all_to_sdk(&self.subscribe_auth_modes)))
            .set_tags(Some(tags.into_iter().collect()));
        let made = call.send().await.map_err(|error| {
            let refusal = match error.as_service_error() {
                Some(CreateChannelNamespaceError::BadRequestException(it)) => code_errors(it),
                _ => Vec::new(),
            };
            AwsError { code_errors: refusal, ..failed("CreateChannelNamespace")(error) }
        })?;
        Ok(made.channel_namespace.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
        was: Self,
        attributes: &Attributes,
    ) -> Answer<()> {
        let tags_only = Self { tags: was.tags.clone(), ..self.clone() } == was;
        if !tags_only {
            let call = aws.appsync.update_channel_namespace().api_id(self.api_id.expect_plain());
            let call = call
                .name(self.name.expect_plain())
                .set_code_handlers(self.code_handlers)
                // Empty, not left out: that is how a namespace goes back to its API's modes and to no
                // data source under either reading of an update.
                .handler_configs(configs_to_sdk(
                    self.handler_configs.as_ref().unwrap_or(&Value::Null),
                ))
                .set_publish_auth_modes(Some(all_to_sdk(&self.publish_auth_modes)))
                .set_subscribe_auth_modes(Some(all_to_sdk(&self.subscribe_auth_modes)));
            call.send().await.map_err(|error| {
                let refusal = match error.as_service_error() {
                    Some(UpdateChannelNamespaceError::BadRequestException(it)) => code_errors(it),
                    _ => Vec::new(),
                };
                AwsError { code_errors: refusal, ..failed("UpdateChannelNamespace")(error) }
            })?;
        }
        let arn = attributes.text("ChannelNamespaceArn");
        let tagged = appsync_tags::retag(aws, &arn, mark, &was.tags, &self.tags).await;
        tagged.map_err(|error| if tags_only { error } else { error.partial() })
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> Answer<()> {
        let call = aws.appsync.delete_channel_namespace().api_id(self.api_id.expect_plain());
        let call = call.name(self.name.expect_plain());
        call.send().await.map_err(failed("DeleteChannelNamespace"))?;
        Ok(())
    }
}

async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<sdk::ChannelNamespace>> {
    let call = aws.appsync.list_channel_namespaces().api_id(seek.api_id()).max_results(25);
    let all = call.into_paginator().items().send().try_collect().await;
    all.map_err(failed("ListChannelNamespaces"))
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn attributes(it: &sdk::ChannelNamespace) -> Attributes {
    Attributes::default()
        .with("ChannelNamespaceArn", it.channel_namespace_arn())
        .with("Name", it.name())
}

fn read(it: sdk::ChannelNamespace, seek: &Seek<'_>) -> Whole<ChannelNamespace> {
    let attributes = attributes(&it);
    let (tags, marked) = parse_tags(appsync_tags::of_sdk(it.tags()), seek.stack);
    let properties = ChannelNamespace {
        api_id: seek.api_id().into(),
        publish_auth_modes: all_from_sdk(it.publish_auth_modes()),
        subscribe_auth_modes: all_from_sdk(it.subscribe_auth_modes()),
        handler_configs: it.handler_configs().and_then(configs_of_sdk),
        name: it.name.unwrap_or_default().into(),
        code_s3_location: None,
        code_handlers: it.code_handlers.filter(|code| !code.is_empty()),
        tags: Tags::of_plain(tags),
    };
    Whole { properties, attributes, marked, strangers: vec![] }
}

/// CloudFormation's `HandlerConfigs`, as far as AppSync has any.
fn configs_of_sdk(configs: &sdk::HandlerConfigs) -> Option<Value> {
    let config = |config: &sdk::HandlerConfig| {
        let integration = config.integration();
        let invoke = integration.and_then(|it| it.lambda_config()).and_then(|it| it.invoke_type());
        let mut written =
            json!({ "DataSourceName": integration.map(sdk::Integration::data_source_name) });
        if let Some(invoke) = invoke {
            written["LambdaConfig"] = json!({ "InvokeType": invoke.as_str() });
        }
        json!({ "Behavior": config.behavior().as_str(), "Integration": written })
    };
    let handlers = [("OnPublish", configs.on_publish()), ("OnSubscribe", configs.on_subscribe())];
    let map: Map<String, Value> = handlers
        .into_iter()
        .filter_map(|(name, it)| Some((name.to_owned(), config(it?))))
        .collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

fn configs_to_sdk(configs: &Value) -> sdk::HandlerConfigs {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let config = |config: &Value| {
        let from = &config["Integration"];
        let invoke = from["LambdaConfig"]["InvokeType"].as_str().map(sdk::InvokeType::from);
        let lambda = invoke.map(|it| sdk::LambdaConfig::builder().invoke_type(it).build());
        let integration = sdk::Integration::builder()
            .data_source_name(text(&from["DataSourceName"]))
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

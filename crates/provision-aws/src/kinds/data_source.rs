//! Calls for data sources (docs/reference/data-sources.md#members).
//!
//! AppSync cannot tag a data source: its description contains the ownership marker.
mod configs;

use aws_sdk_appsync::types as sdk;

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::failed;
use crate::kinds::data_source::configs::{non_empty, optional_literal};
use crate::kinds::sdk::SdkShape;
use provision_core::kinds::data_source::Metrics;
use provision_core::kinds::data_source::properties::{
    DataSource, DynamoDbConfig, EventBridgeConfig, HttpConfig, LambdaConfig, OpenSearchConfig,
    RelationalDatabaseConfig,
};
use provision_core::model::Attributes;
use provision_core::ownership::{OwnershipMarker, parse_description};
use provision_core::text::Text;

/// Sets the members that a create and an update have in common.
macro_rules! with_members {
    ($call:expr, $source:expr) => {
        $call
            .set_name($source.name)
            .set_type($source.r#type)
            .set_description($source.description)
            .set_service_role_arn($source.service_role_arn)
            .set_lambda_config($source.lambda_config)
            .set_dynamodb_config($source.dynamodb_config)
            .set_event_bridge_config($source.event_bridge_config)
            .set_http_config($source.http_config)
            .set_open_search_service_config($source.open_search_service_config)
            .set_relational_database_config($source.relational_database_config)
            .set_metrics_config($source.metrics_config)
    };
}

impl Remote for DataSource {
    async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let call = aws.appsync.list_data_sources().api_id(query.api_id()).max_results(25);
        let sources = call.into_paginator().items().send().try_collect().await;
        let entry = |source: sdk::DataSource| {
            let described = source.description.as_deref().unwrap_or_default();
            let (description, ownership) = parse_description(described, query.stack);
            ListEntry {
                attributes: attributes(&source),
                properties: Some(from_sdk(&source, query.api_id(), description)),
                name: source.name,
                ownership: Some(ownership),
            }
        };
        Ok(sources.map_err(failed("ListDataSources"))?.into_iter().map(entry).collect())
    }
    /// Never needed: the list omits nothing.
    async fn read(_: &Aws, _: &Query<'_>, _: &Attributes) -> AwsResult<Option<Details<Self>>> {
        Ok(None)
    }
    async fn create(self, aws: &Aws, marker: &OwnershipMarker) -> AwsResult<Attributes> {
        let source = to_sdk(&self, marker);
        let call = aws.appsync_once.create_data_source().api_id(self.api_id.expect_literal());
        let created =
            with_members!(call, source).send().await.map_err(failed("CreateDataSource"))?;
        Ok(created.data_source.as_ref().map(attributes).unwrap_or_default())
    }
    /// AppSync clears the members that an update omits (docs/reference/control-plane.md#omitted-members).
    async fn update(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
        _: Self,
        _: &Attributes,
    ) -> AwsResult<()> {
        let source = to_sdk(&self, marker);
        let call = aws.appsync.update_data_source().api_id(self.api_id.expect_literal());
        with_members!(call, source).send().await.map_err(failed("UpdateDataSource"))?;
        Ok(())
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> AwsResult<()> {
        let call = aws.appsync.delete_data_source().api_id(self.api_id.expect_literal());
        let call = call.name(self.name.expect_literal());
        call.send().await.map_err(failed("DeleteDataSource"))?;
        Ok(())
    }
}

fn attributes(source: &sdk::DataSource) -> Attributes {
    Attributes::default()
        .with("DataSourceArn", source.data_source_arn())
        .with("Name", source.name())
}

fn to_sdk(source: &DataSource, marker: &OwnershipMarker) -> sdk::DataSource {
    let description = source.description.as_ref().map_or("", Text::expect_literal);
    let metrics = source.metrics_config.map(|metrics| match metrics {
        Metrics::Enabled => sdk::DataSourceLevelMetricsConfig::Enabled,
        Metrics::Disabled => sdk::DataSourceLevelMetricsConfig::Disabled,
    });
    sdk::DataSource::builder()
        .name(source.name.expect_literal())
        .r#type(source.r#type.as_str().into())
        .description(marker.add_to_description(description))
        .set_service_role_arn(optional_literal(source.service_role_arn.as_ref()))
        .set_lambda_config(source.lambda_config.as_ref().map(LambdaConfig::to_sdk))
        .set_dynamodb_config(source.dynamodb_config.as_ref().map(DynamoDbConfig::to_sdk))
        .set_event_bridge_config(source.event_bridge_config.as_ref().map(EventBridgeConfig::to_sdk))
        .set_http_config(source.http_config.as_ref().map(HttpConfig::to_sdk))
        .set_open_search_service_config(
            source.open_search_service_config.as_ref().map(OpenSearchConfig::to_sdk),
        )
        .set_relational_database_config(
            source.relational_database_config.as_ref().map(RelationalDatabaseConfig::to_sdk),
        )
        .set_metrics_config(metrics)
        .build()
}

fn from_sdk(source: &sdk::DataSource, api_id: &str, description: String) -> DataSource {
    // AppSync may omit the value for disabled metrics.
    let has_metrics = source.metrics_config() == Some(&sdk::DataSourceLevelMetricsConfig::Enabled);
    DataSource {
        api_id: api_id.into(),
        name: source.name().unwrap_or_default().into(),
        r#type: source.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        description: non_empty(Some(&description)),
        service_role_arn: non_empty(source.service_role_arn()),
        lambda_config: source.lambda_config().map(LambdaConfig::from_sdk),
        dynamodb_config: source.dynamodb_config().map(DynamoDbConfig::from_sdk),
        event_bridge_config: source.event_bridge_config().map(EventBridgeConfig::from_sdk),
        http_config: source.http_config().map(HttpConfig::from_sdk),
        open_search_service_config: source
            .open_search_service_config()
            .map(OpenSearchConfig::from_sdk),
        relational_database_config: source
            .relational_database_config()
            .map(RelationalDatabaseConfig::from_sdk),
        metrics_config: Some(if has_metrics { Metrics::Enabled } else { Metrics::Disabled }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::{Value, json};

    use super::*;
    use provision_core::address::Address;
    use provision_core::model::Properties;

    /// Every type of data source, with and without its optional properties.
    fn documents() -> impl Strategy<Value = Value> {
        let arn = "arn:aws:x:eu-west-1:123456789012:thing/a";
        let configs = vec![
            json!({ "Type": "AWS_LAMBDA", "LambdaConfig": { "LambdaFunctionArn": arn } }),
            json!({ "Type": "AMAZON_DYNAMODB", "DynamoDBConfig": {
                "TableName": "t", "AwsRegion": "eu-west-1", "UseCallerCredentials": true, "Versioned": false,
            } }),
            json!({ "Type": "AMAZON_DYNAMODB", "DynamoDBConfig": {
                "TableName": "t", "AwsRegion": "eu-west-1", "UseCallerCredentials": false, "Versioned": true,
                "DeltaSyncConfig":
                    { "BaseTableTTL": "43200", "DeltaSyncTableName": "d", "DeltaSyncTableTTL": "90" },
            } }),
            json!({ "Type": "AMAZON_EVENTBRIDGE", "EventBridgeConfig": { "EventBusArn": arn } }),
            json!({ "Type": "HTTP", "HttpConfig": { "Endpoint": "https://a.example.com" } }),
            json!({ "Type": "HTTP", "HttpConfig": {
                "Endpoint": "https://a.example.com",
                "AuthorizationConfig": { "AuthorizationType": "AWS_IAM", "AwsIamConfig":
                    { "SigningRegion": "eu-west-1", "SigningServiceName": "states" } },
            } }),
            json!({ "Type": "AMAZON_OPENSEARCH_SERVICE",
                "OpenSearchServiceConfig": { "Endpoint": "https://s", "AwsRegion": "eu-west-1" } }),
            json!({ "Type": "RELATIONAL_DATABASE", "RelationalDatabaseConfig": {
                "RelationalDatabaseSourceType": "RDS_HTTP_ENDPOINT",
                "RdsHttpEndpointConfig": { "AwsRegion": "eu-west-1", "DbClusterIdentifier": arn,
                    "DatabaseName": "d", "Schema": "public", "AwsSecretStoreArn": arn },
            } }),
            json!({ "Type": "AMAZON_BEDROCK_RUNTIME" }),
        ];
        let role = proptest::option::of(Just(arn));
        let metrics = select(vec!["ENABLED", "DISABLED"]);
        (select(configs), proptest::option::of("[a-z]{1,6}"), role, metrics).prop_map(
            |(mut source, description, role, metrics)| {
                source["ApiId"] = json!("id");
                source["Name"] = json!("n");
                source["Description"] = json!(description);
                source["ServiceRoleArn"] = json!(role);
                source["MetricsConfig"] = json!(metrics);
                source
            },
        )
    }

    fn marker() -> OwnershipMarker {
        let address = Address::top_level("apis", "a").child("dataSources", "n");
        OwnershipMarker {
            stack: "s".into(),
            address,
            digest: "1a".into(),
            previous_digest: None,
            run_id: None,
        }
    }

    proptest! {
        #[test]
        fn sdk_values_convert_back_to_the_same_properties(document in documents()) {
            let properties = Properties::from_typed(&document);
            let sent = to_sdk(&properties.to_typed::<DataSource>(), &marker());
            let (description, _) = parse_description(sent.description().unwrap(), "s");
            let read = from_sdk(&sent, "id", description);
            prop_assert_eq!(Properties::from_typed(&read), properties);
        }
    }

    #[test]
    fn defaults_of_aws_are_not_differences_but_changed_settings_are() {
        let typed = |more: Value, metrics: Value| -> DataSource {
            let mut config = json!({ "TableName": "t", "AwsRegion": "eu-west-1" });
            config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let source = json!({ "ApiId": "id", "Name": "n", "Type": "AMAZON_DYNAMODB",
                "DynamoDBConfig": config, "MetricsConfig": metrics });
            Properties::from_typed(&source).to_typed()
        };
        let bare = typed(json!({}), Value::Null);
        let off = json!({ "UseCallerCredentials": false, "Versioned": false });
        let live = typed(off, json!("DISABLED"));
        assert_eq!(bare.clone().with_live_defaults(&live), live);
        let on = json!({ "UseCallerCredentials": true, "Versioned": true });
        assert_eq!(bare.clone().with_live_defaults(&typed(on, json!("ENABLED"))), bare);
    }
}

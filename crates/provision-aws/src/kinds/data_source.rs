//! Calls for data sources (docs/reference/data-sources.md#members).
//!
//! AppSync cannot tag a data source: its description contains the ownership marker.
use aws_sdk_appsync::types as sdk;
use provision_core::kinds::data_source::Metrics;
use provision_core::kinds::data_source::properties::{
    AuthorizationConfig, AwsIamConfig, DataSource, DeltaSyncConfig, DynamoDbConfig,
    EventBridgeConfig, HttpConfig, LambdaConfig, OpenSearchConfig, RdsHttpEndpointConfig,
    RelationalDatabaseConfig,
};
use provision_core::model::Attributes;
use provision_core::ownership::{OwnershipMarker, parse_description};
use provision_core::text::Text;

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::failed;
use crate::kinds::sdk::SdkShape;

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

fn literal(text: &Text) -> String {
    text.expect_literal().to_owned()
}

pub fn optional_literal(text: Option<&Text>) -> Option<String> {
    text.map(literal)
}

pub fn non_empty(text: Option<&str>) -> Option<Text> {
    text.filter(|text| !text.is_empty()).map(Text::from)
}

const ALL_SET: &str = "all required fields are set";

impl SdkShape for LambdaConfig {
    type Sdk = sdk::LambdaDataSourceConfig;
    fn to_sdk(&self) -> sdk::LambdaDataSourceConfig {
        let function = literal(&self.lambda_function_arn);
        let config = sdk::LambdaDataSourceConfig::builder().lambda_function_arn(function);
        config.build().expect(ALL_SET)
    }
    fn from_sdk(config: &sdk::LambdaDataSourceConfig) -> Self {
        Self { lambda_function_arn: config.lambda_function_arn().into() }
    }
}

impl SdkShape for DynamoDbConfig {
    type Sdk = sdk::DynamodbDataSourceConfig;
    fn to_sdk(&self) -> sdk::DynamodbDataSourceConfig {
        sdk::DynamodbDataSourceConfig::builder()
            .table_name(literal(&self.table_name))
            .aws_region(literal(&self.aws_region))
            .set_use_caller_credentials(self.use_caller_credentials)
            .set_versioned(self.versioned)
            .set_delta_sync_config(self.delta_sync_config.as_ref().map(delta_sync_to_sdk))
            .build()
            .expect(ALL_SET)
    }
    fn from_sdk(config: &sdk::DynamodbDataSourceConfig) -> Self {
        Self {
            table_name: config.table_name().into(),
            aws_region: config.aws_region().into(),
            use_caller_credentials: Some(config.use_caller_credentials()),
            versioned: Some(config.versioned()),
            delta_sync_config: config.delta_sync_config().and_then(delta_sync_from_sdk),
        }
    }
}

/// The SDK represents minutes as numbers, CloudFormation as text.
fn delta_sync_to_sdk(config: &DeltaSyncConfig) -> sdk::DeltaSyncConfig {
    let minutes = |text: &str| text.parse::<i64>().unwrap_or_default();
    sdk::DeltaSyncConfig::builder()
        .base_table_ttl(minutes(&config.base_table_ttl))
        .delta_sync_table_name(literal(&config.delta_sync_table_name))
        .delta_sync_table_ttl(minutes(&config.delta_sync_table_ttl))
        .build()
}

/// Returns `None` if no table is set.
fn delta_sync_from_sdk(returned: &sdk::DeltaSyncConfig) -> Option<DeltaSyncConfig> {
    Some(DeltaSyncConfig {
        base_table_ttl: returned.base_table_ttl().to_string(),
        delta_sync_table_name: non_empty(returned.delta_sync_table_name())?,
        delta_sync_table_ttl: returned.delta_sync_table_ttl().to_string(),
    })
}

impl SdkShape for EventBridgeConfig {
    type Sdk = sdk::EventBridgeDataSourceConfig;
    fn to_sdk(&self) -> sdk::EventBridgeDataSourceConfig {
        let config = sdk::EventBridgeDataSourceConfig::builder();
        config.event_bus_arn(literal(&self.event_bus_arn)).build().expect(ALL_SET)
    }
    fn from_sdk(config: &sdk::EventBridgeDataSourceConfig) -> Self {
        Self { event_bus_arn: config.event_bus_arn().into() }
    }
}

impl SdkShape for HttpConfig {
    type Sdk = sdk::HttpDataSourceConfig;
    fn to_sdk(&self) -> sdk::HttpDataSourceConfig {
        let authorization = self.authorization_config.as_ref().map(AuthorizationConfig::to_sdk);
        sdk::HttpDataSourceConfig::builder()
            .endpoint(literal(&self.endpoint))
            .set_authorization_config(authorization)
            .build()
    }
    fn from_sdk(config: &sdk::HttpDataSourceConfig) -> Self {
        Self {
            endpoint: config.endpoint().unwrap_or_default().into(),
            authorization_config: config.authorization_config().map(AuthorizationConfig::from_sdk),
        }
    }
}

impl SdkShape for AuthorizationConfig {
    type Sdk = sdk::AuthorizationConfig;
    fn to_sdk(&self) -> sdk::AuthorizationConfig {
        let iam = self.aws_iam_config.as_ref().map(|iam| {
            sdk::AwsIamConfig::builder()
                .set_signing_region(optional_literal(iam.signing_region.as_ref()))
                .set_signing_service_name(optional_literal(iam.signing_service_name.as_ref()))
                .build()
        });
        sdk::AuthorizationConfig::builder()
            .authorization_type(self.authorization_type.as_str().into())
            .set_aws_iam_config(iam)
            .build()
            .expect(ALL_SET)
    }
    fn from_sdk(config: &sdk::AuthorizationConfig) -> Self {
        Self {
            authorization_type: config.authorization_type().as_str().to_owned(),
            aws_iam_config: config.aws_iam_config().map(|iam| AwsIamConfig {
                signing_region: non_empty(iam.signing_region()),
                signing_service_name: non_empty(iam.signing_service_name()),
            }),
        }
    }
}

impl SdkShape for OpenSearchConfig {
    type Sdk = sdk::OpenSearchServiceDataSourceConfig;
    fn to_sdk(&self) -> sdk::OpenSearchServiceDataSourceConfig {
        sdk::OpenSearchServiceDataSourceConfig::builder()
            .endpoint(literal(&self.endpoint))
            .aws_region(literal(&self.aws_region))
            .build()
            .expect(ALL_SET)
    }
    fn from_sdk(config: &sdk::OpenSearchServiceDataSourceConfig) -> Self {
        Self { endpoint: config.endpoint().into(), aws_region: config.aws_region().into() }
    }
}

impl SdkShape for RelationalDatabaseConfig {
    type Sdk = sdk::RelationalDatabaseDataSourceConfig;
    fn to_sdk(&self) -> sdk::RelationalDatabaseDataSourceConfig {
        let endpoint = self.rds_http_endpoint_config.as_ref().map(RdsHttpEndpointConfig::to_sdk);
        sdk::RelationalDatabaseDataSourceConfig::builder()
            .relational_database_source_type(self.relational_database_source_type.as_str().into())
            .set_rds_http_endpoint_config(endpoint)
            .build()
    }
    fn from_sdk(config: &sdk::RelationalDatabaseDataSourceConfig) -> Self {
        let kind = config.relational_database_source_type();
        Self {
            relational_database_source_type: kind
                .map(|kind| kind.as_str().to_owned())
                .unwrap_or_default(),
            rds_http_endpoint_config: config
                .rds_http_endpoint_config()
                .map(RdsHttpEndpointConfig::from_sdk),
        }
    }
}

impl SdkShape for RdsHttpEndpointConfig {
    type Sdk = sdk::RdsHttpEndpointConfig;
    fn to_sdk(&self) -> sdk::RdsHttpEndpointConfig {
        sdk::RdsHttpEndpointConfig::builder()
            .aws_region(literal(&self.aws_region))
            .db_cluster_identifier(literal(&self.db_cluster_identifier))
            .set_database_name(optional_literal(self.database_name.as_ref()))
            .set_schema(optional_literal(self.schema.as_ref()))
            .aws_secret_store_arn(literal(&self.aws_secret_store_arn))
            .build()
    }
    fn from_sdk(config: &sdk::RdsHttpEndpointConfig) -> Self {
        Self {
            aws_region: config.aws_region().unwrap_or_default().into(),
            db_cluster_identifier: config.db_cluster_identifier().unwrap_or_default().into(),
            database_name: non_empty(config.database_name()),
            schema: non_empty(config.schema()),
            aws_secret_store_arn: config.aws_secret_store_arn().unwrap_or_default().into(),
        }
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

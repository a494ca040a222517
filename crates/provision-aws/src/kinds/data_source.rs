//! Data sources on AWS (docs/reference/data-sources.md#members). They take no tags: the description
//! carries the mark.
use aws_sdk_appsync::types as sdk;

use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::client::Aws;
use crate::error::failed;
use crate::kinds::sdk::SdkShape;
use provision_core::kinds::data_source::Metrics;
use provision_core::kinds::data_source::properties::{
    AuthorizationConfig, AwsIamConfig, DataSource, DeltaSyncConfig, DynamoDbConfig,
    EventBridgeConfig, HttpConfig, LambdaConfig, OpenSearchConfig, RdsHttpEndpointConfig,
    RelationalDatabaseConfig,
};
use provision_core::model::Attributes;
use provision_core::ownership::{OwnershipMarker, parse_description};
use provision_core::text::Text;

/// All that a create and an update say alike.
macro_rules! whole {
    ($call:expr, $it:expr) => {
        $call
            .set_name($it.name)
            .set_type($it.r#type)
            .set_description($it.description)
            .set_service_role_arn($it.service_role_arn)
            .set_lambda_config($it.lambda_config)
            .set_dynamodb_config($it.dynamodb_config)
            .set_event_bridge_config($it.event_bridge_config)
            .set_http_config($it.http_config)
            .set_open_search_service_config($it.open_search_service_config)
            .set_relational_database_config($it.relational_database_config)
            .set_metrics_config($it.metrics_config)
    };
}

impl Remote for DataSource {
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let call = aws.appsync.list_data_sources().api_id(seek.api_id()).max_results(25);
        let sources = call.into_paginator().items().send().try_collect().await;
        let listed = |source: sdk::DataSource| {
            let described = source.description.as_deref().unwrap_or_default();
            let (description, marked) = parse_description(described, seek.stack);
            Listed {
                attributes: attributes(&source),
                properties: Some(from_sdk(&source, seek.api_id(), description)),
                name: source.name,
                marked: Some(marked),
            }
        };
        Ok(sources.map_err(failed("ListDataSources"))?.into_iter().map(listed).collect())
    }
    /// The list is whole.
    async fn read(_: &Aws, _: &Seek<'_>, _: &Attributes) -> Answer<Option<Whole<Self>>> {
        Ok(None)
    }
    async fn create(self, aws: &Aws, mark: &OwnershipMarker) -> Answer<Attributes> {
        let it = to_sdk(&self, mark);
        let call = aws.appsync_once.create_data_source().api_id(self.api_id.expect_plain());
        let made = whole!(call, it).send().await.map_err(failed("CreateDataSource"))?;
        Ok(made.data_source.as_ref().map(attributes).unwrap_or_default())
    }
    /// What an update leaves out is cleared (docs/reference/control-plane.md#omitted-members).
    async fn update(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
        _: Self,
        _: &Attributes,
    ) -> Answer<()> {
        let it = to_sdk(&self, mark);
        let call = aws.appsync.update_data_source().api_id(self.api_id.expect_plain());
        whole!(call, it).send().await.map_err(failed("UpdateDataSource"))?;
        Ok(())
    }
    async fn delete(self, aws: &Aws, _: &Attributes) -> Answer<()> {
        let call = aws.appsync.delete_data_source().api_id(self.api_id.expect_plain());
        let call = call.name(self.name.expect_plain());
        call.send().await.map_err(failed("DeleteDataSource"))?;
        Ok(())
    }
}

fn attributes(it: &sdk::DataSource) -> Attributes {
    Attributes::default().with("DataSourceArn", it.data_source_arn()).with("Name", it.name())
}

fn plain(text: &Text) -> String {
    text.expect_plain().to_owned()
}

fn plain_if(text: Option<&Text>) -> Option<String> {
    text.map(plain)
}

/// A text that says something.
fn said(text: Option<&str>) -> Option<Text> {
    text.filter(|it| !it.is_empty()).map(Text::from)
}

fn to_sdk(of: &DataSource, mark: &OwnershipMarker) -> sdk::DataSource {
    let description = of.description.as_ref().map_or("", Text::expect_plain);
    let metrics = of.metrics_config.map(|it| match it {
        Metrics::Enabled => sdk::DataSourceLevelMetricsConfig::Enabled,
        Metrics::Disabled => sdk::DataSourceLevelMetricsConfig::Disabled,
    });
    sdk::DataSource::builder()
        .name(of.name.expect_plain())
        .r#type(of.r#type.as_str().into())
        .description(mark.add_to_description(description))
        .set_service_role_arn(plain_if(of.service_role_arn.as_ref()))
        .set_lambda_config(of.lambda_config.as_ref().map(LambdaConfig::to_sdk))
        .set_dynamodb_config(of.dynamodb_config.as_ref().map(DynamoDbConfig::to_sdk))
        .set_event_bridge_config(of.event_bridge_config.as_ref().map(EventBridgeConfig::to_sdk))
        .set_http_config(of.http_config.as_ref().map(HttpConfig::to_sdk))
        .set_open_search_service_config(
            of.open_search_service_config.as_ref().map(OpenSearchConfig::to_sdk),
        )
        .set_relational_database_config(
            of.relational_database_config.as_ref().map(RelationalDatabaseConfig::to_sdk),
        )
        .set_metrics_config(metrics)
        .build()
}

fn from_sdk(it: &sdk::DataSource, api_id: &str, description: String) -> DataSource {
    // What AppSync does not count, it may say or not.
    let counted = it.metrics_config() == Some(&sdk::DataSourceLevelMetricsConfig::Enabled);
    DataSource {
        api_id: api_id.into(),
        name: it.name().unwrap_or_default().into(),
        r#type: it.r#type().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        description: said(Some(&description)),
        service_role_arn: said(it.service_role_arn()),
        lambda_config: it.lambda_config().map(LambdaConfig::from_sdk),
        dynamodb_config: it.dynamodb_config().map(DynamoDbConfig::from_sdk),
        event_bridge_config: it.event_bridge_config().map(EventBridgeConfig::from_sdk),
        http_config: it.http_config().map(HttpConfig::from_sdk),
        open_search_service_config: it.open_search_service_config().map(OpenSearchConfig::from_sdk),
        relational_database_config: it
            .relational_database_config()
            .map(RelationalDatabaseConfig::from_sdk),
        metrics_config: Some(if counted { Metrics::Enabled } else { Metrics::Disabled }),
    }
}

const ALL_SET: &str = "all required fields are set";

impl SdkShape for LambdaConfig {
    type Sdk = sdk::LambdaDataSourceConfig;
    fn to_sdk(&self) -> sdk::LambdaDataSourceConfig {
        let function = plain(&self.lambda_function_arn);
        let config = sdk::LambdaDataSourceConfig::builder().lambda_function_arn(function);
        config.build().expect(ALL_SET)
    }
    fn from_sdk(it: &sdk::LambdaDataSourceConfig) -> Self {
        Self { lambda_function_arn: it.lambda_function_arn().into() }
    }
}

impl SdkShape for DynamoDbConfig {
    type Sdk = sdk::DynamodbDataSourceConfig;
    fn to_sdk(&self) -> sdk::DynamodbDataSourceConfig {
        sdk::DynamodbDataSourceConfig::builder()
            .table_name(plain(&self.table_name))
            .aws_region(plain(&self.aws_region))
            .set_use_caller_credentials(self.use_caller_credentials)
            .set_versioned(self.versioned)
            .set_delta_sync_config(self.delta_sync_config.as_ref().map(delta_sync_to_sdk))
            .build()
            .expect(ALL_SET)
    }
    fn from_sdk(it: &sdk::DynamodbDataSourceConfig) -> Self {
        Self {
            table_name: it.table_name().into(),
            aws_region: it.aws_region().into(),
            use_caller_credentials: Some(it.use_caller_credentials()),
            versioned: Some(it.versioned()),
            delta_sync_config: it.delta_sync_config().and_then(delta_sync_from_sdk),
        }
    }
}

/// The SDK has the minutes as numbers, CloudFormation as texts.
fn delta_sync_to_sdk(config: &DeltaSyncConfig) -> sdk::DeltaSyncConfig {
    let minutes = |text: &str| text.parse::<i64>().unwrap_or_default();
    sdk::DeltaSyncConfig::builder()
        .base_table_ttl(minutes(&config.base_table_ttl))
        .delta_sync_table_name(plain(&config.delta_sync_table_name))
        .delta_sync_table_ttl(minutes(&config.delta_sync_table_ttl))
        .build()
}

/// Without a table there is none.
fn delta_sync_from_sdk(returned: &sdk::DeltaSyncConfig) -> Option<DeltaSyncConfig> {
    Some(DeltaSyncConfig {
        base_table_ttl: returned.base_table_ttl().to_string(),
        delta_sync_table_name: said(returned.delta_sync_table_name())?,
        delta_sync_table_ttl: returned.delta_sync_table_ttl().to_string(),
    })
}

impl SdkShape for EventBridgeConfig {
    type Sdk = sdk::EventBridgeDataSourceConfig;
    fn to_sdk(&self) -> sdk::EventBridgeDataSourceConfig {
        let config = sdk::EventBridgeDataSourceConfig::builder();
        config.event_bus_arn(plain(&self.event_bus_arn)).build().expect(ALL_SET)
    }
    fn from_sdk(it: &sdk::EventBridgeDataSourceConfig) -> Self {
        Self { event_bus_arn: it.event_bus_arn().into() }
    }
}

impl SdkShape for HttpConfig {
    type Sdk = sdk::HttpDataSourceConfig;
    fn to_sdk(&self) -> sdk::HttpDataSourceConfig {
        let authorization = self.authorization_config.as_ref().map(AuthorizationConfig::to_sdk);
        sdk::HttpDataSourceConfig::builder()
            .endpoint(plain(&self.endpoint))
            .set_authorization_config(authorization)
            .build()
    }
    fn from_sdk(it: &sdk::HttpDataSourceConfig) -> Self {
        Self {
            endpoint: it.endpoint().unwrap_or_default().into(),
            authorization_config: it.authorization_config().map(AuthorizationConfig::from_sdk),
        }
    }
}

impl SdkShape for AuthorizationConfig {
    type Sdk = sdk::AuthorizationConfig;
    fn to_sdk(&self) -> sdk::AuthorizationConfig {
        let iam = self.aws_iam_config.as_ref().map(|it| {
            sdk::AwsIamConfig::builder()
                .set_signing_region(plain_if(it.signing_region.as_ref()))
                .set_signing_service_name(plain_if(it.signing_service_name.as_ref()))
                .build()
        });
        sdk::AuthorizationConfig::builder()
            .authorization_type(self.authorization_type.as_str().into())
            .set_aws_iam_config(iam)
            .build()
            .expect(ALL_SET)
    }
    fn from_sdk(it: &sdk::AuthorizationConfig) -> Self {
        Self {
            authorization_type: it.authorization_type().as_str().to_owned(),
            aws_iam_config: it.aws_iam_config().map(|it| AwsIamConfig {
                signing_region: said(it.signing_region()),
                signing_service_name: said(it.signing_service_name()),
            }),
        }
    }
}

impl SdkShape for OpenSearchConfig {
    type Sdk = sdk::OpenSearchServiceDataSourceConfig;
    fn to_sdk(&self) -> sdk::OpenSearchServiceDataSourceConfig {
        sdk::OpenSearchServiceDataSourceConfig::builder()
            .endpoint(plain(&self.endpoint))
            .aws_region(plain(&self.aws_region))
            .build()
            .expect(ALL_SET)
    }
    fn from_sdk(it: &sdk::OpenSearchServiceDataSourceConfig) -> Self {
        Self { endpoint: it.endpoint().into(), aws_region: it.aws_region().into() }
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
    fn from_sdk(it: &sdk::RelationalDatabaseDataSourceConfig) -> Self {
        let kind = it.relational_database_source_type();
        Self {
            relational_database_source_type: kind
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            rds_http_endpoint_config: it
                .rds_http_endpoint_config()
                .map(RdsHttpEndpointConfig::from_sdk),
        }
    }
}

impl SdkShape for RdsHttpEndpointConfig {
    type Sdk = sdk::RdsHttpEndpointConfig;
    fn to_sdk(&self) -> sdk::RdsHttpEndpointConfig {
        sdk::RdsHttpEndpointConfig::builder()
            .aws_region(plain(&self.aws_region))
            .db_cluster_identifier(plain(&self.db_cluster_identifier))
            .set_database_name(plain_if(self.database_name.as_ref()))
            .set_schema(plain_if(self.schema.as_ref()))
            .aws_secret_store_arn(plain(&self.aws_secret_store_arn))
            .build()
    }
    fn from_sdk(it: &sdk::RdsHttpEndpointConfig) -> Self {
        Self {
            aws_region: it.aws_region().unwrap_or_default().into(),
            db_cluster_identifier: it.db_cluster_identifier().unwrap_or_default().into(),
            database_name: said(it.database_name()),
            schema: said(it.schema()),
            aws_secret_store_arn: it.aws_secret_store_arn().unwrap_or_default().into(),
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

    /// Every type, with whatever may be left out there or not.
    fn written() -> impl Strategy<Value = Value> {
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
            json!({ "Type": "HTTP", "HttpConfig": { "AwsEndpoint": "https://a.example.com" } }),
            json!({ "Type": "HTTP", "HttpConfig": {
                "AwsEndpoint": "https://a.example.com",
                "AuthorizationConfig": { "AuthorizationType": "AWS_IAM", "AwsIamConfig":
                    { "SigningRegion": "eu-west-1", "SigningServiceName": "states" } },
            } }),
            json!({ "Type": "AMAZON_OPENSEARCH_SERVICE",
                "OpenSearchServiceConfig": { "AwsEndpoint": "https://s", "AwsRegion": "eu-west-1" } }),
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

    fn mark() -> OwnershipMarker {
        let address = Address::top("apis", "a").child("dataSources", "n");
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
        fn what_is_sent_reads_back_as_cloudformation_writes_it(written in written()) {
            let properties = Properties::of(&written);
            let sent = to_sdk(&properties.typed::<DataSource>(), &mark());
            let (description, _) = parse_description(sent.description().unwrap(), "s");
            let read = from_sdk(&sent, "id", description);
            prop_assert_eq!(Properties::of(&read), properties);
        }
    }

    #[test]
    fn what_aws_fills_in_is_no_difference_and_what_others_switch_on_is() {
        let typed = |more: Value, metrics: Value| -> DataSource {
            let mut config = json!({ "TableName": "t", "AwsRegion": "eu-west-1" });
            config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let source = json!({ "ApiId": "id", "Name": "n", "Type": "AMAZON_DYNAMODB",
                "DynamoDBConfig": config, "MetricsConfig": metrics });
            Properties::of(&source).typed()
        };
        let bare = typed(json!({}), Value::Null);
        let off = json!({ "UseCallerCredentials": false, "Versioned": false });
        let live = typed(off, json!("DISABLED"));
        assert_eq!(bare.clone().filled_like(&live), live);
        let on = json!({ "UseCallerCredentials": true, "Versioned": true });
        assert_eq!(bare.clone().filled_like(&typed(on, json!("ENABLED"))), bare);
    }
}

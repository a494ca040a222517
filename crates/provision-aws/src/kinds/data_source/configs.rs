//! Converts the configuration of each type of data source between CloudFormation's shape and the SDK's.
use aws_sdk_appsync::types as sdk;

use crate::kinds::sdk::SdkShape;
use provision_core::kinds::data_source::properties::{
    AuthorizationConfig, AwsIamConfig, DeltaSyncConfig, DynamoDbConfig, EventBridgeConfig,
    HttpConfig, LambdaConfig, OpenSearchConfig, RdsHttpEndpointConfig, RelationalDatabaseConfig,
};
use provision_core::text::Text;

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

//! A data source as CloudFormation writes it, and the way there and back.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kinds::data_source::{
    BedrockSource, DataSourceDeclaration, DeltaSync, DynamoDbSource, EventBridgeSource, HttpSource,
    LambdaSource, Metrics, OpenSearchSource, RdsSource, Signing,
};
use crate::kinds::period::Period;
use crate::text::Text;

/// A data source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DataSource {
    api_id: Text,
    name: Text,
    r#type: String,
    description: Option<Text>,
    service_role_arn: Option<Text>,
    lambda_config: Option<LambdaConfig>,
    #[serde(rename = "DynamoDBConfig")]
    dynamodb_config: Option<DynamoDbConfig>,
    event_bridge_config: Option<EventBridgeConfig>,
    http_config: Option<HttpConfig>,
    open_search_service_config: Option<OpenSearchConfig>,
    relational_database_config: Option<RelationalDatabaseConfig>,
    metrics_config: Option<Metrics>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct LambdaConfig {
    lambda_function_arn: Text,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct DynamoDbConfig {
    table_name: Text,
    aws_region: Text,
    use_caller_credentials: Option<bool>,
    versioned: Option<bool>,
    delta_sync_config: Option<DeltaSyncConfig>,
}

/// CloudFormation has the minutes as texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct DeltaSyncConfig {
    #[serde(rename = "BaseTableTTL")]
    base_table_ttl: String,
    delta_sync_table_name: Text,
    #[serde(rename = "DeltaSyncTableTTL")]
    delta_sync_table_ttl: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct EventBridgeConfig {
    event_bus_arn: Text,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct HttpConfig {
    endpoint: Text,
    authorization_config: Option<AuthorizationConfig>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct AuthorizationConfig {
    authorization_type: String,
    aws_iam_config: Option<AwsIamConfig>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct AwsIamConfig {
    signing_region: Option<Text>,
    signing_service_name: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct OpenSearchConfig {
    endpoint: Text,
    aws_region: Text,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct RelationalDatabaseConfig {
    relational_database_source_type: String,
    rds_http_endpoint_config: Option<RdsHttpEndpointConfig>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct RdsHttpEndpointConfig {
    aws_region: Text,
    db_cluster_identifier: Text,
    database_name: Option<Text>,
    schema: Option<Text>,
    aws_secret_store_arn: Text,
}

impl DataSource {
    /// The data source that is declared under `key`; `None` if it does not say what it is.
    pub fn of(declared: &DataSourceDeclaration, api_id: Text, key: &str) -> Option<Self> {
        Some(Self {
            api_id,
            name: declared.name.clone().unwrap_or_else(|| key.into()),
            r#type: type_of(declared)?.to_owned(),
            description: declared.description.clone(),
            service_role_arn: declared.service_role.clone(),
            lambda_config: declared
                .lambda
                .as_ref()
                .map(|it| LambdaConfig { lambda_function_arn: it.function.clone() }),
            dynamodb_config: declared.dynamodb.as_ref().map(DynamoDbConfig::of),
            event_bridge_config: declared
                .event_bridge
                .as_ref()
                .map(|it| EventBridgeConfig { event_bus_arn: it.bus.clone() }),
            http_config: declared.http.as_ref().map(HttpConfig::of),
            open_search_service_config: declared.open_search.as_ref().map(|it| OpenSearchConfig {
                endpoint: it.endpoint.clone(),
                aws_region: or_here(it.region.as_ref()),
            }),
            relational_database_config: declared.rds.as_ref().map(RelationalDatabaseConfig::of),
            metrics_config: declared.metrics,
        })
    }

    pub fn name(&self) -> &Text {
        &self.name
    }

    /// The declaration that a user would have written for it.
    pub fn declared(self) -> DataSourceDeclaration {
        DataSourceDeclaration {
            name: Some(self.name),
            description: self.description,
            service_role: self.service_role_arn,
            metrics: self.metrics_config,
            lambda: self.lambda_config.map(|it| LambdaSource { function: it.lambda_function_arn }),
            dynamodb: self.dynamodb_config.map(DynamoDbConfig::declared),
            event_bridge: self
                .event_bridge_config
                .map(|it| EventBridgeSource { bus: it.event_bus_arn }),
            http: self.http_config.map(HttpConfig::declared),
            open_search: self.open_search_service_config.map(|it| OpenSearchSource {
                endpoint: it.endpoint,
                region: not_here(it.aws_region),
            }),
            rds: self
                .relational_database_config
                .and_then(|it| it.rds_http_endpoint_config)
                .map(RdsHttpEndpointConfig::declared),
            bedrock: (self.r#type == "AMAZON_BEDROCK_RUNTIME").then_some(BedrockSource {}),
            logical_id: None,
        }
    }
}

/// AppSync's name for what it is (reference §1.6).
fn type_of(declared: &DataSourceDeclaration) -> Option<&'static str> {
    Some(match *declared.named().first()? {
        "lambda" => "AWS_LAMBDA",
        "dynamodb" => "AMAZON_DYNAMODB",
        "eventBridge" => "AMAZON_EVENTBRIDGE",
        "http" => "HTTP",
        "openSearch" => "AMAZON_OPENSEARCH_SERVICE",
        "rds" => "RELATIONAL_DATABASE",
        _ => "AMAZON_BEDROCK_RUNTIME",
    })
}

fn here() -> Text {
    Text::from_sub("${AWS::Region}")
}

fn or_here(region: Option<&Text>) -> Text {
    region.cloned().unwrap_or_else(here)
}

fn not_here(region: Text) -> Option<Text> {
    (region != here()).then_some(region)
}

impl DynamoDbConfig {
    fn of(it: &DynamoDbSource) -> Self {
        let minutes = |period: Period| (period.seconds / 60).to_string();
        Self {
            table_name: it.table.clone(),
            aws_region: or_here(it.region.as_ref()),
            use_caller_credentials: it.use_caller_credentials,
            versioned: it.versioned,
            delta_sync_config: it.delta_sync.as_ref().map(|it| DeltaSyncConfig {
                base_table_ttl: minutes(it.base_table_ttl),
                delta_sync_table_name: it.table.clone(),
                delta_sync_table_ttl: minutes(it.delta_sync_table_ttl),
            }),
        }
    }
    fn declared(self) -> DynamoDbSource {
        let period =
            |minutes: &str| Period { seconds: minutes.parse::<i64>().unwrap_or_default() * 60 };
        DynamoDbSource {
            table: self.table_name,
            region: not_here(self.aws_region),
            use_caller_credentials: self.use_caller_credentials,
            versioned: self.versioned,
            delta_sync: self.delta_sync_config.map(|it| DeltaSync {
                table: it.delta_sync_table_name,
                base_table_ttl: period(&it.base_table_ttl),
                delta_sync_table_ttl: period(&it.delta_sync_table_ttl),
            }),
        }
    }
}

impl HttpConfig {
    fn of(it: &HttpSource) -> Self {
        Self {
            endpoint: it.endpoint.clone(),
            authorization_config: it.signing.as_ref().map(|it| AuthorizationConfig {
                authorization_type: "AWS_IAM".to_owned(),
                aws_iam_config: Some(AwsIamConfig {
                    signing_region: it.region.clone(),
                    signing_service_name: it.service.clone(),
                }),
            }),
        }
    }
    fn declared(self) -> HttpSource {
        let signing = |it: AuthorizationConfig| {
            let config = it.aws_iam_config;
            Signing {
                region: config.as_ref().and_then(|it| it.signing_region.clone()),
                service: config.and_then(|it| it.signing_service_name),
            }
        };
        HttpSource { endpoint: self.endpoint, signing: self.authorization_config.map(signing) }
    }
}

impl RelationalDatabaseConfig {
    fn of(it: &RdsSource) -> Self {
        Self {
            relational_database_source_type: "RDS_HTTP_ENDPOINT".to_owned(),
            rds_http_endpoint_config: Some(RdsHttpEndpointConfig {
                aws_region: or_here(it.region.as_ref()),
                db_cluster_identifier: it.cluster.clone(),
                database_name: it.database.clone(),
                schema: it.schema.clone(),
                aws_secret_store_arn: it.secret.clone(),
            }),
        }
    }
}

impl RdsHttpEndpointConfig {
    fn declared(self) -> RdsSource {
        RdsSource {
            cluster: self.db_cluster_identifier,
            secret: self.aws_secret_store_arn,
            database: self.database_name,
            schema: self.schema,
            region: not_here(self.aws_region),
        }
    }
}

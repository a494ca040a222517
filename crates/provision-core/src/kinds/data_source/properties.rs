//! A data source as CloudFormation writes it, and the conversion from and to a declaration.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kinds::data_source::declaration::{
    BedrockSource, DataSourceDeclaration, DeltaSync, DynamoDbSource, EventBridgeSource, HttpSource,
    LambdaSource, Metrics, OpenSearchSource, RdsSource, Signing,
};
use crate::kinds::duration::SpecDuration;
use crate::text::Text;

/// A data source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DataSource {
    /// The id of the API.
    pub api_id: Text,
    /// The name, unique within the API.
    pub name: Text,
    /// AppSync's name of the type; see [`TYPES`].
    pub r#type: String,
    /// The description, without the ownership marker.
    pub description: Option<Text>,
    /// The ARN of the role that AppSync uses for its calls.
    pub service_role_arn: Option<Text>,
    /// Present for a Lambda function.
    pub lambda_config: Option<LambdaConfig>,
    /// Present for a DynamoDB table.
    #[serde(rename = "DynamoDBConfig")]
    pub dynamodb_config: Option<DynamoDbConfig>,
    /// Present for an EventBridge event bus.
    pub event_bridge_config: Option<EventBridgeConfig>,
    /// Present for an HTTP endpoint.
    pub http_config: Option<HttpConfig>,
    /// Present for an OpenSearch domain.
    pub open_search_service_config: Option<OpenSearchConfig>,
    /// Present for an Aurora cluster.
    pub relational_database_config: Option<RelationalDatabaseConfig>,
    /// Whether AppSync reports metrics.
    pub metrics_config: Option<Metrics>,
}

/// A Lambda function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct LambdaConfig {
    /// The ARN of the function, its version or its alias.
    pub lambda_function_arn: Text,
}

/// A DynamoDB table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DynamoDbConfig {
    /// The name of the table.
    pub table_name: Text,
    /// The region of the table.
    pub aws_region: Text,
    /// Whether AppSync uses the credentials of the client.
    pub use_caller_credentials: Option<bool>,
    /// Whether AppSync keeps versions of items.
    pub versioned: Option<bool>,
    /// The table with recent changes.
    pub delta_sync_config: Option<DeltaSyncConfig>,
}

/// CloudFormation writes the minutes as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeltaSyncConfig {
    /// Minutes that an item stays in the first table.
    #[serde(rename = "BaseTableTTL")]
    pub base_table_ttl: String,
    /// The name of the second table.
    pub delta_sync_table_name: Text,
    /// Minutes that an item stays in the second table.
    #[serde(rename = "DeltaSyncTableTTL")]
    pub delta_sync_table_ttl: String,
}

/// An EventBridge event bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct EventBridgeConfig {
    /// The ARN of the event bus.
    pub event_bus_arn: Text,
}

/// An HTTP endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct HttpConfig {
    /// The URL, without a path.
    pub endpoint: Text,
    /// How requests are signed. `None`: not signed.
    pub authorization_config: Option<AuthorizationConfig>,
}

/// How requests to an HTTP endpoint are signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AuthorizationConfig {
    /// `AWS_IAM`, the only type.
    pub authorization_type: String,
    /// The signature's scope. `None`: AppSync's defaults.
    pub aws_iam_config: Option<AwsIamConfig>,
}

/// The scope of a signature (SigV4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AwsIamConfig {
    /// The region in the signature.
    pub signing_region: Option<Text>,
    /// The service in the signature.
    pub signing_service_name: Option<Text>,
}

/// An OpenSearch domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OpenSearchConfig {
    /// The URL of the domain.
    pub endpoint: Text,
    /// The region of the domain.
    pub aws_region: Text,
}

/// An Aurora cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RelationalDatabaseConfig {
    /// `RDS_HTTP_ENDPOINT`, the only type.
    pub relational_database_source_type: String,
    /// The cluster and its database.
    pub rds_http_endpoint_config: Option<RdsHttpEndpointConfig>,
}

/// An Aurora cluster, through its Data API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RdsHttpEndpointConfig {
    /// The region of the cluster.
    pub aws_region: Text,
    /// The ARN of the cluster.
    pub db_cluster_identifier: Text,
    /// The database. `None`: the cluster's default.
    pub database_name: Option<Text>,
    /// The schema inside the database.
    pub schema: Option<Text>,
    /// The ARN of the secret with the credentials.
    pub aws_secret_store_arn: Text,
}

impl DataSource {
    /// Returns the data source that is declared under `key`. `None`: the declaration sets no type.
    pub fn from_declaration(
        declared: &DataSourceDeclaration,
        api_id: Text,
        key: &str,
    ) -> Option<Self> {
        Some(Self {
            api_id,
            name: declared.name.clone().unwrap_or_else(|| key.into()),
            r#type: type_of(declared)?.to_owned(),
            description: declared.description.clone(),
            service_role_arn: declared.service_role.clone(),
            lambda_config: declared
                .lambda
                .as_ref()
                .map(|lambda| LambdaConfig { lambda_function_arn: lambda.function.clone() }),
            dynamodb_config: declared.dynamodb.as_ref().map(DynamoDbConfig::of),
            event_bridge_config: declared
                .event_bridge
                .as_ref()
                .map(|event_bridge| EventBridgeConfig { event_bus_arn: event_bridge.bus.clone() }),
            http_config: declared.http.as_ref().map(HttpConfig::of),
            open_search_service_config: declared.open_search.as_ref().map(|open_search| {
                OpenSearchConfig {
                    endpoint: open_search.endpoint.clone(),
                    aws_region: or_stack_region(open_search.region.as_ref()),
                }
            }),
            relational_database_config: declared.rds.as_ref().map(RelationalDatabaseConfig::of),
            metrics_config: declared.metrics,
        })
    }

    /// Whether it is a Lambda function.
    pub fn is_function(&self) -> bool {
        self.r#type == "AWS_LAMBDA"
    }

    /// The name on AWS.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Returns the properties with the values that AWS filled in and the spec omits: an explicit "off" equals
    /// an absent value, and AWS chooses how requests are signed.
    pub fn with_live_defaults(mut self, live: &Self) -> Self {
        let off = |desired: &mut Option<bool>, live: Option<bool>| {
            if desired.is_none() && live == Some(false) {
                *desired = live;
            }
        };
        if let (Some(desired), Some(live)) = (&mut self.dynamodb_config, &live.dynamodb_config) {
            off(&mut desired.use_caller_credentials, live.use_caller_credentials);
            off(&mut desired.versioned, live.versioned);
        }
        if self.metrics_config.is_none() && live.metrics_config == Some(Metrics::Disabled) {
            self.metrics_config = live.metrics_config;
        }
        fn iam(source: &HttpConfig) -> Option<&AwsIamConfig> {
            source.authorization_config.as_ref()?.aws_iam_config.as_ref()
        }
        let signing = self
            .http_config
            .as_mut()
            .and_then(|http_config| http_config.authorization_config.as_mut());
        if let (Some(desired), Some(live)) = (signing, live.http_config.as_ref().and_then(iam)) {
            let nothing = AwsIamConfig { signing_region: None, signing_service_name: None };
            let desired = desired.aws_iam_config.get_or_insert(nothing);
            desired.signing_region = desired.signing_region.take().or(live.signing_region.clone());
            let service = desired.signing_service_name.take();
            desired.signing_service_name = service.or(live.signing_service_name.clone());
        }
        self
    }

    /// Returns the declaration that a user would have written.
    pub fn to_declaration_data(self) -> DataSourceDeclaration {
        DataSourceDeclaration {
            name: Some(self.name),
            description: self.description,
            service_role: self.service_role_arn,
            metrics: self.metrics_config,
            lambda: self
                .lambda_config
                .map(|lambda_config| LambdaSource { function: lambda_config.lambda_function_arn }),
            dynamodb: self.dynamodb_config.map(DynamoDbConfig::declared),
            event_bridge: self.event_bridge_config.map(|event_bridge_config| EventBridgeSource {
                bus: event_bridge_config.event_bus_arn,
            }),
            http: self.http_config.map(HttpConfig::declared),
            open_search: self.open_search_service_config.map(|open_search_service_config| {
                OpenSearchSource {
                    endpoint: open_search_service_config.endpoint,
                    region: unless_stack_region(open_search_service_config.aws_region),
                }
            }),
            rds: self
                .relational_database_config
                .and_then(|relational_database_config| {
                    relational_database_config.rds_http_endpoint_config
                })
                .map(RdsHttpEndpointConfig::declared),
            bedrock: (self.r#type == "AMAZON_BEDROCK_RUNTIME").then_some(BedrockSource {}),
            logical_id: None,
        }
    }
}

/// AppSync's names for the types that a spec can declare (docs/reference/data-sources.md#types).
pub const TYPES: &[&str] = &[
    "AWS_LAMBDA",
    "AMAZON_DYNAMODB",
    "AMAZON_EVENTBRIDGE",
    "HTTP",
    "AMAZON_OPENSEARCH_SERVICE",
    "RELATIONAL_DATABASE",
    "AMAZON_BEDROCK_RUNTIME",
];

/// AppSync's name of the type (docs/reference/data-sources.md#types).
fn type_of(declared: &DataSourceDeclaration) -> Option<&'static str> {
    Some(match *declared.types().first()? {
        "lambda" => "AWS_LAMBDA",
        "dynamodb" => "AMAZON_DYNAMODB",
        "eventBridge" => "AMAZON_EVENTBRIDGE",
        "http" => "HTTP",
        "openSearch" => "AMAZON_OPENSEARCH_SERVICE",
        "rds" => "RELATIONAL_DATABASE",
        _ => "AMAZON_BEDROCK_RUNTIME",
    })
}

fn stack_region() -> Text {
    Text::from_sub("${AWS::Region}")
}

fn or_stack_region(region: Option<&Text>) -> Text {
    region.cloned().unwrap_or_else(stack_region)
}

fn unless_stack_region(region: Text) -> Option<Text> {
    (region != stack_region()).then_some(region)
}

impl DynamoDbConfig {
    fn of(it: &DynamoDbSource) -> Self {
        let minutes = |period: SpecDuration| (period.seconds / 60).to_string();
        Self {
            table_name: it.table.clone(),
            aws_region: or_stack_region(it.region.as_ref()),
            use_caller_credentials: it.use_caller_credentials,
            versioned: it.versioned,
            delta_sync_config: it.delta_sync.as_ref().map(|delta_sync| DeltaSyncConfig {
                base_table_ttl: minutes(delta_sync.base_table_ttl),
                delta_sync_table_name: delta_sync.table.clone(),
                delta_sync_table_ttl: minutes(delta_sync.delta_sync_table_ttl),
            }),
        }
    }
    fn declared(self) -> DynamoDbSource {
        let period = |minutes: &str| SpecDuration {
            seconds: minutes.parse::<i64>().unwrap_or_default() * 60,
        };
        DynamoDbSource {
            table: self.table_name,
            region: unless_stack_region(self.aws_region),
            use_caller_credentials: self.use_caller_credentials,
            versioned: self.versioned,
            delta_sync: self.delta_sync_config.map(|delta_sync_config| DeltaSync {
                table: delta_sync_config.delta_sync_table_name,
                base_table_ttl: period(&delta_sync_config.base_table_ttl),
                delta_sync_table_ttl: period(&delta_sync_config.delta_sync_table_ttl),
            }),
        }
    }
}

impl HttpConfig {
    fn of(it: &HttpSource) -> Self {
        Self {
            endpoint: it.endpoint.clone(),
            authorization_config: it.signing.as_ref().map(|signing| AuthorizationConfig {
                authorization_type: "AWS_IAM".to_owned(),
                aws_iam_config: Some(AwsIamConfig {
                    signing_region: signing.region.clone(),
                    signing_service_name: signing.service.clone(),
                }),
            }),
        }
    }
    fn declared(self) -> HttpSource {
        let signing = |value: AuthorizationConfig| {
            let config = value.aws_iam_config;
            Signing {
                region: config.as_ref().and_then(|config| config.signing_region.clone()),
                service: config.and_then(|config| config.signing_service_name),
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
                aws_region: or_stack_region(it.region.as_ref()),
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
            region: unless_stack_region(self.aws_region),
        }
    }
}

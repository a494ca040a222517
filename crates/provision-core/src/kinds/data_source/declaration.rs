//! A data source as a spec declares it.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::address::Address;
use crate::kinds::duration::SpecDuration;
use crate::kinds::logical_id::LogicalId;
use crate::text::Text;

/// A target to which a handler, or AppSync directly, sends events. Set exactly one of `lambda`, `dynamodb`,
/// `eventBridge`, `http`, `openSearch`, `rds` and `bedrock`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "lambda": { "function": "arn:aws:lambda:ap-northeast-1:123456789012:function:orders" }, "serviceRole": "arn:aws:iam::123456789012:role/call-orders" }))]
#[schemars(example = json!({ "dynamodb": { "table": "messages" }, "serviceRole": "arn:aws:iam::123456789012:role/write-messages" }))]
pub struct DataSourceDeclaration {
    /// The name on AWS: a letter or `_`, then letters, digits and `_`. Default: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"orders")]
    pub name: Option<Text>,
    /// A description. Default: empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Takes orders")]
    pub description: Option<Text>,
    /// A Lambda function. Only a function can have a handler with `behavior: DIRECT`. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<LambdaSource>,
    /// A DynamoDB table. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamodb: Option<DynamoDbSource>,
    /// An EventBridge event bus. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_bridge: Option<EventBridgeSource>,
    /// An HTTP endpoint. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpSource>,
    /// An OpenSearch domain. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_search: Option<OpenSearchSource>,
    /// An Aurora cluster, through its Data API. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rds: Option<RdsSource>,
    /// The models of Amazon Bedrock: `{}`. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bedrock: Option<BedrockSource>,
    /// The ARN of the role that AppSync uses for its calls. Only an HTTP endpoint without `signing` needs
    /// none. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"arn:aws:iam::123456789012:role/call-orders")]
    pub service_role: Option<Text>,
    /// Whether AppSync reports metrics of this data source to CloudWatch. Default: AppSync's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logical_id: Option<LogicalId>,
}

/// A Lambda function.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "function": "arn:aws:lambda:ap-northeast-1:123456789012:function:orders" }))]
pub struct LambdaSource {
    /// The ARN of the function, its version or its alias.
    #[schemars(example = &"arn:aws:lambda:ap-northeast-1:123456789012:function:orders")]
    pub(crate) function: Text,
}

/// A DynamoDB table.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "table": "messages" }))]
pub struct DynamoDbSource {
    /// The name of the table.
    #[schemars(example = &"messages")]
    pub(crate) table: Text,
    /// The region of the table. Default: the stack's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
    /// Whether AppSync uses the credentials of the client that publishes or subscribes. Default: `false`, it uses
    /// the service role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) use_caller_credentials: Option<bool>,
    /// Whether AppSync keeps versions of the items. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) versioned: Option<bool>,
    /// A second table with recent changes. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delta_sync: Option<DeltaSync>,
}

/// A second table with recent changes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "table": "messages-delta", "baseTableTtl": "30d", "deltaSyncTableTtl": "1d" }))]
pub struct DeltaSync {
    /// The name of the second table.
    #[schemars(example = &"messages-delta")]
    pub(crate) table: Text,
    /// How long an item stays in the first table, in whole minutes: `30d`.
    #[schemars(example = &"30d")]
    pub(crate) base_table_ttl: SpecDuration,
    /// How long an item stays in the second table, in whole minutes: `1d`.
    #[schemars(example = &"1d")]
    pub(crate) delta_sync_table_ttl: SpecDuration,
}

/// An EventBridge event bus.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "bus": "arn:aws:events:ap-northeast-1:123456789012:event-bus/default" }))]
pub struct EventBridgeSource {
    /// The ARN of the event bus.
    #[schemars(example = &"arn:aws:events:ap-northeast-1:123456789012:event-bus/default")]
    pub(crate) bus: Text,
}

/// An HTTP endpoint.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "endpoint": "https://orders.example.com" }))]
pub struct HttpSource {
    /// The URL, without a path.
    #[schemars(example = &"https://orders.example.com")]
    pub(crate) endpoint: Text,
    /// How requests are signed, if the endpoint is an AWS service. Default: not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signing: Option<Signing>,
}

/// How requests to an HTTP endpoint are signed (SigV4).
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "region": "ap-northeast-1", "service": "states" }))]
pub struct Signing {
    /// The region in the signature. Default: AppSync's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
    /// The service in the signature. Default: AppSync's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"states")]
    pub(crate) service: Option<Text>,
}

/// An OpenSearch domain.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "endpoint": "https://search-orders.ap-northeast-1.es.amazonaws.com" }))]
pub struct OpenSearchSource {
    /// The URL.
    #[schemars(example = &"https://search-orders.ap-northeast-1.es.amazonaws.com")]
    pub(crate) endpoint: Text,
    /// The region of the domain. Default: the stack's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
}

/// An Aurora cluster, through its Data API.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({
    "cluster": "arn:aws:rds:ap-northeast-1:123456789012:cluster:orders",
    "secret": "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:orders",
    "database": "orders",
}))]
pub struct RdsSource {
    /// The ARN of the cluster.
    #[schemars(example = &"arn:aws:rds:ap-northeast-1:123456789012:cluster:orders")]
    pub(crate) cluster: Text,
    /// The ARN of the secret with its credentials.
    #[schemars(example = &"arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:orders")]
    pub(crate) secret: Text,
    /// The name of the database. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"orders")]
    pub(crate) database: Option<Text>,
    /// The name of the schema. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"public")]
    pub(crate) schema: Option<Text>,
    /// The region of the cluster. Default: the stack's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
}

/// The models of Amazon Bedrock.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({}))]
pub struct BedrockSource {}

/// Whether AppSync reports metrics to CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Metrics {
    /// Metrics are reported.
    Enabled,
    /// Metrics are not reported.
    Disabled,
}

impl DataSourceDeclaration {
    /// Returns the types that it sets, under their names in a spec.
    pub(crate) fn types(&self) -> Vec<&'static str> {
        let all = [
            ("lambda", self.lambda.is_some()),
            ("dynamodb", self.dynamodb.is_some()),
            ("eventBridge", self.event_bridge.is_some()),
            ("http", self.http.is_some()),
            ("openSearch", self.open_search.is_some()),
            ("rds", self.rds.is_some()),
            ("bedrock", self.bedrock.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }
    /// Whether AppSync needs a role to call it.
    pub(crate) fn needs_role(&self) -> bool {
        self.http.as_ref().is_none_or(|http| http.signing.is_some())
    }
}

/// Returns the address of the data source with this key.
pub fn address(api: &Address, key: &str) -> Address {
    api.child("dataSources", key)
}

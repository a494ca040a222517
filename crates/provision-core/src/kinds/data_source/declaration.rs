//! A data source as a spec declares it.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::address::Address;
use crate::kinds::duration::SpecDuration;
use crate::kinds::logical_id::LogicalId;
use crate::text::Text;

/// What a handler, or AppSync in its place, sends events to: one of `lambda`, `dynamodb`,
/// `eventBridge`, `http`, `openSearch`, `rds` and `bedrock`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "lambda": { "function": "arn:aws:lambda:ap-northeast-1:123456789012:function:orders" }, "serviceRole": "arn:aws:iam::123456789012:role/call-orders" }))]
#[schemars(example = json!({ "dynamodb": { "table": "messages" }, "serviceRole": "arn:aws:iam::123456789012:role/write-messages" }))]
pub struct DataSourceDeclaration {
    /// Its name on AWS: a letter or `_`, then letters, digits and `_`. Left out: its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"orders")]
    pub name: Option<Text>,
    /// What it is for. Left out: nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Takes orders")]
    pub description: Option<Text>,
    /// A Lambda function. Only this kind serves a handler with `behavior: DIRECT`.
    /// Left out: it is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<LambdaSource>,
    /// A DynamoDB table. Left out: it is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamodb: Option<DynamoDbSource>,
    /// An EventBridge event bus. Left out: it is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_bridge: Option<EventBridgeSource>,
    /// An HTTP endpoint. Left out: it is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpSource>,
    /// An OpenSearch domain. Left out: it is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_search: Option<OpenSearchSource>,
    /// An Aurora cluster, by its Data API. Left out: it is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rds: Option<RdsSource>,
    /// The models of Amazon Bedrock: `{}`. Left out: it is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bedrock: Option<BedrockSource>,
    /// The ARN of the role as which AppSync calls it. Only an HTTP endpoint without `signing` needs
    /// none. Left out: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"arn:aws:iam::123456789012:role/call-orders")]
    pub service_role: Option<Text>,
    /// Whether AppSync counts its calls in CloudWatch. Left out: as AppSync decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// Its logical id in a CloudFormation template. Left out: made from its address.
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
    /// The region of the table. Left out: the stack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
    /// Whether AppSync calls it with the credentials of whoever publishes or subscribes. Left out:
    /// as the service role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) use_caller_credentials: Option<bool>,
    /// Whether AppSync keeps versions of its items. Left out: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) versioned: Option<bool>,
    /// A second table, for what has changed lately. Left out: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delta_sync: Option<DeltaSync>,
}

/// A second table, for what has changed lately.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "table": "messages-delta", "baseTableTtl": "30d", "deltaSyncTableTtl": "1d" }))]
pub struct DeltaSync {
    /// The name of the second table.
    #[schemars(example = &"messages-delta")]
    pub(crate) table: Text,
    /// How long an item stays in the first table, in whole minutes: `30d`.
    pub(crate) base_table_ttl: SpecDuration,
    /// How long an item stays in the second table, in whole minutes: `1d`.
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
    /// Its URL, without a path.
    #[schemars(example = &"https://orders.example.com")]
    pub(crate) endpoint: Text,
    /// How requests are signed, where it is an AWS service. Left out: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signing: Option<Signing>,
}

/// How requests to an HTTP endpoint are signed (SigV4).
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "region": "ap-northeast-1", "service": "states" }))]
pub struct Signing {
    /// The region that requests are signed for. Left out: as AppSync decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
    /// The service that requests are signed for. Left out: as AppSync decides.
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
    /// Its URL.
    #[schemars(example = &"https://search-orders.ap-northeast-1.es.amazonaws.com")]
    pub(crate) endpoint: Text,
    /// The region of the domain. Left out: the stack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
}

/// An Aurora cluster, by its Data API.
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
    /// The name of the database. Left out: none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"orders")]
    pub(crate) database: Option<Text>,
    /// The name of the schema. Left out: none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"public")]
    pub(crate) schema: Option<Text>,
    /// The region of the cluster. Left out: the stack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ap-northeast-1")]
    pub(crate) region: Option<Text>,
}

/// The models of Amazon Bedrock.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({}))]
pub struct BedrockSource {}

/// Whether AppSync counts its calls in CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Metrics {
    /// They are counted.
    Enabled,
    /// They are not.
    Disabled,
}

impl DataSourceDeclaration {
    /// The sources that it names, under their names in a spec.
    pub(crate) fn named(&self) -> Vec<&'static str> {
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
        self.http.as_ref().is_none_or(|it| it.signing.is_some())
    }
}

/// Where a namespace finds the data source of this key.
pub fn address(api: &Address, key: &str) -> Address {
    api.child("dataSources", key)
}

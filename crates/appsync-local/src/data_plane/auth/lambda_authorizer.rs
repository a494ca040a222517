//! AWS_LAMBDA: a function authorizes clients (docs/reference/authorization.md#lambda-authorizers). Its decisions
//! are cached by a digest: no token is kept.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::provider::matches_whole;
use crate::data_plane::auth::request::{AuthRequest, ClientOperation, Identity};
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::outbound::OutboundClient;
use crate::ids;
use crate::lock::lock;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of `handlerContext`, as JSON.
const CONTEXT_MAX: usize = 5 * 1024 * 1024;
/// The number of cached decisions. The function is called for every further token.
const CACHED_MAX: usize = 10_000;
/// The bytes of all cached decisions.
const CACHED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Calls functions and caches their decisions.
pub struct LambdaAuthorizer {
    outbound: Arc<OutboundClient>,
    decisions: DecisionCache,
}

impl LambdaAuthorizer {
    pub fn new(outbound: Arc<OutboundClient>) -> Self {
        Self { outbound, decisions: DecisionCache::default() }
    }

    /// Calls the function of a provider, unless a cached decision is still valid.
    pub async fn authorize(
        &self,
        request: &AuthRequest<'_>,
        token: &str,
        provider: &Value,
        now_epoch_s: f64,
    ) -> Result<Identity, DataPlaneError> {
        let config = &provider["lambdaAuthorizerConfig"];
        check_identity_expression(token, config)?;
        let function = config["authorizerUri"].as_str().unwrap_or_default();
        let key = cache_key(request, token, function);
        if let Some(decision) = self.decisions.find(&key, now_epoch_s) {
            return decision.identity(function);
        }
        let event = authorizer_event(request, token);
        let invocation = self.outbound.invoke(function, true, &event);
        let response = match tokio::time::timeout(TIMEOUT, invocation).await {
            Ok(response) => response.map_err(DataPlaneError::unauthorized)?,
            Err(_) => {
                let reason = format!("the function {function} did not respond within 10 s");
                return Err(DataPlaneError::unauthorized(reason));
            }
        };
        if let Some(error) = response.error() {
            return Err(DataPlaneError::unauthorized(format!(
                "the function {function} failed: {error}"
            )));
        }
        let (decision, ttl_override) = AuthDecision::read(&response.payload, function)?;
        let ttl_s = ttl_override.or_else(|| config["authorizerResultTtlInSeconds"].as_f64());
        if let Some(ttl_s) = ttl_s.filter(|seconds| *seconds > 0.0) {
            self.decisions.insert(key, decision.clone(), now_epoch_s, now_epoch_s + ttl_s);
        }
        decision.identity(function)
    }
}

/// The cached decisions of functions. No `Debug`: they contain identities.
#[derive(Default)]
struct DecisionCache {
    entries: Mutex<CacheEntries>,
}

/// Decisions, each with its expiry.
#[derive(Default)]
struct CacheEntries {
    decisions: HashMap<CacheKey, (AuthDecision, f64)>,
    /// The bytes of all decisions.
    bytes: usize,
}

/// A digest of API, function, operation, channel and token.
type CacheKey = [u8; 32];

/// The decision of a function, with the `handlerContext` if it allows the operation.
#[derive(Clone)]
enum AuthDecision {
    Denied,
    Allowed(Map<String, Value>),
}

impl DecisionCache {
    fn find(&self, key: &CacheKey, now_epoch_s: f64) -> Option<AuthDecision> {
        let entries = lock(&self.entries);
        entries
            .decisions
            .get(key)
            .filter(|(_, expires_epoch_s)| *expires_epoch_s > now_epoch_s)
            .map(|(decision, _)| decision.clone())
    }
    fn insert(
        &self,
        key: CacheKey,
        decision: AuthDecision,
        now_epoch_s: f64,
        expires_epoch_s: f64,
    ) {
        let size = decision.size();
        let mut entries = lock(&self.entries);
        if !entries.has_room(size) {
            entries.decisions.retain(|_, (_, expires_epoch_s)| *expires_epoch_s > now_epoch_s);
            entries.bytes = entries.decisions.values().map(|(decision, _)| decision.size()).sum();
        }
        if entries.has_room(size) {
            let previous = entries.decisions.insert(key, (decision, expires_epoch_s));
            entries.bytes =
                entries.bytes + size - previous.map_or(0, |(decision, _)| decision.size());
        }
    }
}

impl CacheEntries {
    fn has_room(&self, size: usize) -> bool {
        self.decisions.len() < CACHED_MAX && self.bytes + size <= CACHED_BYTES_MAX
    }
}

impl AuthDecision {
    /// Returns the bytes of its texts.
    fn size(&self) -> usize {
        let Self::Allowed(context) = self else { return 0 };
        context.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum()
    }

    /// Reads the response of a function: its decision, and its time to live in seconds, if the function sets one.
    fn read(response: &Value, function: &str) -> Result<(Self, Option<f64>), DataPlaneError> {
        let deny = |reason: &str| {
            DataPlaneError::unauthorized(format!("the function {function} {reason}"))
        };
        let ttl_s = match &response["ttlOverride"] {
            Value::Null => None,
            Value::Number(number) if number.as_f64().is_some_and(|seconds| seconds >= 0.0) => {
                number.as_f64()
            }
            _ => return Err(deny("returned a ttlOverride that is not a number of seconds")),
        };
        match response.get("isAuthorized") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok((Self::Denied, ttl_s)),
            None => return Err(deny("did not return isAuthorized")),
            Some(_) => {
                return Err(deny("returned an isAuthorized that is neither true nor false"));
            }
        }
        let context = match &response["handlerContext"] {
            Value::Null => Map::new(),
            Value::Object(context) => context.clone(),
            _ => return Err(deny("returned a handlerContext that is not an object")),
        };
        if let Some((name, _)) = context.iter().find(|(_, value)| !value.is_string()) {
            let reason = format!(
                "returned a handlerContext whose {name} is not a string; every value must be a string"
            );
            return Err(deny(&reason));
        }
        if json!(context).to_string().len() > CONTEXT_MAX {
            return Err(deny("returned a handlerContext of more than 5 MB"));
        }
        Ok((Self::Allowed(context), ttl_s))
    }

    fn identity(self, function: &str) -> Result<Identity, DataPlaneError> {
        match self {
            Self::Denied => {
                let reason = format!("the function {function} returned isAuthorized: false");
                Err(DataPlaneError::unauthorized(reason))
            }
            Self::Allowed(context) => Ok(Identity {
                mode: Some(AuthMode::AwsLambda),
                context: json!({ "handlerContext": context }),
                expires_epoch_s: None,
            }),
        }
    }
}

/// Checks a token with the expression of the API. If it does not match, the function is not called.
fn check_identity_expression(token: &str, config: &Value) -> Result<(), DataPlaneError> {
    let Some(expression) =
        config["identityValidationExpression"].as_str().filter(|text| !text.is_empty())
    else {
        return Ok(());
    };
    let is_match = matches_whole(expression, token).map_err(|error| {
        DataPlaneError::unauthorized(format!(
            "the emulator does not support the API's identityValidationExpression: {error}"
        ))
    })?;
    match is_match {
        true => Ok(()),
        false => Err(DataPlaneError::unauthorized(format!(
            "the token does not match the API's identityValidationExpression {expression} as a whole; the function was not called"
        ))),
    }
}

fn cache_key(request: &AuthRequest<'_>, token: &str, function: &str) -> CacheKey {
    let mut hash = Sha256::new();
    let channel = request.channel.map_or("", |channel| channel.path.as_str());
    for part in [
        request.target.api_id.as_str(),
        function,
        operation_name(request.operation),
        channel,
        token,
    ] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn operation_name(operation: ClientOperation) -> &'static str {
    match operation {
        ClientOperation::Connect => "EVENT_CONNECT",
        ClientOperation::Subscribe => "EVENT_SUBSCRIBE",
        ClientOperation::Publish => "EVENT_PUBLISH",
    }
}

fn authorizer_event(request: &AuthRequest<'_>, token: &str) -> Value {
    let headers =
        request.headers.iter().map(|(name, values)| (name.clone(), json!(values.join(","))));
    json!({
        "authorizationToken": token,
        "requestContext": {
            "apiId": request.target.api_id,
            "accountId": request.target.account,
            "requestId": ids::request_id(),
            "operation": operation_name(request.operation),
            "channelNamespaceName": request.channel.map(Channel::namespace),
            "channel": request.channel.map(|channel| &channel.path),
        },
        "requestHeaders": headers.collect::<Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_plane::auth::fixture::{AuthFixture, TestRequest};
    use crate::data_plane::state::Settings;
    use crate::data_plane::testing::{Stub, response};

    /// An API whose function returns its token, which is JSON.
    async fn fixture(ttl_s: u32, expression: Option<&str>) -> (AuthFixture, Stub) {
        let stub = Stub::serve(|request| {
            let event: Value = serde_json::from_slice(&request.body).unwrap();
            response(200, event["authorizationToken"].as_str().unwrap())
        })
        .await;
        let provider = json!({
            "authType": "AWS_LAMBDA",
            "lambdaAuthorizerConfig": {
                "authorizerUri": "arn:aws:lambda:us-east-1:123456789012:function:judge",
                "authorizerResultTtlInSeconds": ttl_s,
                "identityValidationExpression": expression,
            },
        });
        let lambda_endpoint = Some(stub.url.clone());
        let settings = Settings { lambda_endpoint, ..Settings::default() };
        (AuthFixture::with(json!([provider]), settings), stub)
    }

    const YES: &str = r#"{"isAuthorized":true,"handlerContext":{"tenant":"t1"}}"#;

    #[tokio::test]
    async fn a_function_receives_what_aws_sends_and_its_context_is_the_identity() {
        let (fixture, stub) = fixture(0, None).await;
        let mut invocation = TestRequest::publish("/default/a", &[("Authorization", YES)]);
        invocation.headers.push(("x-trace", "1"));
        let identity = fixture.authorize(&invocation).await.unwrap();
        assert_eq!(identity.context, json!({"handlerContext": {"tenant": "t1"}}));
        fixture.authorize(&TestRequest::connect(&[("Authorization", YES)])).await.unwrap();
        fixture
            .authorize(&TestRequest::subscribe("/default/*", &[("Authorization", YES)]))
            .await
            .unwrap();
        let request = stub.requests();
        assert_eq!(request[0].uri, "/2015-03-31/functions/judge/invocations");
        let mut events =
            request.iter().map(|request| serde_json::from_slice::<Value>(&request.body).unwrap());
        let mut first = events.next().unwrap();
        assert!(first["requestContext"]["requestId"].take().is_string());
        assert_eq!(
            first,
            json!({
                "authorizationToken": YES,
                "requestContext": {
                    "apiId": "id", "accountId": "123456789012", "requestId": null,
                    "operation": "EVENT_PUBLISH", "channelNamespaceName": "default",
                    "channel": "/default/a",
                },
                "requestHeaders": {"x-trace": "1"},
            })
        );
        let connect = &events.next().unwrap()["requestContext"];
        assert_eq!(connect["operation"], "EVENT_CONNECT");
        assert!(connect["channel"].is_null() && connect["channelNamespaceName"].is_null());
        let subscribe = &events.next().unwrap()["requestContext"];
        assert_eq!(
            (&subscribe["operation"], &subscribe["channel"]),
            (&json!("EVENT_SUBSCRIBE"), &json!("/default/*"))
        );
    }

    #[tokio::test]
    async fn every_response_except_a_valid_authorization_is_denied_with_the_reason() {
        let (fixture, _stub) = fixture(0, None).await;
        let check = async |token: &str, expected: &str| {
            let reason = fixture
                .denial_reason(&TestRequest::publish("/default/a", &[("Authorization", token)]))
                .await;
            assert!(reason.contains(expected), "{reason}");
        };
        check(r#"{"isAuthorized":false}"#, "judge returned isAuthorized: false").await;
        check("{}", "did not return isAuthorized").await;
        check("null", "did not return isAuthorized").await;
        check(r#"{"isAuthorized":"true"}"#, "neither true nor false").await;
        check(r#"{"errorType":"Error","errorMessage":"no"}"#, "failed: Error: no").await;
        check(
            r#"{"isAuthorized":true,"handlerContext":{"a":{"b":"c"}}}"#,
            "whose a is not a string",
        )
        .await;
        check(r#"{"isAuthorized":true,"handlerContext":{"a":1}}"#, "whose a is not a string").await;
        check(r#"{"isAuthorized":true,"handlerContext":[]}"#, "that is not an object").await;
        check(r#"{"isAuthorized":true,"ttlOverride":"5"}"#, "not a number of seconds").await;
        check("text", "not valid JSON").await;
        check(r#"{"errorType":"Error"}"#, "did not return isAuthorized").await;
    }

    #[tokio::test]
    async fn a_function_that_returns_the_token_does_not_leak_it() {
        let stub = Stub::serve(|request| {
            let event: Value = serde_json::from_slice(&request.body).unwrap();
            let message = format!("bad token {}", event["authorizationToken"].as_str().unwrap());
            response(200, json!({"errorType": "E", "errorMessage": message}).to_string())
        })
        .await;
        let config = json!({ "authorizerUri": "judge" });
        let providers = json!([{"authType": "AWS_LAMBDA", "lambdaAuthorizerConfig": config}]);
        let settings = Settings { lambda_endpoint: Some(stub.url), ..Settings::default() };
        let fixture = AuthFixture::with(providers, settings);
        let reason =
            fixture.denial_reason(&TestRequest::connect(&[("Authorization", "open sesame")])).await;
        assert_eq!(reason, "the function judge failed: E: bad token …");
    }

    #[tokio::test]
    async fn without_a_lambda_endpoint_every_client_is_denied() {
        let config = json!({ "authorizerUri": "judge" });
        let providers = json!([{"authType": "AWS_LAMBDA", "lambdaAuthorizerConfig": config}]);
        let fixture = AuthFixture::with(providers, Settings::default());
        let reason = fixture.denial_reason(&TestRequest::connect(&[("Authorization", "x")])).await;
        assert!(reason.contains("--lambda-endpoint"), "{reason}");
    }

    #[tokio::test]
    async fn a_token_that_does_not_match_the_expression_never_reaches_the_function() {
        let (fixture, stub) = fixture(0, Some(r"\{.*\}")).await;
        fixture.authorize(&TestRequest::connect(&[("Authorization", YES)])).await.unwrap();
        let reason = fixture
            .denial_reason(&TestRequest::connect(&[("Authorization", &format!("{YES} "))]))
            .await;
        assert!(reason.contains("does not match") && !reason.contains("tenant"), "{reason}");
        assert_eq!(stub.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_decision_is_cached_by_operation_channel_and_token_until_it_expires() {
        let (fixture, stub) = fixture(60, None).await;
        let fields = &[("Authorization", YES)][..];
        let check = async |invocation: TestRequest<'_>, expected: usize| {
            let _ = fixture.authorize(&invocation).await;
            assert_eq!(stub.requests().len(), expected);
        };
        check(TestRequest::publish("/default/a", fields), 1).await;
        check(TestRequest::publish("/default/a", fields), 1).await;
        check(TestRequest::publish("/default/b", fields), 2).await;
        check(TestRequest::subscribe("/default/a", fields), 3).await;
        fixture.data_plane.store.move_clock(59.0);
        check(TestRequest::publish("/default/a", fields), 3).await;
        fixture.data_plane.store.move_clock(1.0);
        check(TestRequest::publish("/default/a", fields), 4).await;
        let never = [("Authorization", r#"{"isAuthorized":true,"ttlOverride":0}"#)];
        check(TestRequest::connect(&never), 5).await;
        check(TestRequest::connect(&never), 6).await;
        let no = [("Authorization", r#"{"isAuthorized":false,"ttlOverride":5}"#)];
        check(TestRequest::connect(&no), 7).await;
        check(TestRequest::connect(&no), 7).await;
        fixture.data_plane.store.move_clock(5.0);
        check(TestRequest::connect(&no), 8).await;
    }
}

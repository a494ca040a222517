//! AWS_LAMBDA: a function says who may (docs/reference/authorization.md#lambda-authorizers).
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::data_plane::auth::mode::AWS_LAMBDA;
use crate::data_plane::auth::provider::matches_whole;
use crate::data_plane::auth::request::{AuthRequest, ClientOperation, Identity};
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::outbound::client::OutboundClient;
use crate::ids;
use crate::lock::lock;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Of `handlerContext`, as JSON.
const CONTEXT_MAX: usize = 5 * 1024 * 1024;
/// Verdicts that are remembered at most; who comes with more tokens has them asked again.
const CACHED_MAX: usize = 10_000;
/// The bytes that they may hold together.
const CACHED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Calls functions and caches their results.
pub struct LambdaAuthorizer {
    outbound: Arc<OutboundClient>,
    verdicts: DecisionCache,
}

impl LambdaAuthorizer {
    pub fn new(outbound: Arc<OutboundClient>) -> Self {
        Self { outbound, verdicts: DecisionCache::default() }
    }

    /// Calls the function of `provider`, unless its last result is still valid.
    pub async fn authorize(
        &self,
        asked: &AuthRequest<'_>,
        token: &str,
        provider: &Value,
        now: f64,
    ) -> Result<Identity, DataPlaneError> {
        let config = &provider["lambdaAuthorizerConfig"];
        check_identity_expression(token, config)?;
        let function = config["authorizerUri"].as_str().unwrap_or_default();
        let key = cache_key(asked, token, function);
        if let Some(verdict) = self.verdicts.find(&key, now) {
            return verdict.identity(function);
        }
        let event = authorizer_event(asked, token);
        let asking = self.outbound.invoke(function, true, &event);
        let answer = match tokio::time::timeout(TIMEOUT, asking).await {
            Ok(answer) => answer.map_err(DataPlaneError::unauthorized)?,
            Err(_) => {
                let why = format!("the function {function} did not answer within 10 s");
                return Err(DataPlaneError::unauthorized(why));
            }
        };
        if let Some(error) = answer.error() {
            return Err(DataPlaneError::unauthorized(format!(
                "the function {function} failed: {error}"
            )));
        }
        let (verdict, ttl_override) = AuthDecision::read(&answer.payload, function)?;
        let ttl_s = ttl_override.or_else(|| config["authorizerResultTtlInSeconds"].as_f64());
        if let Some(ttl_s) = ttl_s.filter(|it| *it > 0.0) {
            self.verdicts.insert(key, verdict.clone(), now, now + ttl_s);
        }
        verdict.identity(function)
    }
}

/// The cached results of functions. No `Debug` shows them.
#[derive(Default)]
struct DecisionCache {
    entries: Mutex<CacheEntries>,
}

#[derive(Default)]
struct CacheEntries {
    verdicts: HashMap<CacheKey, (AuthDecision, f64)>,
    /// The bytes of all of them.
    bytes: usize,
}

/// Of API, function, operation, channel and token: no token is kept as it is.
type CacheKey = [u8; 32];

#[derive(Clone)]
enum AuthDecision {
    Denied,
    Allowed(Map<String, Value>),
}

impl DecisionCache {
    fn find(&self, key: &CacheKey, now: f64) -> Option<AuthDecision> {
        let kept = lock(&self.entries);
        kept.verdicts.get(key).filter(|(_, until)| *until > now).map(|(it, _)| it.clone())
    }
    fn insert(&self, key: CacheKey, verdict: AuthDecision, now: f64, until: f64) {
        let size = verdict.size();
        let mut kept = lock(&self.entries);
        if !kept.has_room(size) {
            kept.verdicts.retain(|_, (_, until)| *until > now);
            kept.bytes = kept.verdicts.values().map(|(it, _)| it.size()).sum();
        }
        if kept.has_room(size) {
            let before = kept.verdicts.insert(key, (verdict, until));
            kept.bytes = kept.bytes + size - before.map_or(0, |(it, _)| it.size());
        }
    }
}

impl CacheEntries {
    fn has_room(&self, size: usize) -> bool {
        self.verdicts.len() < CACHED_MAX && self.bytes + size <= CACHED_BYTES_MAX
    }
}

impl AuthDecision {
    /// The bytes of its texts.
    fn size(&self) -> usize {
        let Self::Allowed(context) = self else { return 0 };
        context.iter().map(|(name, it)| name.len() + it.as_str().map_or(0, str::len)).sum()
    }

    /// The function's result, and its time to live in seconds, if the function sets one.
    fn read(answer: &Value, function: &str) -> Result<(Self, Option<f64>), DataPlaneError> {
        let refuse =
            |why: &str| DataPlaneError::unauthorized(format!("the function {function} {why}"));
        let ttl_s = match &answer["ttlOverride"] {
            Value::Null => None,
            Value::Number(it) if it.as_f64().is_some_and(|it| it >= 0.0) => it.as_f64(),
            _ => return Err(refuse("answered a ttlOverride that is not a number of seconds")),
        };
        match answer.get("isAuthorized") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok((Self::Denied, ttl_s)),
            None => return Err(refuse("did not answer isAuthorized")),
            Some(_) => {
                return Err(refuse("answered an isAuthorized that is neither true nor false"));
            }
        }
        let context = match &answer["handlerContext"] {
            Value::Null => Map::new(),
            Value::Object(context) => context.clone(),
            _ => return Err(refuse("answered a handlerContext that is not an object")),
        };
        if let Some((name, _)) = context.iter().find(|(_, it)| !it.is_string()) {
            let why = format!(
                "answered a handlerContext whose {name} is not a string; every value must be one"
            );
            return Err(refuse(&why));
        }
        if json!(context).to_string().len() > CONTEXT_MAX {
            return Err(refuse("answered a handlerContext of more than 5 MB"));
        }
        Ok((Self::Allowed(context), ttl_s))
    }

    fn identity(self, function: &str) -> Result<Identity, DataPlaneError> {
        match self {
            Self::Denied => {
                let why = format!("the function {function} answered isAuthorized: false");
                Err(DataPlaneError::unauthorized(why))
            }
            Self::Allowed(context) => Ok(Identity {
                mode: AWS_LAMBDA,
                context: json!({ "handlerContext": context }),
                expires_epoch_s: None,
            }),
        }
    }
}

/// Whether the token is of the form that the API asks for: if not, the function is not called.
fn check_identity_expression(token: &str, config: &Value) -> Result<(), DataPlaneError> {
    let Some(form) = config["identityValidationExpression"].as_str().filter(|it| !it.is_empty())
    else {
        return Ok(());
    };
    let fits = matches_whole(form, token).map_err(|error| {
        DataPlaneError::unauthorized(format!(
            "the API's identityValidationExpression can't be read here: {error}"
        ))
    })?;
    match fits {
        true => Ok(()),
        false => Err(DataPlaneError::unauthorized(format!(
            "the token does not match the API's identityValidationExpression {form} as a whole; the function was not called"
        ))),
    }
}

fn cache_key(asked: &AuthRequest<'_>, token: &str, function: &str) -> CacheKey {
    let mut hash = Sha256::new();
    let channel = asked.channel.map_or("", |it| it.path.as_str());
    for part in
        [asked.target.api_id.as_str(), function, operation_name(asked.operation), channel, token]
    {
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

fn authorizer_event(asked: &AuthRequest<'_>, token: &str) -> Value {
    let headers =
        asked.headers.iter().map(|(name, values)| (name.clone(), json!(values.join(","))));
    json!({
        "authorizationToken": token,
        "requestContext": {
            "apiId": asked.target.api_id,
            "accountId": asked.target.account,
            "requestId": ids::request_id(),
            "operation": operation_name(asked.operation),
            "channelNamespaceName": asked.channel.map(Channel::namespace),
            "channel": asked.channel.map(|it| &it.path),
        },
        "requestHeaders": headers.collect::<Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_plane::auth::fixture::{AuthFixture, TestRequest};
    use crate::data_plane::settings::Settings;
    use crate::data_plane::testing::{Stub, response};

    /// An API whose function answers what its token says, as JSON.
    async fn scene(ttl_s: u32, expression: Option<&str>) -> (AuthFixture, Stub) {
        let stub = Stub::serve(|it| {
            let event: Value = serde_json::from_slice(&it.body).unwrap();
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
    async fn a_function_is_asked_as_aws_asks_it_and_its_context_is_the_identity() {
        let (scene, stub) = scene(0, None).await;
        let mut asking = TestRequest::publish("/default/a", &[("Authorization", YES)]);
        asking.headers.push(("x-trace", "1"));
        let identity = scene.authorize(&asking).await.unwrap();
        assert_eq!(identity.context, json!({"handlerContext": {"tenant": "t1"}}));
        scene.authorize(&TestRequest::connect(&[("Authorization", YES)])).await.unwrap();
        scene
            .authorize(&TestRequest::subscribe("/default/*", &[("Authorization", YES)]))
            .await
            .unwrap();
        let asked = stub.requests();
        assert_eq!(asked[0].uri, "/2015-03-31/functions/judge/invocations");
        let mut events = asked.iter().map(|it| serde_json::from_slice::<Value>(&it.body).unwrap());
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
    async fn every_answer_except_a_clear_yes_is_denied_with_the_reason() {
        let (scene, _stub) = scene(0, None).await;
        let check = async |token: &str, expected: &str| {
            let why = scene
                .denial_reason(&TestRequest::publish("/default/a", &[("Authorization", token)]))
                .await;
            assert!(why.contains(expected), "{why}");
        };
        check(r#"{"isAuthorized":false}"#, "judge answered isAuthorized: false").await;
        check("{}", "did not answer isAuthorized").await;
        check("null", "did not answer isAuthorized").await;
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
        check("text", "answered no JSON").await;
        check(r#"{"errorType":"Error"}"#, "did not answer isAuthorized").await;
    }

    #[tokio::test]
    async fn a_function_that_returns_the_token_does_not_leak_it() {
        let stub = Stub::serve(|it| {
            let event: Value = serde_json::from_slice(&it.body).unwrap();
            let message = format!("bad token {}", event["authorizationToken"].as_str().unwrap());
            response(200, json!({"errorType": "E", "errorMessage": message}).to_string())
        })
        .await;
        let config = json!({ "authorizerUri": "judge" });
        let providers = json!([{"authType": "AWS_LAMBDA", "lambdaAuthorizerConfig": config}]);
        let settings = Settings { lambda_endpoint: Some(stub.url), ..Settings::default() };
        let scene = AuthFixture::with(providers, settings);
        let why =
            scene.denial_reason(&TestRequest::connect(&[("Authorization", "open sesame")])).await;
        assert_eq!(why, "the function judge failed: E: bad token …");
    }

    #[tokio::test]
    async fn without_a_lambda_endpoint_every_client_is_denied() {
        let config = json!({ "authorizerUri": "judge" });
        let providers = json!([{"authType": "AWS_LAMBDA", "lambdaAuthorizerConfig": config}]);
        let scene = AuthFixture::with(providers, Settings::default());
        let why = scene.denial_reason(&TestRequest::connect(&[("Authorization", "x")])).await;
        assert!(why.contains("--lambda-endpoint"), "{why}");
    }

    #[tokio::test]
    async fn a_token_of_another_form_never_reaches_the_function() {
        let (scene, stub) = scene(0, Some(r"\{.*\}")).await;
        scene.authorize(&TestRequest::connect(&[("Authorization", YES)])).await.unwrap();
        let why = scene
            .denial_reason(&TestRequest::connect(&[("Authorization", &format!("{YES} "))]))
            .await;
        assert!(why.contains("does not match") && !why.contains("tenant"), "{why}");
        assert_eq!(stub.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_verdict_holds_for_its_time_its_operation_its_channel_and_its_token() {
        let (scene, stub) = scene(60, None).await;
        let fields = &[("Authorization", YES)][..];
        let check = async |asking: TestRequest<'_>, expected: usize| {
            let _ = scene.authorize(&asking).await;
            assert_eq!(stub.requests().len(), expected);
        };
        check(TestRequest::publish("/default/a", fields), 1).await;
        check(TestRequest::publish("/default/a", fields), 1).await;
        check(TestRequest::publish("/default/b", fields), 2).await;
        check(TestRequest::subscribe("/default/a", fields), 3).await;
        scene.plane.store.move_clock(59.0);
        check(TestRequest::publish("/default/a", fields), 3).await;
        scene.plane.store.move_clock(1.0);
        check(TestRequest::publish("/default/a", fields), 4).await;
        let never = [("Authorization", r#"{"isAuthorized":true,"ttlOverride":0}"#)];
        check(TestRequest::connect(&never), 5).await;
        check(TestRequest::connect(&never), 6).await;
        let no = [("Authorization", r#"{"isAuthorized":false,"ttlOverride":5}"#)];
        check(TestRequest::connect(&no), 7).await;
        check(TestRequest::connect(&no), 7).await;
        scene.plane.store.move_clock(5.0);
        check(TestRequest::connect(&no), 8).await;
    }
}

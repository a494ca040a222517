//! Handlers of an API, from publish and subscribe to the requests to data sources.
use std::collections::BTreeMap;
use std::sync::Arc;

use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use serde_json::{Value, json};

use super::*;
use crate::auth_mode::AuthMode;
use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::Identity;
use crate::data_plane::channel::Channel;
use crate::data_plane::state::Settings;
use crate::data_plane::testing::{Stub, response};
use crate::state::{Api, DataSource, Namespace};
use crate::store::Store;

/// The parts of a call, which a test can change.
struct HandlerFixture {
    handlers: HandlerRunner,
    target: TargetApi,
    api: Api,
    namespace: Namespace,
    channel: Channel,
    identity: Identity,
    headers: BTreeMap<String, Vec<String>>,
}

fn fixture(code: &str, handlers: Value, settings: Settings) -> HandlerFixture {
    let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000);
    let store = Store::in_memory(SharedTimeSource::new(StaticTimeSource::new(now)));
    let api = json!({
        "id": "api", "name": "n", "owner_contact": null, "event_config": {}, "tags": {},
        "dns_prefix": "d", "created_epoch_s": 1.0, "keys": {}, "namespaces": {},
    });
    let namespace = json!({
        "name": "chat", "publish": [], "subscribe": [], "code": (!code.is_empty()).then_some(code),
        "handlers": handlers, "tags": {}, "created_epoch_s": 1.0, "modified_epoch_s": 1.0,
    });
    HandlerFixture {
        handlers: runner(store, settings),
        target: TargetApi {
            account: "1".to_owned(),
            region: "eu-west-1".to_owned(),
            api_id: "api".to_owned(),
            domain: None,
        },
        api: serde_json::from_value(api).unwrap(),
        namespace: serde_json::from_value(namespace).unwrap(),
        channel: Channel { path: "/chat/room".to_owned() },
        identity: Identity {
            mode: Some(AuthMode::ApiKey),
            context: Value::Null,
            expires_epoch_s: None,
        },
        headers: BTreeMap::new(),
    }
}

fn runner(store: Arc<Store>, settings: Settings) -> HandlerRunner {
    let outbound = OutboundClient::new(Arc::clone(&store), settings.lambda_endpoint);
    HandlerRunner::new(store, Arc::new(outbound), settings.endpoints, ActivityFeed::new())
}

impl HandlerFixture {
    fn call(&self) -> HandlerCall<'_> {
        let Self { target, api, namespace, channel, identity, headers, .. } = self;
        HandlerCall { target, api, namespace, channel, identity, headers }
    }
    fn with_source(mut self, members: Value) -> Self {
        let source = DataSource { name: "source".to_owned(), members };
        self.api.data_sources.insert("source".to_owned(), source);
        self
    }
    async fn publish(&self, events: &[&str]) -> Result<PublishOutcome, DataPlaneError> {
        let events = events.iter().enumerate();
        let incoming_events = events
            .map(|(n, text)| IncomingEvent { id: format!("id-{n}"), text: (*text).to_owned() });
        self.handlers.on_publish(&self.call(), incoming_events.collect()).await
    }
    async fn subscribe(&self) -> Result<(), DataPlaneError> {
        self.handlers.on_subscribe(&self.call()).await
    }
}

fn code(source: &str) -> Value {
    let config = json!({ "behavior": "CODE", "integration": { "dataSourceName": source } });
    json!({ "onPublish": config, "onSubscribe": config })
}

fn direct(invoke: &str) -> Value {
    let integration =
        json!({ "dataSourceName": "source", "lambdaConfig": { "invokeType": invoke } });
    let config = json!({ "behavior": "DIRECT", "integration": integration });
    json!({ "onPublish": config, "onSubscribe": config })
}

fn all_delivered(texts: &[&str]) -> PublishOutcome {
    let delivered = texts.iter().enumerate().map(|(n, text)| (n, (*text).to_owned())).collect();
    PublishOutcome { delivered, failed: Vec::new() }
}

fn function() -> Value {
    let arn = "arn:aws:lambda:eu-west-1:1:function:f";
    json!({ "type": "AWS_LAMBDA", "lambdaConfig": { "lambdaFunctionArn": arn } })
}

#[tokio::test]
async fn without_code_events_are_unchanged() {
    let fixture = fixture("", json!({}), Settings::default());
    assert_eq!(fixture.publish(&["{ \"a\" :1}"]).await, Ok(all_delivered(&["{ \"a\" :1}"])));
    assert_eq!(fixture.subscribe().await, Ok(()));
}

#[tokio::test]
async fn a_handler_receives_everything_that_appsync_passes() {
    let text =
        "export const onPublish = (ctx) => ctx.events.map(({ id }) => ({ id, payload: ctx }))";
    let mut fixture = fixture(text, json!({}), Settings::default());
    let header =
        |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    fixture.headers.insert("x-one".to_owned(), header(&["1"]));
    fixture.headers.insert("x-two".to_owned(), header(&["a", "b"]));
    fixture.headers.insert("cookie".to_owned(), header(&["secret"]));
    fixture.target.domain = Some("events.example.com".to_owned());
    let outcome = fixture.publish(&["{\"a\":1}"]).await.unwrap();
    let context: Value = serde_json::from_str(&outcome.delivered[0].1).unwrap();
    let expected = json!({
        "identity": null,
        "result": null,
        "request": {
            "headers": { "x-one": "1", "x-two": ["a", "b"] },
            "domainName": "events.example.com",
        },
        "info": {
            "channel": { "path": "/chat/room", "segments": ["chat", "room"] },
            "channelNamespace": { "name": "chat" },
            "operation": "PUBLISH",
        },
        "error": null,
        "prev": null,
        "stash": {},
        "outErrors": [],
        "events": [{ "payload": { "a": 1 }, "id": "id-0" }],
    });
    assert_eq!(context, expected);
}

#[tokio::test]
async fn denials_and_exceptions_are_reported_as_appsync_reports_them() {
    let check = async |text: &str, status: u16, error_type: &str, message: Option<&str>| {
        let both =
            format!("const f = () => {{ {text} }}\nexport {{ f as onPublish, f as onSubscribe }}");
        let fixture = fixture(&both, json!({}), Settings::default());
        let error = fixture.publish(&["1"]).await.unwrap_err();
        let summary = (error.status, &*error.error_type, error.message.as_deref());
        assert_eq!(summary, (status, error_type, message), "{text}");
        assert!(error.reason.is_some(), "{text}");
        fixture.subscribe().await.unwrap_err().error_type
    };
    let unauthorized = Some("You are not authorized to make this call.");
    let of_subscribe =
        check("util.unauthorized()", 401, "UnauthorizedException", unauthorized).await;
    assert_eq!(of_subscribe, "Unauthorized");
    let of_subscribe = check("util.error('no', 'Nope')", 403, "Nope", Some("no")).await;
    assert_eq!(of_subscribe, "Nope");
    check("util.error('no')", 403, "ForbiddenException", Some("no")).await;
    check("return undefined.a", 500, "Code", Some("Runtime Error")).await;
    let unknown =
        fixture("export const onPublish = () => [{ id: 'x' }]", json!({}), Settings::default());
    let error = unknown.publish(&["1"]).await.unwrap_err();
    assert_eq!(error.reason.unwrap(), "`onPublish` returned the id `x`, which no event has");
}

#[tokio::test]
async fn a_handlers_logs_reach_the_watchers() {
    let text = "export const onPublish = (ctx) => { console.error('a', { b: 1 }) }";
    let fixture = fixture(text, json!({}), Settings::default());
    let mut watch = fixture.handlers.feed.watch();
    fixture.publish(&["1"]).await.unwrap();
    let Activity::Logged { level, text, handler, .. } = watch.recv().await.unwrap() else {
        panic!("no line");
    };
    assert_eq!((level, text.as_str(), handler), ("ERROR", "a {\"b\":1}", "onPublish"));
}

#[tokio::test]
async fn a_direct_function_decides_about_events_and_subscriptions() {
    let stub = Stub::serve(|request| {
        let context: Value = serde_json::from_slice(&request.body).unwrap();
        let first = context["events"][0]["payload"].as_str().unwrap_or_default().to_owned();
        match (context["info"]["operation"].as_str().unwrap(), first.as_str()) {
            ("PUBLISH", "silent") => response(200, "{}"),
            ("PUBLISH", "fail") => response(200, json!({ "error": "bad batch" }).to_string()),
            ("PUBLISH", "throw") => {
                response(200, json!({ "errorMessage": "no", "errorType": "E" }).to_string())
            }
            ("PUBLISH", _) => {
                let events = json!([
                    { "id": "id-1", "payload": 2 }, { "id": "id-0", "error": "not this" },
                ]);
                response(200, json!({ "events": events }).to_string())
            }
            _ => response(200, json!({ "error": "not here" }).to_string()),
        }
    })
    .await;
    let settings = Settings { lambda_endpoint: Some(stub.url.clone()), ..Settings::default() };
    let waits = fixture("", direct("REQUEST_RESPONSE"), settings.clone()).with_source(function());
    let outcome = waits.publish(&["\"a\"", "1"]).await.unwrap();
    let expected = PublishOutcome {
        delivered: vec![(1, "2".to_owned())],
        failed: vec![(0, "not this".to_owned())],
    };
    assert_eq!(outcome, expected);
    for (event, why) in [("\"fail\"", "bad batch"), ("\"throw\"", "E: no")] {
        let error = waits.publish(&[event]).await.unwrap_err();
        assert_eq!(error.status, 403);
        assert!(!error.message.unwrap().contains(why));
        assert!(error.reason.unwrap().contains(why));
    }
    let mut watch = waits.handlers.feed.watch();
    assert_eq!(waits.publish(&["\"silent\""]).await, Ok(PublishOutcome::default()));
    let summary = serde_json::to_value(watch.recv().await.unwrap()).unwrap();
    let hint = "the function of `source` returned no `events`";
    assert!(summary["text"].as_str().unwrap().starts_with(hint), "{summary}");
    assert_eq!(waits.subscribe().await.unwrap_err().message.as_deref(), Some("not here"));
    let not = fixture("", direct("EVENT"), settings).with_source(function());
    assert_eq!(not.publish(&["\"a\"", "1"]).await, Ok(all_delivered(&["\"a\"", "1"])));
    assert_eq!(not.subscribe().await, Ok(()));
    let kinds =
        stub.requests().into_iter().map(|request| request.headers["x-amz-invocation-type"].clone());
    assert_eq!(kinds.filter(|kind| kind == "Event").count(), 2);
}

/// Returns a handler that publishes the result or the error of its data source.
fn handler_with_request(request: &str) -> String {
    format!(
        "export const onPublish = {{
  request: (ctx) => ({request}),
  response: (ctx) => ctx.events.map(({{ id }}) => ({{ id, payload: ctx.error ?? ctx.result }})),
}}"
    )
}

/// Returns the result of a data source that `stub` serves, for a handler's request.
async fn query_data_source(members: Value, service: &str, stub: &Stub, request: &str) -> Value {
    let settings = Settings {
        lambda_endpoint: Some(stub.url.clone()),
        endpoints: BTreeMap::from([(service.to_owned(), stub.url.clone())]),
        ..Settings::default()
    };
    let fixture =
        fixture(&handler_with_request(request), code("source"), settings).with_source(members);
    let outcome = fixture.publish(&["{\"a\":1}"]).await.unwrap();
    serde_json::from_str(&outcome.delivered[0].1).unwrap()
}

#[tokio::test]
async fn code_invokes_a_function() {
    let stub = Stub::serve(|_| response(200, "{\"b\":2}")).await;
    let request = "{ operation: 'Invoke', payload: ctx.events[0].payload }";
    assert_eq!(query_data_source(function(), "lambda", &stub, request).await, json!({ "b": 2 }));
    assert_eq!(stub.requests()[0].body, b"{\"a\":1}");
}

#[tokio::test]
async fn an_http_endpoint_receives_the_handlers_request() {
    let stub = Stub::serve(|_| response(404, "gone")).await;
    let members = json!({ "type": "HTTP", "httpConfig": { "endpoint": stub.url } });
    let request = "{ method: 'POST', resourcePath: '/a', params: { query: { b: 'c d' }, headers: { 'X-E': 'f' }, body: 'g' } }";
    let result = query_data_source(members.clone(), "", &stub, request).await;
    assert_eq!((&result["statusCode"], &result["body"]), (&json!(404), &json!("gone")));
    let one = stub.requests().remove(0);
    assert_eq!((one.method.as_str(), one.uri.as_str()), ("POST", "/a?b=c+d"));
    assert_eq!((&one.headers["x-e"], one.body.as_slice()), (&"f".parse().unwrap(), &b"g"[..]));
    let host = "{ method: 'GET', resourcePath: '/', params: { headers: { Host: 'x' } } }";
    let result = query_data_source(members.clone(), "", &stub, host).await;
    assert_eq!(result["message"], "a handler cannot set the header `Host`");
    let result =
        query_data_source(members, "", &stub, "{ method: 'HEAD', resourcePath: '/' }").await;
    assert!(result["message"].as_str().unwrap().contains("not `HEAD`"));
}

#[tokio::test]
async fn requests_to_a_table_are_typed_and_results_are_plain() {
    let stub = Stub::serve(|request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        match request.headers["x-amz-target"].to_str().unwrap() {
            "DynamoDB_20120810.PutItem" if body["ConditionExpression"].is_string() => {
                let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
                response(
                    400,
                    json!({ "__type": kind, "message": "the condition failed" }).to_string(),
                )
            }
            "DynamoDB_20120810.GetItem" => response(
                200,
                json!({ "Item": { "id": {"S": "1"}, "n": {"N": "1.5"} } }).to_string(),
            ),
            "DynamoDB_20120810.Query" => {
                let items = json!([{ "id": {"S": "1"} }]);
                let last = json!({ "id": {"S": "1"} });
                response(
                    200,
                    json!({ "Items": items, "ScannedCount": 1, "LastEvaluatedKey": last })
                        .to_string(),
                )
            }
            _ => response(200, "{}"),
        }
    })
    .await;
    let members = json!({
        "type": "AMAZON_DYNAMODB",
        "dynamodbConfig": { "tableName": "messages", "awsRegion": "eu-west-1" },
    });
    let ask =
        async |request: &str| query_data_source(members.clone(), "dynamodb", &stub, request).await;
    let get = "{ operation: 'GetItem', key: { id: { S: '1' } } }";
    assert_eq!(ask(get).await, json!({ "id": "1", "n": 1.5 }));
    let put_request =
        "{ operation: 'PutItem', key: { id: { S: '1' } }, attributeValues: { n: { N: 2 } } }";
    assert_eq!(ask(put_request).await, json!({ "n": 2, "id": "1" }));
    let body: Value = serde_json::from_slice(&stub.requests()[1].body).unwrap();
    let item = json!({ "n": {"N": "2"}, "id": {"S": "1"} });
    assert_eq!(body, json!({ "TableName": "messages", "Item": item }));
    let conditional =
        put_request.replace("attributeValues", "condition: { expression: 'x' }, attributeValues");
    let failed = json!({ "message": "the condition failed", "type": "DynamoDB:ConditionalCheckFailedException" });
    assert_eq!(ask(&conditional).await, failed);
    let query = "{ operation: 'Query', query: { expression: 'id = :id', expressionValues: { ':id': { S: '1' } } } }";
    let result = ask(query).await;
    assert_eq!(result["items"], json!([{ "id": "1" }]));
    let next = query.replace("query:", &format!("nextToken: {}, query:", result["nextToken"]));
    ask(&next).await;
    let body: Value = serde_json::from_slice(&stub.requests()[4].body).unwrap();
    assert_eq!(body["ExclusiveStartKey"], json!({ "id": {"S": "1"} }));
    let batch = "{ operation: 'BatchPutItem', tables: { t: [{ id: { S: '1' } }] } }";
    let expected = json!({ "data": { "t": [{ "id": "1" }] }, "unprocessedItems": { "t": [] } });
    assert_eq!(ask(batch).await, expected);
}

#[tokio::test]
async fn buses_databases_models_and_search_domains_are_called_at_their_endpoints() {
    let stub = Stub::serve(|_| response(200, "{\"ok\":true}")).await;
    let bus = json!({ "type": "AMAZON_EVENTBRIDGE",
        "eventBridgeConfig": { "eventBusArn": "arn:aws:events:eu-west-1:1:event-bus/b" } });
    let put_request =
        "{ operation: 'PutEvents', events: [{ source: 's', detailType: 't', detail: { a: 1 } }] }";
    assert_eq!(query_data_source(bus, "events", &stub, put_request).await, json!({ "ok": true }));
    let database = json!({ "type": "RELATIONAL_DATABASE", "relationalDatabaseConfig": {} });
    let sql = "{ statements: ['SELECT :A'], variableMap: { ':A': 1, ':AB': 2 }, variableTypeHintMap: {} }";
    let results = json!({ "sqlStatementResults": [{}] }).to_string();
    assert_eq!(query_data_source(database, "rds-data", &stub, sql).await, json!(results));
    let model = json!({ "type": "AMAZON_BEDROCK_RUNTIME" });
    let converse = "{ operation: 'Converse', modelId: 'a:b', messages: [] }";
    query_data_source(model, "bedrock-runtime", &stub, converse).await;
    let search = json!({ "type": "AMAZON_OPENSEARCH_SERVICE",
        "openSearchServiceConfig": { "endpoint": "https://nowhere.invalid", "awsRegion": "eu-west-1" } });
    let get = "{ operation: 'GET', path: '/i/_search', params: { queryString: { q: 'x' } } }";
    query_data_source(search, "es", &stub, get).await;
    let uris: Vec<_> = stub.requests().into_iter().map(|request| request.uri).collect();
    assert_eq!(uris, ["/", "/Execute", "/model/a%3Ab/converse", "/i/_search?q=x"]);
    let bodies = stub
        .requests()
        .into_iter()
        .map(|request| serde_json::from_slice(&request.body).unwrap_or_default());
    let bodies: Vec<Value> = bodies.collect();
    assert_eq!(bodies[0]["Entries"][0]["Detail"], "{\"a\":1}");
    assert_eq!(bodies[1]["parameters"], json!([{ "name": "A", "value": { "longValue": 1 } }]));
    assert_eq!(bodies[2], json!({ "messages": [] }));
}

#[tokio::test]
async fn the_error_of_a_service_without_an_endpoint_explains_how_to_set_one() {
    let members = json!({ "type": "AMAZON_DYNAMODB", "dynamodbConfig": { "tableName": "t" } });
    let text = handler_with_request("{ operation: 'GetItem', key: {} }");
    let fixture = fixture(&text, code("source"), Settings::default()).with_source(members);
    let outcome = fixture.publish(&["1"]).await.unwrap();
    assert!(outcome.delivered[0].1.contains("provision local --endpoint dynamodb=http://…"));
}

#[tokio::test]
async fn a_data_source_of_type_none_returns_its_payload() {
    let stub = Stub::serve(|_| response(500, "")).await;
    let result = query_data_source(json!({ "type": "NONE" }), "", &stub, "{ payload: 7 }").await;
    assert_eq!(result, json!(7));
    assert!(stub.requests().is_empty());
}

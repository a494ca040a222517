use serde_json::{Value, json};

use crate::cloudformation::resource_types::RequiresRecreation;
use crate::cloudformation::resource_types::tests::stack::{STACK_ID, Stack, message};

const API: &str = "AWS::AppSync::Api";

pub fn api(name: &str) -> Value {
    let key = json!([{ "AuthType": "API_KEY" }]);
    json!({
        "Name": name,
        "EventConfig": {
            "AuthProviders": key,
            "ConnectionAuthModes": key,
            "DefaultPublishAuthModes": key,
            "DefaultSubscribeAuthModes": key,
        },
    })
}

#[tokio::test]
async fn an_api_takes_one_call_each_to_create_update_read_and_delete() {
    let stack = Stack::new();
    let mut resource = stack.create(API, api("chat")).await.unwrap();
    let id = resource.attribute("ApiId").to_owned();
    let arn = format!("arn:aws:appsync:us-east-1:123456789012:apis/{id}");
    assert_eq!(resource.state.reference, json!(arn));
    assert_eq!(resource.attribute("ApiArn"), arn);
    assert!(resource.attribute("Dns.Http").ends_with(".appsync-api.us-east-1.amazonaws.com"));
    assert!(resource.attribute("Dns.Realtime").contains(".appsync-realtime-api."));
    assert_eq!(stack.take_calls(), ["CreateApi"]);

    let mut renamed = api("chat-2");
    renamed["OwnerContact"] = json!("me");
    resource.update(renamed).await.unwrap();
    assert_eq!(stack.take_calls(), ["UpdateApi"]);
    resource.check_no_drift().await;
    assert_eq!(stack.take_calls(), ["GetApi"]);

    resource.delete().await.unwrap();
    resource.delete().await.unwrap();
    assert_eq!(stack.take_calls(), ["DeleteApi", "DeleteApi"]);
    assert_eq!(resource.read().await.unwrap_err().code, "NotFound");
    let never = RequiresRecreation::Never;
    assert_eq!(resource.resource_type.requires_recreation("/Name"), never);
}

#[tokio::test]
async fn tags_of_the_stack_and_of_cloudformation_are_added_and_never_removed() {
    let stack = Stack::new();
    let tags = |stack: &Stack| {
        stack.store.read(|state| {
            state.region(&stack.caller).apis.values().next().map(|api| api.tags.clone()).unwrap()
        })
    };
    let mut tagged = api("chat");
    tagged["Tags"] = json!([{ "Key": "old", "Value": "1" }, { "Key": "kept", "Value": "1" }]);
    let mut resource = stack.create(API, tagged.clone()).await.unwrap();
    let system = [
        ("aws:cloudformation:logical-id", "Thing"),
        ("aws:cloudformation:stack-id", STACK_ID),
        ("aws:cloudformation:stack-name", "demo"),
    ];
    let with_system = |own: &[(&str, &str)]| -> Vec<(String, String)> {
        system.iter().chain(own).map(|(key, value)| ((*key).into(), (*value).into())).collect()
    };
    let of = |stack: &Stack| tags(stack).into_iter().collect::<Vec<_>>();
    assert_eq!(of(&stack), with_system(&[("kept", "1"), ("old", "1"), ("team", "chat")]));
    resource.check_no_drift().await;

    let id = resource.attribute("ApiId").to_owned();
    stack
        .store
        .change(|state| {
            let api = state.region(&stack.caller).apis.get_mut(&id).unwrap();
            api.tags.insert("foreign".into(), "1".into());
            Ok(())
        })
        .await
        .unwrap();
    stack.take_calls();
    tagged["Tags"] = json!([{ "Key": "kept", "Value": "2" }]);
    resource.update(tagged).await.unwrap();
    assert_eq!(stack.take_calls(), ["UpdateApi", "UntagResource", "TagResource"]);
    assert_eq!(of(&stack), with_system(&[("foreign", "1"), ("kept", "2"), ("team", "chat")]));
    let expected = json!([{ "Key": "kept", "Value": "2" }, { "Key": "foreign", "Value": "1" }]);
    assert_eq!(resource.read().await.unwrap()["Tags"], expected);
}

#[tokio::test]
async fn an_interrupted_creation_is_completed_with_the_same_id() {
    let stack = Stack::new();
    let resource = stack.create(API, api("chat")).await.unwrap();
    let id = resource.state.physical_id.clone();
    let resumed = stack.resume(API, api("other"), &id).await.unwrap();
    assert_eq!(resumed.state.physical_id, id);
    assert_eq!(resumed.read().await.unwrap()["Name"], "other");
    let new = stack.resume(API, api("new"), &format!("{id}x")).await.unwrap();
    assert_ne!(new.state.physical_id, id);
    let error = stack.other().resume(API, api("chat"), &id).await.err().unwrap();
    assert_eq!((error.code, error.is_created), ("AlreadyExists", false));
}

#[tokio::test]
async fn the_errors_of_appsync_are_the_reasons_of_failures() {
    let stack = Stack::new();
    let error = stack.create(API, json!({ "Name": "chat" })).await.err().unwrap();
    assert_eq!(
        message(&error),
        "Resource handler returned message: \"1 validation error detected: Value at 'eventConfig' failed to satisfy \
         constraint: Member must not be null (Service: AppSync, Status Code: 400, Request ID: <uuid>)\" \
         (RequestToken: <uuid>, HandlerErrorCode: InvalidRequest)"
    );
    assert!(!error.is_created);
}

#[tokio::test]
async fn an_api_is_found_by_its_arn() {
    let stack = Stack::new();
    let resource = stack.create(API, api("chat")).await.unwrap();
    let found = stack.find(API, &[("ApiArn", &resource.state.physical_id)]).await.unwrap();
    assert_eq!(found, resource.state);
    let error = stack.find(API, &[("ApiArn", "arn:aws:appsync:r:1:apis/x")]).await.unwrap_err();
    assert_eq!(error.code, "NotFound");
    let error = stack.find(API, &[("Name", "chat")]).await.unwrap_err();
    assert!(error.message.contains("lacks ApiArn"), "{}", error.message);
}

#[tokio::test]
async fn numbers_that_appsync_adds_are_no_drift() {
    let stack = Stack::new();
    let mut properties = api("chat");
    let provider = json!({
        "AuthType": "OPENID_CONNECT",
        "OpenIDConnectConfig": { "Issuer": "https://example.com", "IatTTL": 0 },
    });
    properties["EventConfig"]["AuthProviders"] = json!([provider, { "AuthType": "API_KEY" }]);
    stack.create(API, properties).await.unwrap().check_no_drift().await;
}

use serde_json::{Value, json};

use crate::cloudformation::resource_types::RequiresRecreation;
use crate::cloudformation::resource_types::tests::api::api;
use crate::cloudformation::resource_types::tests::stack::{Stack, message};

const NAMESPACE: &str = "AWS::AppSync::ChannelNamespace";

fn namespace(api_id: &str) -> Value {
    json!({ "ApiId": api_id, "Name": "default", "PublishAuthModes": [{ "AuthType": "API_KEY" }] })
}

#[tokio::test]
async fn a_namespace_is_created_updated_read_and_deleted() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let api_id = api.attribute("ApiId").to_owned();
    stack.take_calls();
    let mut resource = stack.create(NAMESPACE, namespace(&api_id)).await.unwrap();
    assert_eq!(stack.take_calls(), ["CreateChannelNamespace"]);
    let arn =
        format!("arn:aws:appsync:us-east-1:123456789012:apis/{api_id}/channelNamespace/default");
    assert_eq!(resource.state.reference, json!(arn));
    assert_eq!(resource.attribute("ChannelNamespaceArn"), arn);
    let mut changed = namespace(&api_id);
    changed["CodeHandlers"] = json!("export function onPublish(ctx) { return ctx.events }");
    resource.update(changed).await.unwrap();
    assert_eq!(stack.take_calls(), ["UpdateChannelNamespace"]);
    resource.check_no_drift().await;
    resource.update(json!({ "ApiId": api_id, "Name": "default" })).await.unwrap();
    resource.check_no_drift().await;
    assert_eq!(
        stack.find(NAMESPACE, &[("ChannelNamespaceArn", &arn)]).await.unwrap(),
        resource.state
    );

    let recreation = |pointer| resource.resource_type.requires_recreation(pointer);
    assert_eq!(recreation("/Name"), RequiresRecreation::Always);
    assert_eq!(recreation("/PublishAuthModes/0/AuthType"), RequiresRecreation::Never);
    assert_eq!(resource.resource_type.custom_name(&resource.properties), None);
    resource.delete().await.unwrap();
    assert_eq!(resource.read().await.unwrap_err().code, "NotFound");
    api.delete().await.unwrap();
    resource.delete().await.unwrap();
}

#[tokio::test]
async fn a_namespace_that_exists_is_adopted_only_from_an_interrupted_creation_of_its_stack() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let properties = namespace(api.attribute("ApiId"));
    let first = stack.create(NAMESPACE, properties.clone()).await.unwrap();
    let error = stack.create(NAMESPACE, properties.clone()).await.err().unwrap();
    assert_eq!(
        message(&error),
        "Resource handler returned message: \"Channel namespace with name default already exists. (Service: AppSync, \
         Status Code: 409, Request ID: <uuid>)\" (RequestToken: <uuid>, HandlerErrorCode: AlreadyExists)"
    );
    assert!(!error.is_created);
    let arn = &first.state.physical_id;
    assert!(stack.resume(NAMESPACE, properties.clone(), arn).await.is_ok());
    let error = stack.other().resume(NAMESPACE, properties, arn).await.err().unwrap();
    assert_eq!((error.code, error.is_created), ("AlreadyExists", false));
}

#[tokio::test]
async fn code_at_a_missing_location_fails() {
    let stack = Stack::new();
    let mut properties = namespace("x");
    properties["CodeS3Location"] = json!("s3://bucket/key");
    let error = stack.create(NAMESPACE, properties).await.err().unwrap();
    assert!(error.code == "NotFound" && error.message.contains("s3://bucket/key"));
    assert!(stack.take_calls().is_empty());
}

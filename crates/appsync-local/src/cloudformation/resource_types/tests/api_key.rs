use serde_json::json;

use crate::cloudformation::resource_types::RequiresRecreation;
use crate::cloudformation::resource_types::tests::api::api;
use crate::cloudformation::resource_types::tests::stack::Stack;

const KEY: &str = "AWS::AppSync::ApiKey";

#[tokio::test]
async fn a_key_is_its_arn_and_its_secret_is_an_attribute() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let api_id = api.attribute("ApiId").to_owned();
    stack.take_calls();
    let mut key =
        stack.create(KEY, json!({ "ApiId": api_id, "Description": "web" })).await.unwrap();
    assert_eq!(stack.take_calls(), ["CreateApiKey"]);
    let id = key.attribute("ApiKey").to_owned();
    assert!(id.starts_with("da2-") && id.len() == 30, "{id}");
    assert_eq!(key.attribute("ApiKeyId"), id);
    let arn = format!("arn:aws:appsync:us-east-1:123456789012:apis/{api_id}/apikey/{id}");
    assert_eq!((key.attribute("Arn"), &key.state.reference), (arn.as_str(), &json!(arn)));
    assert!(!format!("{:?}", key.state).contains("da2-"));

    let expires = (stack.store.now_epoch_s() as i64 / 3_600 + 48) * 3_600;
    let properties = json!({
        "ApiId": api_id,
        "Description": "web",
        "Expires": expires.to_string(),
    });
    key.update(properties).await.unwrap();
    assert_eq!(stack.take_calls(), ["UpdateApiKey"]);
    key.check_no_drift().await;
    let found = stack.find(KEY, &[("ApiId", &api_id), ("ApiKeyId", &id)]).await.unwrap();
    assert_eq!(found, key.state);
    assert_eq!(key.resource_type.requires_recreation("/ApiId"), RequiresRecreation::Always);
    assert_eq!(key.resource_type.requires_recreation("/Expires"), RequiresRecreation::Never);

    key.delete().await.unwrap();
    key.delete().await.unwrap();
    let error = key.read().await.unwrap_err();
    assert!(error.code == "NotFound" && !error.message.contains("da2-"), "{}", error.message);
}

#[tokio::test]
async fn a_key_is_found_on_any_page_of_the_list() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let mut keys = Vec::new();
    for _ in 0..30 {
        keys.push(stack.create(KEY, json!({ "ApiId": api.attribute("ApiId") })).await.unwrap());
    }
    for key in &keys {
        assert!(key.read().await.is_ok());
    }
}

#[tokio::test]
async fn the_arn_of_an_api_is_not_its_id() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let arn = api.state.physical_id.as_str();
    for (name, properties) in [
        (KEY, json!({ "ApiId": arn })),
        ("AWS::AppSync::ChannelNamespace", json!({ "ApiId": arn, "Name": "n" })),
        ("AWS::AppSync::DataSource", json!({ "ApiId": arn, "Name": "n", "Type": "NONE" })),
    ] {
        let error = stack.create(name, properties).await.err().unwrap();
        assert_eq!((error.code, error.is_created), ("NotFound", false), "{name}");
        assert!(error.message.contains(&format!("Api {arn} not found.")), "{}", error.message);
    }
}

#[tokio::test]
async fn an_interrupted_creation_keeps_its_key() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let properties = json!({ "ApiId": api.attribute("ApiId") });
    let key = stack.create(KEY, properties.clone()).await.unwrap();
    let resumed = stack.resume(KEY, properties, &key.state.physical_id).await.unwrap();
    assert_eq!(resumed.state.attributes, key.state.attributes);
    stack.take_calls();
}

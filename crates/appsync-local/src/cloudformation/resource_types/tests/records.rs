use serde_json::{Value, json};

use crate::cloudformation::resource_types::tests::stack::Stack;

/// The `Ref` of a record, which calls no service in its whole life.
async fn reference(name: &str, properties: Value, changed: Value) -> String {
    let stack = Stack::new();
    let mut resource = stack.create(name, properties).await.unwrap();
    let reference = resource.state.reference.as_str().unwrap().to_owned();
    resource.update(changed.clone()).await.unwrap();
    resource.check_no_drift().await;
    let resumed = stack.resume(name, changed, &reference).await.unwrap();
    assert_eq!(resumed.state, resource.state);
    resource.delete().await.unwrap();
    assert!(stack.take_calls().is_empty());
    reference
}

#[tokio::test]
async fn records_call_no_service() {
    let group = json!({ "LogGroupName": "/aws/appsync/apis/x", "RetentionInDays": "7" });
    let name =
        reference("AWS::Logs::LogGroup", group, json!({ "LogGroupName": "/aws/appsync/apis/x" }))
            .await;
    assert_eq!(name, "/aws/appsync/apis/x");
    let group = reference("AWS::Logs::LogGroup", json!({}), json!({ "RetentionInDays": 7 })).await;
    assert!(group.starts_with("demo-Thing-"), "{group}");
    let permission = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": "f",
        "Principal": "appsync.amazonaws.com",
    });
    let id = reference("AWS::Lambda::Permission", permission.clone(), permission).await;
    assert!(id.starts_with("demo-Thing-"), "{id}");
    let id = reference("AWS::CDK::Metadata", json!({ "Analytics": "v2:x" }), json!({})).await;
    assert_eq!(id.len(), 36);
    let url = reference("AWS::CloudFormation::WaitConditionHandle", json!({}), json!({})).await;
    assert!(url.starts_with("https://cloudformation-waitcondition-us-east-1.s3."), "{url}");
}

#[tokio::test]
async fn a_log_group_has_the_arn_of_its_streams() {
    let stack = Stack::new();
    let group = stack.create("AWS::Logs::LogGroup", json!({ "LogGroupName": "g" })).await.unwrap();
    assert_eq!(group.attribute("Arn"), "arn:aws:logs:us-east-1:123456789012:log-group:g:*");
    let custom_name = group.resource_type.custom_name(&group.properties);
    assert_eq!(custom_name.as_deref(), Some("g"));
}

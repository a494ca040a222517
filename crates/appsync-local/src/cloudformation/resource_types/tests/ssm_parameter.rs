use serde_json::{Value, json};

use crate::cloudformation::resource_types::RequiresRecreation;
use crate::cloudformation::resource_types::tests::stack::{Stack, message};

const PARAMETER: &str = "AWS::SSM::Parameter";

fn parameter(value: &str) -> Value {
    json!({ "Type": "String", "Value": value, "Tags": { "a": value } })
}

#[tokio::test]
async fn a_parameter_is_created_updated_read_and_deleted() {
    let stack = Stack::new();
    let mut resource = stack.create(PARAMETER, parameter("1")).await.unwrap();
    assert_eq!(stack.take_calls(), ["PutParameter"]);
    let name = resource.state.reference.as_str().unwrap().to_owned();
    assert!(name.starts_with("CFN-Thing-") && name.len() == 22, "{name}");
    assert_eq!((resource.attribute("Type"), resource.attribute("Value")), ("String", "1"));
    let arn = format!("arn:aws:ssm:us-east-1:123456789012:parameter/{name}");
    assert_eq!(resource.attribute("Arn"), arn);
    resource.check_no_drift().await;
    assert_eq!(stack.take_calls(), ["GetParameter", "ListTagsForResource"]);

    let mut described = parameter("2");
    described["Description"] = json!("d");
    resource.update(described).await.unwrap();
    assert_eq!(stack.take_calls(), ["PutParameter", "AddTagsToResource"]);
    resource.check_no_drift().await;
    resource.update(json!({ "Type": "String", "Value": 3 })).await.unwrap();
    resource.check_no_drift().await;
    assert!(stack.take_calls().contains(&"RemoveTagsFromResource"));
    assert_eq!(stack.find(PARAMETER, &[("Name", &name)]).await.unwrap().reference, json!(name));
    let recreation = |pointer| resource.resource_type.requires_recreation(pointer);
    assert_eq!(recreation("/Name"), RequiresRecreation::Always);
    assert_eq!(recreation("/Value"), RequiresRecreation::Never);
    resource.delete().await.unwrap();
    resource.delete().await.unwrap();
    assert_eq!(resource.read().await.unwrap_err().code, "NotFound");
}

#[tokio::test]
async fn a_parameter_that_exists_is_adopted_only_from_an_interrupted_creation_of_its_stack() {
    let stack = Stack::new();
    let mut named = parameter("1");
    named["Name"] = json!("/app/url");
    let resource = stack.create(PARAMETER, named.clone()).await.unwrap();
    assert_eq!(resource.resource_type.custom_name(&named).as_deref(), Some("/app/url"));
    let error = stack.create(PARAMETER, named.clone()).await.err().unwrap();
    assert_eq!(
        message(&error),
        "Resource handler returned message: \"The parameter already exists. To overwrite this value, set the overwrite \
         option in the request to true. (Service: Ssm, Status Code: 400, Request ID: <uuid>)\" (RequestToken: <uuid>, \
         HandlerErrorCode: AlreadyExists)"
    );
    assert!(stack.resume(PARAMETER, named.clone(), "/app/url").await.is_ok());
    let error = stack.other().resume(PARAMETER, named, "/app/url").await.err().unwrap();
    assert_eq!((error.code, error.is_created), ("AlreadyExists", false));
}

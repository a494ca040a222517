use serde_json::{Value, json};

use crate::cloudformation::resource_types::tests::stack::{Stack, message};
use crate::cloudformation::resource_types::{ResourceState, StubTypes, TypeError, find};

async fn stub(name: &str, properties: Value) -> ResourceState {
    let stubs = StubTypes::parse(&[name.to_owned()]).unwrap();
    let resource_type = find(name, &stubs).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(resource_type.is_stub());
    let stack = Stack::new();
    let request = stack.request(&properties);
    let identity = resource_type.plan_identity(&request);
    let state = resource_type.create(&request, &identity, false).await.unwrap();
    assert_eq!(state.physical_id, identity);
    assert_eq!(state, resource_type.create(&request, &identity, true).await.unwrap());
    assert!(stack.take_calls().is_empty());
    state
}

#[tokio::test]
async fn stubs_have_plausible_values() {
    let check = |state: &ResourceState, attribute: &str, pattern: &str| {
        let value = state.attributes[attribute].as_str().unwrap();
        let regex = regex_lite::Regex::new(&format!("^{pattern}$")).unwrap();
        assert!(regex.is_match(value), "{attribute}: {value}");
    };
    let function = stub("AWS::Lambda::Function", json!({ "FunctionName": "f" })).await;
    assert_eq!(function.reference, "f");
    check(&function, "Arn", "arn:aws:lambda:us-east-1:123456789012:function:f");
    let table = stub("AWS::DynamoDB::Table", json!({})).await;
    let name = table.reference.as_str().unwrap().to_owned();
    assert!(name.starts_with("demo-Thing-"), "{name}");
    check(&table, "Arn", &format!("arn:aws:dynamodb:us-east-1:123456789012:table/{name}"));
    let pool = stub("AWS::Cognito::UserPool", json!({})).await;
    let id = pool.reference.as_str().unwrap().to_owned();
    assert!(id.starts_with("us-east-1_") && id.len() == 19, "{id}");
    check(&pool, "UserPoolId", &id);
    check(&pool, "ProviderURL", &format!("https://cognito-idp.us-east-1.amazonaws.com/{id}"));
    let client = stub("AWS::Cognito::UserPoolClient", json!({ "UserPoolId": id })).await;
    assert_eq!(client.reference, client.attributes["ClientId"]);
    let bucket = stub("AWS::S3::Bucket", json!({})).await;
    check(&bucket, "Arn", "arn:aws:s3:::demo-thing-[a-z0-9]{12}");
    let topic = stub("AWS::SNS::Topic", json!({})).await;
    assert_eq!(topic.reference, topic.attributes["TopicArn"]);
    let zone = stub("AWS::Route53::HostedZone", json!({})).await;
    assert_eq!(zone.attributes["NameServers"], json!(["ns-1.awsdns-01.com"]));
    let api = stub("AWS::ApiGateway::RestApi", json!({})).await;
    check(&api, "RestApiId", "[a-z0-9]{17}");
}

#[test]
fn other_types_are_rejected_with_a_reason() {
    let stubs = StubTypes::parse(&["AWS::Lambda::*".to_owned()]).unwrap();
    let check = |name: &str, expected: TypeError| {
        assert_eq!(find(name, &stubs).err(), Some(expected), "{name}");
    };
    let refused =
        |text: &str| TypeError::Refused(format!("provision's emulator does not support {text}"));
    check("AWS::Nothing::Here", TypeError::Unknown);
    check("AWS::AppSync::Events", TypeError::Unknown);
    check("AWS::AppSync::GraphQLApi", refused("AWS::AppSync::GraphQLApi"));
    check("AWS::IAM::User", refused("AWS::IAM::User"));
    check("AWS::CloudFormation::Stack", refused("nested stacks (AWS::CloudFormation::Stack)"));
    check("AWS::CloudFormation::Macro", refused("macros (AWS::CloudFormation::Macro)"));
    check(
        "AWS::CloudFormation::WaitCondition",
        refused("wait conditions (AWS::CloudFormation::WaitCondition)"),
    );
    check("Custom::Thing", refused("custom resources (Custom::Thing)"));
    check("Org::Service::Use::MODULE", refused("modules (Org::Service::Use::MODULE)"));
    let text = "AWS::S3::Bucket; to use a stub in its place, pass `--stub-types 'AWS::S3::Bucket'`";
    check(
        "AWS::S3::Bucket",
        TypeError::Unsupported(format!("provision's emulator does not support {text}")),
    );
    assert!(find("AWS::Lambda::Function", &stubs).is_ok());
}

#[tokio::test]
async fn a_stub_lacks_what_its_schema_lacks() {
    let stubs = StubTypes::parse(&["AWS::Lambda::*".to_owned()]).unwrap();
    let function =
        find("AWS::Lambda::Function", &stubs).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(function.has_attribute("Arn") && !function.has_attribute("Url"));
    assert_eq!(
        function.missing_attribute("Url"),
        "Resource type AWS::Lambda::Function does not support attribute {Url}."
    );
    assert_eq!(
        function.check_properties("F", &json!({ "Code": {} })),
        Err("Properties validation failed for resource F with message:\n#: required key [Role] not found".into())
    );
    let stack = Stack::new();
    let nothing = json!({});
    let identifier = Default::default();
    let error =
        function.find_by_identifier(&stack.request(&nothing), &identifier).await.unwrap_err();
    assert!(message(&error).contains("lacks FunctionName"));
}

use serde_json::{Value, json};

use crate::cloudformation::resource_types::RequiresRecreation;
use crate::cloudformation::resource_types::tests::api::api;
use crate::cloudformation::resource_types::tests::stack::Stack;

const DATA_SOURCE: &str = "AWS::AppSync::DataSource";
const DOMAIN: &str = "AWS::AppSync::DomainName";
const ASSOCIATION: &str = "AWS::AppSync::DomainNameApiAssociation";
const WEB_ACL: &str = "AWS::WAFv2::WebACLAssociation";

#[tokio::test]
async fn a_data_source_has_the_members_of_the_template() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let api_id = api.attribute("ApiId").to_owned();
    stack.take_calls();
    let table = json!({
        "ApiId": api_id,
        "Name": "events",
        "Type": "AMAZON_DYNAMODB",
        "ServiceRoleArn": "arn:aws:iam::123456789012:role/r",
        "DynamoDBConfig": {
            "TableName": "t",
            "AwsRegion": "us-east-1",
            "Versioned": "true",
            "DeltaSyncConfig": {
                "BaseTableTTL": "60",
                "DeltaSyncTableName": "d",
                "DeltaSyncTableTTL": 30,
            },
        },
    });
    let mut resource = stack.create(DATA_SOURCE, table).await.unwrap();
    let arn = format!("arn:aws:appsync:us-east-1:123456789012:apis/{api_id}/datasources/events");
    assert_eq!(resource.state.reference, json!(arn));
    assert_eq!(
        (resource.attribute("DataSourceArn"), resource.attribute("Name")),
        (arn.as_str(), "events")
    );
    resource.check_no_drift().await;
    let http = json!({
        "ApiId": api_id,
        "Name": "events",
        "Type": "HTTP",
        "HttpConfig": { "Endpoint": "https://example.com" },
    });
    resource.update(http.clone()).await.unwrap();
    resource.check_no_drift().await;
    let calls = ["CreateDataSource", "GetDataSource", "UpdateDataSource", "GetDataSource"];
    assert_eq!(stack.take_calls(), calls);
    assert_eq!(stack.find(DATA_SOURCE, &[("DataSourceArn", &arn)]).await.unwrap(), resource.state);
    let error = stack.create(DATA_SOURCE, http.clone()).await.err().unwrap();
    assert_eq!(error.code, "AlreadyExists");
    assert!(stack.resume(DATA_SOURCE, http, &arn).await.is_ok());
    assert_eq!(resource.resource_type.requires_recreation("/Type"), RequiresRecreation::Never);
    assert_eq!(resource.resource_type.requires_recreation("/Name"), RequiresRecreation::Always);
    resource.delete().await.unwrap();
    assert_eq!(resource.read().await.unwrap_err().code, "NotFound");
}

fn domain(description: &str) -> Value {
    json!({
        "DomainName": "events.example.com",
        "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0b5c-1",
        "Description": description,
        "Tags": [{ "Key": "a", "Value": description }],
    })
}

#[tokio::test]
async fn a_domain_name_points_at_an_api() {
    let stack = Stack::new();
    let one = stack.create("AWS::AppSync::Api", api("one")).await.unwrap();
    let two = stack.create("AWS::AppSync::Api", api("two")).await.unwrap();
    stack.take_calls();
    let mut resource = stack.create(DOMAIN, domain("first")).await.unwrap();
    assert_eq!(resource.state.reference, "events.example.com");
    assert!(resource.attribute("AppSyncDomainName").ends_with(".cloudfront.net"));
    assert_eq!(resource.attribute("HostedZoneId"), "Z2FDTNDATAQYW2");
    resource.update(domain("second")).await.unwrap();
    assert_eq!(stack.take_calls(), ["CreateDomainName", "UpdateDomainName", "TagResource"]);
    resource.check_no_drift().await;
    let resource_type = &resource.resource_type;
    assert_eq!(resource_type.custom_name(&domain("")).as_deref(), Some("events.example.com"));
    assert_eq!(resource_type.requires_recreation("/CertificateArn"), RequiresRecreation::Always);
    assert_eq!(stack.create(DOMAIN, domain("")).await.err().unwrap().code, "AlreadyExists");
    stack.take_calls();

    let to = |api: &str| json!({ "DomainName": "events.example.com", "ApiId": api });
    let first = to(one.attribute("ApiId"));
    let mut association = stack.create(ASSOCIATION, first).await.unwrap();
    association.update(to(two.attribute("ApiId"))).await.unwrap();
    assert_eq!(stack.take_calls(), ["AssociateApi", "AssociateApi"]);
    association.check_no_drift().await;
    assert!(resource.delete().await.unwrap_err().message.contains("must be disassociated"));
    association.delete().await.unwrap();
    association.delete().await.unwrap();
    resource.delete().await.unwrap();
    assert_eq!(association.read().await.unwrap_err().code, "NotFound");
}

#[tokio::test]
async fn a_replaced_web_acl_association_is_not_removed_with_the_old_one() {
    let stack = Stack::new();
    let api = stack.create("AWS::AppSync::Api", api("chat")).await.unwrap();
    let arn = api.attribute("ApiArn").to_owned();
    stack.take_calls();
    let association = |name: &str| {
        let web_acl = format!("arn:aws:wafv2:us-east-1:123456789012:regional/webacl/{name}/0b5c");
        json!({ "ResourceArn": arn, "WebACLArn": web_acl })
    };
    let old = stack.create(WEB_ACL, association("old")).await.unwrap();
    assert_eq!(stack.take_calls(), ["AssociateWebACL"]);
    old.check_no_drift().await;
    assert_eq!(old.resource_type.requires_recreation("/WebACLArn"), RequiresRecreation::Always);
    let new = stack.create(WEB_ACL, association("new")).await.unwrap();
    old.delete().await.unwrap();
    new.check_no_drift().await;
    stack.take_calls();
    new.delete().await.unwrap();
    assert_eq!(stack.take_calls(), ["GetWebACLForResource", "DisassociateWebACL"]);
    assert_eq!(new.read().await.unwrap_err().code, "NotFound");
    let foreign = json!({
        "ResourceArn": format!("{arn}x"),
        "WebACLArn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/0b5c",
    });
    assert_eq!(stack.create(WEB_ACL, foreign).await.err().unwrap().code, "NotFound");
}

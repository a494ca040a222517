//! The AWS SDK for JavaScript against the emulator, with only an endpoint.
use std::ffi::OsStr;

use serde_json::{Value, json};

use crate::node;
use crate::world::serve;

/// Every operation for Event APIs (docs/reference/control-plane.md#operations), and one of each other
/// service.
const OPERATIONS: &[&str] = &[
    "AssociateApi",
    "CreateApi",
    "CreateApiKey",
    "CreateChannelNamespace",
    "CreateDataSource",
    "CreateDomainName",
    "CreateRole",
    "DeleteApi",
    "DeleteApiKey",
    "DeleteChannelNamespace",
    "DeleteDataSource",
    "DeleteDomainName",
    "DisassociateApi",
    "GetApi",
    "GetApiAssociation",
    "GetCallerIdentity",
    "GetChannelNamespace",
    "GetDataSource",
    "GetDomainName",
    "GetRole",
    "ListApiKeys",
    "ListApis",
    "ListChannelNamespaces",
    "ListDataSources",
    "ListDomainNames",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateApi",
    "UpdateApiKey",
    "UpdateChannelNamespace",
    "UpdateDataSource",
    "UpdateDomainName",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_for_javascript_can_call_every_operation() {
    let served = serve(|router| router).await;
    let url = served.url.clone();
    let results =
        tokio::task::spawn_blocking(move || node::run_node_script("sdk.mjs", &[OsStr::new(&url)]));
    let results = results.await.unwrap();
    let error =
        |name: &str, status: u16| json!({ "refused": name, "status": status, "requestId": true });
    let at = |path: &str| results.pointer(path).cloned().unwrap_or(Value::Null);
    assert_eq!(results["called"], json!(OPERATIONS));
    assert_eq!(results["created"], json!(true), "a timestamp is a number of seconds");
    assert_eq!((at("/api/name"), at("/api/ownerContact")), (json!("talk"), json!("a team")));
    assert_eq!(results["pages"].as_array().unwrap().len(), 2);
    let function = "arn:aws:lambda:ap-northeast-1:123456789012:function:other";
    assert_eq!(at("/dataSource/lambdaConfig/lambdaFunctionArn"), json!(function));
    assert_eq!(at("/namespace/publishAuthModes/0/authType"), json!("API_KEY"));
    assert_eq!(
        (&results["namespaces"], &results["keys"], &results["dataSources"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(results["code"], error("BadRequestException", 400));
    assert_eq!(results["twice"], error("ConflictException", 409));
    assert_eq!(results["expiry"], error("ApiKeyValidityOutOfBoundsException", 400));
    assert!(
        (-3_600..=0).contains(&results["renewed"].as_i64().unwrap()),
        "rounded down to the hour"
    );
    assert_eq!(results["tags"], json!({ "cost": "1" }));
    assert_eq!((at("/domain/description"), &results["domains"]), (json!("ours"), &json!(1)));
    assert_eq!(at("/association/associationStatus"), json!("SUCCESS"));
    assert_eq!(results["associated"], error("BadRequestException", 400));
    assert_eq!(at("/caller/Account"), json!("123456789012"));
    assert_eq!(results["trust"], json!(true));
    assert_eq!(results["role"], error("NoSuchEntityException", 404));
    assert_eq!(results["gone"], error("NotFoundException", 404));
}

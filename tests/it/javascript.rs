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
    let seen =
        tokio::task::spawn_blocking(move || node::run_node_script("sdk.mjs", &[OsStr::new(&url)]));
    let seen = seen.await.unwrap();
    let refused =
        |name: &str, status: u16| json!({ "refused": name, "status": status, "requestId": true });
    let at = |path: &str| seen.pointer(path).cloned().unwrap_or(Value::Null);
    assert_eq!(seen["called"], json!(OPERATIONS));
    assert_eq!(seen["created"], json!(true), "a timestamp is a number of seconds");
    assert_eq!((at("/api/name"), at("/api/ownerContact")), (json!("talk"), json!("a team")));
    assert_eq!(seen["pages"].as_array().unwrap().len(), 2);
    let function = "arn:aws:lambda:ap-northeast-1:123456789012:function:other";
    assert_eq!(at("/dataSource/lambdaConfig/lambdaFunctionArn"), json!(function));
    assert_eq!(at("/namespace/publishAuthModes/0/authType"), json!("API_KEY"));
    assert_eq!(
        (&seen["namespaces"], &seen["keys"], &seen["dataSources"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(seen["code"], refused("BadRequestException", 400));
    assert_eq!(seen["twice"], refused("ConflictException", 409));
    assert_eq!(seen["expiry"], refused("ApiKeyValidityOutOfBoundsException", 400));
    assert!((-3_600..=0).contains(&seen["renewed"].as_i64().unwrap()), "rounded down to the hour");
    assert_eq!(seen["tags"], json!({ "cost": "1" }));
    assert_eq!((at("/domain/description"), &seen["domains"]), (json!("ours"), &json!(1)));
    assert_eq!(at("/association/associationStatus"), json!("SUCCESS"));
    assert_eq!(seen["associated"], refused("BadRequestException", 400));
    assert_eq!(at("/caller/Account"), json!("123456789012"));
    assert_eq!(seen["trust"], json!(true));
    assert_eq!(seen["role"], refused("NoSuchEntityException", 404));
    assert_eq!(seen["gone"], refused("NotFoundException", 404));
}

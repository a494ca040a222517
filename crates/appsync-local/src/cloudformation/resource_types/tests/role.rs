use serde_json::{Value, json};

use crate::cloudformation::resource_types::RequiresRecreation;
use crate::cloudformation::resource_types::tests::stack::{Stack, emulated, message};

const ROLE: &str = "AWS::IAM::Role";

pub fn trust() -> Value {
    let principal = json!({ "Service": "appsync.amazonaws.com" });
    let statement =
        json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

pub fn document(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] })
}

fn role() -> Value {
    json!({
        "AssumeRolePolicyDocument": trust(),
        "Policies": [{ "PolicyName": "logs", "PolicyDocument": document("logs:*") }],
    })
}

const MANAGED: &str = "arn:aws:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs";

#[tokio::test]
async fn a_role_takes_a_call_for_itself_and_for_each_policy() {
    let stack = Stack::new();
    let mut resource = stack.create(ROLE, role()).await.unwrap();
    assert_eq!(stack.take_calls(), ["CreateRole", "PutRolePolicy"]);
    let name = resource.state.reference.as_str().unwrap().to_owned();
    assert!(name.starts_with("demo-Thing-") && name.len() == "demo-Thing-".len() + 12, "{name}");
    assert_eq!(resource.attribute("Arn"), format!("arn:aws:iam::123456789012:role/{name}"));
    assert!(resource.attribute("RoleId").starts_with("AROA"));
    resource.check_no_drift().await;
    let reads = ["GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies"];
    assert_eq!(stack.take_calls(), reads);

    let mut changed = role();
    changed["ManagedPolicyArns"] = json!([MANAGED]);
    changed["Policies"] = json!([{ "PolicyName": "other", "PolicyDocument": document("s3:*") }]);
    resource.update(changed.clone()).await.unwrap();
    let calls = ["DeleteRolePolicy", "PutRolePolicy", "AttachRolePolicy"];
    assert_eq!(stack.take_calls(), calls);
    resource.check_no_drift().await;
    stack.take_calls();
    assert!(resource.attribute("RoleId").starts_with("AROA"));

    changed["Description"] = json!("writes logs");
    changed["MaxSessionDuration"] = json!("7200");
    changed["PermissionsBoundary"] = json!("arn:aws:iam::aws:policy/PowerUserAccess");
    changed["AssumeRolePolicyDocument"]["Statement"][0]["Sid"] = json!("A");
    changed["Tags"] = json!([{ "Key": "a", "Value": "1" }]);
    resource.update(changed).await.unwrap();
    let calls = ["UpdateAssumeRolePolicy", "UpdateRole", "PutRolePermissionsBoundary", "TagRole"];
    assert_eq!(stack.take_calls(), calls);
    resource.check_no_drift().await;
    resource.update(role()).await.unwrap();
    resource.check_no_drift().await;
    stack.take_calls();

    resource.delete().await.unwrap();
    assert_eq!(stack.take_calls(), ["DeleteRolePolicy", "DeleteRole"]);
    resource.delete().await.unwrap();
}

#[tokio::test]
async fn a_changed_name_or_path_replaces_a_role_and_a_kept_name_collides() {
    let stack = Stack::new();
    let mut named = role();
    named["RoleName"] = json!("writer");
    let resource = stack.create(ROLE, named.clone()).await.unwrap();
    assert_eq!(resource.state.physical_id, "writer");
    let recreation = |pointer| resource.resource_type.requires_recreation(pointer);
    assert_eq!(recreation("/RoleName"), RequiresRecreation::Always);
    assert_eq!(recreation("/Path"), RequiresRecreation::Always);
    assert_eq!(recreation("/Policies/0/PolicyName"), RequiresRecreation::Never);
    assert_eq!(resource.resource_type.custom_name(&named).as_deref(), Some("writer"));
    assert_eq!(resource.resource_type.custom_name(&role()), None);
    let error = stack.create(ROLE, named).await.err().unwrap();
    assert_eq!(
        message(&error),
        "Resource handler returned message: \"Role with name writer already exists. (Service: Iam, Status Code: 409, \
         Request ID: <uuid>)\" (RequestToken: <uuid>, HandlerErrorCode: AlreadyExists)"
    );
    assert!(!error.is_created);
}

#[tokio::test]
async fn a_role_whose_policy_fails_exists_and_is_deleted_by_its_identity() {
    let stack = Stack::new();
    let mut invalid = role();
    invalid["Policies"][0]["PolicyDocument"] = json!({ "Statement": [] });
    let error = stack.create(ROLE, invalid.clone()).await.err().unwrap();
    assert!(error.is_created && error.code == "InvalidRequest", "{error:?}");

    // After a kill, the same identity is completed.
    invalid["RoleName"] = json!("named");
    assert!(stack.create(ROLE, invalid).await.err().unwrap().is_created);
    let resumed = stack.resume(ROLE, role(), "named").await.unwrap();
    assert_eq!(resumed.state.attributes.len(), 2);
    resumed.delete().await.unwrap();
}

#[tokio::test]
async fn a_role_with_a_policy_of_someone_else_is_not_deleted() {
    let stack = Stack::new();
    let mut resource = stack.create(ROLE, role()).await.unwrap();
    resource.properties = json!({ "AssumeRolePolicyDocument": trust() });
    let error = resource.delete().await.unwrap_err();
    assert!(
        error.code == "ResourceConflict" && error.message.contains("must delete policies first")
    );
}

#[test]
fn a_generated_name_is_cut_to_the_limit_of_iam() {
    let check = |stack_length: usize, logical_length: usize, expected: (usize, usize)| {
        let (stack, properties) = (Stack::new(), role());
        let (stack_name, logical_id) = ("s".repeat(stack_length), "L".repeat(logical_length));
        let mut request = stack.request(&properties);
        (request.stack_name, request.logical_id) = (&stack_name, &logical_id);
        let name = emulated(ROLE).plan_identity(&request);
        let parts: Vec<usize> = name.split('-').map(str::len).collect();
        assert_eq!(parts, [expected.0, expected.1, 12], "{name}");
    };
    check(4, 5, (4, 5));
    check(100, 20, (30, 20));
    check(20, 100, (20, 30));
    check(100, 100, (25, 25));
}

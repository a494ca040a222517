use serde_json::{Value, json};

use crate::cloudformation::resource_types::RequiresRecreation;
use crate::cloudformation::resource_types::tests::role::{document, trust};
use crate::cloudformation::resource_types::tests::stack::{Resource, Stack, emulated, message};

const MANAGED: &str = "AWS::IAM::ManagedPolicy";
const POLICY: &str = "AWS::IAM::Policy";
const ROLE_POLICY: &str = "AWS::IAM::RolePolicy";

async fn role<'a>(stack: &'a Stack, name: &str) -> Resource<'a> {
    let properties = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust() });
    let role = stack.create("AWS::IAM::Role", properties).await.unwrap();
    stack.take_calls();
    role
}

#[tokio::test]
async fn a_role_policy_is_one_inline_policy() {
    let stack = Stack::new();
    let role = role(&stack, "writer").await;
    let policy = |action: &str| json!({ "RoleName": "writer", "PolicyName": "p", "PolicyDocument": document(action) });
    let mut resource = stack.create(ROLE_POLICY, policy("a:*")).await.unwrap();
    assert_eq!(resource.state.reference, "p|writer");
    resource.update(policy("b:*")).await.unwrap();
    resource.check_no_drift().await;
    assert_eq!(stack.take_calls(), ["PutRolePolicy", "PutRolePolicy", "GetRolePolicy"]);
    let identifier = [("RoleName", "writer"), ("PolicyName", "p")];
    assert_eq!(stack.find(ROLE_POLICY, &identifier).await.unwrap(), resource.state);
    let recreation = |pointer| resource.resource_type.requires_recreation(pointer);
    assert_eq!(recreation("/PolicyName"), RequiresRecreation::Always);
    assert_eq!(recreation("/PolicyDocument/Statement"), RequiresRecreation::Never);
    resource.delete().await.unwrap();
    role.delete().await.unwrap();
    resource.delete().await.unwrap();
    let error = stack.create(ROLE_POLICY, policy("a:*")).await.err().unwrap();
    assert_eq!(error.code, "NotFound");
}

fn inline(roles: &[&str], action: &str) -> Value {
    json!({ "PolicyName": "p", "PolicyDocument": document(action), "Roles": roles })
}

#[tokio::test]
async fn a_policy_is_inline_in_each_role() {
    let stack = Stack::new();
    let roles = [role(&stack, "one").await, role(&stack, "two").await];
    let mut resource = stack.create(POLICY, inline(&["one", "two"], "a:*")).await.unwrap();
    assert_eq!(stack.take_calls(), ["PutRolePolicy", "PutRolePolicy"]);
    let id = resource.state.reference.as_str().unwrap();
    assert!(id.starts_with("demo-Thing-"), "{id}");
    resource.check_no_drift().await;
    stack.take_calls();
    resource.update(inline(&["two"], "a:*")).await.unwrap();
    assert_eq!(stack.take_calls(), ["DeleteRolePolicy"]);
    let mut renamed = inline(&["two"], "a:*");
    renamed["PolicyName"] = json!("q");
    resource.update(renamed).await.unwrap();
    assert_eq!(stack.take_calls(), ["PutRolePolicy", "DeleteRolePolicy"]);
    resource.check_no_drift().await;
    assert_eq!(
        resource.resource_type.requires_recreation("/PolicyName"),
        RequiresRecreation::Never
    );
    assert!(!resource.resource_type.is_importable());
    resource.delete().await.unwrap();
    assert_eq!(resource.read().await.unwrap_err().code, "NotFound");
    for role in roles {
        role.delete().await.unwrap();
    }
}

#[tokio::test]
async fn an_interrupted_policy_is_completed() {
    let stack = Stack::new();
    role(&stack, "one").await;
    let error = stack.create(POLICY, inline(&["one", "two"], "a:*")).await.err().unwrap();
    assert!(error.is_created && error.code == "NotFound", "{error:?}");
    role(&stack, "two").await;
    let resumed = stack.resume(POLICY, inline(&["one", "two"], "a:*"), "demo-P-1").await.unwrap();
    assert_eq!(stack.take_calls(), ["GetRolePolicy", "GetRolePolicy", "PutRolePolicy"]);
    resumed.check_no_drift().await;
}

#[tokio::test]
async fn policies_of_users_and_groups_are_rejected_by_name() {
    let stack = Stack::new();
    for (name, property) in [(POLICY, "Users"), (MANAGED, "Groups")] {
        let mut properties = json!({ "PolicyDocument": document("a:*"), property: ["x"] });
        if name == POLICY {
            properties["PolicyName"] = json!("p");
        }
        let error = stack.create(name, properties).await.err().unwrap();
        let expected =
            format!("provision's emulator does not support {property} in {name}, only Roles");
        assert!(error.message.contains(&expected), "{}", error.message);
    }
    assert!(stack.take_calls().is_empty());
    assert_eq!(
        emulated(POLICY).check_properties("P", &json!({ "PolicyName": "p", "PolicyDocument": {} })),
        Err("Properties validation failed for resource P with message:\n#: no subschema matched out of the total 3 subschemas".into())
    );
}

#[tokio::test]
async fn a_managed_policy_has_versions_and_roles() {
    let stack = Stack::new();
    role(&stack, "one").await;
    let policy = |n: u32, roles: &[&str]| json!({ "PolicyDocument": document(&format!("a:{n}")), "Roles": roles });
    let mut resource = stack.create(MANAGED, policy(0, &["one"])).await.unwrap();
    assert_eq!(stack.take_calls(), ["CreatePolicy", "AttachRolePolicy"]);
    let arn = resource.state.physical_id.clone();
    assert!(arn.starts_with("arn:aws:iam::123456789012:policy/demo-Thing-"), "{arn}");
    assert_eq!(resource.attribute("PolicyArn"), arn);
    assert!(resource.attribute("PolicyId").starts_with("ANPA"));
    resource.check_no_drift().await;
    let reads = ["GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy"];
    assert_eq!(stack.take_calls(), reads);
    for n in 1..=6 {
        resource.update(policy(n, &["one"])).await.unwrap();
    }
    assert_eq!(resource.attribute("DefaultVersionId"), "v7");
    let calls = stack.take_calls();
    let last =
        ["CreatePolicyVersion", "ListPolicyVersions", "DeletePolicyVersion", "CreatePolicyVersion"];
    assert_eq!(calls[calls.len() - 4..], last);
    resource.check_no_drift().await;
    assert_eq!(stack.find(MANAGED, &[("PolicyArn", &arn)]).await.unwrap(), resource.state);

    // A role of the stack can use it, too; then it is not deleted.
    let properties = json!({ "AssumeRolePolicyDocument": trust(), "ManagedPolicyArns": [arn] });
    let user = stack.create("AWS::IAM::Role", properties).await.unwrap();
    let error = resource.delete().await.unwrap_err();
    assert!(error.message.contains("Cannot delete a policy attached to entities."), "{error:?}");
    user.delete().await.unwrap();
    resource.delete().await.unwrap();
    resource.delete().await.unwrap();
    assert_eq!(resource.read().await.unwrap_err().code, "NotFound");
}

#[tokio::test]
async fn a_named_managed_policy_collides_with_its_replacement() {
    let stack = Stack::new();
    let properties = json!({
        "ManagedPolicyName": "shared",
        "Path": "/app/",
        "Description": "d",
        "PolicyDocument": document("a:*"),
    });
    let resource = stack.create(MANAGED, properties.clone()).await.unwrap();
    assert_eq!(resource.state.reference, "arn:aws:iam::123456789012:policy/app/shared");
    resource.check_no_drift().await;
    let resource_type = &resource.resource_type;
    assert_eq!(resource_type.custom_name(&properties).as_deref(), Some("shared"));
    assert_eq!(resource_type.requires_recreation("/Description"), RequiresRecreation::Always);
    let error = stack.create(MANAGED, properties.clone()).await.err().unwrap();
    assert_eq!(
        message(&error),
        "Resource handler returned message: \"A policy called shared already exists. Duplicate names are not allowed. \
         (Service: Iam, Status Code: 409, Request ID: <uuid>)\" (RequestToken: <uuid>, HandlerErrorCode: AlreadyExists)"
    );
    let id = resource.state.physical_id.clone();
    let resumed = stack.resume(MANAGED, properties, &id).await.unwrap();
    assert_eq!(resumed.state.attributes["DefaultVersionId"], "v1");
}

#[tokio::test]
async fn only_existing_policies_are_attached() {
    let stack = Stack::new();
    let arn = "arn:aws:iam::123456789012:policy/missing";
    let properties = json!({ "AssumeRolePolicyDocument": trust(), "ManagedPolicyArns": [arn] });
    let error = stack.create("AWS::IAM::Role", properties).await.err().unwrap();
    assert!(error.message.contains(&format!("Policy {arn} does not exist or is not attachable.")));
    let properties = json!({ "AssumeRolePolicyDocument": trust(), "PermissionsBoundary": arn });
    let error = stack.create("AWS::IAM::Role", properties).await.err().unwrap();
    assert_eq!((error.code, error.is_created), ("NotFound", false));
}

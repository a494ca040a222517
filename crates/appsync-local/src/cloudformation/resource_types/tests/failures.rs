use serde_json::{Value, json};

use crate::cloudformation::resource_types::tests::api::api;
use crate::cloudformation::resource_types::tests::role::trust;
use crate::cloudformation::resource_types::tests::stack::Stack;

/// The code of the failure of a creation with an injected fault, and whether the resource may exist.
async fn fail(name: &str, properties: Value, fault: Value) -> (&'static str, bool) {
    let stack = Stack::new();
    stack.inject(json!({ "rules": [{ "on": "*", "fault": fault, "times": 1 }] }));
    let error = stack.create(name, properties).await.err().unwrap();
    assert_eq!(stack.store.calls().len(), 1);
    (error.code, error.is_created)
}

#[tokio::test]
async fn injected_faults_fail_resources() {
    let error = |code: &str, status: u16| json!({ "error": { "code": code, "status": status, "message": "m" } });
    for (fault, expected) in [
        (json!("throttle"), ("Throttling", false)),
        (json!("fail-before"), ("ServiceInternalError", true)),
        (json!("fail-after"), ("ServiceInternalError", true)),
        (json!("drop-before"), ("NetworkFailure", true)),
        (error("ConcurrentModificationException", 409), ("ResourceConflict", false)),
        (error("LimitExceededException", 429), ("ServiceLimitExceeded", false)),
        (error("AccessDeniedException", 403), ("AccessDenied", false)),
        (error("UnauthorizedException", 401), ("AccessDenied", false)),
        (error("SomethingException", 400), ("InvalidRequest", false)),
        (error("ConflictException", 409), ("AlreadyExists", false)),
    ] {
        assert_eq!(
            fail("AWS::AppSync::Api", api("chat"), fault.clone()).await,
            expected,
            "{fault}"
        );
    }
}

#[tokio::test]
async fn after_an_unknown_outcome_only_a_generated_name_is_the_stacks_own() {
    let role = json!({ "AssumeRolePolicyDocument": trust() });
    assert!(fail("AWS::IAM::Role", role.clone(), json!("drop-after")).await.1);
    let mut named = role;
    named["RoleName"] = json!("writer");
    assert!(!fail("AWS::IAM::Role", named, json!("drop-after")).await.1);
}

#[tokio::test]
async fn quotas_fail_resources() {
    let stack = Stack::new();
    stack.inject(json!({ "quotas": { "apis": 1 } }));
    stack.create("AWS::AppSync::Api", api("one")).await.unwrap();
    let error = stack.create("AWS::AppSync::Api", api("two")).await.err().unwrap();
    assert_eq!(error.code, "ServiceLimitExceeded");
}

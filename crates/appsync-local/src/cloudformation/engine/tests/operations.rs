//! What each operation does, and what remains of it.
use serde_json::json;

use crate::cloudformation::engine::tests::{World, api, events, namespace, template};
use crate::faults::Faults;
use crate::state::stacks::{OnFailure, StackStatus};

#[tokio::test]
async fn a_stack_creates_its_resources_in_the_order_of_their_dependencies() {
    let world = World::new();
    let stack = world.create(&template(&json!({ "N": namespace("n"), "Api": api("a") }))).await;
    assert_eq!(stack.status, StackStatus::CreateComplete);
    assert_eq!(
        events(&stack),
        [
            "- CREATE_IN_PROGRESS",
            "Api CREATE_IN_PROGRESS",
            "Api CREATE_COMPLETE",
            "N CREATE_IN_PROGRESS",
            "N CREATE_COMPLETE",
            "- CREATE_COMPLETE",
        ]
    );
    assert_eq!(world.apis(), [("a".to_owned(), vec!["n".to_owned()])]);
    world.call("DeleteStack", &[("StackName", "s")]).await.unwrap();
    assert_eq!(world.stack("s").status, StackStatus::DeleteComplete);
    assert_eq!(world.apis(), []);
}

#[tokio::test]
async fn a_failed_creation_deletes_what_it_created() {
    let world = World::with_faults(&json!({
        "rules": [{ "on": "CreateChannelNamespace", "fault": "throttle" }],
    }));
    let stack = world.create(&template(&json!({ "N": namespace("n"), "Api": api("a") }))).await;
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    assert_eq!(
        events(&stack)[3..],
        [
            "N CREATE_IN_PROGRESS",
            "N CREATE_FAILED",
            "- ROLLBACK_IN_PROGRESS",
            "Api DELETE_IN_PROGRESS",
            "Api DELETE_COMPLETE",
            "- ROLLBACK_COMPLETE",
        ]
    );
    let reason = stack.resources["N"].reason.clone().unwrap();
    assert!(
        reason.contains("Rate exceeded (Service: AppSync, Status Code: 429")
            && reason.ends_with("HandlerErrorCode: Throttling)"),
        "{reason}"
    );
    assert_eq!(world.apis(), []);
    assert_eq!(stack.operation.unwrap().on_failure, OnFailure::Rollback);
}

#[tokio::test]
async fn an_update_replaces_before_its_cleanup_deletes() {
    let world = World::new();
    world.create(&template(&json!({ "N": namespace("one"), "Api": api("a") }))).await;
    let updated = template(&json!({ "N": namespace("two"), "Api": api("b") }));
    let stack = world.update(&updated).await.unwrap();
    assert_eq!(
        events(&stack)[6..],
        [
            "- UPDATE_IN_PROGRESS",
            "Api UPDATE_IN_PROGRESS",
            "Api UPDATE_COMPLETE",
            "N UPDATE_IN_PROGRESS",
            "N UPDATE_COMPLETE",
            "- UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "N DELETE_IN_PROGRESS",
            "N DELETE_COMPLETE",
            "- UPDATE_COMPLETE",
        ]
    );
    assert_eq!(world.apis(), [("b".to_owned(), vec!["two".to_owned()])]);
    let error = world.update(&updated).await.err().unwrap();
    assert_eq!(error.message, "No updates are to be performed.");
}

#[tokio::test]
async fn a_failed_update_restores_what_was_before() {
    let world = World::new();
    let before = template(&json!({ "N": namespace("one"), "Api": api("a") }));
    world.create(&before).await;
    world.store.set_faults(
        Faults::parse(
            r#"{"rules": [{"on": "Create", "logicalId": "M", "fault": {"handlerErrorCode": "NotStabilized"}}]}"#,
        )
        .unwrap(),
    );
    let mut last = namespace("three");
    last["DependsOn"] = json!(["N"]);
    let after = template(&json!({ "N": namespace("two"), "Api": api("b"), "M": last }));
    let stack = world.update(&after).await.unwrap();
    assert_eq!(stack.status, StackStatus::UpdateRollbackComplete);
    assert_eq!(world.apis(), [("a".to_owned(), vec!["one".to_owned()])]);
    assert_eq!(stack.resources.keys().map(str::to_owned).collect::<Vec<_>>(), ["Api", "N"]);
    assert!(stack.stable.is_none() && stack.cleanup.is_empty());
    // The restored stack is what its template says.
    let error = world.update(&before).await.err().unwrap();
    assert_eq!(error.message, "No updates are to be performed.");
}

#[tokio::test]
async fn a_rollback_that_fails_goes_on_when_it_is_continued() {
    let world = World::new();
    let before = template(&json!({ "Api": api("a") }));
    world.create(&before).await;
    world.store.set_faults(
        Faults::parse(
            r#"{"rules": [
                {"on": "Create", "fault": {"handlerErrorCode": "NotStabilized"}},
                {"on": "Update", "after": 1, "times": 1, "fault": {"handlerErrorCode": "Throttling"}}
            ]}"#,
        )
        .unwrap(),
    );
    let after = template(&json!({ "Api": api("b"), "N": namespace("n") }));
    let stack = world.update(&after).await.unwrap();
    assert_eq!(stack.status, StackStatus::UpdateRollbackFailed);
    assert_eq!(
        stack.status_reason.as_deref(),
        Some("The following resource(s) failed to update: [Api]. ")
    );
    let error = world.update(&before).await.err().unwrap();
    assert!(error.message.ends_with("is in UPDATE_ROLLBACK_FAILED state and can not be updated."));
    world.call("ContinueUpdateRollback", &[("StackName", "s")]).await.unwrap();
    assert_eq!(world.stack("s").status, StackStatus::UpdateRollbackComplete);
    assert_eq!(world.apis(), [("a".to_owned(), vec![])]);
}

#[tokio::test]
async fn a_cleanup_that_fails_leaves_the_resource_and_completes() {
    let world = World::new();
    world.create(&template(&json!({ "Api": api("a"), "N": namespace("n") }))).await;
    world.store.set_faults(
        Faults::parse(
            r#"{"rules": [{"on": "Delete", "fault": {"handlerErrorCode": "ResourceConflict"}}]}"#,
        )
        .unwrap(),
    );
    let stack = world.update(&template(&json!({ "Api": api("a") }))).await.unwrap();
    assert_eq!(stack.status, StackStatus::UpdateComplete);
    assert_eq!(
        stack.status_reason.as_deref(),
        Some("Update successful. One or more resources could not be deleted.")
    );
    let attempts = stack.events.values().filter(|event| event.status == "DELETE_FAILED").count();
    assert_eq!(attempts, 3);
    assert_eq!(world.apis(), [("a".to_owned(), vec!["n".to_owned()])]);
}

#[tokio::test]
async fn without_rollback_the_other_resources_are_created_and_the_stack_can_go_back() {
    let world = World::with_faults(&json!({
        "rules": [{ "on": "Create", "logicalId": "Bad", "fault": { "handlerErrorCode": "Unknown" } }],
    }));
    let body =
        template(&json!({ "Api": api("a"), "Bad": namespace("bad"), "Good": namespace("good") }))
            .to_string();
    let members =
        [("StackName", "s"), ("TemplateBody", body.as_str()), ("OnFailure", "DO_NOTHING")];
    world.call("CreateStack", &members).await.unwrap();
    let stack = world.stack("s");
    assert_eq!(stack.status, StackStatus::CreateFailed);
    assert_eq!(world.apis(), [("a".to_owned(), vec!["good".to_owned()])]);
    world.call("RollbackStack", &[("StackName", "s")]).await.unwrap();
    assert_eq!(world.stack("s").status, StackStatus::DeleteComplete);
    assert_eq!(world.apis(), []);
}

#[tokio::test]
async fn a_retained_resource_remains() {
    let world = World::new();
    let mut kept = api("a");
    kept["DeletionPolicy"] = json!("Retain");
    world.create(&template(&json!({ "Api": kept }))).await;
    world.call("DeleteStack", &[("StackName", "s")]).await.unwrap();
    assert_eq!(events(&world.stack("s"))[5..], ["Api DELETE_SKIPPED", "- DELETE_COMPLETE"]);
    assert_eq!(world.apis().len(), 1);
}

#[tokio::test]
async fn events_do_not_show_secret_parameters() {
    let world = World::new();
    let mut body = template(&json!({ "Api": api("a") }));
    body["Parameters"] =
        json!({ "Secret": { "Type": "String", "NoEcho": true, "Default": "s3cret" } });
    body["Resources"]["Api"]["Properties"]["OwnerContact"] = json!({ "Fn::Sub": "by ${Secret}" });
    let stack = world.create(&body).await;
    let shown: Vec<&String> =
        stack.events.values().filter_map(|event| event.properties.as_ref()).collect();
    assert!(!shown.is_empty() && shown.iter().all(|text| text.contains("****")), "{shown:?}");
    assert!(shown.iter().all(|text| !text.contains("s3cret")), "{shown:?}");
}

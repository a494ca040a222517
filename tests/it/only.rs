//! Associations, of which a resource has at most one: ownership tags without an association, unmanaged associations,
//! and copied ownership tags.
use appsync_local::Store;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use provision_aws::live::LiveStateError;
use provision_aws::proposal::{FinalState, Proposal, is_delayed, propose};
use provision_core::address::Address;
use provision_core::diff::ChangeAction;
use provision_core::kind::DesiredState;
use provision_core::ownership::Owner;
use provision_core::policy::{Policy, violations};
use serde_json::{Value, json};

use crate::account::with_fast_sleep;
use crate::engine::{apply, apply_alone, now};
use crate::specs::{folder, spec_of};
use crate::world::{Served, serve, serve_store};

const WEB_ACL: &str = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/events/12345678-1234-1234-1234-123456789012";
const THEIRS: &str = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/theirs/12345678-1234-1234-1234-123456789013";

fn desired(more: &Value) -> DesiredState {
    let mut api = json!({ "auth": { "providers": ["AWS_IAM"] } });
    api.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let document = json!({ "version": 1, "stack": "chat", "apis": { "chat": api } });
    spec_of(&document, &folder(), now()).desired
}

fn guarded() -> DesiredState {
    desired(&json!({ "waf": { "webAcl": WEB_ACL } }))
}

async fn planned(served: &Served, desired: &DesiredState) -> Proposal {
    propose(&served.aws, "chat", desired, now()).await.unwrap()
}

fn verbs(proposal: &Proposal) -> Vec<(String, ChangeAction)> {
    proposal.changes.iter().map(|change| (change.address.to_string(), change.verb)).collect()
}

fn arn_of(proposal: &Proposal) -> String {
    let api = &proposal.live.managed[&Address::top_level("apis", "chat")];
    api.attributes.get("ApiArn").unwrap().to_owned()
}

#[tokio::test]
async fn a_web_acl_tag_without_an_association_is_associated_again_or_removed() {
    let served = serve(|router| router).await;
    apply(&served, "chat", &guarded()).await;
    let api = arn_of(&planned(&served, &guarded()).await);
    let disassociate = || served.aws.waf.disassociate_web_acl().resource_arn(&api).send();
    disassociate().await.unwrap();
    let again = planned(&served, &guarded()).await;
    assert_eq!(verbs(&again), [("apis/chat/waf".to_owned(), ChangeAction::Create)]);
    assert_eq!((again.changes[0].effects.len(), again.steps.len()), (0, 1));
    let none = Policy { max_deletes: Some(0), ..Policy::default() };
    assert_eq!(violations(&again.changes, &again.normalized, &again.live, none), []);
    assert_eq!(apply(&served, "chat", &guarded()).await.left, 0);
    disassociate().await.unwrap();
    let without = desired(&json!({}));
    let gone = planned(&served, &without).await;
    assert_eq!(verbs(&gone), [("apis/chat/waf".to_owned(), ChangeAction::Delete)]);
    assert_eq!(gone.changes[0].effects, [""; 0]);
    assert_eq!(apply(&served, "chat", &without).await.live.managed.len(), 1);
}

#[tokio::test]
async fn an_unmanaged_web_acl_is_never_replaced_and_blocks_the_plan() {
    let served = serve(|router| router).await;
    apply(&served, "chat", &desired(&json!({}))).await;
    let api = arn_of(&planned(&served, &desired(&json!({}))).await);
    let associate = served.aws.waf.associate_web_acl().resource_arn(&api).web_acl_arn(THEIRS);
    associate.send().await.unwrap();
    let proposal = planned(&served, &guarded()).await;
    let Proposal { changes, normalized, live, .. } = &proposal;
    let violations = violations(changes, normalized, live, Policy::default());
    assert_eq!(violations.len(), 1);
    assert!(violations[0].reason.contains(THEIRS), "{:?}", violations[0]);
    let help = &violations[0].help;
    assert!(help.contains(&format!("--resource-arn {api}`")), "{help}");
    // The help works.
    let tag = format!("provision:waf={THEIRS}");
    assert!(help.contains(&format!("`{tag}`")), "{help}");
    let (key, value) = tag.split_once('=').unwrap();
    let call = served.aws.appsync.tag_resource().resource_arn(&api).tags(key, value);
    call.send().await.unwrap();
    let adopted = desired(&json!({ "waf": { "webAcl": THEIRS } }));
    assert_eq!(verbs(&planned(&served, &adopted).await), []);
}

#[tokio::test]
async fn copied_ownership_tags_do_not_count_and_duplicates_are_named_by_arn() {
    let served = serve(|router| router).await;
    let spec = desired(&json!({ "namespaces": { "x": {} } }));
    apply(&served, "chat", &spec).await;
    let before = planned(&served, &spec).await;
    let id =
        before.live.managed[&Address::top_level("apis", "chat")].attributes.get_or_empty("ApiId");
    let copy = |name: &str, address: &str| {
        let call = served.aws.appsync.create_channel_namespace().api_id(&id).name(name);
        call.tags("provision:stack", "chat").tags("provision:address", address).send()
    };
    copy("copied", "apis/other/namespaces/x").await.unwrap();
    let proposal = planned(&served, &spec).await;
    assert_eq!(verbs(&proposal), []);
    let unmanaged = &proposal.live.unmanaged[0];
    let other = Address::top_level("apis", "other").child("namespaces", "x");
    assert_eq!(unmanaged.name.as_deref(), Some("copied"));
    assert_eq!(
        (&unmanaged.parent, &unmanaged.owner),
        (&Some(Address::top_level("apis", "chat")), &Owner::ThisStack(other))
    );
    copy("duplicate", "apis/chat/namespaces/x").await.unwrap();
    let error = propose(&served.aws, "chat", &spec, now()).await.unwrap_err();
    assert!(matches!(error, LiveStateError::DuplicateOwner { .. }), "{error}");
    for name in ["x", "duplicate"] {
        assert!(error.to_string().contains(&format!("/channelNamespace/{name}")), "{error}");
    }
}

#[tokio::test]
async fn a_domain_tag_without_an_association_is_associated_again() {
    let served = serve(|router| router).await;
    let domain = json!({
        "name": "events.example.com", "association": { "api": "chat" },
        "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a",
    });
    let document = json!({
        "version": 1, "stack": "chat", "domains": { "events": domain },
        "apis": { "chat": { "auth": { "providers": ["AWS_IAM"] } } },
    });
    let desired = spec_of(&document, &folder(), now()).desired;
    assert_eq!(apply(&served, "chat", &desired).await.left, 0);
    let call = served.aws.appsync.disassociate_api().domain_name("events.example.com");
    call.send().await.unwrap();
    let again = planned(&served, &desired).await;
    assert_eq!(verbs(&again), [("domains/events/association".to_owned(), ChangeAction::Create)]);
    assert_eq!(again.changes[0].effects, ["the domain name serves an API"]);
    let again = apply(&served, "chat", &desired).await;
    assert_eq!((again.left, again.live.managed.len()), (0, 3));
}

#[tokio::test]
async fn resources_that_lists_do_not_show_yet_are_read_by_id() {
    let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
    let mut served = serve_store(store.clone(), |router| router).await;
    store.set_faults(serde_json::from_value(json!({ "lists-lag-s": 900 })).unwrap());
    served.aws = with_fast_sleep(&served);
    let spec = desired(&json!({
        "auth": { "providers": ["API_KEY"] }, "namespaces": { "x": {} }, "apiKeys": { "web": {} },
    }));
    let proposal = planned(&served, &spec).await;
    let done = apply_alone(&served, "chat", &spec, &proposal, &|_| {}).await;
    let FinalState { live, remaining: left } = done.final_state.unwrap();
    let api = Address::top_level("apis", "chat");
    let shown: Vec<&Address> = live.managed.keys().collect();
    assert_eq!(shown, [&api, &api.child("namespaces", "x")]);
    // AppSync has no operation that reads one key.
    let left: Vec<_> =
        left.iter().map(|change| (&change.address, is_delayed(&done.outcome, change))).collect();
    assert_eq!(left, [(&api.child("apiKeys", "web"), true)]);
}

#[tokio::test]
async fn an_existing_managed_resource_is_found_by_name_before_lists_show_it() {
    let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
    let mut served = serve_store(store.clone(), |router| router).await;
    let spec = desired(&json!({ "namespaces": { "x": {} } }));
    apply(&served, "chat", &desired(&json!({}))).await;
    let proposal = planned(&served, &spec).await;
    let id =
        proposal.live.managed[&Address::top_level("apis", "chat")].attributes.get_or_empty("ApiId");
    store.set_faults(serde_json::from_value(json!({ "lists-lag-s": 900 })).unwrap());
    let call = served.aws.appsync.create_channel_namespace().api_id(&id).name("x");
    let call = call.tags("provision:stack", "chat");
    call.tags("provision:address", "apis/chat/namespaces/x").send().await.unwrap();
    served.aws = with_fast_sleep(&served);
    let done = apply_alone(&served, "chat", &spec, &proposal, &|_| {}).await;
    assert!(done.outcome.is_complete(), "{:?}", done.outcome);
}

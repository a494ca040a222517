//! Operations on stacks, from the request to the resources that remain.
mod kills;
mod operations;

use std::sync::Arc;

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use serde_json::{Value, json};

use crate::cloudformation;
use crate::control_plane::service_call::ServiceResult;
use crate::faults::Faults;
use crate::protocol::operation::{Operation, OperationKind};
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::stacks::{Stack, StackEvent, StackStatus};
use crate::store::Store;

struct World {
    store: Arc<Store>,
}

impl World {
    fn new() -> Self {
        let clock = SharedTimeSource::new(SystemTimeSource::new());
        Self { store: Store::in_memory(clock) }
    }

    fn with_faults(faults: &Value) -> Self {
        let world = Self::new();
        world.store.set_faults(Faults::parse(&faults.to_string()).unwrap());
        world
    }

    async fn call(&self, action: &str, members: &[(&str, &str)]) -> ServiceResult {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).extend_pairs(members);
        let body = form.finish();
        let call = ApiCall::for_test("cloudformation", "POST /", "", body.as_bytes());
        let operation = Operation::from_call(&call);
        let OperationKind::Cloudformation(kind) = operation.kind else { panic!("{action}") };
        cloudformation::handle(&self.store, &call, kind).await
    }

    async fn create(&self, template: &Value) -> Stack {
        let template = template.to_string();
        let members = [("StackName", "s"), ("TemplateBody", template.as_str())];
        self.call("CreateStack", &members).await.unwrap();
        self.stack("s")
    }

    async fn update(&self, template: &Value) -> Result<Stack, AwsError> {
        let template = template.to_string();
        let members = [("StackName", "s"), ("TemplateBody", template.as_str())];
        self.call("UpdateStack", &members).await?;
        Ok(self.stack("s"))
    }

    /// The stack of that name; the live one if the name was used again.
    fn stack(&self, name: &str) -> Stack {
        self.store.read(|state| {
            let regions = state.accounts.values().flat_map(|account| account.regions.values());
            let stacks = regions.flat_map(|region| region.stacks.values());
            let named = stacks.filter(|stack| stack.name == name);
            let deleted = |stack: &&Stack| stack.status == StackStatus::DeleteComplete;
            named.min_by_key(deleted).unwrap().clone()
        })
    }

    /// The names of the APIs with those of their namespaces, as AppSync has them.
    fn apis(&self) -> Vec<(String, Vec<String>)> {
        self.store.read(|state| {
            let regions = state.accounts.values().flat_map(|account| account.regions.values());
            let apis = regions.flat_map(|region| region.apis.values());
            let namespaces = |api: &crate::state::Api| {
                api.namespaces.values().map(|namespace| namespace.name.clone()).collect()
            };
            apis.map(|api| (api.name.clone(), namespaces(api))).collect()
        })
    }
}

/// The events as `<logical id> <status>`, without the repeated beginning of creations.
fn events(stack: &Stack) -> Vec<String> {
    let text = |event: &StackEvent| {
        format!("{} {}", event.logical_id.as_deref().unwrap_or("-"), event.status)
    };
    let mut events: Vec<String> = stack.events.values().map(text).collect();
    events.dedup();
    events
}

fn api(name: &str) -> Value {
    let modes = json!([{ "AuthType": "API_KEY" }]);
    json!({
        "Type": "AWS::AppSync::Api",
        "Properties": { "Name": name, "EventConfig": {
            "AuthProviders": modes, "ConnectionAuthModes": modes,
            "DefaultPublishAuthModes": modes, "DefaultSubscribeAuthModes": modes,
        } },
    })
}

fn namespace(name: &str) -> Value {
    let properties = json!({ "Name": name, "ApiId": { "Fn::GetAtt": ["Api", "ApiId"] } });
    json!({ "Type": "AWS::AppSync::ChannelNamespace", "Properties": properties })
}

fn template(resources: &Value) -> Value {
    json!({ "Resources": resources })
}

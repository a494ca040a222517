//! A stack without an engine, for tests of single resources.
use std::collections::BTreeMap;
use std::sync::Arc;

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use serde_json::Value;

use crate::cloudformation::resource_types::{
    ExistingResource, HandlerError, ResourceRequest, ResourceState, ResourceType, StubTypes, find,
};
use crate::faults::Faults;
use crate::protocol::caller::Caller;
use crate::state::Tags;
use crate::store::Store;

pub const STACK_ID: &str =
    "arn:aws:cloudformation:us-east-1:123456789012:stack/demo/0c5e3b10-0000-4000-8000-000000000001";

/// The stack `demo` on its own store.
pub struct Stack {
    pub store: Arc<Store>,
    pub caller: Caller,
    pub stack_id: String,
    pub stack_tags: Tags,
}

impl Stack {
    pub fn new() -> Self {
        let credential = "AKIDEXAMPLE/20261201/us-east-1/cloudformation/aws4_request";
        Self {
            store: Store::in_memory(SharedTimeSource::new(SystemTimeSource::new())),
            caller: Caller::from_credential(credential).unwrap(),
            stack_id: STACK_ID.to_owned(),
            stack_tags: Tags::from([("team".to_owned(), "chat".to_owned())]),
        }
    }

    /// The same store with the stack of another id.
    pub fn other(&self) -> Self {
        let stack_id = format!("{}2", self.stack_id);
        Self {
            store: Arc::clone(&self.store),
            caller: self.caller.clone(),
            stack_id,
            stack_tags: self.stack_tags.clone(),
        }
    }

    pub fn request<'a>(&'a self, properties: &'a Value) -> ResourceRequest<'a> {
        ResourceRequest {
            store: &self.store,
            caller: &self.caller,
            stack_name: "demo",
            stack_id: &self.stack_id,
            logical_id: "Thing",
            properties,
            stack_tags: &self.stack_tags,
        }
    }

    pub async fn create(
        &self,
        name: &str,
        properties: Value,
    ) -> Result<Resource<'_>, HandlerError> {
        let resource_type = emulated(name);
        let identity = resource_type.plan_identity(&self.request(&properties));
        let state = resource_type.create(&self.request(&properties), &identity, false).await?;
        assert_eq!(state.physical_id, identity, "the planned identity is the physical id");
        Ok(Resource { stack: self, resource_type, state, properties })
    }

    /// Continues a creation that was interrupted.
    pub async fn resume(
        &self,
        name: &str,
        properties: Value,
        identity: &str,
    ) -> Result<Resource<'_>, HandlerError> {
        let resource_type = emulated(name);
        let state = resource_type.create(&self.request(&properties), identity, true).await?;
        Ok(Resource { stack: self, resource_type, state, properties })
    }

    pub async fn find(
        &self,
        name: &str,
        identifier: &[(&str, &str)],
    ) -> Result<ResourceState, HandlerError> {
        let parts =
            identifier.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let identifier: BTreeMap<_, _> = parts.collect();
        let nothing = Value::Object(Default::default());
        emulated(name).find_by_identifier(&self.request(&nothing), &identifier).await
    }

    pub fn inject(&self, faults: Value) {
        self.store.set_faults(serde_json::from_value::<Faults>(faults).unwrap());
    }

    /// The operations that were called since the last time, in order.
    pub fn take_calls(&self) -> Vec<&'static str> {
        let calls = self.store.calls();
        self.store.clear_calls();
        calls.into_iter().map(|call| call.operation).collect()
    }
}

/// A resource that exists.
pub struct Resource<'a> {
    pub stack: &'a Stack,
    pub resource_type: ResourceType,
    pub state: ResourceState,
    pub properties: Value,
}

impl Resource<'_> {
    pub async fn update(&mut self, properties: Value) -> Result<(), HandlerError> {
        let existing = ExistingResource {
            physical_id: &self.state.physical_id,
            properties: &self.properties,
            stack_tags: &self.stack.stack_tags,
            attributes: &self.state.attributes,
        };
        let request = self.stack.request(&properties);
        let state = self.resource_type.update(&request, &existing).await?;
        assert_eq!(state.physical_id, self.state.physical_id, "an update keeps the resource");
        (self.state, self.properties) = (state, properties);
        Ok(())
    }

    pub async fn read(&self) -> Result<Value, HandlerError> {
        let request = self.stack.request(&self.properties);
        self.resource_type.read(&request, &self.state.physical_id).await
    }

    /// The actual properties are those of the template.
    pub async fn check_no_drift(&self) {
        let declared = self.resource_type.normalize_properties(&self.properties);
        assert_eq!(self.read().await.unwrap(), declared);
    }

    pub async fn delete(&self) -> Result<(), HandlerError> {
        let request = self.stack.request(&self.properties);
        self.resource_type.delete(&request, &self.state.physical_id).await
    }

    pub fn attribute(&self, name: &str) -> &str {
        self.state.attributes[name].as_str().unwrap()
    }
}

pub fn emulated(name: &str) -> ResourceType {
    find(name, &StubTypes::default()).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// The error without its random ids.
pub fn message(error: &HandlerError) -> String {
    let uuid = regex_lite::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    uuid.replace_all(&error.message, "<uuid>").into_owned()
}

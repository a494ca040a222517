//! What a handler works with: the request of the engine, with properties of the schema's types, and the schema.
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cloudformation::resource_types::request::ResourceRequest;
use crate::cloudformation::resource_types::schema::Schema;
use crate::protocol::caller::Caller;
use crate::state::Tags;
use crate::store::Store;

/// A request to a handler.
pub struct Context<'a> {
    pub store: &'a Arc<Store>,
    pub caller: &'a Caller,
    pub stack_name: &'a str,
    pub stack_id: &'a str,
    pub logical_id: &'a str,
    pub stack_tags: &'a Tags,
    pub properties: Map<String, Value>,
    pub type_name: &'a str,
    pub schema: &'a Schema,
}

impl<'a> Context<'a> {
    pub fn new(request: &ResourceRequest<'a>, type_name: &'a str, schema: &'a Schema) -> Self {
        let ResourceRequest { store, caller, stack_name, stack_id, logical_id, stack_tags, .. } =
            *request;
        let properties = schema.convert(request.properties);
        Self {
            store,
            caller,
            stack_name,
            stack_id,
            logical_id,
            stack_tags,
            properties,
            type_name,
            schema,
        }
    }

    /// A property of text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str)
    }

    /// A property of text that the schema requires; the check of properties has rejected a resource without it.
    pub fn required_text(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// A property with a list.
    pub fn list(&self, name: &str) -> &[Value] {
        list(&self.properties, name)
    }

    /// The tags with which CloudFormation marks what belongs to a stack, if the type takes them.
    pub fn system_tags(&self) -> Tags {
        let tags = [
            ("aws:cloudformation:stack-name", self.stack_name),
            ("aws:cloudformation:stack-id", self.stack_id),
            ("aws:cloudformation:logical-id", self.logical_id),
        ];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        if self.schema.system_tags { tags.into() } else { Tags::new() }
    }
}

/// The list `name` of some properties; empty if there is none.
pub fn list<'a>(properties: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    properties.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

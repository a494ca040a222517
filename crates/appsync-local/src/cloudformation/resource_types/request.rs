//! What the engine of stacks passes to a resource type, and what it gets back.
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::protocol::caller::Caller;
use crate::state::Tags;
use crate::store::Store;

/// A resource of a stack that is to be created, updated, deleted or read.
#[derive(Clone, Copy)]
pub struct ResourceRequest<'a> {
    pub store: &'a Arc<Store>,
    /// Who runs the stack's operation; the calls of the handlers have its account and Region.
    pub caller: &'a Caller,
    pub stack_name: &'a str,
    pub stack_id: &'a str,
    pub logical_id: &'a str,
    /// Resolved. For a deletion, those that the resource has.
    pub properties: &'a Value,
    pub stack_tags: &'a Tags,
}

/// A resource before its update, as it is stored in the stack.
#[derive(Clone, Copy)]
pub struct ExistingResource<'a> {
    pub physical_id: &'a str,
    pub properties: &'a Value,
    pub stack_tags: &'a Tags,
    /// The attributes of its [`ResourceState`].
    pub attributes: &'a Map<String, Value>,
}

/// What a stack stores of a resource.
#[derive(Clone, PartialEq)]
pub struct ResourceState {
    pub physical_id: String,
    /// The value of `Ref`.
    pub reference: Value,
    /// The values of `Fn::GetAtt`, by their names. An attribute without a value is not in it.
    pub attributes: Map<String, Value>,
}

/// An API key is part of its ARN and of its attributes: only names are printed.
impl fmt::Debug for ResourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes: Vec<&String> = self.attributes.keys().collect();
        f.debug_struct("ResourceState").field("attributes", &attributes).finish_non_exhaustive()
    }
}

/// Why a handler failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerError {
    /// CloudFormation's `HandlerErrorCode`.
    pub code: &'static str,
    /// The whole `ResourceStatusReason`.
    pub message: String,
    /// Whether a failed creation left the resource, or may have left one that can only be its own: the rollback must
    /// delete it by its identity. If not, a resource of this identity belongs to someone else.
    pub is_created: bool,
    /// Whether the call may have been executed: there was no response, or an internal failure.
    pub(super) is_outcome_unknown: bool,
}

pub const NOT_FOUND: &str = "NotFound";
pub const INVALID_REQUEST: &str = "InvalidRequest";

impl HandlerError {
    /// The failure with a service's or handler's message.
    pub fn new(code: &'static str, message: &str) -> Self {
        let token = uuid::Uuid::new_v4();
        let message = format!(
            "Resource handler returned message: \"{message}\" (RequestToken: {token}, HandlerErrorCode: {code})"
        );
        Self { code, message, is_created: false, is_outcome_unknown: false }
    }

    pub fn not_found(type_name: &str, identifier: &str) -> Self {
        let message =
            format!("Resource of type '{type_name}' with identifier '{identifier}' was not found.");
        Self::new(NOT_FOUND, &message)
    }

    pub fn already_exists(type_name: &str, identifier: &str) -> Self {
        let message = format!(
            "Resource of type '{type_name}' with identifier '{identifier}' already exists."
        );
        Self::new("AlreadyExists", &message)
    }

    pub fn is_not_found(&self) -> bool {
        self.code == NOT_FOUND
    }

    /// The failure of a call after the one that created the resource.
    pub(super) fn after_creation(self) -> Self {
        Self { is_created: true, ..self }
    }

    /// The failure of the call that creates a resource with an identity that no other resource can have.
    pub(super) fn of_unique_creation(self) -> Self {
        Self { is_created: self.is_outcome_unknown, ..self }
    }
}

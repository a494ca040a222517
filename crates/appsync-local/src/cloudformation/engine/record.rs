//! Records what happens to a stack: its status, its resources and its events, each step in one change of the store.
use serde_json::Value;

use crate::cloudformation::secrets::Secrets;
use crate::ids;
use crate::state::stacks::{ResourceStatus, Stack, StackEvent, StackOperation, StackStatus};

/// CloudFormation's name of the type of a stack.
pub const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// A stack at a time, to record what happens then.
pub struct StackRecord<'a> {
    pub stack: &'a mut Stack,
    pub now_epoch_s: f64,
}

impl StackRecord<'_> {
    /// Sets the status of the stack, with an event.
    pub fn set_status(&mut self, status: StackStatus, reason: Option<String>) {
        self.stack.status = status;
        self.stack.status_reason = reason.clone();
        let id = ids::request_id();
        let (stack_id, epoch_s) = (self.stack.id.clone(), self.next_event_epoch_s());
        let event =
            self.event(id, epoch_s, None, STACK_TYPE, &stack_id, status.text(), reason, None);
        self.stack.push_event(event);
    }

    /// Sets the status of a resource, with an event.
    pub fn set_resource_status(
        &mut self,
        logical_id: &str,
        status: ResourceStatus,
        reason: Option<String>,
    ) {
        let now = self.now_epoch_s;
        let Some(resource) = self.stack.resources.get_mut(logical_id) else { return };
        (resource.status, resource.reason, resource.updated_epoch_s) =
            (status, reason.clone(), now);
        let (resource_type, physical_id) =
            (resource.resource_type.clone(), resource.physical_id.clone());
        let properties = resource.content.properties.clone();
        self.push_resource_event(
            logical_id,
            &resource_type,
            &physical_id,
            status,
            reason,
            Some(&properties),
        );
    }

    /// Appends the event of a resource, which the stack may no longer have.
    pub fn push_resource_event(
        &mut self,
        logical_id: &str,
        resource_type: &str,
        physical_id: &str,
        status: ResourceStatus,
        reason: Option<String>,
        properties: Option<&Value>,
    ) {
        let epoch_s = self.next_event_epoch_s();
        let id = match properties {
            Some(_) => {
                format!("{logical_id}-{}-{}", status.text(), (epoch_s * 1_000.0).round() as i64)
            }
            None => format!("{logical_id}-{}", ids::request_id()),
        };
        let properties = properties.map(|properties| {
            let mut shown = properties.clone();
            Secrets::of_stack(self.stack).hide(&mut shown);
            shown.to_string()
        });
        let event = self.event(
            id,
            epoch_s,
            Some(logical_id.to_owned()),
            resource_type,
            physical_id,
            status.text(),
            reason,
            properties,
        );
        self.stack.push_event(event);
    }

    #[expect(clippy::too_many_arguments, reason = "an event has that many members")]
    fn event(
        &self,
        id: String,
        epoch_s: f64,
        logical_id: Option<String>,
        resource_type: &str,
        physical_id: &str,
        status: &str,
        reason: Option<String>,
        properties: Option<String>,
    ) -> StackEvent {
        let operation = self.stack.operation.as_ref();
        StackEvent {
            id,
            epoch_s,
            logical_id,
            resource_type: resource_type.to_owned(),
            physical_id: physical_id.to_owned(),
            status: status.to_owned(),
            reason,
            properties,
            token: operation.and_then(|operation| operation.token.clone()),
            operation: operation.map(|operation| {
                operation.rollback_id.clone().unwrap_or_else(|| operation.id.clone())
            }),
        }
    }

    /// No two events of a stack have the same time, so that clients that sort them by time see their order.
    fn next_event_epoch_s(&self) -> f64 {
        let now = (self.now_epoch_s * 1_000.0).floor() / 1_000.0;
        match self.stack.events.last() {
            Some((_, last)) => now.max(((last.epoch_s * 1_000.0).round() + 1.0) / 1_000.0),
            None => now,
        }
    }
}

/// Starts an operation: the stack has it, and the status of its first phase.
pub fn start(record: &mut StackRecord<'_>, operation: StackOperation, status: StackStatus) {
    record.stack.operation = Some(operation);
    record.set_status(status, Some("User Initiated".to_owned()));
}

/// Begins the rollback of an operation, whose events have a separate id.
pub fn begin_rollback(record: &mut StackRecord<'_>, status: StackStatus, reason: Option<String>) {
    if let Some(operation) = &mut record.stack.operation {
        operation.rollback_id = Some(ids::request_id());
    }
    record.set_status(status, reason);
}

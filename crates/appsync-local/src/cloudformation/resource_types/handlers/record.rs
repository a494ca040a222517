//! Types whose resources are only recorded in the stack: no service of the emulator has them.
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::generated_name::generated_name;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::ids;

pub struct RecordHandler {
    /// The property with the physical id.
    id_property: &'static str,
    /// Makes the physical id of a resource without that property.
    plan_id: fn(&Context<'_>) -> String,
    /// The pattern of the property `Arn`, if the type has it.
    arn: Option<fn(&Context<'_>, &str) -> String>,
}

pub const LOG_GROUP: RecordHandler = RecordHandler {
    id_property: "LogGroupName",
    plan_id: |context| generated_name(context, 512),
    arn: Some(|context, name| {
        let (caller, partition) = (context.caller, context.caller.partition());
        format!("arn:{partition}:logs:{}:{}:log-group:{name}:*", caller.region, caller.account)
    }),
};

pub const PERMISSION: RecordHandler =
    RecordHandler { id_property: "Id", plan_id: |context| generated_name(context, 100), arn: None };

pub const METADATA: RecordHandler =
    RecordHandler { id_property: "Id", plan_id: |_| ids::request_id(), arn: None };

/// No signal is ever received at the URL.
pub const WAIT_CONDITION_HANDLE: RecordHandler = RecordHandler {
    id_property: "Id",
    plan_id: |context| {
        let resource = format!("{}/{}", context.stack_id, context.logical_id);
        let resource = utf8_percent_encode(&resource, NON_ALPHANUMERIC);
        let (region, suffix) = (&context.caller.region, context.caller.dns_suffix());
        format!("https://cloudformation-waitcondition-{region}.s3.{region}.{suffix}/{resource}")
    },
    arn: None,
};

impl Handler for RecordHandler {
    fn is_record(&self) -> bool {
        true
    }

    fn plan_identity(&self, context: &Context<'_>) -> String {
        let name = context.text(self.id_property).map(str::to_owned);
        name.unwrap_or_else(|| (self.plan_id)(context))
    }

    async fn create(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        Ok(self.model(context, id))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        Ok(self.model(context, existing.physical_id))
    }

    async fn delete(&self, _: &Context<'_>, _: &str) -> Result<(), HandlerError> {
        Ok(())
    }

    /// A record never differs from its stack.
    async fn read(&self, context: &Context<'_>, id: &str) -> Result<Model, HandlerError> {
        Ok(self.model(context, id))
    }
}

impl RecordHandler {
    fn model(&self, context: &Context<'_>, id: &str) -> Model {
        let mut model = context.properties.clone();
        model.insert(self.id_property.to_owned(), json!(id));
        model.extend(self.arn.map(|arn| ("Arn".to_owned(), Value::from(arn(context, id)))));
        if let Some(property) = &context.schema.tag_property {
            let mut tags = context.tags();
            tags.extend(context.system_tags());
            model.insert(property.clone(), context.schema.tag_value(&tags));
        }
        model
    }
}

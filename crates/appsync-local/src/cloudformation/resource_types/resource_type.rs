//! A resource type: its facts, and its handler's operations with CloudFormation's rules around them.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::data;
use crate::cloudformation::resource_types::handler::Model;
use crate::cloudformation::resource_types::handlers::stub;
use crate::cloudformation::resource_types::property_check;
use crate::cloudformation::resource_types::registry_schema;
use crate::cloudformation::resource_types::request::{
    ExistingResource, HandlerError, INVALID_REQUEST, ResourceRequest, ResourceState,
};
use crate::cloudformation::resource_types::schema::{RequiresRecreation, Schema};
use crate::cloudformation::resource_types::table::Row;
use crate::cloudformation::resource_types::tags;
use crate::state::Tags;

/// A type of the table, or a stub.
#[derive(Clone)]
pub struct ResourceType {
    row: Row,
    schema: Arc<Schema>,
    is_stub: bool,
}

/// Facts. Pointers are JSON pointers in the properties, such as `/EventConfig/LogConfig`.
impl ResourceType {
    pub(super) fn emulated(row: Row) -> Self {
        let schema = data::emulated_schema(row.name).expect("a test finds the schema of each row");
        Self { row, schema, is_stub: false }
    }

    pub(super) fn stub(name: &'static str, schema: Arc<Schema>) -> Self {
        Self { row: stub::row(name), schema, is_stub: true }
    }

    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// Whether its resources are only recorded, by the option `--stub-types`.
    pub fn is_stub(&self) -> bool {
        self.is_stub
    }

    pub fn takes_system_tags(&self) -> bool {
        self.schema.system_tags
    }

    /// The property with the user's tags. Without one, stack tags are not passed on.
    pub fn tags_property(&self) -> Option<&str> {
        self.schema.tag_property.as_deref()
    }

    /// Whether a change of the property at `pointer` replaces the resource.
    pub fn requires_recreation(&self, pointer: &str) -> RequiresRecreation {
        self.schema.requires_recreation(pointer)
    }

    /// Whether its resources exist only in the record of their stack: no service of the emulator has them.
    pub fn is_record(&self) -> bool {
        self.is_stub || self.row.handler.is_record()
    }

    /// Whether an import can find its resources.
    pub fn is_importable(&self) -> bool {
        self.row.is_readable
    }

    /// Whether drift is detected.
    pub fn detects_drift(&self) -> bool {
        self.row.is_readable
    }

    /// Whether the service never returns the property at `pointer`, so that it cannot drift.
    pub fn is_write_only(&self, pointer: &str) -> bool {
        self.schema.is_write_only(pointer)
    }

    /// Whether the order of the list at `pointer` has no meaning.
    pub fn is_unordered(&self, pointer: &str) -> bool {
        self.schema.is_unordered(pointer)
    }

    /// The schema as the registry writes it, as far as the emulator knows it.
    pub fn schema_json(&self) -> Value {
        registry_schema::json(self.name(), &self.schema, self.row.is_readable)
    }

    /// Whether `Fn::GetAtt` has the attribute.
    pub fn has_attribute(&self, name: &str) -> bool {
        self.schema.attributes.iter().any(|attribute| attribute == name)
    }

    /// CloudFormation's text for an attribute that the type lacks.
    pub fn missing_attribute(&self, name: &str) -> String {
        format!("Resource type {} does not support attribute {{{name}}}.", self.name())
    }

    /// The names of the properties that identify a resource in an import.
    pub fn primary_identifier(&self) -> &[String] {
        &self.schema.primary_identifier
    }

    /// The name that the template gives the resource, if it has one. A replacement with the same name is rejected:
    /// it would collide with the old resource.
    pub fn custom_name(&self, properties: &Value) -> Option<String> {
        let properties = self.schema.convert(properties);
        let value = |name: &str| properties.get(name).and_then(Value::as_str);
        if let Some(name) = self.row.name_property {
            return value(name).map(str::to_owned);
        }
        let names = self.schema.primary_identifier.iter();
        let declared = names.map(|name| value(name).filter(|_| !self.schema.is_read_only(name)));
        declared.collect::<Option<Vec<_>>>().map(|values| values.join("|"))
    }

    /// The properties with the types of the schema: equal properties become equal values.
    pub fn normalize_properties(&self, properties: &Value) -> Value {
        self.schema.convert(properties).into()
    }

    /// Checks resolved properties by the schema. The error is the whole reason of the resource's failure.
    pub fn check_properties(&self, logical_id: &str, properties: &Value) -> Result<(), String> {
        property_check::check(&self.schema, logical_id, &self.schema.convert(properties))
    }
}

/// Operations on resources.
impl ResourceType {
    /// The physical id that the new resource will have. The stack must store it before it calls `create`, so that a
    /// process that ends between the two orphans nothing.
    pub fn plan_identity(&self, request: &ResourceRequest<'_>) -> String {
        self.row.handler.plan_identity(&self.context(request))
    }

    /// Creates the resource with a planned identity.
    ///
    /// `resumed` states that a creation with this identity may have been interrupted: then what exists is updated to
    /// the properties. Otherwise a resource that exists is an error.
    pub async fn create(
        &self,
        request: &ResourceRequest<'_>,
        identity: &str,
        resumed: bool,
    ) -> Result<ResourceState, HandlerError> {
        let context = self.context(request);
        let handler = self.row.handler;
        let interrupted = match resumed {
            true => self.read_interrupted(&context, identity).await?,
            false => None,
        };
        let Some(actual) = interrupted else {
            return Ok(self.state(&handler.create(&context, identity).await?));
        };
        let attributes = self.attributes(&actual);
        let existing = ExistingResource {
            physical_id: identity,
            properties: &Value::Object(actual),
            stack_tags: request.stack_tags,
            attributes: &attributes,
        };
        let updated = handler.update(&context, &existing).await;
        Ok(self.state(&updated.map_err(HandlerError::after_creation)?))
    }

    /// Updates a resource in place.
    pub async fn update(
        &self,
        request: &ResourceRequest<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<ResourceState, HandlerError> {
        let old_properties = Value::Object(self.schema.convert(existing.properties));
        let existing = ExistingResource { properties: &old_properties, ..*existing };
        Ok(self.state(&self.row.handler.update(&self.context(request), &existing).await?))
    }

    /// Deletes a resource. Succeeds if it does not exist.
    pub async fn delete(
        &self,
        request: &ResourceRequest<'_>,
        physical_id: &str,
    ) -> Result<(), HandlerError> {
        match self.row.handler.delete(&self.context(request), physical_id).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    /// The actual properties of a resource, as a template would have them: without those that the template cannot
    /// set, and without values that AWS adds to omitted members.
    pub async fn read(
        &self,
        request: &ResourceRequest<'_>,
        physical_id: &str,
    ) -> Result<Value, HandlerError> {
        let context = self.context(request);
        let mut model = self.row.handler.read(&context, physical_id).await?;
        if let Some(property) = &self.schema.tag_property {
            let actual = tags::from_property(model.get(property));
            model.remove(property);
            model.extend(context.tag_property_value(&actual).map(|tags| (property.clone(), tags)));
        }
        Ok(self.schema.comparable(&context.properties, model).into())
    }

    /// Finds the resource with a primary identifier, for an import.
    pub async fn find_by_identifier(
        &self,
        request: &ResourceRequest<'_>,
        identifier: &BTreeMap<String, String>,
    ) -> Result<ResourceState, HandlerError> {
        let context = self.context(request);
        if let Some(missing) =
            self.primary_identifier().iter().find(|name| !identifier.contains_key(*name))
        {
            let message = format!("The identifier of {} lacks {missing}.", self.name());
            return Err(HandlerError::new(INVALID_REQUEST, &message));
        }
        let physical_id = self.row.handler.physical_id(&context, identifier);
        Ok(self.state(&self.row.handler.read(&context, &physical_id).await?))
    }

    /// Puts the tags of the stack on a resource that an import found: an update with the properties that it has.
    pub async fn tag_imported(
        &self,
        request: &ResourceRequest<'_>,
        imported: &ResourceState,
    ) -> Result<(), HandlerError> {
        if !self.schema.system_tags || self.row.handler.is_record() {
            return Ok(());
        }
        let properties = self.read(request, &imported.physical_id).await?;
        let existing = ExistingResource {
            physical_id: &imported.physical_id,
            properties: &properties,
            stack_tags: &Tags::new(),
            attributes: &imported.attributes,
        };
        let request = ResourceRequest { properties: &properties, ..*request };
        self.update(&request, &existing).await.map(drop)
    }

    fn context<'a>(&'a self, request: &ResourceRequest<'a>) -> Context<'a> {
        Context::new(request, self.name(), &self.schema)
    }

    /// What an interrupted creation left, unless it is another stack's.
    async fn read_interrupted(
        &self,
        context: &Context<'_>,
        identity: &str,
    ) -> Result<Option<Model>, HandlerError> {
        let model = match self.row.handler.read(context, identity).await {
            Ok(model) => model,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        if self.schema.system_tags {
            let property = self.schema.tag_property.as_deref().unwrap_or_default();
            let tags = tags::from_property(model.get(property));
            let owner = tags.get("aws:cloudformation:stack-id").map(String::as_str);
            if owner != Some(context.stack_id) {
                return Err(HandlerError::already_exists(self.name(), identity));
            }
        }
        Ok(Some(model))
    }

    fn state(&self, model: &Model) -> ResourceState {
        let physical_id = self.schema.physical_id(model, self.row.reference);
        let reference = Value::from(physical_id.as_str());
        ResourceState { physical_id, reference, attributes: self.attributes(model) }
    }

    fn attributes(&self, model: &Model) -> Map<String, Value> {
        let attribute = |name: &String| {
            let mut labels = name.split('.');
            let top = model.get(labels.next()?)?;
            let value = labels.try_fold(top, |value, label| value.get(label))?;
            Some((name.clone(), value.clone()))
        };
        self.schema.attributes.iter().filter_map(attribute).collect()
    }
}

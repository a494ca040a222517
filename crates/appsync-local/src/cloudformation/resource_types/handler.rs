//! How the handler of a resource type is written, and how the table of types refers to it.
use std::collections::BTreeMap;
use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};

/// The properties of a resource with the read-only ones, as the schema of its type has them.
pub type Model = Map<String, Value>;

/// Creates, updates, deletes and reads the resources of one type. Properties in the context have the types of the
/// schema; an update that requires a replacement never gets here.
pub trait Handler: Send + Sync + 'static {
    /// The physical id of the new resource, decided before it is created.
    fn plan_identity(&self, context: &Context<'_>) -> String;

    /// Creates a resource with the physical id `identity`, or fails if one exists.
    fn create(
        &self,
        context: &Context<'_>,
        identity: &str,
    ) -> impl Future<Output = Result<Model, HandlerError>> + Send;

    fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> impl Future<Output = Result<Model, HandlerError>> + Send;

    /// Fails with `NotFound` if there is none.
    fn delete(
        &self,
        context: &Context<'_>,
        physical_id: &str,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Fails with `NotFound` if there is none.
    fn read(
        &self,
        context: &Context<'_>,
        physical_id: &str,
    ) -> impl Future<Output = Result<Model, HandlerError>> + Send;

    /// Whether its resources exist only in the record of their stack.
    fn is_record(&self) -> bool {
        false
    }

    /// The physical id of the resource with a primary identifier, which has all its properties.
    fn physical_id(&self, context: &Context<'_>, identifier: &BTreeMap<String, String>) -> String {
        let values = context.schema.primary_identifier.iter().map(|name| &identifier[name]);
        values.map(String::as_str).collect::<Vec<_>>().join("|")
    }
}

/// A [`Handler`] of any type. Its methods return boxes, since a table cannot hold futures of different types.
pub trait AnyHandler: Send + Sync {
    fn plan_identity(&self, context: &Context<'_>) -> String;
    fn create<'a>(
        &'a self,
        context: &'a Context<'_>,
        identity: &'a str,
    ) -> BoxFuture<'a, Result<Model, HandlerError>>;
    fn update<'a>(
        &'a self,
        context: &'a Context<'_>,
        existing: &'a ExistingResource<'_>,
    ) -> BoxFuture<'a, Result<Model, HandlerError>>;
    fn delete<'a>(
        &'a self,
        context: &'a Context<'_>,
        physical_id: &'a str,
    ) -> BoxFuture<'a, Result<(), HandlerError>>;
    fn read<'a>(
        &'a self,
        context: &'a Context<'_>,
        physical_id: &'a str,
    ) -> BoxFuture<'a, Result<Model, HandlerError>>;
    fn is_record(&self) -> bool;
    fn physical_id(&self, context: &Context<'_>, identifier: &BTreeMap<String, String>) -> String;
}

impl<T: Handler> AnyHandler for T {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        Handler::plan_identity(self, context)
    }
    fn create<'a>(
        &'a self,
        context: &'a Context<'_>,
        identity: &'a str,
    ) -> BoxFuture<'a, Result<Model, HandlerError>> {
        Handler::create(self, context, identity).boxed()
    }
    fn update<'a>(
        &'a self,
        context: &'a Context<'_>,
        existing: &'a ExistingResource<'_>,
    ) -> BoxFuture<'a, Result<Model, HandlerError>> {
        Handler::update(self, context, existing).boxed()
    }
    fn delete<'a>(
        &'a self,
        context: &'a Context<'_>,
        physical_id: &'a str,
    ) -> BoxFuture<'a, Result<(), HandlerError>> {
        Handler::delete(self, context, physical_id).boxed()
    }
    fn read<'a>(
        &'a self,
        context: &'a Context<'_>,
        physical_id: &'a str,
    ) -> BoxFuture<'a, Result<Model, HandlerError>> {
        Handler::read(self, context, physical_id).boxed()
    }
    fn is_record(&self) -> bool {
        Handler::is_record(self)
    }
    fn physical_id(&self, context: &Context<'_>, identifier: &BTreeMap<String, String>) -> String {
        Handler::physical_id(self, context, identifier)
    }
}

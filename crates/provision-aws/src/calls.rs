//! The AWS calls of a kind: typed for the kind that implements them, erased for the engine that makes them.
//!
//! [`Remote`] is implemented once per kind, in `kinds`; [`Calls`] is the same interface as an object, with
//! [`Properties`] instead of the kind's type. Futures are boxed here and nowhere else.
use std::future::Future;
use std::marker::PhantomData;

use futures_util::future::{BoxFuture, FutureExt};

use crate::client::Aws;
use crate::error::AwsError;
use provision_core::address::Address;
use provision_core::kind::TypedKind;
use provision_core::model::{Attributes, Properties};
use provision_core::ownership::{OwnershipInfo, OwnershipMarker};

/// The result of a call.
pub type AwsResult<T> = Result<T, AwsError>;

/// Which resources are listed or read.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The stack whose ownership tags count.
    pub stack: &'a str,
    /// The address and the attributes of the parent. `None` for kinds without one.
    pub parent: Option<(&'a Address, &'a Attributes)>,
}

impl<'a> Query<'a> {
    /// Makes a query for the child resources of `parent`, or for top-level resources.
    pub fn new(stack: &'a str, parent: Option<&'a (Address, Attributes)>) -> Self {
        Self { stack, parent: parent.map(|(address, attributes)| (address, attributes)) }
    }

    /// Returns the id of the API that is the parent.
    pub fn api_id(&self) -> &str {
        self.parent.and_then(|(_, attributes)| attributes.get("ApiId")).unwrap_or_default()
    }
}

/// What a list contains of one resource.
#[derive(Debug)]
pub struct ListEntry<P> {
    /// At least those that [`Remote::read`] needs.
    pub attributes: Attributes,
    /// The name, unless it is a secret.
    pub name: Option<String>,
    /// What the ownership tags state. `None` if this list omits them.
    pub ownership: Option<OwnershipInfo>,
    /// The properties. `None` if this list omits some.
    pub properties: Option<P>,
}

/// One resource with all its details.
#[derive(Debug)]
pub struct Details<P> {
    pub properties: P,
    pub attributes: Attributes,
    pub ownership: OwnershipInfo,
    /// Unmanaged parts of the resource: noun and name of each.
    pub unmanaged: Vec<(&'static str, String)>,
}

/// The calls of one kind. In the properties that they take, all placeholders are resolved.
pub trait Remote: TypedKind + Send + Sync + 'static {
    /// Whether AWS allows two resources with the same name, so that two concurrent runs may create both.
    const ALLOWS_DUPLICATES: bool = false;
    /// Whether listing needs details of the parent that the parent's own list may omit.
    const NEEDS_PARENT_DETAILS: bool = false;

    /// Returns the address under which an unmanaged resource has managed child resources, if it has any.
    fn attachment_address(_stack: &str, _attributes: &Attributes) -> Option<Address> {
        None
    }

    /// Lists the resources of this kind, managed or not.
    fn list(
        aws: &Aws,
        query: &Query<'_>,
    ) -> impl Future<Output = AwsResult<Vec<ListEntry<Self>>>> + Send;

    /// Reads one resource by its attributes. `None` if it does not exist.
    ///
    /// A kind whose list omits nothing always returns `None`; its entries are never read.
    fn read(
        aws: &Aws,
        query: &Query<'_>,
        attributes: &Attributes,
    ) -> impl Future<Output = AwsResult<Option<Details<Self>>>> + Send;

    /// Creates the resource and returns its attributes.
    fn create(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
    ) -> impl Future<Output = AwsResult<Attributes>> + Send;

    /// Updates the resource. Always sends all members, because it is mostly undocumented whether AWS keeps
    /// or clears a member that an update omits.
    fn update(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
        before: Self,
        attributes: &Attributes,
    ) -> impl Future<Output = AwsResult<()>> + Send;

    /// Deletes the resource.
    fn delete(
        self,
        aws: &Aws,
        attributes: &Attributes,
    ) -> impl Future<Output = AwsResult<()>> + Send;
}

type BoxedCall<'a, T> = BoxFuture<'a, AwsResult<T>>;

/// The calls of a kind as the engine makes them, with properties of a type that the engine need not know.
pub trait Calls: Sync {
    /// See [`Remote::ALLOWS_DUPLICATES`].
    fn allows_duplicates(&self) -> bool;
    /// See [`Remote::NEEDS_PARENT_DETAILS`].
    fn needs_parent_details(&self) -> bool;
    /// See [`Remote::attachment_address`].
    fn attachment_address(&self, stack: &str, attributes: &Attributes) -> Option<Address>;
    /// See [`Remote::list`].
    fn list<'a>(
        &self,
        aws: &'a Aws,
        query: &'a Query<'a>,
    ) -> BoxedCall<'a, Vec<ListEntry<Properties>>>;
    /// See [`Remote::read`].
    fn read<'a>(
        &self,
        aws: &'a Aws,
        query: &'a Query<'a>,
        attributes: &'a Attributes,
    ) -> BoxedCall<'a, Option<Details<Properties>>>;
    /// See [`Remote::create`].
    fn create<'a>(
        &self,
        aws: &'a Aws,
        marker: &'a OwnershipMarker,
        properties: &Properties,
    ) -> BoxedCall<'a, Attributes>;
    /// See [`Remote::update`].
    fn update<'a>(
        &self,
        aws: &'a Aws,
        marker: &'a OwnershipMarker,
        properties: &Properties,
        before: &Properties,
        attributes: &'a Attributes,
    ) -> BoxedCall<'a, ()>;
    /// See [`Remote::delete`].
    fn delete<'a>(
        &self,
        aws: &'a Aws,
        before: &Properties,
        attributes: &'a Attributes,
    ) -> BoxedCall<'a, ()>;
}

/// The calls of the kind that `K` describes.
pub const fn calls<K: Remote>() -> &'static dyn Calls {
    &Erased::<K>(PhantomData)
}

/// A [`Remote`] behind the interface that all kinds share.
struct Erased<K>(PhantomData<fn() -> K>);

impl<K: Remote> Calls for Erased<K> {
    fn allows_duplicates(&self) -> bool {
        K::ALLOWS_DUPLICATES
    }
    fn needs_parent_details(&self) -> bool {
        K::NEEDS_PARENT_DETAILS
    }
    fn attachment_address(&self, stack: &str, attributes: &Attributes) -> Option<Address> {
        K::attachment_address(stack, attributes)
    }
    fn list<'a>(
        &self,
        aws: &'a Aws,
        query: &'a Query<'a>,
    ) -> BoxedCall<'a, Vec<ListEntry<Properties>>> {
        let erase = |entry: ListEntry<K>| ListEntry {
            attributes: entry.attributes,
            name: entry.name,
            ownership: entry.ownership,
            properties: entry.properties.map(|properties| Properties::from_typed(&properties)),
        };
        async move { Ok(K::list(aws, query).await?.into_iter().map(erase).collect()) }.boxed()
    }
    fn read<'a>(
        &self,
        aws: &'a Aws,
        query: &'a Query<'a>,
        attributes: &'a Attributes,
    ) -> BoxedCall<'a, Option<Details<Properties>>> {
        let erase = |details: Details<K>| Details {
            properties: Properties::from_typed(&details.properties),
            attributes: details.attributes,
            ownership: details.ownership,
            unmanaged: details.unmanaged,
        };
        async move { Ok(K::read(aws, query, attributes).await?.map(erase)) }.boxed()
    }
    fn create<'a>(
        &self,
        aws: &'a Aws,
        marker: &'a OwnershipMarker,
        properties: &Properties,
    ) -> BoxedCall<'a, Attributes> {
        properties.to_typed::<K>().create(aws, marker).boxed()
    }
    fn update<'a>(
        &self,
        aws: &'a Aws,
        marker: &'a OwnershipMarker,
        properties: &Properties,
        before: &Properties,
        attributes: &'a Attributes,
    ) -> BoxedCall<'a, ()> {
        properties.to_typed::<K>().update(aws, marker, before.to_typed(), attributes).boxed()
    }
    fn delete<'a>(
        &self,
        aws: &'a Aws,
        before: &Properties,
        attributes: &'a Attributes,
    ) -> BoxedCall<'a, ()> {
        before.to_typed::<K>().delete(aws, attributes).boxed()
    }
}

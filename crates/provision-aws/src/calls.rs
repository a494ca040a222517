//! The AWS calls of a kind, beside its facts. The only place that boxes a future.
use std::future::Future;
use std::marker::PhantomData;

use futures_util::future::{BoxFuture, FutureExt};

use crate::client::Aws;
use crate::error::AwsError;
use provision_core::address::Address;
use provision_core::kind::TypedKind;
use provision_core::model::{Attributes, Properties};
use provision_core::ownership::{OwnershipInfo, OwnershipMarker};

pub type Answer<T> = Result<T, AwsError>;

/// What to look for.
#[derive(Clone, Debug)]
pub struct Seek<'a> {
    pub stack: &'a str,
    /// What they hang on, for kinds that hang on something.
    pub parent: Option<(&'a Address, &'a Attributes)>,
}

impl<'a> Seek<'a> {
    /// What hangs on `parent`, or stands at the top.
    pub fn under(stack: &'a str, parent: Option<&'a (Address, Attributes)>) -> Self {
        Self { stack, parent: parent.map(|(address, attributes)| (address, attributes)) }
    }
    /// The id of the API that they hang on.
    pub fn api_id(&self) -> &str {
        self.parent.and_then(|(_, attributes)| attributes.get("ApiId")).unwrap_or_default()
    }
}

/// One object of a list, as far as the list says.
#[derive(Debug)]
pub struct Listed<P> {
    pub attributes: Attributes,
    /// Its name, where that is no secret.
    pub name: Option<String>,
    /// What its mark says. `None`: this list does not tell, only the object does.
    pub marked: Option<OwnershipInfo>,
    /// All of it, where the list leaves nothing out.
    pub properties: Option<P>,
}

/// One object, whole.
#[derive(Debug)]
pub struct Whole<P> {
    pub properties: P,
    pub attributes: Attributes,
    pub marked: OwnershipInfo,
    /// What stands inside it and is not ours: what a person calls it, and its name.
    pub strangers: Vec<(&'static str, String)>,
}

/// The calls of one kind. Properties that come here have nothing open.
pub trait Remote: TypedKind + Send + Sync + 'static {
    /// Whether AWS takes a second one of the same name, so that two runs at once may make two.
    const TWINS: bool = false;
    /// Whether its list needs of its parent what only a read of that tells.
    const AFTER_WHOLE: bool = false;
    /// Of something that is not ours: the address under which ours may hang on it.
    fn hook(_stack: &str, _attributes: &Attributes) -> Option<Address> {
        None
    }
    /// Everything of this kind that may be ours, and what stands beside it.
    fn list(aws: &Aws, seek: &Seek<'_>) -> impl Future<Output = Answer<Vec<Listed<Self>>>> + Send;
    /// What the list left out. `None`: it is gone.
    fn read(
        aws: &Aws,
        seek: &Seek<'_>,
        listed: &Attributes,
    ) -> impl Future<Output = Answer<Option<Whole<Self>>>> + Send;
    fn create(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
    ) -> impl Future<Output = Answer<Attributes>> + Send;
    /// Sends all of it, since nobody knows what AWS does to what an update leaves out.
    fn update(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
        was: Self,
        attributes: &Attributes,
    ) -> impl Future<Output = Answer<()>> + Send;
    fn delete(self, aws: &Aws, attributes: &Attributes) -> impl Future<Output = Answer<()>> + Send;
}

type Later<'a, T> = BoxFuture<'a, Answer<T>>;

/// The calls of a kind as the engine makes them, with properties of a type that the engine need not know.
pub trait Calls: Sync {
    /// See [`Remote::TWINS`].
    fn twins(&self) -> bool;
    /// See [`Remote::AFTER_WHOLE`].
    fn after_whole(&self) -> bool;
    /// See [`Remote::hook`].
    fn hook(&self, stack: &str, attributes: &Attributes) -> Option<Address>;
    /// See [`Remote::list`].
    fn list<'a>(&self, aws: &'a Aws, seek: &'a Seek<'a>) -> Later<'a, Vec<Listed<Properties>>>;
    /// See [`Remote::read`].
    fn read<'a>(
        &self,
        aws: &'a Aws,
        seek: &'a Seek<'a>,
        listed: &'a Attributes,
    ) -> Later<'a, Option<Whole<Properties>>>;
    /// See [`Remote::create`].
    fn create<'a>(
        &self,
        aws: &'a Aws,
        mark: &'a OwnershipMarker,
        properties: &Properties,
    ) -> Later<'a, Attributes>;
    /// See [`Remote::update`].
    fn update<'a>(
        &self,
        aws: &'a Aws,
        mark: &'a OwnershipMarker,
        properties: &Properties,
        was: &Properties,
        attributes: &'a Attributes,
    ) -> Later<'a, ()>;
    /// See [`Remote::delete`].
    fn delete<'a>(
        &self,
        aws: &'a Aws,
        was: &Properties,
        attributes: &'a Attributes,
    ) -> Later<'a, ()>;
}

/// The calls of the kind that `K` describes.
pub const fn calls<K: Remote>() -> &'static dyn Calls {
    &Erased::<K>(PhantomData)
}

/// A [`Remote`] behind the interface that all kinds share.
struct Erased<K>(PhantomData<fn() -> K>);

impl<K: Remote> Calls for Erased<K> {
    fn twins(&self) -> bool {
        K::TWINS
    }
    fn after_whole(&self) -> bool {
        K::AFTER_WHOLE
    }
    fn hook(&self, stack: &str, attributes: &Attributes) -> Option<Address> {
        K::hook(stack, attributes)
    }
    fn list<'a>(&self, aws: &'a Aws, seek: &'a Seek<'a>) -> Later<'a, Vec<Listed<Properties>>> {
        let erase = |entry: Listed<K>| Listed {
            attributes: entry.attributes,
            name: entry.name,
            marked: entry.marked,
            properties: entry.properties.map(|properties| Properties::of(&properties)),
        };
        async move { Ok(K::list(aws, seek).await?.into_iter().map(erase).collect()) }.boxed()
    }
    fn read<'a>(
        &self,
        aws: &'a Aws,
        seek: &'a Seek<'a>,
        listed: &'a Attributes,
    ) -> Later<'a, Option<Whole<Properties>>> {
        let erase = |details: Whole<K>| Whole {
            properties: Properties::of(&details.properties),
            attributes: details.attributes,
            marked: details.marked,
            strangers: details.strangers,
        };
        async move { Ok(K::read(aws, seek, listed).await?.map(erase)) }.boxed()
    }
    fn create<'a>(
        &self,
        aws: &'a Aws,
        mark: &'a OwnershipMarker,
        properties: &Properties,
    ) -> Later<'a, Attributes> {
        properties.typed::<K>().create(aws, mark).boxed()
    }
    fn update<'a>(
        &self,
        aws: &'a Aws,
        mark: &'a OwnershipMarker,
        properties: &Properties,
        was: &Properties,
        attributes: &'a Attributes,
    ) -> Later<'a, ()> {
        properties.typed::<K>().update(aws, mark, was.typed(), attributes).boxed()
    }
    fn delete<'a>(
        &self,
        aws: &'a Aws,
        was: &Properties,
        attributes: &'a Attributes,
    ) -> Later<'a, ()> {
        was.typed::<K>().delete(aws, attributes).boxed()
    }
}

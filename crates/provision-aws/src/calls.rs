//! The AWS calls of a kind, beside its facts. The only place that boxes a future.
use std::fmt;
use std::future::Future;

use futures_util::future::{BoxFuture, FutureExt};

use crate::aws::{Aws, AwsError};
use provision_core::address::Address;
use provision_core::kind::Kind;
use provision_core::mark::{Mark, Marked};
use provision_core::model::{Attributes, Properties};

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
    pub marked: Option<Marked>,
    /// All of it, where the list leaves nothing out.
    pub properties: Option<P>,
}

/// One object, whole.
#[derive(Debug)]
pub struct Whole<P> {
    pub properties: P,
    pub attributes: Attributes,
    pub marked: Marked,
    /// What stands inside it and is not ours: what a person calls it, and its name.
    pub strangers: Vec<(&'static str, String)>,
}

/// The calls of one kind. Properties that come here have nothing open.
pub trait Remote: Kind + Send + Sync + 'static {
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
    fn create(self, aws: &Aws, mark: &Mark) -> impl Future<Output = Answer<Attributes>> + Send;
    /// Sends all of it, since nobody knows what AWS does to what an update leaves out.
    fn update(
        self,
        aws: &Aws,
        mark: &Mark,
        was: Self,
        attributes: &Attributes,
    ) -> impl Future<Output = Answer<()>> + Send;
    fn delete(self, aws: &Aws, attributes: &Attributes) -> impl Future<Output = Answer<()>> + Send;
}

/// What a read gives; `None`: it is gone.
type Read = Option<Whole<Properties>>;
type Later<'a, T> = BoxFuture<'a, Answer<T>>;

/// A [`Remote`] as the engine sees it.
pub struct Calls {
    pub after_whole: bool,
    pub hook: fn(&str, &Attributes) -> Option<Address>,
    pub twins: bool,
    pub list: for<'a> fn(&'a Aws, &'a Seek<'a>) -> Later<'a, Vec<Listed<Properties>>>,
    pub read: for<'a> fn(&'a Aws, &'a Seek<'a>, &'a Attributes) -> Later<'a, Read>,
    pub create: for<'a> fn(&'a Aws, &'a Mark, &Properties) -> Later<'a, Attributes>,
    pub update:
        for<'a> fn(&'a Aws, &'a Mark, &Properties, &Properties, &'a Attributes) -> Later<'a, ()>,
    pub delete: for<'a> fn(&'a Aws, &Properties, &'a Attributes) -> Later<'a, ()>,
}

impl Calls {
    pub const fn of<K: Remote>() -> Self {
        Self {
            after_whole: K::AFTER_WHOLE,
            hook: K::hook,
            twins: K::TWINS,
            list: |aws, seek| {
                let erase = |it: Listed<K>| Listed {
                    attributes: it.attributes,
                    name: it.name,
                    marked: it.marked,
                    properties: it.properties.map(|it| Properties::of(&it)),
                };
                async move { Ok(K::list(aws, seek).await?.into_iter().map(erase).collect()) }
                    .boxed()
            },
            read: |aws, seek, listed| {
                let erase = |it: Whole<K>| Whole {
                    properties: Properties::of(&it.properties),
                    attributes: it.attributes,
                    marked: it.marked,
                    strangers: it.strangers,
                };
                async move { Ok(K::read(aws, seek, listed).await?.map(erase)) }.boxed()
            },
            create: |aws, mark, properties| properties.typed::<K>().create(aws, mark).boxed(),
            update: |aws, mark, properties, was, attributes| {
                let was = was.typed::<K>();
                properties.typed::<K>().update(aws, mark, was, attributes).boxed()
            },
            delete: |aws, was, attributes| was.typed::<K>().delete(aws, attributes).boxed(),
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

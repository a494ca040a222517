//! What a kind of resource tells the engine: facts, never calls. Pure.
mod imported;
mod live;
mod problems;
mod scope;
mod verb;

pub use imported::Imported;
pub use live::{Desired, Live, Observed, Owner, Resource, Stranger};
pub use problems::{Problems, Step};
pub use scope::{Codes, Files, Firsts, Scope, Unsound, readings};
pub use verb::Verb;

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::address::Address;
use crate::model::{Attributes, Properties, Site};

/// The facts of one kind. `Self` is its properties, in CloudFormation's shape.
pub trait Kind: Serialize + DeserializeOwned + JsonSchema {
    /// CloudFormation's name, e.g. `AWS::AppSync::ApiKey`.
    const TYPE: &'static str;
    /// What a person calls one of them: `API key`.
    const NOUN: &'static str;
    /// Where these resources are declared in the spec, or in the declaration of their parent.
    const SECTION: &'static str;
    /// The section of what they hang on.
    const PARENT: Option<&'static str> = None;
    /// Whether the section holds one declaration itself, and no names.
    const ONLY: bool = false;
    /// Properties AWS can't change in place: CloudFormation's create-only list, word for word.
    const IMMUTABLE: &'static [&'static str] = &[];
    /// Sections whose resources must exist first, and theirs.
    const AFTER: &'static [&'static str] = &[];
    /// Properties that are seconds since 1970, which people read as dates.
    const TIMES: &'static [&'static str] = &[];
    /// Where properties are written: the beginning of a property's path, and the member of the
    /// declaration that says it, or of the spec if it begins with `/`. The longest beginning counts; of
    /// several members, the one that is there.
    const WRITTEN: &'static [(&'static str, &'static str)] = &[];
    /// Its name on AWS, where somebody else may have that already.
    const NAMED: Option<Named> = None;
    /// A template's outputs for one of these: names, and texts with its attributes as `${ApiId}`.
    const OUTPUTS: &'static [(&'static str, &'static str)] = &[];
    /// The same for what is a secret: a template has these only if somebody asks.
    const SECRETS: &'static [(&'static str, &'static str)] = &[];
    /// A declaration as a user would write it: shown in the docs, and tried by the tests.
    const EXAMPLE: &'static str;
    /// What a user writes under `SECTION.<name>`.
    type Declaration: Serialize + DeserializeOwned + JsonSchema;

    /// What is wrong with a declaration beyond its shape.
    fn check(declared: &Self::Declaration, scope: &Scope<'_>, problems: &mut Problems);
    /// What should exist. `None`: the declaration only names what others made.
    fn expand(declared: &Self::Declaration, scope: &Scope<'_>) -> Option<Self>;
    /// The inverse of `expand`, for import: what a user would have written.
    fn declare(self, found: &mut Imported) -> Self::Declaration;
    /// What those who use it notice of a change, as far as it is known.
    fn effects(_verb: Verb, _before: Option<&Self>, _after: Option<&Self>) -> Vec<String> {
        Vec::new()
    }
    /// Of a kind that stands alone in its section: what to do where `stranger` has the place at the address,
    /// on what has these attributes, and nobody says whose it is.
    fn makes_room(_at: &Address, _stranger: &str, _parent: &Attributes) -> String {
        "take it away on AWS first".into()
    }
    /// Why CloudFormation alone can make this one, if AppSync's API can't.
    fn refuses(&self) -> Option<&'static str> {
        None
    }
    /// What to be on the way from `was` to this, where this takes away what others may still count on
    /// until they have changed too. `None`: it takes nothing away.
    fn meanwhile(&self, _was: &Self) -> Option<Self> {
        None
    }
    /// Whether it is there at all. Of what a run leaves that is killed halfway, or what others took away by
    /// hand, only the mark may be: then it is made as if it were not there, or its mark is cleared.
    fn stands(&self) -> bool {
        true
    }
    /// What of the declaration comes true by itself later, and when, of one that is as it should be by now.
    fn postponed(&self, _declared: &Self::Declaration, _site: &Site) -> Option<String> {
        None
    }
    /// What should be, given what is: keeps what AWS filled in and the spec leaves open.
    fn given(self, _live: &Self, _declared: &Self::Declaration, _site: &Site) -> Self {
        self
    }
}

/// A name on AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The property that is the name.
    pub property: &'static str,
    /// Whether AWS takes two of one name.
    pub repeats: bool,
    /// Whether tags carry the mark; else the description does.
    pub tagged: bool,
}

/// A [`Kind`] as the engine sees it: the same facts, for properties of a type it need not know.
pub struct Facts {
    pub type_name: &'static str,
    pub noun: &'static str,
    pub section: &'static str,
    pub parent: Option<&'static str>,
    pub only: bool,
    pub immutable: &'static [&'static str],
    pub after: &'static [&'static str],
    pub times: &'static [&'static str],
    pub written: &'static [(&'static str, &'static str)],
    pub named: Option<Named>,
    pub outputs: &'static [(&'static str, &'static str)],
    pub secrets: &'static [(&'static str, &'static str)],
    pub example: &'static str,
    pub properties: fn(&mut SchemaGenerator) -> Schema,
    pub declaration: fn(&mut SchemaGenerator) -> Schema,
    /// Checks a declaration, and expands it.
    pub read: fn(&Value, &Scope<'_>, &mut Problems) -> serde_json::Result<Option<Properties>>,
    /// Expands a declaration without a word about it.
    pub expand: fn(&Value, &Scope<'_>) -> serde_json::Result<Option<Properties>>,
    /// Whether properties that others wrote are of this kind.
    pub fits: fn(&Properties) -> serde_json::Result<()>,
    /// Whether what others kept is a declaration of this kind.
    pub suits: fn(&Value) -> serde_json::Result<()>,
    pub declare: fn(&Properties, &mut Imported) -> Value,
    pub effects: fn(Verb, Option<&Properties>, Option<&Properties>) -> Vec<String>,
    pub makes_room: fn(&Address, &str, &Attributes) -> String,
    pub refuses: fn(&Properties) -> Option<&'static str>,
    pub meanwhile: fn(&Properties, &Properties) -> Option<Properties>,
    pub stands: fn(&Properties) -> bool,
    pub postponed: fn(&Resource, &Site) -> Option<String>,
    pub given: fn(&Resource, &Properties, &Site) -> Properties,
}

impl Facts {
    pub const fn of<K: Kind>() -> Self {
        Self {
            type_name: K::TYPE,
            noun: K::NOUN,
            section: K::SECTION,
            parent: K::PARENT,
            only: K::ONLY,
            immutable: K::IMMUTABLE,
            after: K::AFTER,
            times: K::TIMES,
            written: K::WRITTEN,
            named: K::NAMED,
            outputs: K::OUTPUTS,
            secrets: K::SECRETS,
            example: K::EXAMPLE,
            properties: |generator| K::json_schema(generator),
            declaration: |generator| K::Declaration::json_schema(generator),
            read: |declared, scope, problems| {
                let declared = K::Declaration::deserialize(declared)?;
                K::check(&declared, scope, problems);
                Ok(K::expand(&declared, scope).map(|it| Properties::of(&it)))
            },
            expand: |declared, scope| {
                let declared = K::Declaration::deserialize(declared)?;
                Ok(K::expand(&declared, scope).map(|it| Properties::of(&it)))
            },
            fits: |properties| K::deserialize(&json!(properties)).map(drop),
            suits: |declared| K::Declaration::deserialize(declared).map(drop),
            effects: |verb, before, after| {
                let typed = |it: &Properties| it.typed::<K>();
                let (before, after) = (before.map(typed), after.map(typed));
                K::effects(verb, before.as_ref(), after.as_ref())
            },
            declare: |properties, found| {
                let declared = properties.typed::<K>().declare(found);
                serde_json::to_value(declared).expect("a declaration is plain data")
            },
            makes_room: K::makes_room,
            refuses: |properties| properties.typed::<K>().refuses(),
            meanwhile: |should, was| {
                let between = should.typed::<K>().meanwhile(&was.typed::<K>())?;
                Some(Properties::of(&between))
            },
            stands: |properties| properties.typed::<K>().stands(),
            postponed: |resource, site| {
                let declared = K::Declaration::deserialize(&resource.declared).ok()?;
                resource.properties.typed::<K>().postponed(&declared, site)
            },
            given: |resource, live, site| {
                let declared = K::Declaration::deserialize(&resource.declared)
                    .expect("it was expanded from this declaration");
                let should = resource.properties.typed::<K>();
                Properties::of(&should.given(&live.typed::<K>(), &declared, site))
            },
        }
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name)
    }
}

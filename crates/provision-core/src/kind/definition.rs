//! The definition of a kind: its facts as data, its rules as two traits.
//!
//! A kind is written as a type, [`TypedKind`]: the properties in CloudFormation's shape. The rest of the program
//! handles every kind alike, as `&'static dyn Kind`.
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::address::Address;
use crate::kind::check_context::CheckContext;
use crate::kind::diagnostic_sink::DiagnosticSink;
use crate::kind::import_context::ImportContext;
use crate::kind::template_facts::{Reference, TemplateFacts};
use crate::model::{Attributes, Properties, Site};
use crate::ownership::PROTECT_TAG;

/// The facts of a kind, as plain data.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// CloudFormation's name of the type, such as `AWS::AppSync::ApiKey`.
    pub type_name: &'static str,
    /// What a person calls one resource: `API key`.
    pub noun: &'static str,
    /// The key of the spec under which these resources are declared, or of their parent's declaration.
    pub section: &'static str,
    /// The section of the parent. `None`: declared at the top level of the spec.
    pub parent: Option<&'static str>,
    /// Whether the section is one declaration, without names.
    pub is_singleton: bool,
    /// Properties that AWS cannot change in place: CloudFormation's create-only list.
    pub create_only: &'static [&'static str],
    /// Sections whose resources must exist before these.
    pub depends_on: &'static [&'static str],
    /// Properties in seconds since 1970, shown as dates.
    pub timestamps: &'static [&'static str],
    /// Where a property is written in the spec: a prefix of the property's path, and the member of the
    /// declaration that sets it, or of the spec if it begins with `/`. The longest prefix counts; of several
    /// members, the one that is present.
    pub spec_paths: &'static [(&'static str, &'static str)],
    /// The resource's name on AWS, if it has one that can collide.
    pub aws_name: Option<AwsName>,
    /// Outputs of a template for each resource: names, and texts with its attributes as `${ApiId}`.
    pub outputs: &'static [(&'static str, &'static str)],
    /// The same for secrets: a template has these only on request.
    pub secret_outputs: &'static [(&'static str, &'static str)],
    /// A declaration as a user would write it: shown in the docs, and tried by the tests.
    pub example: &'static str,
    /// What only CloudFormation templates need.
    pub template: TemplateFacts,
}

impl Facts {
    /// The facts of a kind at the top level, with every other fact absent.
    pub const fn new(
        type_name: &'static str,
        noun: &'static str,
        section: &'static str,
        example: &'static str,
        template: TemplateFacts,
    ) -> Self {
        Self {
            type_name,
            noun,
            section,
            parent: None,
            is_singleton: false,
            create_only: &[],
            depends_on: &[],
            timestamps: &[],
            spec_paths: &[],
            aws_name: None,
            outputs: &[],
            secret_outputs: &[],
            example,
            template,
        }
    }

    /// The property that refers to the parent. `None` if the kind has no parent.
    pub fn parent_reference(&self) -> Option<&'static Reference> {
        let parent = self.parent?;
        self.template.references.iter().find(|reference| reference.section == parent)
    }

    /// The member of the declaration that sets `property`, or the first of several.
    pub fn spec_path(&self, property: &str) -> Option<&'static str> {
        self.spec_paths.iter().find(|(path, _)| *path == property).map(|(_, member)| *member)
    }

    /// Whether the tag that `protect: true` sets protects these resources.
    pub fn is_protectable(&self) -> bool {
        let tag = |path: &str| path.strip_prefix("Tags.") == Some(PROTECT_TAG);
        self.spec_paths.iter().any(|(path, _)| tag(path))
    }
}

/// The name of a resource on AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsName {
    /// The property that is the name.
    pub property: &'static str,
    /// Whether AWS accepts a second resource of the same name.
    pub allows_duplicates: bool,
    /// Whether tags hold the ownership marker; otherwise the description does.
    pub tagged: bool,
}

/// A kind, written down. `Self` is its properties, in CloudFormation's shape.
pub trait TypedKind: Serialize + DeserializeOwned + JsonSchema + 'static {
    /// Its facts.
    const FACTS: Facts;
    /// What a user writes under `SECTION.<name>`.
    type Declaration: Serialize + DeserializeOwned + JsonSchema;

    /// Reports errors of a declaration beyond its shape.
    fn check(
        declared: &Self::Declaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    );
    /// The desired properties. `None`: the declaration only refers to a resource that someone else manages.
    fn expand(declared: &Self::Declaration, scope: &CheckContext<'_>) -> Option<Self>;
    /// The inverse of `expand`, for import: what a user would have written.
    fn to_declaration(self, found: &mut ImportContext) -> Self::Declaration;
    /// What users of the resource notice of a change, if it is known.
    fn effects(_verb: ChangeAction, _before: Option<&Self>, _after: Option<&Self>) -> Vec<String> {
        Vec::new()
    }
    /// For a singleton: how to resolve a conflict with `unmanaged`, which AWS has at this address. `parent` has
    /// the attributes of the parent.
    fn conflict_hint(_address: &Address, _unmanaged: &str, _parent: &Attributes) -> String {
        "remove it on AWS first".into()
    }
    /// Why only CloudFormation can create this resource, if AppSync's API cannot.
    fn unsupported_reason(&self) -> Option<&'static str> {
        None
    }
    /// The state between `before` and this one, where the change removes something that others still use until
    /// they have changed too. `None`: it removes nothing.
    fn intermediate_state(&self, _before: &Self) -> Option<Self> {
        None
    }
    /// Whether the resource exists. If a run was killed, or someone removed the resource by hand, only its
    /// ownership tags may be left.
    fn exists(&self) -> bool {
        true
    }
    /// What part of the declaration takes effect later by itself, and when.
    fn deferred_change(&self, _declared: &Self::Declaration, _site: &Site) -> Option<String> {
        None
    }
    /// The desired properties, given the live ones: keeps what AWS filled in and the spec omits.
    fn normalize(self, _live: &Self, _declared: &Self::Declaration, _site: &Site) -> Self {
        self
    }
}

/// A kind as the engine handles it, with properties of a type that the engine need not know.
///
/// It dereferences to its [`Facts`].
pub trait Kind: Sync {
    /// Its facts.
    fn facts(&self) -> &'static Facts;
    /// The schema of its properties.
    fn properties_schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// The schema of its declaration.
    fn declaration_schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Checks and expands a declaration.
    ///
    /// # Errors
    /// The declaration does not have the shape of this kind.
    fn read(
        &self,
        declared: &Value,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) -> serde_json::Result<Option<Properties>>;
    /// Expands a declaration without checking it.
    ///
    /// # Errors
    /// The declaration does not have the shape of this kind.
    fn expand(
        &self,
        declared: &Value,
        scope: &CheckContext<'_>,
    ) -> serde_json::Result<Option<Properties>>;
    /// Checks that properties from elsewhere have the shape of this kind.
    ///
    /// # Errors
    /// They have not.
    fn check_properties(&self, properties: &Properties) -> serde_json::Result<()>;
    /// Checks that a declaration from elsewhere has the shape of this kind.
    ///
    /// # Errors
    /// It has not.
    fn check_declaration(&self, declared: &Value) -> serde_json::Result<()>;
    /// See [`TypedKind::to_declaration`].
    fn to_declaration(&self, properties: &Properties, found: &mut ImportContext) -> Value;
    /// See [`TypedKind::effects`].
    fn effects(
        &self,
        verb: ChangeAction,
        before: Option<&Properties>,
        after: Option<&Properties>,
    ) -> Vec<String>;
    /// See [`TypedKind::conflict_hint`].
    fn conflict_hint(&self, address: &Address, unmanaged: &str, parent: &Attributes) -> String;
    /// See [`TypedKind::unsupported_reason`].
    fn unsupported_reason(&self, properties: &Properties) -> Option<&'static str>;
    /// See [`TypedKind::intermediate_state`].
    fn intermediate_state(&self, desired: &Properties, before: &Properties) -> Option<Properties>;
    /// See [`TypedKind::exists`].
    fn exists(&self, properties: &Properties) -> bool;
    /// See [`TypedKind::deferred_change`]; `declared` is the declaration that `desired` was expanded from.
    fn deferred_change(
        &self,
        desired: &Properties,
        declared: &Value,
        site: &Site,
    ) -> Option<String>;
    /// See [`TypedKind::normalize`]; `declared` is the declaration that `desired` was expanded from.
    fn normalize(
        &self,
        desired: &Properties,
        declared: &Value,
        live: &Properties,
        site: &Site,
    ) -> Properties;
}

impl Deref for dyn Kind {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        self.facts()
    }
}

impl PartialEq for dyn Kind {
    fn eq(&self, other: &Self) -> bool {
        self.type_name == other.type_name
    }
}

impl fmt::Debug for dyn Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name)
    }
}

/// The kind that `K` describes.
pub const fn kind<K: TypedKind>() -> &'static dyn Kind {
    &Erased::<K>(PhantomData)
}

/// A [`TypedKind`] behind the interface that all kinds share.
struct Erased<K>(PhantomData<fn() -> K>);

impl<K: TypedKind> Kind for Erased<K> {
    fn facts(&self) -> &'static Facts {
        &K::FACTS
    }
    fn properties_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        K::json_schema(generator)
    }
    fn declaration_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        K::Declaration::json_schema(generator)
    }
    fn read(
        &self,
        declared: &Value,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) -> serde_json::Result<Option<Properties>> {
        let declared = K::Declaration::deserialize(declared)?;
        K::check(&declared, scope, diagnostics);
        Ok(K::expand(&declared, scope).map(|desired| Properties::from_typed(&desired)))
    }
    fn expand(
        &self,
        declared: &Value,
        scope: &CheckContext<'_>,
    ) -> serde_json::Result<Option<Properties>> {
        let declared = K::Declaration::deserialize(declared)?;
        Ok(K::expand(&declared, scope).map(|desired| Properties::from_typed(&desired)))
    }
    fn check_properties(&self, properties: &Properties) -> serde_json::Result<()> {
        K::deserialize(&json!(properties)).map(drop)
    }
    fn check_declaration(&self, declared: &Value) -> serde_json::Result<()> {
        K::Declaration::deserialize(declared).map(drop)
    }
    fn to_declaration(&self, properties: &Properties, found: &mut ImportContext) -> Value {
        let declared = properties.to_typed::<K>().to_declaration(found);
        serde_json::to_value(declared).expect("a declaration is plain data")
    }
    fn effects(
        &self,
        verb: ChangeAction,
        before: Option<&Properties>,
        after: Option<&Properties>,
    ) -> Vec<String> {
        let (before, after) =
            (before.map(Properties::to_typed::<K>), after.map(Properties::to_typed));
        K::effects(verb, before.as_ref(), after.as_ref())
    }
    fn conflict_hint(&self, address: &Address, unmanaged: &str, parent: &Attributes) -> String {
        K::conflict_hint(address, unmanaged, parent)
    }
    fn unsupported_reason(&self, properties: &Properties) -> Option<&'static str> {
        properties.to_typed::<K>().unsupported_reason()
    }
    fn intermediate_state(&self, desired: &Properties, before: &Properties) -> Option<Properties> {
        let state = desired.to_typed::<K>().intermediate_state(&before.to_typed())?;
        Some(Properties::from_typed(&state))
    }
    fn exists(&self, properties: &Properties) -> bool {
        properties.to_typed::<K>().exists()
    }
    fn deferred_change(
        &self,
        desired: &Properties,
        declared: &Value,
        site: &Site,
    ) -> Option<String> {
        let declared = K::Declaration::deserialize(declared).ok()?;
        desired.to_typed::<K>().deferred_change(&declared, site)
    }
    fn normalize(
        &self,
        desired: &Properties,
        declared: &Value,
        live: &Properties,
        site: &Site,
    ) -> Properties {
        let declared = K::Declaration::deserialize(declared)
            .expect("the resource was expanded from this declaration");
        let desired = desired.to_typed::<K>();
        Properties::from_typed(&desired.normalize(&live.to_typed(), &declared, site))
    }
}

/// What a change does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeAction {
    /// Create a resource that does not exist.
    Create,
    /// Change a resource in place.
    Update,
    /// Delete and create a resource again: a property changed that AWS cannot change in place.
    Replace,
    /// Delete a managed resource that the spec does not declare.
    Delete,
}

impl ChangeAction {
    /// Whether the change deletes the existing resource.
    pub fn deletes_existing(self) -> bool {
        matches!(self, Self::Delete | Self::Replace)
    }
}

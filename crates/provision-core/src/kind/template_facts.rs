//! What rendering and importing a CloudFormation template need to know of a kind, beyond its properties.

/// The facts of a kind that only templates need.
///
/// With them, an import handles every kind alike: it never asks which kind a resource is.
#[derive(Clone, Copy, Debug)]
pub struct TemplateFacts {
    /// How an import derives the key under which a resource is declared.
    pub key: KeyFacts,
    /// The attribute, or else the property, that CloudFormation's `Ref` returns
    /// (docs/reference/cloudformation.md#ref). `None`: what `Ref` returns has no name.
    pub ref_attribute: Option<&'static str>,
    /// Which resources of this type belong to a spec.
    pub inclusion: Inclusion,
    /// The properties that hold an attribute of another resource of the spec.
    pub references: &'static [Reference],
    /// The property that says which variant of the type a resource is, if a spec supports only some.
    pub variants: Option<Variants>,
    /// Properties of the type that a spec does not have, each with what to do about it.
    pub unsupported_properties: &'static [(&'static str, &'static str)],
    /// Resources of other types that a spec declares inside this one.
    pub separate_parts: Option<SeparateParts>,
    /// Properties for which CloudFormation has a lower limit than AppSync, in characters.
    pub limits: &'static [(&'static str, usize)],
    /// The member of the declaration that has `apply` renew the resource, which no template can.
    pub renewal: Option<&'static str>,
}

impl TemplateFacts {
    /// The facts of a kind that refers to nothing and has nothing unsupported.
    pub const fn new(key: KeyFacts, ref_attribute: Option<&'static str>) -> Self {
        Self {
            key,
            ref_attribute,
            inclusion: Inclusion::Always,
            references: &[],
            variants: None,
            unsupported_properties: &[],
            separate_parts: None,
            limits: &[],
            renewal: None,
        }
    }
}

/// How an import derives a key from a template.
#[derive(Clone, Copy, Debug)]
pub struct KeyFacts {
    /// The property from which the key is derived before the logical id.
    pub source: Option<KeySource>,
    /// Words of a logical id, in lower case, that say only what the resource is: `ChatApi` → `chat`.
    pub noise: &'static [&'static str],
    /// The key where every word is noise.
    pub default: &'static str,
}

impl KeyFacts {
    /// For the one declaration of a section, which has no key.
    pub const SINGLETON: Self = Self { source: None, noise: &[], default: "" };
}

/// A property that names a resource, and what of it is the key.
#[derive(Clone, Copy, Debug)]
pub struct KeySource {
    /// The property.
    pub property: &'static str,
    /// Which part of its text is the key.
    pub part: NamePart,
}

/// The part of a name that is the key of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePart {
    /// All of it: the name that a spec gives by default is the key.
    Whole,
    /// What follows `STACK-`: the name that a spec gives by default is `STACK-KEY`.
    AfterStack,
    /// The first label of a domain name.
    FirstLabel,
}

/// Which resources of a type belong to a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inclusion {
    /// All whose references lead into the spec.
    Always,
    /// Only those that a resource of the spec refers to, as an API does to the role that it logs with.
    IfReferenced,
    /// All but those that only resources outside the spec refer to, such as the domain name of a GraphQL API.
    UnlessForeign,
}

/// A property that holds an attribute of another resource of the spec.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// The path of the property: `EventConfig.LogConfig.CloudWatchLogsRoleArn`.
    pub property: &'static str,
    /// The section of the other resource.
    pub section: &'static str,
    /// The attribute that the property holds.
    pub attribute: &'static str,
    /// What an import does if the template does not define the other resource.
    pub if_missing: IfMissing,
}

/// What an import does with a reference to a resource that the template does not define.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// The resource is left alone: it belongs to something else, such as a GraphQL API.
    LeaveAlone,
    /// The resource is omitted with a warning: only a spec could have it.
    Omit,
    /// The other resource is declared as an existing one, by this member of its declaration.
    DeclareExisting(&'static str),
    /// The part of the properties at this path is omitted with a warning.
    OmitPart(&'static str),
}

/// The variants of a type that a spec supports.
#[derive(Clone, Copy, Debug)]
pub struct Variants {
    /// The property that says which variant a resource is.
    pub property: &'static str,
    /// Its values that a spec supports.
    pub supported: &'static [&'static str],
    /// Other values, each with what to do about it.
    pub unsupported: &'static [(&'static str, &'static str)],
}

/// Resources of other types that a spec declares inside a resource.
#[derive(Clone, Copy, Debug)]
pub struct SeparateParts {
    /// Their types.
    pub types: &'static [&'static str],
    /// The member of the declaration under which a spec has them.
    pub member: &'static str,
}

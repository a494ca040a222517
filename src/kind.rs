//! What a kind of resource tells the engine: facts, never calls. Pure.
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::address::Address;
use crate::diagnostic::{At, Diagnostic, OtherFile, Path};
use crate::model::{Attributes, Properties, Site, Tags};
use crate::text::{Hole, Text};

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
    /// Why CloudFormation alone can make this one, if AppSync's API can't.
    fn refuses(&self) -> Option<&'static str> {
        None
    }
    /// What should be, given what is: keeps what AWS filled in and the spec leaves open.
    fn given(self, _live: &Self, _declared: &Self::Declaration, _site: &Site) -> Self {
        self
    }
}

/// What a declaration is read in: the rest of the spec, the clock's time, the files beside it.
#[derive(Debug)]
pub struct Scope<'a> {
    pub address: Address,
    /// The whole document, checked for shape.
    pub document: &'a Value,
    pub now_epoch_s: i64,
    pub files: &'a dyn Files,
    /// The values that each `${…}` may have, as far as the spec says.
    pub known: &'a BTreeMap<String, Vec<String>>,
    /// The parts that could not be read, and are left out of the document.
    pub unread: &'a [Path],
    pub firsts: &'a Firsts,
}

/// The key that has a name first, by section and by name as it is written: looked for once a section, since
/// looking for each of its members would take the square of their number.
#[derive(Debug, Default)]
pub struct Firsts(RefCell<HashMap<String, HashMap<String, String>>>);

/// More combinations of parameters' values than these nobody declares on purpose.
const READINGS_MAX: usize = 64;

/// Everything that `text` may read, one for each combination of the values of what is open in it. None
/// where nobody knows yet.
pub fn readings(text: &Text, known: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut readings = vec![text.clone()];
    let holes: BTreeSet<String> = text.holes().map(Hole::to_string).collect();
    for hole in holes {
        let values = known.get(&hole).map(Vec::as_slice).unwrap_or_default();
        let fill = |value: &String| {
            let known = |it: &Hole| (it.to_string() == hole).then(|| value.clone());
            readings.iter().map(|it| it.filled(&known)).collect::<Vec<_>>()
        };
        readings = values.iter().flat_map(fill).take(READINGS_MAX).collect();
    }
    readings.iter().filter_map(Text::as_plain).map(str::to_owned).collect()
}

/// A reading of a text that can't be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound {
    pub reading: String,
    /// What to say of it, where it is not what was written.
    pub told: Option<String>,
}

/// The files beside a spec. The edge reads them; the core gets text.
pub trait Files: fmt::Debug {
    /// The file at `path`, relative to the spec, or why it can't be had.
    fn file(&self, path: &str) -> Result<Arc<OtherFile>, String>;
}

impl Scope<'_> {
    /// The declaration at `address`, if there is a sound one.
    pub fn declared<D: DeserializeOwned>(&self, address: &Address) -> Option<D> {
        D::deserialize(self.at(address)?).ok()
    }
    /// One member of the declaration at `address`, if it is sound, whatever the rest is.
    pub fn member<D: DeserializeOwned>(&self, address: &Address, name: &str) -> Option<D> {
        D::deserialize(self.at(address)?.get(name)?).ok()
    }
    /// Whether something at `names`, inside this declaration, could not be read: then what is missing
    /// there was perhaps written.
    pub fn has_unread(&self, names: &[&str]) -> bool {
        let here =
            self.address.parts().chain(names.iter().copied()).fold(Path::default(), Path::key);
        self.unread.iter().any(|it| it.0.starts_with(&here.0))
    }
    /// The first reading of `text` that is not as `sound` wants it.
    pub fn unsound(&self, text: &Text, sound: impl Fn(&str) -> bool) -> Option<Unsound> {
        let reading = readings(text, self.known).into_iter().find(|it| !sound(it))?;
        let told = text.as_plain().is_none().then(|| format!("it may read `{reading}`"));
        Some(Unsound { reading, told })
    }
    /// The name of the stack, as it was written.
    pub fn stack(&self) -> Text {
        let stack = self.document.get("stack").and_then(|it| Text::deserialize(it).ok());
        stack.unwrap_or_default()
    }
    /// The tags that the spec puts on everything that takes tags.
    pub fn tags(&self) -> Tags {
        let tags = self.document.get("tags").and_then(|tags| Deserialize::deserialize(tags).ok());
        Tags(tags.unwrap_or_default())
    }
    /// The region that the spec names, if it names one.
    pub fn region(&self) -> Option<&str> {
        self.document.get("region").and_then(Value::as_str)
    }
    /// What is declared in a section of this declaration.
    pub fn children(&self, section: &str) -> Vec<&Value> {
        self.under(&self.address, section)
    }
    /// What is declared in a section of the declaration at `address`.
    pub fn under(&self, address: &Address, section: &str) -> Vec<&Value> {
        let section = self.at(address).and_then(|it| it.get(section)?.as_object());
        section.map(|it| it.values().collect()).unwrap_or_default()
    }
    /// The names in a section of the declaration at `address`.
    pub fn names_under(&self, address: &Address, section: &str) -> Vec<&str> {
        let section = self.at(address).and_then(|it| it.get(section)?.as_object());
        section.map(|it| it.keys().map(String::as_str).collect()).unwrap_or_default()
    }
    /// What declared before this one has the name `name` on AWS: says so, or is called so.
    pub fn twin(&self, name: &Text) -> Option<String> {
        let mut firsts = self.firsts.0.borrow_mut();
        let (section, _) = self.address.as_str().rsplit_once('/').unwrap_or_default();
        let firsts = firsts.entry(section.to_owned()).or_insert_with(|| {
            let mut firsts = HashMap::new();
            for (key, declared) in self.siblings() {
                let name = declared.get("name").map_or_else(|| json!(key), Value::clone);
                firsts.entry(name.to_string()).or_insert_with(|| key.to_owned());
            }
            firsts
        });
        let first = firsts.get(&name.to_value().to_string());
        first.filter(|first| *first != self.address.name()).cloned()
    }
    /// What declared before this one has `text` where `part` looks.
    pub fn same(&self, part: impl Fn(&Value) -> Option<&Value>, text: &Text) -> Option<&str> {
        let written = text.to_value();
        let before = self.siblings().take_while(|(key, _)| *key != self.address.name());
        let mut same = before.filter(|(_, declared)| part(declared) == Some(&written));
        same.next().map(|(key, _)| key)
    }
    /// What is declared beside this one, itself among it.
    pub fn siblings(&self) -> impl Iterator<Item = (&str, &Value)> {
        let around = match self.address.parent() {
            Some(parent) => self.at(&parent),
            None => Some(self.document),
        };
        let section = around.and_then(|it| it.get(self.address.section())?.as_object());
        section.into_iter().flatten().map(|(name, declared)| (name.as_str(), declared))
    }
    fn at(&self, address: &Address) -> Option<&Value> {
        address.parts().try_fold(self.document, |value, part| value.get(part))
    }
    /// The names declared in a section at the top.
    pub fn names(&self, section: &str) -> Vec<&str> {
        let section = self.document.get(section).and_then(Value::as_object);
        section.map(|it| it.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}

/// Collects what is wrong with one declaration; paths are relative to it.
#[derive(Debug)]
pub struct Problems {
    base: Path,
    found: Vec<Diagnostic>,
}

impl Problems {
    pub fn under(base: Path) -> Self {
        Self { base, found: Vec::new() }
    }
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }
    /// An error at the value at `path`.
    pub fn error(
        &mut self,
        code: &'static str,
        path: &[Step<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Value(self.path(path));
        self.push(Diagnostic::error(code, at, message))
    }
    /// An error at the value at `path`, if there is a reading of it that can't be.
    pub fn refuse(
        &mut self,
        unsound: Option<Unsound>,
        code: &'static str,
        path: &[Step<'_>],
        message: &str,
        help: &str,
    ) {
        if let Some(Unsound { told, .. }) = unsound {
            let problem = self.error(code, path, message.to_owned());
            problem.label = told;
            problem.help = Some(help.to_owned());
        }
    }
    /// An error at the key at `path`.
    pub fn error_at_key(
        &mut self,
        code: &'static str,
        path: &[Step<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Key(self.path(path));
        self.push(Diagnostic::error(code, at, message))
    }
    pub fn warning(
        &mut self,
        code: &'static str,
        path: &[Step<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Value(self.path(path));
        self.push(Diagnostic::warning(code, at, message))
    }
    pub fn warning_at_key(
        &mut self,
        code: &'static str,
        path: &[Step<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Key(self.path(path));
        self.push(Diagnostic::warning(code, at, message))
    }
    /// Whatever stands elsewhere than in this declaration.
    pub fn report(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }
    fn path(&self, steps: &[Step<'_>]) -> Path {
        steps.iter().fold(self.base.clone(), |path, step| match step {
            Step::Key(name) => path.key(name),
            Step::Index(n) => path.index(*n),
        })
    }
    fn push(&mut self, problem: Diagnostic) -> &mut Diagnostic {
        self.found.push(problem);
        self.found.last_mut().expect("it was just pushed")
    }
}

/// One step of a path inside a declaration.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// What an import has found so far, beside the declaration at hand.
#[derive(Debug, Default)]
pub struct Imported {
    /// Where the resource at hand will be declared.
    pub address: Option<Address>,
    /// What the declaration around the one at hand has to say for it.
    pub around: serde_json::Map<String, Value>,
    /// Data sources by their API and their name on AWS: their keys.
    pub data_sources: BTreeMap<(Option<Address>, String), String>,
    /// Roles that something of ours uses and nobody of ours made: name → ARN.
    pub roles: BTreeMap<String, String>,
    /// Files to lie beside the spec: path → text.
    pub files: BTreeMap<String, String>,
}

impl Imported {
    /// Remembers under which key the data source at hand is declared.
    pub fn data_source(&mut self, name: &Text) {
        if let Some(address) = &self.address {
            let key = address.name().to_owned();
            self.data_sources.insert((address.parent(), name.to_string()), key);
        }
    }
    /// The key of the data source with this name, in the API of the resource at hand.
    pub fn data_source_of(&self, name: &Text) -> String {
        if let Some(Hole::Attribute { address, .. }) = name.holes().next() {
            return address.name().to_owned();
        }
        let api = self.address.as_ref().and_then(Address::parent);
        let name = name.to_string();
        self.data_sources.get(&(api, name.clone())).cloned().unwrap_or(name)
    }
    /// The name under `logRoles` of the role with this ARN.
    pub fn role_of(&mut self, arn: &Text) -> String {
        if let Some(Hole::Attribute { address, .. }) = arn.holes().next() {
            return address.name().to_owned();
        }
        let arn = arn.to_string();
        if let Some((name, _)) = self.roles.iter().find(|(_, it)| **it == arn) {
            return name.clone();
        }
        let name = format!("existing{}", self.roles.len() + 1);
        self.roles.insert(name.clone(), arn);
        name
    }
    /// The path of a JavaScript file with this text, in `handlers`, called after the resource at hand.
    /// No text takes the place of another.
    pub fn handler(&mut self, text: String) -> String {
        let name = self.address.as_ref().map_or("handler", Address::name);
        let numbered = (2..).map(|n| format!("handlers/{name}-{n}.js"));
        let mut paths = std::iter::once(format!("handlers/{name}.js")).chain(numbered);
        let free = |path: &String| self.files.get(path).is_none_or(|it| *it == text);
        let path = paths.find(free).expect("there are more numbers than files");
        self.files.insert(path.clone(), text);
        path
    }
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
    pub declare: fn(&Properties, &mut Imported) -> Value,
    pub refuses: fn(&Properties) -> Option<&'static str>,
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
            declare: |properties, found| {
                let declared = properties.typed::<K>().declare(found);
                serde_json::to_value(declared).expect("a declaration is plain data")
            },
            refuses: |properties| properties.typed::<K>().refuses(),
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

/// A resource as it should be.
#[derive(Clone, Debug)]
pub struct Resource {
    pub kind: &'static Facts,
    pub properties: Properties,
    /// What the user wrote: terms that are no property, as how long a key lives.
    pub declared: Value,
}

/// A resource as AWS has it.
#[derive(Clone, Debug)]
pub struct Observed {
    pub kind: &'static Facts,
    pub properties: Properties,
    pub attributes: Attributes,
}

pub type Desired = BTreeMap<Address, Resource>;

/// What AWS has: ours by address, and what nobody here declared.
#[derive(Clone, Debug, Default)]
pub struct Live {
    pub ours: BTreeMap<Address, Observed>,
    pub strangers: Vec<Stranger>,
}

/// Something beside ours that does not carry our mark: shown, never compared, never touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stranger {
    /// What of ours it hangs on.
    pub parent: Option<Address>,
    pub noun: &'static str,
    /// Its name where that is no secret.
    pub name: Option<String>,
    pub owner: Owner,
}

/// Whose a live object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", content = "name", rename_all = "kebab-case")]
pub enum Owner {
    /// This stack's, by its mark.
    Ours(Address),
    /// Another stack's, by its mark.
    Stack(String),
    /// A CloudFormation stack's, by the tags that CloudFormation leaves.
    CloudFormation(String),
    /// Nobody's that says so.
    Nobody,
}

impl Live {
    /// What fills `hole`, as far as AWS or the site knows.
    pub fn known(&self, hole: &Hole, site: &Site) -> Option<String> {
        match hole {
            Hole::Pseudo(name) => site.pseudo(name),
            // Applying puts a value in the place of every parameter before it looks at AWS.
            Hole::Parameter(_) => None,
            Hole::Attribute { address, name } => {
                Some(self.ours.get(address)?.attributes.get(name)?.to_owned())
            }
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name}", self.noun),
            None => write!(f, "{} (its name is a secret)", self.noun),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(address) => write!(f, "this stack's {address}"),
            Self::Stack(stack) => write!(f, "provision's stack `{stack}`"),
            Self::CloudFormation(stack) => write!(f, "CloudFormation's stack `{stack}`"),
            Self::Nobody => f.write_str("made outside this spec"),
        }
    }
}

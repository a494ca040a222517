//! What a declaration is read in: the rest of the spec, the time, the files beside it.
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::address::Address;
use crate::diagnostic::{OtherFile, Path};
use crate::handler::{self, Handlers};
use crate::model::Tags;
use crate::text::{Hole, Text};

/// What a declaration is read in: the rest of the spec, the clock's time, the files beside it.
#[derive(Debug)]
pub struct CheckContext<'a> {
    pub address: Address,
    /// The whole document, checked for shape.
    pub document: &'a Value,
    pub now_epoch_s: i64,
    pub files: &'a dyn Files,
    /// The values that each `${…}` may have, as far as the spec says.
    pub placeholder_values: &'a BTreeMap<String, Vec<String>>,
    /// The parts that could not be read, and are left out of the document.
    pub unreadable: &'a [Path],
    pub first_names: &'a FirstNames,
    /// The code of files, once it was read.
    pub parsed_handlers: &'a ParsedHandlers,
}

/// The key that has a name first, by section and by name as it is written: looked for once a section, since
/// looking for each of its members would take the square of their number.
#[derive(Debug, Default)]
pub struct FirstNames(RefCell<HashMap<String, HashMap<String, String>>>);

/// What the code of a file says, by the file's name: many namespaces may share one.
#[derive(Debug, Default)]
pub struct ParsedHandlers(RefCell<HashMap<String, Rc<Handlers>>>);

/// More combinations of parameters' values than these nobody declares on purpose.
const READINGS_MAX: usize = 64;

/// Everything that `text` may read, one for each combination of the values of what is open in it. None
/// where nobody knows yet.
pub fn possible_values(text: &Text, known: &BTreeMap<String, Vec<String>>) -> Vec<String> {
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
pub struct InvalidReading {
    pub value: String,
    /// What to say of it, where it is not what was written.
    pub label: Option<String>,
}

/// The files beside a spec. The edge reads them; the core gets text.
pub trait Files: fmt::Debug {
    /// The file at `path`, relative to the spec, or why it can't be had.
    fn file(&self, path: &str) -> Result<Arc<OtherFile>, String>;
}

impl CheckContext<'_> {
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
    pub fn has_unreadable(&self, names: &[&str]) -> bool {
        let here: Path = self.address.parts().chain(names.iter().copied()).collect();
        self.unreadable.iter().any(|it| it.0.starts_with(&here.0))
    }
    /// The first reading of `text` that is not as `sound` wants it.
    pub fn invalid_reading(
        &self,
        text: &Text,
        sound: impl Fn(&str) -> bool,
    ) -> Option<InvalidReading> {
        let reading =
            possible_values(text, self.placeholder_values).into_iter().find(|it| !sound(it))?;
        let told = text.as_plain().is_none().then(|| format!("it may read `{reading}`"));
        Some(InvalidReading { value: reading, label: told })
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
    /// What the code of a file says, read once.
    pub fn code(&self, file: &OtherFile) -> Rc<Handlers> {
        let mut codes = self.parsed_handlers.0.borrow_mut();
        let read = || handler::read(&file.text).into();
        Rc::clone(codes.entry(file.name.clone()).or_insert_with(read))
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
        section_in(self.at(address), section).map(|(_, it)| it).collect()
    }
    /// The names in a section of the declaration at `address`.
    pub fn names_under(&self, address: &Address, section: &str) -> Vec<&str> {
        section_in(self.at(address), section).map(|(name, _)| name).collect()
    }
    /// What declared before this one has the name `name` on AWS: says so, or is called so.
    pub fn duplicate_name(&self, name: &Text) -> Option<String> {
        let mut firsts = self.first_names.0.borrow_mut();
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
    /// Whether a declaration in the section at the top names this one, where `path` leads to.
    pub fn is_named(&self, section: &str, path: &[&str]) -> bool {
        let mut firsts = self.first_names.0.borrow_mut();
        let named = firsts.entry(format!("{section}.{}", path.join("."))).or_insert_with(|| {
            let name = |(key, it): (&str, &Value)| {
                let name = path.iter().try_fold(it, |it, part| it.get(part))?.as_str()?;
                Some((name.to_owned(), key.to_owned()))
            };
            section_in(Some(self.document), section).filter_map(name).collect()
        });
        named.contains_key(self.address.name())
    }
    /// What is declared beside this one, itself among it.
    pub fn siblings(&self) -> impl Iterator<Item = (&str, &Value)> {
        let around = match self.address.parent() {
            Some(parent) => self.at(&parent),
            None => Some(self.document),
        };
        section_in(around, self.address.section())
    }
    fn at(&self, address: &Address) -> Option<&Value> {
        address.parts().try_fold(self.document, |value, part| value.get(part))
    }
    /// The names declared in a section at the top.
    pub fn names(&self, section: &str) -> Vec<&str> {
        section_in(Some(self.document), section).map(|(name, _)| name).collect()
    }
}

/// The names and declarations of a section of what is `around` it.
fn section_in<'v>(
    around: Option<&'v Value>,
    section: &str,
) -> impl Iterator<Item = (&'v str, &'v Value)> + use<'v> {
    let section = around.and_then(|it| it.get(section)?.as_object());
    section.into_iter().flatten().map(|(name, declared)| (name.as_str(), declared))
}

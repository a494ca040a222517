//! The context in which a declaration is checked and expanded.
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::address::Address;
use crate::diagnostic::{DocumentPath, ReferencedFile};
use crate::handler::{self, HandlerAnalysis};
use crate::model::Tags;
use crate::text::{Placeholder, Text};

/// The context of a declaration: the rest of the spec, the current time, the files next to the spec.
#[derive(Debug)]
pub struct CheckContext<'a> {
    /// The address of the declaration.
    pub address: Address,
    /// The whole document, after its shape was checked.
    pub document: &'a Value,
    /// The current time.
    pub now_epoch_s: i64,
    /// The files next to the spec.
    pub files: &'a dyn Files,
    /// The values that each `${…}` may have, if the spec determines them.
    pub placeholder_values: &'a BTreeMap<String, Vec<String>>,
    /// The parts that could not be read. The document omits them.
    pub unreadable: &'a [DocumentPath],
    /// The names that declarations of each section already use.
    pub first_names: &'a FirstNames,
    /// The handler files that were parsed so far.
    pub parsed_handlers: &'a ParsedHandlers,
}

/// The first key that uses a name, by section and by the name as written. Computed once for each section:
/// a search for each member would take quadratic time.
#[derive(Debug, Default)]
pub struct FirstNames(RefCell<HashMap<String, HashMap<String, String>>>);

/// The analysis of each handler file, by file name, since namespaces may share a file.
#[derive(Debug, Default)]
pub struct ParsedHandlers(RefCell<HashMap<String, Rc<HandlerAnalysis>>>);

/// Maximum number of combinations of parameter values that are tried. Real specs have far fewer.
const READINGS_MAX: usize = 64;

/// Returns every text that `text` can resolve to, one for each combination of its placeholders' values.
/// Empty if a placeholder's values are unknown.
pub fn possible_values(text: &Text, known: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut readings = vec![text.clone()];
    let placeholders: BTreeSet<String> = text.placeholders().map(Placeholder::to_string).collect();
    for placeholder in placeholders {
        let values = known.get(&placeholder).map(Vec::as_slice).unwrap_or_default();
        let fill = |value: &String| {
            let known =
                |item: &Placeholder| (item.to_string() == placeholder).then(|| value.clone());
            readings.iter().map(|reading| reading.resolve(&known)).collect::<Vec<_>>()
        };
        readings = values.iter().flat_map(fill).take(READINGS_MAX).collect();
    }
    readings.iter().filter_map(Text::as_literal).map(str::to_owned).collect()
}

/// A value that a text can resolve to and that is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidReading {
    /// The value.
    pub value: String,
    /// What to show next to the source, if the value is not what is written there.
    pub label: Option<String>,
}

/// The files next to a spec. The command line reads them; the core only sees their text.
pub trait Files: fmt::Debug {
    /// Returns the file at `path`, relative to the spec.
    ///
    /// # Errors
    /// The reason why the file cannot be read, for the diagnostic.
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String>;
}

impl CheckContext<'_> {
    /// Returns the declaration at `address`, if there is a valid one.
    pub fn declared<D: DeserializeOwned>(&self, address: &Address) -> Option<D> {
        D::deserialize(self.at(address)?).ok()
    }
    /// Returns one member of the declaration at `address`, if it is valid, even if other members are not.
    pub fn member<D: DeserializeOwned>(&self, address: &Address, name: &str) -> Option<D> {
        D::deserialize(self.at(address)?.get(name)?).ok()
    }
    /// Whether a part at `names`, inside this declaration, could not be read. A member that seems missing may
    /// then be present in the file.
    pub fn has_unreadable(&self, names: &[&str]) -> bool {
        let here: DocumentPath = self.address.parts().chain(names.iter().copied()).collect();
        self.unreadable.iter().any(|unreadable| unreadable.0.starts_with(&here.0))
    }
    /// Returns the first value that `text` can resolve to and that `is_valid` rejects.
    pub fn invalid_reading(
        &self,
        text: &Text,
        is_valid: impl Fn(&str) -> bool,
    ) -> Option<InvalidReading> {
        let reading = possible_values(text, self.placeholder_values)
            .into_iter()
            .find(|possible_value| !is_valid(possible_value))?;
        let label = text.as_literal().is_none().then(|| format!("this can resolve to `{reading}`"));
        Some(InvalidReading { value: reading, label })
    }
    /// Returns the name of the stack, as written.
    pub fn stack(&self) -> Text {
        let stack =
            self.document.get("stack").and_then(|document| Text::deserialize(document).ok());
        stack.unwrap_or_default()
    }
    /// Returns the tags that the spec sets on every resource that supports tags.
    pub fn tags(&self) -> Tags {
        let tags = self.document.get("tags").and_then(|tags| Deserialize::deserialize(tags).ok());
        Tags(tags.unwrap_or_default())
    }
    /// Returns the analysis of a handler file, which is parsed once.
    pub fn parsed_handler(&self, file: &ReferencedFile) -> Rc<HandlerAnalysis> {
        let mut analyses = self.parsed_handlers.0.borrow_mut();
        let analyze = || handler::analyze(&file.text).into();
        Rc::clone(analyses.entry(file.name.clone()).or_insert_with(analyze))
    }
    /// Returns the region of the spec, if it sets one.
    pub fn region(&self) -> Option<&str> {
        self.document.get("region").and_then(Value::as_str)
    }
    /// Returns the declarations in a section of this declaration.
    pub fn children(&self, section: &str) -> Vec<&Value> {
        self.declarations_under(&self.address, section)
    }
    /// Returns the declarations in a section of the declaration at `address`.
    pub fn declarations_under(&self, address: &Address, section: &str) -> Vec<&Value> {
        section_in(self.at(address), section).map(|(_, value)| value).collect()
    }
    /// Returns the names in a section of the declaration at `address`.
    pub fn names_under(&self, address: &Address, section: &str) -> Vec<&str> {
        section_in(self.at(address), section).map(|(name, _)| name).collect()
    }
    /// Returns the key of an earlier declaration in this section with the same name on AWS, set or derived.
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
    /// Whether a declaration in a top-level section refers to this one in the member at `path`.
    pub fn is_referenced(&self, section: &str, path: &[&str]) -> bool {
        let mut firsts = self.first_names.0.borrow_mut();
        let targets = firsts.entry(format!("{section}.{}", path.join("."))).or_insert_with(|| {
            let name = |(key, item): (&str, &Value)| {
                let name = path.iter().try_fold(item, |value, part| value.get(part))?.as_str()?;
                Some((name.to_owned(), key.to_owned()))
            };
            section_in(Some(self.document), section).filter_map(name).collect()
        });
        targets.contains_key(self.address.name())
    }
    /// Returns the declarations of this section, including this one.
    pub fn siblings(&self) -> impl Iterator<Item = (&str, &Value)> {
        let parent = match self.address.parent() {
            Some(parent) => self.at(&parent),
            None => Some(self.document),
        };
        section_in(parent, self.address.section())
    }
    fn at(&self, address: &Address) -> Option<&Value> {
        address.parts().try_fold(self.document, |value, part| value.get(part))
    }
    /// Returns the names declared in a top-level section.
    pub fn names(&self, section: &str) -> Vec<&str> {
        section_in(Some(self.document), section).map(|(name, _)| name).collect()
    }
}

/// Returns the names and declarations of a section of `parent`.
fn section_in<'v>(
    parent: Option<&'v Value>,
    section: &str,
) -> impl Iterator<Item = (&'v str, &'v Value)> + use<'v> {
    let section = parent.and_then(|parent| parent.get(section)?.as_object());
    section.into_iter().flatten().map(|(name, declared)| (name.as_str(), declared))
}

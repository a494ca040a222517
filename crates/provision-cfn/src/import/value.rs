//! A template's values with everything decided that could be, each part with its place.
use serde_json::{Map, Value};

use provision_core::diagnostic::Path;
use provision_core::source::read::free::plain;
use provision_core::text::{Hole, Text};

/// A value and where the template says it.
#[derive(Clone, Debug)]
pub struct Part {
    pub at: Path,
    pub is: Is,
}

#[derive(Clone, Debug)]
pub enum Is {
    /// A text, a number, a truth: whatever takes it decides what it is.
    Scalar {
        text: Text,
        /// Whether it was written without quotes.
        plain: bool,
    },
    List(Vec<Part>),
    Map(Vec<(String, Part)>),
}

impl Part {
    pub fn text(text: Text, at: &Path) -> Self {
        Self { at: at.clone(), is: Is::Scalar { text, plain: false } }
    }
    pub fn as_text(&self) -> Option<&Text> {
        match &self.is {
            Is::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
    /// The text, if nothing is open in it.
    pub fn as_plain(&self) -> Option<&str> {
        self.as_text()?.as_plain()
    }
    pub fn as_list(&self) -> Option<&[Part]> {
        match &self.is {
            Is::List(items) => Some(items),
            _ => None,
        }
    }
    pub fn entries(&self) -> &[(String, Part)] {
        match &self.is {
            Is::Map(entries) => entries,
            _ => &[],
        }
    }
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|(key, _)| key == name).map(|(_, it)| it)
    }
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match &mut self.is {
            Is::Map(entries) => entries.iter_mut().find(|(key, _)| key == name).map(|(_, it)| it),
            _ => None,
        }
    }
    /// The part at the end of these names.
    pub fn at_mut(&mut self, names: &[&str]) -> Option<&mut Self> {
        names.iter().try_fold(self, |part, name| part.get_mut(name))
    }
    pub fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |part, name| part.get(name))
    }
    /// Puts a text in the place of whatever this is.
    pub fn become_text(&mut self, text: Text) {
        self.is = Is::Scalar { text, plain: false };
    }
    /// Takes an entry out of a mapping.
    pub fn remove(&mut self, name: &str) -> Option<Self> {
        let Is::Map(entries) = &mut self.is else { return None };
        let n = entries.iter().position(|(key, _)| key == name)?;
        Some(entries.remove(n).1)
    }
    /// Visits every text in it, which may be changed, with its place.
    pub fn each_text(&mut self, visit: &mut dyn FnMut(&mut Text, &Path)) {
        match &mut self.is {
            Is::Scalar { text, .. } => visit(text, &self.at),
            Is::List(items) => items.iter_mut().for_each(|it| it.each_text(visit)),
            Is::Map(entries) => entries.iter_mut().for_each(|(_, it)| it.each_text(visit)),
        }
    }
    /// As a document writes it where nothing says what its scalars are.
    pub fn to_value(&self) -> Value {
        match &self.is {
            Is::Scalar { text, plain: true } => match text.as_plain() {
                Some(text) => plain(text),
                None => text.to_value(),
            },
            Is::Scalar { text, .. } => text.to_value(),
            Is::List(items) => items.iter().map(Self::to_value).collect(),
            Is::Map(entries) => {
                let entry = |(key, it): &(String, Self)| (key.clone(), it.to_value());
                Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
            }
        }
    }
}

/// The section of addresses that stand for resources of the template until it is known whose they are.
const RESOURCES: &str = "Resources";
/// The section of addresses that stand for what only CloudFormation can work out.
const COMPUTED: &str = "Computed";
/// What `Ref` gives, as if it were an attribute.
pub const REF: &str = "Ref";

/// What a hole stands for while a template is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands<'a> {
    /// For an attribute of the resource with this logical id, or what `Ref` gives.
    Resource { id: &'a str, attribute: &'a str },
    /// For the value of this number that only CloudFormation can work out.
    Computed(usize),
    /// For what a spec can say.
    Itself,
}

pub fn of_resource(id: &str, attribute: &str) -> Text {
    Text::of(&provision_core::address::Address::top(RESOURCES, id), attribute)
}

pub fn of_computed(n: usize) -> Text {
    Text::of(&provision_core::address::Address::top(COMPUTED, &n.to_string()), "Value")
}

pub fn stands_for(hole: &Hole) -> Stands<'_> {
    let Hole::Attribute { address, name } = hole else { return Stands::Itself };
    match address.section() {
        RESOURCES => Stands::Resource { id: address.name(), attribute: name },
        COMPUTED => Stands::Computed(address.name().parse().unwrap_or_default()),
        _ => Stands::Itself,
    }
}

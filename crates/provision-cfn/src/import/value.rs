//! The values of a template after evaluation.
//!
//! Every value knows its path in the template, so that a diagnostic about any part of it can show the
//! place. A text may contain placeholders: for parameters, which a spec keeps, and for attributes of
//! resources and results of functions, which the import replaces later.
use serde_json::{Map, Value};

use provision_core::address::Address;
use provision_core::diagnostic::DocumentPath;
use provision_core::source::read::free_form::parse_scalar;
use provision_core::text::{Placeholder, Text};

/// A value and its path in the template.
#[derive(Clone, Debug)]
pub struct TemplateValue {
    pub path: DocumentPath,
    pub kind: ValueKind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum ValueKind {
    /// A text, a number or a boolean. The property that it is for determines which.
    Scalar {
        text: Text,
        /// Whether it was written without quotes.
        is_plain: bool,
    },
    List(Vec<TemplateValue>),
    Map(Vec<(String, TemplateValue)>),
}

impl TemplateValue {
    pub fn from_text(text: Text, path: &DocumentPath) -> Self {
        Self { path: path.clone(), kind: ValueKind::Scalar { text, is_plain: false } }
    }

    pub fn as_text(&self) -> Option<&Text> {
        match &self.kind {
            ValueKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text, if it has no placeholders.
    pub fn as_literal(&self) -> Option<&str> {
        self.as_text()?.as_literal()
    }

    pub fn as_list(&self) -> Option<&[TemplateValue]> {
        match &self.kind {
            ValueKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping. Empty if the value is not a mapping.
    pub fn entries(&self) -> &[(String, TemplateValue)] {
        match &self.kind {
            ValueKind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let ValueKind::Map(entries) = &mut self.kind else { return None };
        entries.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The value at a path of names with dots between, such as `EventConfig.LogConfig`.
    pub fn find(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, name| value.get(name))
    }

    /// Replaces the value at a path of names with dots between by a text, if there is one.
    pub fn set_text(&mut self, path: &str, text: Text) {
        let value = path.split('.').try_fold(self, |value, name| value.get_mut(name));
        if let Some(value) = value {
            value.kind = ValueKind::Scalar { text, is_plain: false };
        }
    }

    /// Removes the value at a path of names with dots between.
    pub fn remove(&mut self, path: &str) {
        let (parent, name) = match path.rsplit_once('.') {
            Some((parent, name)) => {
                (parent.split('.').try_fold(self, |value, name| value.get_mut(name)), name)
            }
            None => (Some(self), path),
        };
        if let Some(Self { kind: ValueKind::Map(entries), .. }) = parent {
            entries.retain(|(key, _)| key != name);
        }
    }

    /// Calls `visit` with every text and its path.
    pub fn for_each_text(&self, visit: &mut dyn FnMut(&Text, &DocumentPath)) {
        match &self.kind {
            ValueKind::Scalar { text, .. } => visit(text, &self.path),
            ValueKind::List(items) => items.iter().for_each(|item| item.for_each_text(visit)),
            ValueKind::Map(entries) => {
                entries.iter().for_each(|(_, value)| value.for_each_text(visit));
            }
        }
    }

    /// Calls `visit` with every text, which it may change, and its path.
    pub fn for_each_text_mut(&mut self, visit: &mut dyn FnMut(&mut Text, &DocumentPath)) {
        match &mut self.kind {
            ValueKind::Scalar { text, .. } => visit(text, &self.path),
            ValueKind::List(items) => {
                items.iter_mut().for_each(|item| item.for_each_text_mut(visit));
            }
            ValueKind::Map(entries) => {
                entries.iter_mut().for_each(|(_, value)| value.for_each_text_mut(visit));
            }
        }
    }

    /// Returns the value as JSON, where no schema says what its scalars are.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            ValueKind::Scalar { text, is_plain: true } => match text.as_literal() {
                Some(text) => parse_scalar(text),
                None => text.to_value(),
            },
            ValueKind::Scalar { text, .. } => text.to_value(),
            ValueKind::List(items) => items.iter().map(Self::to_json).collect(),
            ValueKind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.clone(), value.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

/// The section of addresses for resources of the template, until the import knows which of them the
/// spec declares.
const RESOURCES: &str = "Resources";
/// The section of addresses for values that only CloudFormation can compute.
const COMPUTED: &str = "Computed";
/// What `Ref` of a resource returns, as if it were an attribute.
pub const REF: &str = "Ref";

/// What a placeholder stands for while a template is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceholderTarget<'a> {
    /// An attribute of the resource with this logical id, or [`REF`].
    Resource { id: &'a str, attribute: &'a str },
    /// The [`ComputedValue`](crate::import::evaluate::ComputedValue) with this index.
    Computed(usize),
    /// Something that a spec can express.
    Spec,
}

pub fn resource_placeholder(id: &str, attribute: &str) -> Text {
    Text::attribute(&Address::top_level(RESOURCES, id), attribute)
}

pub fn computed_placeholder(index: usize) -> Text {
    Text::attribute(&Address::top_level(COMPUTED, &index.to_string()), "Value")
}

pub fn target_of(placeholder: &Placeholder) -> PlaceholderTarget<'_> {
    let Placeholder::Attribute { address, name } = placeholder else {
        return PlaceholderTarget::Spec;
    };
    match address.section() {
        RESOURCES => PlaceholderTarget::Resource { id: address.name(), attribute: name },
        COMPUTED => PlaceholderTarget::Computed(address.name().parse().unwrap_or_default()),
        _ => PlaceholderTarget::Spec,
    }
}

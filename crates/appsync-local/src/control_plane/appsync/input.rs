//! Members of a request, held against the model's constraints.
use serde_json::{Map, Value};

use crate::control_plane::undocumented;
use crate::protocol::response::Fault;
use crate::state::Tags;

/// A structure of a request.
pub struct Input<'a> {
    map: std::borrow::Cow<'a, Map<String, Value>>,
    /// Its path in the request, for messages.
    path: String,
}

/// A letter that a text may hold.
pub type Allowed = fn(char) -> bool;

impl Input<'static> {
    pub fn of(body: &[u8]) -> Result<Self, Fault> {
        let map = match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => map,
            _ if body.is_empty() => Map::new(),
            Ok(_) => {
                return Err(serialization("Start of structure or map found where not expected."));
            }
            Err(error) => return Err(serialization(&error.to_string())),
        };
        Ok(Self { map: std::borrow::Cow::Owned(map), path: String::new() })
    }
}

impl<'a> Input<'a> {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|it| !it.is_null())
    }
    /// The structure `name`, if there is one.
    pub fn structure<'s>(&'s self, name: &str) -> Result<Option<Input<'s>>, Fault> {
        self.get(name).map(|it| Input::in_value(it, self.at(name))).transpose()
    }
    pub fn in_value(value: &'a Value, path: String) -> Result<Self, Fault> {
        match value {
            Value::Object(map) => Ok(Self { map: std::borrow::Cow::Borrowed(map), path }),
            _ => Err(serialization(&format!("{path}: expected a structure"))),
        }
    }
    pub fn text(&self, name: &str) -> Result<Option<&str>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(serialization(&format!("{}: expected a string", self.at(name)))),
        }
    }
    pub fn need_text(&self, name: &str) -> Result<&str, Fault> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }
    pub fn number(&self, name: &str) -> Result<Option<i64>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Ok(Some(whole)),
                (None, Some(number)) if number.is_finite() => Ok(Some(number as i64)),
                _ => Err(serialization(&format!("{}: expected a number", self.at(name)))),
            },
            Some(_) => Err(serialization(&format!("{}: expected a number", self.at(name)))),
        }
    }
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(serialization(&format!("{}: expected true or false", self.at(name)))),
        }
    }
    pub fn list(&self, name: &str) -> Result<Option<&Vec<Value>>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(serialization(&format!("{}: expected a list", self.at(name)))),
        }
    }
    pub fn missing(&self, name: &str) -> Fault {
        undocumented::constraint(&self.at(name), "Member must not be null")
    }
    /// A text of `least` to `most` characters, all of them `allowed`.
    pub fn check(
        &self,
        name: &str,
        text: &str,
        least: usize,
        most: usize,
        allowed: Allowed,
    ) -> Result<(), Fault> {
        check(&self.at(name), text, least, most, allowed)
    }
    /// One of the words of an enumeration.
    pub fn word(&self, name: &str, words: &[&str]) -> Result<&str, Fault> {
        let word = self.need_text(name)?;
        let constraint = || format!("Member must satisfy enum value set: [{}]", words.join(", "));
        match words.contains(&word) {
            true => Ok(word),
            false => Err(undocumented::constraint(&self.at(name), &constraint())),
        }
    }
    /// Tags, which are 50 at most (docs/reference/control-plane.md#tags).
    pub fn tags(&self) -> Result<Option<Tags>, Fault> {
        let Some(tags) = self.structure("tags")? else { return Ok(None) };
        let mut read = Tags::new();
        for (key, value) in tags.map.iter() {
            let Value::String(value) = value else {
                return Err(serialization(&format!("tags.{key}: expected a string")));
            };
            check_tag_key(key)?;
            let allowed =
                |it: char| it.is_alphanumeric() || it.is_whitespace() || "_+,-./:;<=@".contains(it);
            self.check("tags", value, 0, 256, allowed)?;
            read.insert(key.clone(), value.clone());
        }
        check_tag_count(&read)?;
        Ok(Some(read))
    }
    pub fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// A text of `least` to `most` characters, all of them `allowed`, which messages call `at`.
pub fn check(
    at: &str,
    text: &str,
    least: usize,
    most: usize,
    allowed: Allowed,
) -> Result<(), Fault> {
    let count = text.chars().count();
    let constraint = match count {
        _ if count < least => {
            format!("Member must have length greater than or equal to {least}")
        }
        _ if count > most => format!("Member must have length less than or equal to {most}"),
        _ if !text.chars().all(allowed) => {
            "Member must satisfy regular expression pattern".to_owned()
        }
        _ => return Ok(()),
    };
    Err(undocumented::constraint(at, &constraint))
}

/// `^(?!aws:)[ a-zA-Z+-=._:/]+$`, in which `+-=` is a range that has the digits.
pub fn check_tag_key(key: &str) -> Result<(), Fault> {
    let allowed = |it: char| {
        it == ' ' || it.is_ascii_alphabetic() || ('+'..='=').contains(&it) || "._:/".contains(it)
    };
    let sound = (1..=128).contains(&key.chars().count())
        && key.chars().all(allowed)
        && !key.starts_with("aws:");
    let constraint =
        "Map keys must satisfy regular expression pattern: ^(?!aws:)[ a-zA-Z+-=._:/]+$";
    if sound { Ok(()) } else { Err(undocumented::constraint("tags", constraint)) }
}

pub fn check_tag_count(tags: &Tags) -> Result<(), Fault> {
    match tags.len() {
        0..=50 => Ok(()),
        _ => {
            let constraint = "Member must have length less than or equal to 50";
            Err(undocumented::constraint("tags", constraint))
        }
    }
}

fn serialization(message: &str) -> Fault {
    Fault::new(400, "SerializationException", message)
}

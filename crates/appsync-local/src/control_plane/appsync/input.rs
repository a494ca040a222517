//! The members of a request, checked against the constraints of AWS's model in the order of the calls. Errors have
//! the path of the member. An unknown member is never an error.
use serde_json::{Map, Value};

use crate::control_plane::undocumented;
use crate::protocol::request::{ApiCall, StackOptions};
use crate::protocol::response::AwsError;
use crate::state::Tags;

/// A JSON structure of a request, and its path.
pub struct Input<'a> {
    map: std::borrow::Cow<'a, Map<String, Value>>,
    /// The path in the request, for messages.
    path: String,
    /// What only a call of a stack has, for the whole request.
    stack: Option<&'a StackOptions>,
}

/// Whether a text may contain a character.
pub type CharFilter = fn(char) -> bool;

impl<'a> Input<'a> {
    pub fn from_call(call: &'a ApiCall) -> Result<Self, AwsError> {
        Ok(Self { stack: Some(&call.stack), ..Self::parse(&call.body)? })
    }
    pub fn parse(body: &[u8]) -> Result<Self, AwsError> {
        let map = match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => map,
            _ if body.is_empty() => Map::new(),
            Ok(_) => {
                return Err(serialization_error(
                    "Start of structure or map found where not expected.",
                ));
            }
            Err(error) => return Err(serialization_error(&error.to_string())),
        };
        Ok(Self { map: std::borrow::Cow::Owned(map), path: String::new(), stack: None })
    }
    /// The id that a stack chose for the new resource.
    pub fn preassigned_id(&self) -> Option<&str> {
        self.stack?.preassigned_id.as_deref()
    }
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }
    /// The structure `name`, if there is one.
    pub fn structure<'s>(&'s self, name: &str) -> Result<Option<Input<'s>>, AwsError> {
        self.get(name).map(|value| Input::from_value(value, self.path_of(name))).transpose()
    }
    pub fn from_value(value: &'a Value, path: String) -> Result<Self, AwsError> {
        match value {
            Value::Object(map) => {
                Ok(Self { map: std::borrow::Cow::Borrowed(map), path, stack: None })
            }
            _ => Err(serialization_error(&format!("{path}: expected a structure"))),
        }
    }
    pub fn text(&self, name: &str) -> Result<Option<&str>, AwsError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => {
                Err(serialization_error(&format!("{}: expected a string", self.path_of(name))))
            }
        }
    }
    pub fn require_text(&self, name: &str) -> Result<&str, AwsError> {
        self.text(name)?.ok_or_else(|| self.missing_member(name))
    }
    pub fn number(&self, name: &str) -> Result<Option<i64>, AwsError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Ok(Some(whole)),
                (None, Some(number)) if number.is_finite() => Ok(Some(number as i64)),
                _ => {
                    Err(serialization_error(&format!("{}: expected a number", self.path_of(name))))
                }
            },
            Some(_) => {
                Err(serialization_error(&format!("{}: expected a number", self.path_of(name))))
            }
        }
    }
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => {
                Err(serialization_error(&format!("{}: expected true or false", self.path_of(name))))
            }
        }
    }
    pub fn list(&self, name: &str) -> Result<Option<&Vec<Value>>, AwsError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => {
                Err(serialization_error(&format!("{}: expected a list", self.path_of(name))))
            }
        }
    }
    pub fn missing_member(&self, name: &str) -> AwsError {
        undocumented::constraint_error(&self.path_of(name), "Member must not be null")
    }
    /// Checks that a text has `min` to `max` characters and all are allowed.
    pub fn check_text(
        &self,
        name: &str,
        text: &str,
        min: usize,
        max: usize,
        allowed: CharFilter,
    ) -> Result<(), AwsError> {
        check_text(&self.path_of(name), text, min, max, allowed)
    }
    /// The required value of an enumeration.
    pub fn require_enum_value(&self, name: &str, values: &[&str]) -> Result<&str, AwsError> {
        let value = self.require_text(name)?;
        let constraint = || format!("Member must satisfy enum value set: [{}]", values.join(", "));
        match values.contains(&value) {
            true => Ok(value),
            false => Err(undocumented::constraint_error(&self.path_of(name), &constraint())),
        }
    }
    /// Tags, at most 50 (docs/reference/control-plane.md#tags), and the system tags of a stack.
    pub fn tags(&self) -> Result<Option<Tags>, AwsError> {
        let Some(tags) = self.structure("tags")? else { return Ok(self.system_tags()) };
        let mut parsed = Tags::new();
        for (key, value) in tags.map.iter() {
            let Value::String(value) = value else {
                return Err(serialization_error(&format!("tags.{key}: expected a string")));
            };
            check_tag_key(key)?;
            let allowed = |letter: char| {
                letter.is_alphanumeric() || letter.is_whitespace() || "_+,-./:;<=@".contains(letter)
            };
            self.check_text("tags", value, 0, 256, allowed)?;
            parsed.insert(key.clone(), value.clone());
        }
        check_tag_count(&parsed)?;
        parsed.extend(self.system_tags().unwrap_or_default());
        Ok(Some(parsed))
    }
    fn system_tags(&self) -> Option<Tags> {
        let tags = &self.stack?.system_tags;
        (!tags.is_empty()).then(|| tags.clone())
    }
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// Checks that the text at `path` has `min` to `max` characters and all are allowed.
pub fn check_text(
    path: &str,
    text: &str,
    min: usize,
    max: usize,
    allowed: CharFilter,
) -> Result<(), AwsError> {
    let count = text.chars().count();
    let constraint = match count {
        _ if count < min => {
            format!("Member must have length greater than or equal to {min}")
        }
        _ if count > max => format!("Member must have length less than or equal to {max}"),
        _ if !text.chars().all(allowed) => {
            "Member must satisfy regular expression pattern".to_owned()
        }
        _ => return Ok(()),
    };
    Err(undocumented::constraint_error(path, &constraint))
}

/// Checks for `^(?!aws:)[ a-zA-Z+-=._:/]+$`, in which `+-=` is a range that includes the digits.
pub fn check_tag_key(key: &str) -> Result<(), AwsError> {
    let allowed = |letter: char| {
        letter == ' '
            || letter.is_ascii_alphabetic()
            || ('+'..='=').contains(&letter)
            || "._:/".contains(letter)
    };
    let is_valid = (1..=128).contains(&key.chars().count())
        && key.chars().all(allowed)
        && !key.starts_with("aws:");
    let constraint =
        "Map keys must satisfy regular expression pattern: ^(?!aws:)[ a-zA-Z+-=._:/]+$";
    if is_valid { Ok(()) } else { Err(undocumented::constraint_error("tags", constraint)) }
}

/// System tags do not count.
pub fn check_tag_count(tags: &Tags) -> Result<(), AwsError> {
    match tags.keys().filter(|key| !key.starts_with("aws:")).count() {
        0..=50 => Ok(()),
        _ => {
            let constraint = "Member must have length less than or equal to 50";
            Err(undocumented::constraint_error("tags", constraint))
        }
    }
}

fn serialization_error(message: &str) -> AwsError {
    AwsError::new(400, "SerializationException", message)
}

//! The members of CloudFormation's requests, with the model's constraints and AWS's texts. No state is read.
use std::collections::BTreeMap;

use regex_lite::Regex;

use crate::protocol::query::Form;
use crate::protocol::response::AwsError;

/// The names of stacks and change sets, or their ARNs (docs/reference/cloudformation.md#names).
pub const STACK_NAME: &str = "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*";
pub const CHANGE_SET_NAME: &str = "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/]*";
pub const TOKEN: &str = "[a-zA-Z0-9][-a-zA-Z0-9]*";

/// The members of a structure in a request.
#[derive(Clone)]
pub struct Members<'a> {
    form: &'a Form,
    prefix: String,
}

impl<'a> Members<'a> {
    /// The members of the request itself.
    pub fn new(form: &'a Form) -> Self {
        Self { form, prefix: String::new() }
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.form.get(&format!("{}{name}", self.prefix)).filter(|text| !text.is_empty())
    }

    /// A text that may be empty.
    pub fn any_text(&self, name: &str) -> Option<&'a str> {
        self.form.get(&format!("{}{name}", self.prefix))
    }

    /// A member that the model requires.
    pub fn require(&self, name: &str) -> Result<&'a str, AwsError> {
        self.text(name).ok_or_else(|| violation("null", name, "Member must not be null"))
    }

    /// A text with at most `max` characters that matches `pattern`, if one is given.
    pub fn checked_text(
        &self,
        name: &str,
        max: usize,
        pattern: Option<&str>,
    ) -> Result<Option<&'a str>, AwsError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if text.chars().count() > max {
            let constraint = format!("Member must have length less than or equal to {max}");
            return Err(violation(&format!("'{text}'"), name, &constraint));
        }
        let matches = |pattern: &str| {
            let whole = Regex::new(&format!("^(?:{pattern})$"));
            whole.is_ok_and(|whole| whole.is_match(text))
        };
        match pattern {
            Some(pattern) if !matches(pattern) => {
                let constraint =
                    format!("Member must satisfy regular expression pattern: {pattern}");
                Err(violation(&format!("'{text}'"), name, &constraint))
            }
            _ => Ok(Some(text)),
        }
    }

    /// A text that is one of `values`.
    pub fn one_of(&self, name: &str, values: &[&str]) -> Result<Option<&'a str>, AwsError> {
        match self.text(name) {
            Some(text) if !values.contains(&text) => {
                let set = format!("Member must satisfy enum value set: [{}]", values.join(", "));
                Err(violation(&format!("'{text}'"), name, &set))
            }
            text => Ok(text),
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(AwsError::new(
                400,
                "MalformedInput",
                format!("Unexpected value for boolean member {name}"),
            )),
        }
    }

    pub fn number(&self, name: &str, min: u32) -> Result<Option<u32>, AwsError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<u32>() {
            Ok(number) if number >= min => Ok(Some(number)),
            _ => {
                let constraint = format!("Member must have value greater than or equal to {min}");
                Err(violation(&format!("'{text}'"), name, &constraint))
            }
        }
    }

    /// A list of texts; `None` if the request does not have the member. `Tags=` is an empty list.
    pub fn texts(&self, name: &str) -> Option<Vec<&'a str>> {
        let path = format!("{}{name}", self.prefix);
        let texts: Vec<&str> =
            (1..).map_while(|n| self.form.get(&format!("{path}.member.{n}"))).collect();
        (!texts.is_empty() || self.form.get(&path).is_some()).then_some(texts)
    }

    /// A list of structures; `None` if the request does not have the member.
    pub fn structures(&self, name: &str) -> Option<Vec<Members<'a>>> {
        let path = format!("{}{name}", self.prefix);
        let structures: Vec<Self> = (1..)
            .map(|n| Self { form: self.form, prefix: format!("{path}.member.{n}.") })
            .take_while(|members| self.form.has_prefix(&members.prefix))
            .collect();
        (!structures.is_empty() || self.form.get(&path).is_some()).then_some(structures)
    }

    /// A structure; `None` if the request has no member of it.
    pub fn structure(&self, name: &str) -> Option<Members<'a>> {
        let prefix = format!("{}{name}.", self.prefix);
        self.form.has_prefix(&prefix).then_some(Self { form: self.form, prefix })
    }

    /// A map of texts.
    pub fn map(&self, name: &str) -> BTreeMap<String, String> {
        let path = format!("{}{name}.entry", self.prefix);
        let entry = |n: u32| {
            let key = self.form.get(&format!("{path}.{n}.key"))?;
            let value = self.form.get(&format!("{path}.{n}.value")).unwrap_or_default();
            Some((key.to_owned(), value.to_owned()))
        };
        (1..).map_while(entry).collect()
    }
}

/// AWS's error for most that is wrong with a request.
pub fn validation_error(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ValidationError", message)
}

/// The error for a member that violates a constraint of the model.
fn violation(value: &str, member: &str, constraint: &str) -> AwsError {
    let mut letters = member.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    validation_error(format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

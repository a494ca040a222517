//! Converts `${…}` in a spec to placeholders and `$${` to a literal `${`; reports unknown placeholders.
use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::source::read::{Substitution, SubstitutionError};
use crate::suggest::closest_match;
use crate::text::{PSEUDO_PARAMETERS, Text};

/// The parameters that `${…}` can refer to, and those that were used so far.
#[derive(Debug)]
pub struct Substituter<'a> {
    parameters: Vec<&'a str>,
    used: RefCell<BTreeSet<String>>,
}

/// Maximum number of placeholders in one text. Without a limit, long values could fill the memory.
const PLACEHOLDERS_MAX: usize = 500;

impl<'a> Substituter<'a> {
    pub fn new(parameters: Vec<&'a str>) -> Self {
        Self { parameters, used: RefCell::default() }
    }
    /// Whether a text of the spec refers to the parameter.
    pub fn is_used(&self, parameter: &str) -> bool {
        self.used.borrow().contains(parameter)
    }
    /// Returns the value of `text`: a string or an intrinsic.
    pub fn substitute(&self, text: &str) -> Substitution {
        // The syntax of `Fn::Sub`, in which `${!…}` is literal.
        let mut sub = String::new();
        let mut errors = Vec::new();
        let mut rest = text;
        let mut remaining = PLACEHOLDERS_MAX;
        while let Some((before, after)) = rest.split_once("${") {
            let Some(fewer) = remaining.checked_sub(1) else {
                let message = format!("more than {PLACEHOLDERS_MAX} placeholders in one text");
                let help = "write values that never differ as literal text".to_owned();
                return Substitution {
                    value: None,
                    errors: vec![SubstitutionError { message, help }],
                };
            };
            remaining = fewer;
            let Some((inside, after)) = after.split_once('}') else {
                let message = "`${` without a closing `}`".to_owned();
                let help = "close it, or write `$${` for the literal text".to_owned();
                return Substitution {
                    value: None,
                    errors: vec![SubstitutionError { message, help }],
                };
            };
            if let Some(before) = before.strip_suffix('$') {
                sub.push_str(&format!("{before}${{!{inside}}}"));
            } else {
                errors.extend(self.check_name(inside));
                sub.push_str(&format!("{before}${{{inside}}}"));
            }
            rest = after;
        }
        sub.push_str(rest);
        Substitution { value: Some(Text::from_sub(&sub).to_value()), errors }
    }

    /// Records the use of a parameter, or returns an error if no placeholder has the name.
    fn check_name(&self, name: &str) -> Option<SubstitutionError> {
        if PSEUDO_PARAMETERS.contains(&name) {
            return None;
        }
        if self.parameters.contains(&name) {
            self.used.borrow_mut().insert(name.to_owned());
            return None;
        }
        let known = || self.parameters.iter().chain(PSEUDO_PARAMETERS).copied();
        let help = match closest_match(name, known()) {
            Some(suggestion) => format!("did you mean `${{{suggestion}}}`?"),
            None => {
                let known: Vec<&str> = known().collect();
                format!(
                    "declare it in `parameters`, use one of {}, or write `$${{{name}}}` for the literal text",
                    known.join(", ")
                )
            }
        };
        Some(SubstitutionError { message: format!("unknown placeholder `${{{name}}}`"), help })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(text: &str, expected: Option<Value>, expected_messages: &[&str]) {
        let substitution = Substituter::new(vec!["stage"]).substitute(text);
        assert_eq!(substitution.value, expected, "{text}");
        let messages: Vec<&str> =
            substitution.errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages, expected_messages, "{text}");
    }

    #[test]
    fn parameters_are_placeholders() {
        check("plain", Some(json!("plain")), &[]);
        check("${stage}", Some(json!({ "Ref": "stage" })), &[]);
        check("${AWS::Region}", Some(json!({ "Ref": "AWS::Region" })), &[]);
        check("a-${AWS::AccountId}", Some(json!({ "Fn::Sub": "a-${AWS::AccountId}" })), &[]);
    }

    #[test]
    fn a_double_dollar_sign_is_a_literal_one() {
        check("$${aws:username}", Some(json!("${aws:username}")), &[]);
        check("$${x}${AWS::Region}", Some(json!({ "Fn::Sub": "${!x}${AWS::Region}" })), &[]);
        check("$5", Some(json!("$5")), &[]);
    }

    #[test]
    fn an_unknown_or_unclosed_placeholder_is_an_error() {
        check("${stag}", Some(json!({ "Ref": "stag" })), &["unknown placeholder `${stag}`"]);
        check("${a-b}", Some(json!("${a-b}")), &["unknown placeholder `${a-b}`"]);
        check("${AWS::Region", None, &["`${` without a closing `}`"]);
    }
}

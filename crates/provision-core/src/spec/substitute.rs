//! `${…}` in a spec: parameters become holes, `$${` a literal `${`, anything else an error.
use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::source::read::{Substitution, SubstitutionError};
use crate::suggest::closest_match;
use crate::text::{PSEUDO_PARAMETERS, Text};

/// What a `${…}` may name, and what has been named so far.
#[derive(Debug)]
pub struct Substituter<'a> {
    parameters: Vec<&'a str>,
    used: RefCell<BTreeSet<String>>,
}

/// A text with more of them than anybody writes could be made endless by what they stand for.
const PLACEHOLDERS_MAX: usize = 500;

impl<'a> Substituter<'a> {
    pub fn new(parameters: Vec<&'a str>) -> Self {
        Self { parameters, used: RefCell::default() }
    }
    /// Whether some text of the spec names the parameter.
    pub fn is_used(&self, parameter: &str) -> bool {
        self.used.borrow().contains(parameter)
    }
    /// What `text` means, in the document's way: `Fn::Sub`'s, in which `${!…}` is the literal.
    pub fn substitute(&self, text: &str) -> Substitution {
        let mut sub = String::new();
        let mut objections = Vec::new();
        let mut rest = text;
        let mut left = PLACEHOLDERS_MAX;
        while let Some((before, after)) = rest.split_once("${") {
            let Some(fewer) = left.checked_sub(1) else {
                let message = format!("more than {PLACEHOLDERS_MAX} `${{…}}` in one text");
                let help = "write out what never differs".to_owned();
                return Substitution {
                    value: None,
                    errors: vec![SubstitutionError { message, help }],
                };
            };
            left = fewer;
            let Some((inside, after)) = after.split_once('}') else {
                let message = "`${` without its `}`".to_owned();
                let help = "close it, or write `$${…}` for the text itself".to_owned();
                return Substitution {
                    value: None,
                    errors: vec![SubstitutionError { message, help }],
                };
            };
            if let Some(before) = before.strip_suffix('$') {
                sub.push_str(&format!("{before}${{!{inside}}}"));
            } else {
                objections.extend(self.unknown(inside));
                sub.push_str(&format!("{before}${{{inside}}}"));
            }
            rest = after;
        }
        sub.push_str(rest);
        Substitution { value: Some(Text::from_sub(&sub).to_value()), errors: objections }
    }

    fn unknown(&self, name: &str) -> Option<SubstitutionError> {
        if PSEUDO_PARAMETERS.contains(&name) {
            return None;
        }
        if self.parameters.contains(&name) {
            self.used.borrow_mut().insert(name.to_owned());
            return None;
        }
        let known = || self.parameters.iter().chain(PSEUDO_PARAMETERS).copied();
        let help = match closest_match(name, known()) {
            Some(meant) => format!("did you mean `${{{meant}}}`?"),
            None => {
                let known: Vec<&str> = known().collect();
                format!(
                    "declare it under `parameters:`; there are {}; write `$${{{name}}}` for the text itself",
                    known.join(", ")
                )
            }
        };
        Some(SubstitutionError { message: format!("nothing is called `${{{name}}}`"), help })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(text: &str, expected: Option<Value>, said: &[&str]) {
        let read = Substituter::new(vec!["stage"]).substitute(text);
        assert_eq!(read.value, expected, "{text}");
        let messages: Vec<&str> = read.errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages, said, "{text}");
    }

    #[test]
    fn parameters_become_holes() {
        check("plain", Some(json!("plain")), &[]);
        check("${stage}", Some(json!({ "Ref": "stage" })), &[]);
        check("${AWS::Region}", Some(json!({ "Ref": "AWS::Region" })), &[]);
        check("a-${AWS::AccountId}", Some(json!({ "Fn::Sub": "a-${AWS::AccountId}" })), &[]);
    }

    #[test]
    fn a_doubled_dollar_is_the_text_itself() {
        check("$${aws:username}", Some(json!("${aws:username}")), &[]);
        check("$${x}${AWS::Region}", Some(json!({ "Fn::Sub": "${!x}${AWS::Region}" })), &[]);
        check("$5", Some(json!("$5")), &[]);
    }

    #[test]
    fn what_is_unknown_or_open_is_an_error() {
        check("${stag}", Some(json!({ "Ref": "stag" })), &["nothing is called `${stag}`"]);
        check("${a-b}", Some(json!("${a-b}")), &["nothing is called `${a-b}`"]);
        check("${AWS::Region", None, &["`${` without its `}`"]);
    }
}

//! Dynamic references: `{{resolve:ssm:name:version}}` in the strings of a value.
use serde_json::Value;

use crate::cloudformation::template::error::EvaluationError;
use crate::cloudformation::template::function::call;

const PREFIX: &str = "{{resolve:";
const SUFFIX: &str = "}}";
const SECURE: &str = "SSM Secure reference is not supported in:";

/// A reference to a parameter of Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicReference {
    /// As written: `{{resolve:ssm:name:3}}`.
    pub text: String,
    pub name: String,
    /// None is the latest version.
    pub version: Option<u64>,
}

/// Returns the value that a reference refers to, or the complete text of an error.
pub type DynamicLookup<'l> = dyn Fn(&DynamicReference) -> Result<String, String> + Sync + 'l;

/// Replaces all dynamic references in a value. `location` is the value's path for messages:
/// `AWS::SSM::Parameter/Properties`.
pub fn substitute(
    value: &mut Value,
    location: &str,
    lookup: &DynamicLookup<'_>,
) -> Result<(), EvaluationError> {
    substitute_all(value, lookup).map_err(|error| locate(error, location))
}

/// Checks the dynamic references that are written in a value, without resolving them. The arguments of functions are
/// not complete, so they are checked when they have been evaluated.
pub fn check(value: &Value, location: &str) -> Result<(), EvaluationError> {
    check_all(value).map_err(|error| locate(error, location))
}

fn substitute_all(value: &mut Value, lookup: &DynamicLookup<'_>) -> Result<(), EvaluationError> {
    match value {
        Value::String(text) if text.contains(PREFIX) => {
            *text = substitute_text(text, lookup)?;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().enumerate().try_for_each(|(index, item)| {
            substitute_all(item, lookup).map_err(|error| error.within(index))
        }),
        Value::Object(members) => members.iter_mut().try_for_each(|(name, member)| {
            substitute_all(member, lookup).map_err(|error| error.within(name))
        }),
        _ => Ok(()),
    }
}

fn check_all(value: &Value) -> Result<(), EvaluationError> {
    match value {
        Value::String(text) => substitute_text(text, &|_| Ok(String::new())).map(|_| ()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_all(item).map_err(|error| error.within(index))),
        Value::Object(members) if call(value).is_none() => members
            .iter()
            .try_for_each(|(name, member)| check_all(member).map_err(|error| error.within(name))),
        _ => Ok(()),
    }
}

/// Completes the message about a reference that is not supported at its location.
fn locate(mut error: EvaluationError, location: &str) -> EvaluationError {
    if error.message == SECURE {
        // AWS names the property up to the first list.
        let names = error.pointer.split('/').take_while(|name| name.parse::<usize>().is_err());
        let path = names.collect::<Vec<_>>().join("/");
        error.message = format!("{SECURE} [{location}{path}]");
    }
    error
}

/// Counts the dynamic references in a value.
pub fn count(value: &Value) -> usize {
    match value {
        Value::String(text) => text.matches(PREFIX).count(),
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn substitute_text(text: &str, lookup: &DynamicLookup<'_>) -> Result<String, EvaluationError> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(PREFIX) {
        let Some(length) = rest[start..].find(SUFFIX) else { break };
        let reference = &rest[start..start + length + SUFFIX.len()];
        result.push_str(&rest[..start]);
        result.push_str(&resolve(reference, lookup)?);
        rest = &rest[start + reference.len()..];
    }
    result.push_str(rest);
    Ok(result)
}

fn resolve(text: &str, lookup: &DynamicLookup<'_>) -> Result<String, EvaluationError> {
    let inner = &text[PREFIX.len()..text.len() - SUFFIX.len()];
    match inner.split_once(':') {
        Some(("ssm", key)) => lookup(&parse_ssm(text, key)?).map_err(EvaluationError::new),
        Some(("ssm-secure", _)) => Err(EvaluationError::new(SECURE)),
        Some(("secretsmanager", _)) => Err(EvaluationError::new(format!(
            "the emulator does not support references to Secrets Manager, such as {text}. Use a reference to Systems Manager, or a parameter with NoEcho"
        ))),
        // AWS leaves other texts as they are.
        _ => Ok(text.to_owned()),
    }
}

fn parse_ssm(text: &str, key: &str) -> Result<DynamicReference, EvaluationError> {
    let version =
        key.rsplit_once(':').and_then(|(name, version)| Some((name, version.parse().ok()?)));
    let (name, version) = version.map_or((key, None), |(name, version)| (name, Some(version)));
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_allowed) {
        return Err(EvaluationError::new(format!(
            "Incorrect format is used in the following SSM reference: [{text}]"
        )));
    }
    Ok(DynamicReference { text: text.to_owned(), name: name.to_owned(), version })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved(value: &Value) -> Result<Value, EvaluationError> {
        let mut value = value.clone();
        substitute(&mut value, "T/Properties", &|reference| {
            Ok(format!("<{} {:?}>", reference.name, reference.version))
        })?;
        Ok(value)
    }

    #[test]
    fn references_are_replaced_where_they_are() {
        let value =
            json!({ "A": ["x-{{resolve:ssm:/a/b:3}}-{{resolve:ssm:c}}"], "B": "{{resolve:ssm:x" });
        let expected = json!({ "A": ["x-</a/b Some(3)>-<c None>"], "B": "{{resolve:ssm:x" });
        assert_eq!(resolved(&value), Ok(expected));
        assert_eq!(count(&value), 3);
        assert_eq!(resolved(&json!("{{resolve:other:x}}")), Ok(json!("{{resolve:other:x}}")));
    }

    #[test]
    fn references_to_other_services_are_rejected_by_name() {
        let error = |text: &str| resolved(&json!({ "Password": [text] })).unwrap_err();
        let secure = error("{{resolve:ssm-secure:a:1}}");
        assert_eq!(
            secure.message,
            "SSM Secure reference is not supported in: [T/Properties/Password]"
        );
        assert_eq!(secure.pointer, "/Password/0");
        assert!(
            error("{{resolve:secretsmanager:a}}").message.contains("{{resolve:secretsmanager:a}}")
        );
        assert_eq!(
            error("{{resolve:ssm:a b}}").message,
            "Incorrect format is used in the following SSM reference: [{{resolve:ssm:a b}}]"
        );
    }
}

//! `${…}` in a spec: pseudo parameters become holes, `$${` a literal `${`, anything else an error.
use serde_json::Value;

use crate::diagnostic::{At, Diagnostic, Path};
use crate::text::{PSEUDO_PARAMETERS, Text};

/// Turns every string of the document into what it means.
pub fn interpolate(document: Value, problems: &mut Vec<Diagnostic>) -> Value {
    value(document, &Path::default(), problems)
}

fn value(document: Value, path: &Path, problems: &mut Vec<Diagnostic>) -> Value {
    match document {
        Value::String(text) if text.contains("${") => self::text(&text, path, problems),
        Value::Array(items) => {
            let item = |(n, item)| value(item, &path.clone().index(n), problems);
            Value::Array(items.into_iter().enumerate().map(item).collect())
        }
        Value::Object(map) => {
            let entry = |(key, item): (String, Value)| {
                let at = path.clone().key(&key);
                if key == "Ref" || key.starts_with("Fn::") {
                    problems.push(intrinsic(&key, &at));
                }
                let item = value(item, &at, problems);
                (key, item)
            };
            map.into_iter().map(entry).collect()
        }
        plain => plain,
    }
}

/// The document's way to write `text`: `Fn::Sub`'s, in which `${!…}` is the literal.
fn text(text: &str, path: &Path, problems: &mut Vec<Diagnostic>) -> Value {
    let mut sub = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, after)) = after.split_once('}') else {
            let message = "`${` without its `}`".to_owned();
            problems.push(problem(path, message, "close it, or write `$${…}` for the text itself"));
            return Value::String(text.to_owned());
        };
        if let Some(before) = before.strip_suffix('$') {
            sub.push_str(&format!("{before}${{!{inside}}}"));
        } else {
            if !PSEUDO_PARAMETERS.contains(&inside) {
                problems.push(unknown(inside, path));
            }
            sub.push_str(&format!("{before}${{{inside}}}"));
        }
        rest = after;
    }
    sub.push_str(rest);
    Text::from_sub(&sub).to_value()
}

fn unknown(name: &str, path: &Path) -> Diagnostic {
    let known = PSEUDO_PARAMETERS.join(", ");
    let help = format!("there are {known}; write `$${{{name}}}` for the text itself");
    problem(path, format!("nothing is called `${{{name}}}`"), &help)
}

fn intrinsic(key: &str, path: &Path) -> Diagnostic {
    let message = format!("`{key}` is CloudFormation's; a spec has no intrinsics");
    let help = "write `${AWS::Region}` inside the text instead".to_owned();
    Diagnostic { help: Some(help), ..Diagnostic::error("PV215", At::Key(path.clone()), message) }
}

fn problem(path: &Path, message: String, help: &str) -> Diagnostic {
    let help = Some(help.to_owned());
    Diagnostic { help, ..Diagnostic::error("PV214", At::Value(path.clone()), message) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Value, said: &[&str]) {
        let mut problems = Vec::new();
        assert_eq!(interpolate(json!(text), &mut problems), expected, "{text}");
        let messages: Vec<&str> = problems.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages, said, "{text}");
    }

    #[test]
    fn pseudo_parameters_become_holes() {
        check("plain", json!("plain"), &[]);
        check("${AWS::Region}", json!({ "Ref": "AWS::Region" }), &[]);
        check("a-${AWS::AccountId}", json!({ "Fn::Sub": "a-${AWS::AccountId}" }), &[]);
    }

    #[test]
    fn a_doubled_dollar_is_the_text_itself() {
        check("$${aws:username}", json!("${aws:username}"), &[]);
        check("$${x}${AWS::Region}", json!({ "Fn::Sub": "${!x}${AWS::Region}" }), &[]);
        check("$5", json!("$5"), &[]);
    }

    #[test]
    fn what_is_unknown_or_open_is_an_error() {
        check("${stage}", json!("${stage}"), &["nothing is called `${stage}`"]);
        check("${AWS::Region", json!("${AWS::Region"), &["`${` without its `}`"]);
    }
}

//! IAM policy documents inside a spec.
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kind::{DiagnosticSink, PathStep};

/// An IAM policy document, written in YAML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyDocument(pub Value);

impl JsonSchema for PolicyDocument {
    fn schema_name() -> Cow<'static, str> {
        "PolicyDocument".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An IAM policy document, written in YAML.",
            "examples": [example_policy()],
            "type": "object",
            "properties": {
                "Version": {
                    "description": "The version of the policy language. Default: 2008-10-17, the old one.",
                    "default": "2008-10-17",
                    "type": "string",
                    "enum": ["2012-10-17", "2008-10-17"],
                },
                "Id": {
                    "description": "A name for the document. Default: none.",
                    "type": "string",
                    "examples": ["logs"],
                },
                "Statement": {
                    "description": "The statements, each of which allows or denies something.",
                    "type": "array",
                    "minItems": 1,
                    "examples": [[{ "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*" }]],
                    "items": { "type": "object" },
                },
            },
            "required": ["Statement"],
            "additionalProperties": false,
        })
    }
}

/// The log groups that AppSync creates for Event APIs (docs/reference/iam.md#log-groups).
pub const APPSYNC_LOG_GROUPS: &str =
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/appsync/apis/*";

/// An example of a document.
pub fn example_policy() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*" }],
    })
}

/// The keys of a statement (IAM's policy grammar).
const KEYS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Reports what IAM would reject in a document. A trust policy has principals, not resources.
pub fn check_document(
    document: &PolicyDocument,
    at: &[PathStep<'_>],
    trust: bool,
    diagnostics: &mut DiagnosticSink,
) {
    let statements = document.0.get("Statement").and_then(Value::as_array);
    for (n, statement) in statements.into_iter().flatten().enumerate() {
        let at: Vec<PathStep<'_>> =
            at.iter().copied().chain([PathStep::Key("Statement"), PathStep::Index(n)]).collect();
        check_statement(statement, &at, trust, diagnostics);
    }
}

fn check_statement(
    statement: &Value,
    at: &[PathStep<'_>],
    trust: bool,
    diagnostics: &mut DiagnosticSink,
) {
    let has = |name: &str| statement.get(name).is_some();
    for key in statement.as_object().into_iter().flat_map(|members| members.keys()) {
        if !KEYS.contains(&key.as_str()) {
            let at: Vec<PathStep<'_>> = at.iter().copied().chain([PathStep::Key(key)]).collect();
            diagnostics
                .error_at_key("PV245", &at, format!("unknown key `{key}` in a statement"))
                .help = Some(format!("known keys: {}", KEYS.join(", ")));
        }
    }
    let effect = statement.get("Effect").and_then(Value::as_str);
    if !matches!(effect, Some("Allow" | "Deny")) {
        let message = "a statement requires `Effect: Allow` or `Effect: Deny`".to_owned();
        diagnostics.error("PV245", at, message);
    }
    let needs: &[(&str, &str)] = match trust {
        true => &[("Action", "NotAction"), ("Principal", "NotPrincipal")],
        false => &[("Action", "NotAction"), ("Resource", "NotResource")],
    };
    for (name, not) in needs {
        if has(name) == has(not) {
            let message = format!("a statement requires exactly one of `{name}` and `{not}`");
            diagnostics.error("PV245", at, message);
        }
    }
    let (wrong, why): (&[&str], _) = match trust {
        true => (&["Resource", "NotResource"], "a trust policy applies to its own role"),
        false => (&["Principal", "NotPrincipal"], "a role's policy applies to the role itself"),
    };
    for name in wrong.iter().filter(|name| has(name)) {
        let at: Vec<PathStep<'_>> = at.iter().copied().chain([PathStep::Key(name)]).collect();
        diagnostics.error_at_key("PV245", &at, format!("`{name}` is not allowed here: {why}"));
    }
    if !trust && effect == Some("Allow") {
        check_reach(statement.get("Resource"), at, diagnostics);
    }
}

/// A role for logs needs AppSync's log groups, and `*` is every other one as well.
fn check_reach(resource: Option<&Value>, at: &[PathStep<'_>], diagnostics: &mut DiagnosticSink) {
    let all = |value: &Value| value.as_str() == Some("*");
    let (step, found) = match resource {
        Some(Value::Array(items)) => {
            let n = items.iter().position(all);
            (n.map(PathStep::Index), n.is_some())
        }
        other => (None, other.is_some_and(all)),
    };
    if found {
        let at: Vec<PathStep<'_>> =
            at.iter().copied().chain([PathStep::Key("Resource")]).chain(step).collect();
        let message =
            "`*` allows everything in the account; this role only needs AppSync's log groups"
                .to_owned();
        diagnostics.warning("PV246", &at, message).help =
            Some(format!("write `{APPSYNC_LOG_GROUPS}`, or omit `policies`: that is the default"));
    }
}

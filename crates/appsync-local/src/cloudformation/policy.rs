//! Stack policies, which say how an update may change each resource. With a policy, what no statement allows is
//! denied, and a statement that denies an action overrides all that allow it.
use serde_json::Value;

use crate::cloudformation::decision::Decision;
use crate::cloudformation::request::validation_error;
use crate::protocol::response::AwsError;

const BYTES_MAX: usize = 16_384;
const MODIFY: &str = "Update:Modify";
const REPLACE: &str = "Update:Replace";
const DELETE: &str = "Update:Delete";
const ACTIONS: &[&str] = &[MODIFY, REPLACE, DELETE, "Update:*"];

/// Rejects a text that is not a valid policy.
pub fn check(policy: &str) -> Result<(), AwsError> {
    let is_valid = policy.len() <= BYTES_MAX
        && serde_json::from_str(policy).is_ok_and(|policy: Value| is_policy(&policy));
    if is_valid {
        return Ok(());
    }
    Err(validation_error("Error validating stack policy: Invalid stack policy"))
}

/// Why a policy denies the update or replacement of a resource, if it does.
pub fn denial(
    policy: Option<&str>,
    logical_id: &str,
    resource_type: &str,
    decision: &Decision,
) -> Option<String> {
    match decision {
        Decision::Unchanged => None,
        Decision::Update => denial_of_action(policy, logical_id, resource_type, MODIFY),
        Decision::Replace => denial_of_action(policy, logical_id, resource_type, REPLACE),
    }
}

/// Why a policy denies the deletion of a resource that an update removes from the template, if it does.
pub fn denial_of_deletion(
    policy: Option<&str>,
    logical_id: &str,
    resource_type: &str,
) -> Option<String> {
    denial_of_action(policy, logical_id, resource_type, DELETE)
}

fn denial_of_action(
    policy: Option<&str>,
    logical_id: &str,
    resource_type: &str,
    action: &str,
) -> Option<String> {
    let policy: Value = serde_json::from_str(policy?).ok()?;
    let resource = format!("LogicalResourceId/{logical_id}");
    // `{}` is the way to remove a policy.
    let statements = policy.get("Statement")?.as_array()?;
    let mut is_allowed = false;
    for (index, statement) in statements.iter().enumerate() {
        if !applies(statement, action, &resource, resource_type) {
            continue;
        }
        if statement["Effect"] == "Deny" {
            let number = index + 1;
            return Some(format!(
                "Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{resource}];"
            ));
        }
        is_allowed = true;
    }
    // The text for an action that no statement mentions is undocumented.
    let message = || {
        format!(
            "Action denied by stack policy: no statement allows [{action}] for resource [{resource}];"
        )
    };
    (!is_allowed).then(message)
}

fn applies(statement: &Value, action: &str, resource: &str, resource_type: &str) -> bool {
    covers(statement, "Action", "NotAction", action)
        && covers(statement, "Resource", "NotResource", resource)
        && conditions_hold(&statement["Condition"], resource_type)
}

fn covers(statement: &Value, member: &str, negated_member: &str, name: &str) -> bool {
    match statement.get(negated_member) {
        Some(patterns) => !matches_one(patterns, name),
        None => matches_one(&statement[member], name),
    }
}

/// Whether the condition is met; `ResourceType` is the only key that policies know.
fn conditions_hold(condition: &Value, resource_type: &str) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    operators.into_iter().all(|(operator, keys)| {
        let patterns = &keys["ResourceType"];
        match operator.as_str() {
            "StringLike" => matches_one(patterns, resource_type),
            _ => texts(patterns).any(|text| text == resource_type),
        }
    })
}

fn matches_one(patterns: &Value, name: &str) -> bool {
    texts(patterns).any(|pattern| matches(pattern, name))
}

/// Whether a name matches a pattern in which `*` is any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let mut ends = name.char_indices().map(|(index, _)| index).chain([name.len()]);
            ends.any(|index| matches(rest, &name[index..]))
        }),
    }
}

/// The texts of a member that may be one text or a list of them.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter().filter_map(Value::as_str)
}

fn is_policy(policy: &Value) -> bool {
    let is_empty = policy.as_object().is_some_and(serde_json::Map::is_empty);
    let statements = policy["Statement"].as_array();
    is_empty || statements.is_some_and(|statements| statements.iter().all(is_statement))
}

fn is_statement(statement: &Value) -> bool {
    let has_one_of = |members: [&str; 2]| {
        let given = members.iter().filter_map(|member| statement.get(member));
        let given: Vec<&Value> = given.collect();
        matches!(given.as_slice(), [patterns] if texts(patterns).next().is_some())
    };
    let actions = ["Action", "NotAction"].into_iter().flat_map(|member| texts(&statement[member]));
    let resources =
        ["Resource", "NotResource"].into_iter().flat_map(|member| texts(&statement[member]));
    let condition = statement.get("Condition");
    matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
        && has_one_of(["Action", "NotAction"])
        && has_one_of(["Resource", "NotResource"])
        && statement["Principal"] == "*"
        && actions.into_iter().all(|action| ACTIONS.contains(&action))
        && resources
            .into_iter()
            .all(|resource| resource == "*" || resource.starts_with("LogicalResourceId/"))
        && condition.is_none_or(is_condition)
}

fn is_condition(condition: &Value) -> bool {
    let is_operator = |(operator, keys): (&String, &Value)| {
        matches!(operator.as_str(), "StringEquals" | "StringLike")
            && texts(&keys["ResourceType"]).next().is_some()
    };
    condition.as_object().is_some_and(|operators| operators.iter().all(is_operator))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(statements: &Value) -> String {
        json!({ "Statement": statements }).to_string()
    }

    fn statement(effect: &str, action: &str, resource: &str) -> Value {
        json!({ "Effect": effect, "Action": action, "Principal": "*", "Resource": resource })
    }

    #[test]
    fn a_policy_allows_only_what_a_statement_allows_and_none_denies() {
        let both = json!([
            statement("Allow", "Update:*", "*"),
            statement("Deny", "Update:Replace", "LogicalResourceId/Api"),
        ]);
        let check = |statements: &Value, id: &str, decision: Decision, expected: Option<&str>| {
            let denial = denial(Some(&policy(statements)), id, "AWS::AppSync::Api", &decision);
            assert_eq!(denial.as_deref(), expected, "{statements} {id}");
        };
        let replaced = "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Api];";
        check(&both, "Api", Decision::Replace, Some(replaced));
        check(&both, "Api", Decision::Update, None);
        check(&both, "Other", Decision::Replace, None);
        check(&both, "Api", Decision::Unchanged, None);
        let unmentioned = "Action denied by stack policy: no statement allows [Update:Modify] for resource [LogicalResourceId/B];";
        let one = json!([statement("Allow", "Update:*", "LogicalResourceId/A*")]);
        check(&one, "B", Decision::Update, Some(unmentioned));
        check(&one, "Ab", Decision::Update, None);
        assert_eq!(denial(None, "B", "T", &Decision::Update), None);
        assert_eq!(denial(Some("{}"), "B", "T", &Decision::Update), None);
        assert!(denial_of_deletion(Some(&policy(&one)), "B", "T").is_some());
    }

    #[test]
    fn a_condition_limits_a_statement_to_types() {
        let limited = json!([{
            "Effect": "Deny", "Principal": "*", "Action": "Update:*", "NotResource": "LogicalResourceId/Free",
            "Condition": { "StringLike": { "ResourceType": ["AWS::IAM::*"] } },
        }, statement("Allow", "Update:*", "*")]);
        let policy = policy(&limited);
        assert_eq!(check(&policy), Ok(()));
        let denied = |id: &str, resource_type: &str| {
            denial(Some(&policy), id, resource_type, &Decision::Update).is_some()
        };
        assert!(denied("Role", "AWS::IAM::Role"));
        assert!(!denied("Free", "AWS::IAM::Role") && !denied("Api", "AWS::AppSync::Api"));
    }

    #[test]
    fn an_invalid_policy_is_rejected() {
        let valid = statement("Allow", "Update:*", "*");
        let without = |member: &str| {
            let mut statement = valid.clone();
            statement.as_object_mut().unwrap().remove(member);
            policy(&json!([statement]))
        };
        let invalid = [
            "x".to_owned(),
            "[]".to_owned(),
            without("Effect"),
            without("Action"),
            without("Principal"),
            without("Resource"),
            policy(&json!([statement("Allow", "Update:Create", "*")])),
            policy(&json!([statement("Allow", "Update:*", "Api")])),
        ];
        for text in invalid {
            let error = check(&text).unwrap_err();
            assert_eq!(
                error.message, "Error validating stack policy: Invalid stack policy",
                "{text}"
            );
        }
        assert_eq!(check(&policy(&json!([valid]))), Ok(()));
    }
}

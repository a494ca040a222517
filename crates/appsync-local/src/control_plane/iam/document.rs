//! Policy documents: which IAM accepts, and how it returns them. No permission is ever decided by them.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::protocol::response::AwsError;

/// All characters that are not unreserved in RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes a document as in IAM's responses.
pub fn percent_encode(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// Rejects a document that IAM rejects as a role's trust policy, or else as an inline policy.
pub fn check(document: &str, is_trust_policy: bool) -> Result<(), AwsError> {
    let malformed = |message: &str| Err(AwsError::new(400, "MalformedPolicyDocument", message));
    let Ok(Value::Object(policy)) = serde_json::from_str(document) else {
        return malformed("This policy contains invalid Json");
    };
    let known = ["Version", "Id", "Statement"];
    if policy.keys().any(|key| !known.contains(&key.as_str())) {
        return malformed("Syntax errors in policy.");
    }
    let version = policy.get("Version").map(|version| version.as_str().unwrap_or_default());
    if version.is_some_and(|version| version != "2012-10-17" && version != "2008-10-17") {
        return malformed("Syntax errors in policy.");
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return malformed("Syntax errors in policy."),
    };
    for statement in statements {
        let has = |name: &str| statement.get(name).is_some_and(|value| !value.is_null());
        let one_of = |name: &str, counterpart: &str| has(name) != has(counterpart);
        let effect = statement.get("Effect").and_then(Value::as_str);
        if !matches!(effect, Some("Allow" | "Deny")) || !one_of("Action", "NotAction") {
            return malformed("Syntax errors in policy.");
        }
        match is_trust_policy {
            true if has("Resource") || has("NotResource") => {
                return malformed("Has prohibited field Resource");
            }
            true if !one_of("Principal", "NotPrincipal") => {
                return malformed("Missing required field Principal");
            }
            false if has("Principal") || has("NotPrincipal") => {
                return malformed("Policy document should not specify a principal.");
            }
            false if !one_of("Resource", "NotResource") => {
                return malformed("Policy statement must contain resources.");
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documents_of_the_policy_language_are_accepted() {
        let check = |document: &str, is_trust_policy: bool, expected: Result<(), &str>| {
            let result = check(document, is_trust_policy).map_err(|error| error.message);
            assert_eq!(result, expected.map_err(str::to_owned), "{document}");
        };
        let syntax = Err("Syntax errors in policy.");
        check("{", false, Err("This policy contains invalid Json"));
        check("{}", false, syntax);
        check(r#"{"Statement":[]}"#, false, syntax);
        check(
            r#"{"Version":"2020","Statement":[{"Effect":"Allow","Action":"a","Resource":"*"}]}"#,
            false,
            syntax,
        );
        check(r#"{"Statement":[{"Effect":"Maybe","Action":"a","Resource":"*"}]}"#, false, syntax);
        check(
            r#"{"Statement":[{"Effect":"Allow","Action":"a"}]}"#,
            false,
            Err("Policy statement must contain resources."),
        );
        check(r#"{"Statement":{"Effect":"Allow","Action":"a","Resource":"*"}}"#, false, Ok(()));
        check(
            r#"{"Statement":[{"Effect":"Allow","Action":"a"}]}"#,
            true,
            Err("Missing required field Principal"),
        );
        check(r#"{"Statement":[{"Effect":"Allow","Action":"a","Principal":"*"}]}"#, true, Ok(()));
    }

    #[test]
    fn documents_are_returned_percent_encoded() {
        assert_eq!(percent_encode(r#"{"a-b": "*"}"#), "%7B%22a-b%22%3A%20%22%2A%22%7D");
    }
}

//! Policy documents: what IAM takes, and how it writes them back.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::protocol::response::AwsError;

/// RFC 3986: everything but unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A document as IAM's answers have it.
pub fn percent_encode(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// Whether IAM would take it as the trust policy of a role, or as a policy of one.
pub fn check(document: &str, trust: bool) -> Result<(), AwsError> {
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
        Some(Value::Array(several)) if !several.is_empty() => several.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => return malformed("Syntax errors in policy."),
    };
    for statement in statements {
        let has = |name: &str| statement.get(name).is_some_and(|value| !value.is_null());
        let one_of = |name: &str, not: &str| has(name) != has(not);
        let effect = statement.get("Effect").and_then(Value::as_str);
        if !matches!(effect, Some("Allow" | "Deny")) || !one_of("Action", "NotAction") {
            return malformed("Syntax errors in policy.");
        }
        match trust {
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
    fn only_documents_of_the_policy_language_are_taken() {
        let check = |document: &str, trust: bool, expected: Result<(), &str>| {
            let answer = check(document, trust).map_err(|fault| fault.message);
            assert_eq!(answer, expected.map_err(str::to_owned), "{document}");
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
    fn documents_are_written_back_percent_encoded() {
        assert_eq!(percent_encode(r#"{"a-b": "*"}"#), "%7B%22a-b%22%3A%20%22%2A%22%7D");
    }
}

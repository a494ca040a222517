//! Suggests the likely cause of an AWS error, and its fix.
//!
//! A table finds the well-known errors; the class of the error covers the rest. Advice never changes what the
//! program does.
mod rules;

use provision_core::failure::ErrorClass;

use crate::advice::rules::RULES;
use crate::error::AwsError;

/// The likely cause of an error, and the usual fix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// What probably caused the error. `None` if the message says it all.
    pub cause: Option<String>,
    /// What the user can do about it.
    pub fix: Option<String>,
}

impl Advice {
    fn new(cause: &str, fix: &str) -> Self {
        let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self { cause: non_empty(cause), fix: non_empty(fix) }
    }
}

/// Returns the advice of the first row that matches the error, or else the advice for its class.
pub fn advice(error: &AwsError) -> Advice {
    if !error.code_errors.is_empty() {
        return Advice::new(
            "AppSync rejects the handler's code",
            "fix the code at these positions",
        );
    }
    let code = error.code.as_deref().unwrap_or_default();
    match RULES.iter().find(|rule| rule.matches(code, error.operation, &error.message)) {
        Some(rule) => Advice::new(rule.cause, rule.fix),
        None => for_class(error),
    }
}

fn for_class(error: &AwsError) -> Advice {
    let is_sso = error.message.to_ascii_lowercase().contains("sso");
    let (cause, fix) = match error.class {
        ErrorClass::NoCredentials if is_sso => {
            ("", "run `aws sso login`, with `--profile` if you use one")
        }
        ErrorClass::NoCredentials => (
            "",
            "configure credentials as for any AWS tool (a profile, AWS_ACCESS_KEY_ID, `aws sso login`), \
             or try it without an AWS account: `--local`",
        ),
        ErrorClass::Denied => return for_denied(error),
        ErrorClass::Unreachable => {
            ("", "check the Region, the network and, if one is set, the endpoint URL")
        }
        ErrorClass::Quota => {
            ("a quota is exhausted", "delete unused resources, or ask AWS for a higher quota")
        }
        ErrorClass::RoleNotReady => (
            "AppSync cannot assume the role: it is too new, or does not trust AppSync",
            "check that the role trusts appsync.amazonaws.com; if it does, run the command again",
        ),
        ErrorClass::Busy => (
            "another change of the same resource was in progress during all attempts",
            "let other tools finish and run the command again; it resumes where it stopped",
        ),
        ErrorClass::Throttled => (
            "AWS throttled the account's calls during all attempts",
            "run the command again; it resumes where it stopped. `--parallelism 4` makes fewer calls at a time",
        ),
        ErrorClass::Uncertain => ("", "run the command again; it resumes where it stopped"),
        ErrorClass::Unsupported => (
            "the server at this address does not support the operation",
            "check the endpoint URL; a third-party AWS emulator may not support AppSync Events",
        ),
        _ => ("", ""),
    };
    Advice::new(cause, fix)
}

/// Names the missing permission: as AWS reports it, or else the one of the operation.
fn for_denied(error: &AwsError) -> Advice {
    let action = match action_in(&error.message) {
        Some(action) => action.to_owned(),
        None if error.operation.is_empty() => {
            return Advice::new("", "check the identity of the credentials, and its permissions");
        }
        None => format!("{}:{}", action_prefix(error.operation), error.operation),
    };
    let also = match error.operation {
        "CreateApi" | "UpdateApi" | "CreateDataSource" | "UpdateDataSource"
            if action != "iam:PassRole" =>
        {
            ", and `iam:PassRole` for a role that it refers to"
        }
        "AssociateWebACL" | "DisassociateWebACL" => ", and `appsync:SetWebACL`",
        _ => "",
    };
    Advice {
        cause: Some(format!("the credentials do not allow `{action}`")),
        fix: Some(format!("check the identity of the credentials, and allow `{action}`{also}")),
    }
}

/// Returns the action in AWS's sentence `… is not authorized to perform: iam:PassRole on resource: …`.
fn action_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("to perform: ")?;
    let action = rest.split_whitespace().next()?.trim_end_matches([',', '.']);
    action.contains(':').then_some(action)
}

/// Returns the service prefix of the operation's IAM action.
fn action_prefix(operation: &str) -> &'static str {
    match operation {
        "GetCallerIdentity" => "sts",
        operation if operation.contains("WebACL") => "wafv2",
        operation if operation.contains("Role") => "iam",
        _ => "appsync",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(class: ErrorClass, operation: &'static str, code: &str, message: &str) -> AwsError {
        let code = (!code.is_empty()).then(|| code.to_owned());
        AwsError { code, ..AwsError::new(class, operation, message) }
    }

    #[test]
    fn denied_calls_name_the_missing_action() {
        let check = |operation, message: &str, expected: &str| {
            let advice =
                advice(&error(ErrorClass::Denied, operation, "AccessDeniedException", message));
            let (cause, fix) = (advice.cause.unwrap(), advice.fix.unwrap());
            assert!(cause.contains(expected) && fix.contains(expected), "{cause}; {fix}");
        };
        let sentence =
            "User: u is not authorized to perform: iam:PassRole on resource: r because no";
        check("CreateApi", sentence, "`iam:PassRole`");
        check("CreateApi", "no", "`appsync:CreateApi`");
        check("CreateRole", "no", "`iam:CreateRole`");
        check("GetCallerIdentity", "no", "`sts:GetCallerIdentity`");
        check("AssociateWebACL", "no", "`wafv2:AssociateWebACL`");
    }

    #[test]
    fn operation_and_message_select_the_rule_of_an_ambiguous_code() {
        let check = |class, operation, code: &str, message: &str, expected: &str| {
            let advice = advice(&error(class, operation, code, message));
            let text = format!("{}; {}", advice.cause.unwrap(), advice.fix.unwrap());
            assert!(text.contains(expected), "{text}");
        };
        let quota = "ServiceQuotaExceededException";
        check(ErrorClass::Quota, "CreateApi", quota, "", "50 by default");
        check(ErrorClass::Quota, "CreateChannelNamespace", quota, "", "channel namespaces");
        check(ErrorClass::Quota, "PutRolePolicy", "LimitExceeded", "", "10,240");
        check(ErrorClass::Throttled, "CreateApiKey", "LimitExceededException", "", "--parallelism");
        let late = "Signature expired: 20270115T080000Z is now earlier than 20270115T080500Z";
        check(ErrorClass::Denied, "ListApis", "InvalidSignatureException", late, "clock");
        check(
            ErrorClass::Denied,
            "ListApis",
            "InvalidSignatureException",
            "no match",
            "secret key",
        );
        let bound = "Domain name must be disassociated before it can be deleted.";
        check(
            ErrorClass::Invalid,
            "DeleteDomainName",
            "BadRequestException",
            bound,
            "disassociate-api",
        );
        let missing = "No data source found named orders";
        check(
            ErrorClass::NotFound,
            "CreateChannelNamespace",
            "NotFoundException",
            missing,
            "dataSources",
        );
        check(
            ErrorClass::NotFound,
            "DeleteApi",
            "NotFoundException",
            "",
            "deleted during this run",
        );
    }

    #[test]
    fn every_rule_can_be_reached() {
        for (n, rule) in RULES.iter().enumerate() {
            let code = rule.codes[0];
            let operation = rule.operations.first().copied().unwrap_or("AnyOperation");
            let message = rule.words.first().copied().unwrap_or_default();
            let first = RULES.iter().position(|rule| rule.matches(code, operation, message));
            assert_eq!(first, Some(n), "{code} {operation}");
        }
    }
}

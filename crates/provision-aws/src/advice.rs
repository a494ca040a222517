//! The likely cause of what AWS refuses, and what to do about it. A table; the classification decides the rest.
mod known;

use crate::error::AwsError;
use provision_core::failure::ErrorClass;

use known::{KNOWN, Known};

/// What usually lies behind an error, and what usually helps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    pub cause: Option<String>,
    pub fix: Option<String>,
}

/// The first row of the table that fits, or what the class alone says.
pub fn advice(error: &AwsError) -> Advice {
    let code = error.code.as_deref().unwrap_or_default();
    let row = KNOWN.iter().find(|it| it.fits(code, error.operation, &error.message));
    match row {
        _ if !error.code_errors.is_empty() => {
            Advice::of("AppSync refuses the handler's code", "mend the code where it says")
        }
        Some(Known { cause, fix, .. }) => Advice::of(cause, fix),
        None => by_class(error),
    }
}

impl Advice {
    fn of(cause: &str, fix: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self { cause: some(cause), fix: some(fix) }
    }
}

/// What the class says where no row fits.
fn by_class(error: &AwsError) -> Advice {
    let sso = error.message.to_ascii_lowercase().contains("sso");
    let (cause, fix) = match error.class {
        ErrorClass::NoCredentials if sso => {
            ("", "run `aws sso login`, with `--profile` if you use one")
        }
        ErrorClass::NoCredentials => (
            "",
            "give credentials as for any AWS tool (a profile, AWS_ACCESS_KEY_ID, `aws sso login`), \
             or try it without an AWS account: `--local`",
        ),
        ErrorClass::Denied => return denied(error),
        ErrorClass::Unreachable => {
            ("", "check the region, the network and, if one is set, the endpoint URL")
        }
        ErrorClass::Quota => {
            ("a quota is used up", "delete what is no longer used, or ask AWS for a higher quota")
        }
        ErrorClass::RoleNotReady => (
            "AppSync can't assume the role: it is too new, or does not trust AppSync",
            "check that the role trusts appsync.amazonaws.com; if it does, run it again",
        ),
        ErrorClass::Busy => (
            "something else changed the same thing all the while",
            "let other tools finish and run it again; it goes on where it stopped",
        ),
        ErrorClass::Throttled => (
            "more calls came from the account than AWS takes, all the while",
            "run it again; it goes on where it stopped. `--parallelism 4` makes fewer calls at a time",
        ),
        ErrorClass::Uncertain => ("", "run it again; it goes on where it stopped"),
        ErrorClass::Unsupported => (
            "what answers at this address has no such operation",
            "check the endpoint URL; a stand-in for AWS may not know AppSync Events",
        ),
        _ => ("", ""),
    };
    Advice::of(cause, fix)
}

/// Which permission is missing: as AWS says it, or else the operation's own.
fn denied(error: &AwsError) -> Advice {
    let action = match action_in(&error.message) {
        Some(action) => action.to_owned(),
        None if error.operation.is_empty() => {
            return Advice::of("", "check whose credentials these are, and what they allow");
        }
        None => format!("{}:{}", service(error.operation), error.operation),
    };
    let passes = ["CreateApi", "UpdateApi", "CreateDataSource", "UpdateDataSource"];
    let also = match error.operation {
        it if passes.contains(&it) && action != "iam:PassRole" => {
            ", and `iam:PassRole` for a role that is named in it"
        }
        "AssociateWebACL" | "DisassociateWebACL" => ", and `appsync:SetWebACL`",
        _ => "",
    };
    Advice {
        cause: Some(format!("the credentials do not allow `{action}`")),
        fix: Some(format!("check whose credentials these are, and let them do `{action}`{also}")),
    }
}

/// The action in AWS's sentence: `… is not authorized to perform: iam:PassRole on resource: …`.
fn action_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("to perform: ")?;
    let action = rest.split_whitespace().next()?.trim_end_matches([',', '.']);
    action.contains(':').then_some(action)
}

/// The prefix of an operation's action.
fn service(operation: &str) -> &'static str {
    match operation {
        "GetCallerIdentity" => "sts",
        it if it.contains("WebACL") => "wafv2",
        it if it.contains("Role") => "iam",
        _ => "appsync",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(class: ErrorClass, operation: &'static str, code: &str, message: &str) -> AwsError {
        let code = (!code.is_empty()).then(|| code.to_owned());
        let (message, code_errors) = (message.to_owned(), vec![]);
        AwsError {
            class,
            operation,
            code,
            message,
            request_id: None,
            is_partial: false,
            code_errors,
        }
    }

    #[test]
    fn what_is_denied_is_named_as_an_action() {
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
    fn a_code_that_means_several_things_is_told_apart() {
        let check = |class, operation, code: &str, message: &str, expected: &str| {
            let advice = advice(&error(class, operation, code, message));
            let text = format!("{}; {}", advice.cause.unwrap(), advice.fix.unwrap());
            assert!(text.contains(expected), "{text}");
        };
        let quota = "ServiceQuotaExceededException";
        check(ErrorClass::Quota, "CreateApi", quota, "", "50, unless");
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
        check(ErrorClass::NotFound, "DeleteApi", "NotFoundException", "", "somebody deleted it");
    }

    #[test]
    fn every_row_of_the_table_can_be_reached() {
        for (n, row) in KNOWN.iter().enumerate() {
            let code = row.codes[0];
            let operation = row.operations.first().copied().unwrap_or("AnyOperation");
            let message = row.words.first().copied().unwrap_or_default();
            let first = KNOWN.iter().position(|it| it.fits(code, operation, message));
            assert_eq!(first, Some(n), "{code} {operation}");
        }
    }
}

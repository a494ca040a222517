//! Suggests the likely cause of an AWS error, and its fix.
//!
//! A table finds the well-known errors; the class of the error covers the rest. Advice never changes what the
//! program does. The file is long because of the table.
use provision_core::failure::ErrorClass;

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

/// One row. An empty list matches everything.
#[derive(Debug)]
pub struct AdviceRule {
    /// AWS's error codes.
    pub codes: &'static [&'static str],
    /// The operations that failed.
    pub operations: &'static [&'static str],
    /// Lower-case texts; the message contains one of them.
    pub words: &'static [&'static str],
    /// The likely cause.
    pub cause: &'static str,
    /// The usual fix.
    pub fix: &'static str,
}

impl AdviceRule {
    /// Whether the row is about this error.
    pub fn matches(&self, code: &str, operation: &str, message: &str) -> bool {
        let message = message.to_ascii_lowercase();
        let any = |list: &[&str], matches: &dyn Fn(&&str) -> bool| {
            list.is_empty() || list.iter().any(matches)
        };
        any(self.codes, &|listed| *listed == code)
            && any(self.operations, &|listed| *listed == operation)
            && any(self.words, &|word| message.contains(word))
    }
}

const fn rule(
    codes: &'static [&'static str],
    operations: &'static [&'static str],
    words: &'static [&'static str],
    cause: &'static str,
    fix: &'static str,
) -> AdviceRule {
    AdviceRule { codes, operations, words, cause, fix }
}

const QUOTA: &[&str] = &["ServiceQuotaExceededException"];
const BAD_REQUEST: &[&str] = &["BadRequestException"];
const SIGNATURE: &[&str] =
    &["InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"];
const IAM_QUOTA: &[&str] = &["LimitExceeded"];
/// Adds how a quota of AppSync is raised.
macro_rules! or_raise {
    ($text:literal) => {
        concat!($text, ", or request an increase in the Service Quotas console, under AWS AppSync")
    };
}

/// The rows; the first that matches applies, so specific rows come before general ones. Codes and words:
/// docs/reference/control-plane.md#errors, docs/reference/iam.md#errors.
pub const RULES: &[AdviceRule] = &[
    // Quotas (docs/reference/quotas.md#control-plane, docs/reference/iam.md#limits).
    rule(
        QUOTA,
        &["CreateApi"],
        &[],
        "the Region has reached its quota of Event APIs: 50 by default",
        or_raise!("delete an unused API"),
    ),
    rule(
        QUOTA,
        &["CreateChannelNamespace"],
        &[],
        "the API has reached its quota of channel namespaces: 50 by default",
        or_raise!("delete an unused namespace"),
    ),
    rule(
        QUOTA,
        &["CreateDomainName"],
        &[],
        "the Region has reached its quota of custom domain names: 50 by default",
        or_raise!("delete an unused domain name"),
    ),
    rule(QUOTA, &[], &[], "a quota is exhausted", or_raise!("delete unused resources")),
    rule(
        &["ApiKeyLimitExceededException"],
        &[],
        &[],
        "the API has reached its limit of 50 keys, which AWS does not raise",
        "delete unused keys, or use another auth mode for some clients",
    ),
    rule(
        &["ApiLimitExceededException"],
        &[],
        &[],
        "the Region has reached its quota of APIs",
        or_raise!("delete an unused API"),
    ),
    rule(
        IAM_QUOTA,
        &["CreateRole"],
        &[],
        "the account has reached its quota of IAM roles",
        "delete unused roles, or request an increase in the Service Quotas console, under IAM",
    ),
    rule(
        IAM_QUOTA,
        &["PutRolePolicy"],
        &[],
        "the inline policies of a role may have 10,240 characters in total",
        "shorten the policies, or replace them with managed policies",
    ),
    rule(
        IAM_QUOTA,
        &["AttachRolePolicy"],
        &[],
        "the role has reached its quota of managed policies: 20 by default",
        "attach fewer, or request an increase in the Service Quotas console, under IAM",
    ),
    rule(
        IAM_QUOTA,
        &["UpdateAssumeRolePolicy"],
        &[],
        "a trust policy may have 2,048 characters by default",
        "shorten it, or request an increase in the Service Quotas console, under IAM",
    ),
    rule(IAM_QUOTA, &["TagRole"], &[], "a role may have 50 tags", "remove some of its tags"),
    rule(
        IAM_QUOTA,
        &[],
        &[],
        "an IAM quota is exhausted",
        "delete unused resources, or request an increase in the Service Quotas console, under IAM",
    ),
    rule(
        &["WAFLimitsExceededException"],
        &[],
        &[],
        "an AWS WAF quota is exhausted",
        "delete unused resources, or request an increase in the Service Quotas console, under AWS WAF",
    ),
    // Credentials.
    rule(
        SIGNATURE,
        &[],
        &["expired", "not yet current", "is now earlier", "is now later"],
        "this machine's clock is wrong: AWS accepts a signature for five minutes",
        "set the clock, or enable time synchronization (NTP)",
    ),
    rule(
        SIGNATURE,
        &[],
        &[],
        "the secret key does not match the access key, or a proxy modifies the requests",
        "check the credentials, and any proxy between this machine and AWS",
    ),
    rule(
        &["InvalidClientTokenId", "UnrecognizedClientException"],
        &[],
        &[],
        "AWS does not recognize the access key: it was deleted, belongs to another partition, or is mistyped",
        "check the identity of the credentials with `aws sts get-caller-identity`",
    ),
    rule(
        &["ExpiredToken", "ExpiredTokenException"],
        &[],
        &[],
        "the session of the credentials has expired",
        "sign in again with `aws sso login`, or as you obtained the credentials",
    ),
    rule(
        &["MissingAuthenticationToken", "MissingAuthenticationTokenException"],
        &[],
        &[],
        "the request reached AWS without a signature, or at an unknown path",
        "check the endpoint URL, and any proxy between this machine and AWS",
    ),
    // Conflicts and invalid values.
    rule(
        &["ApiKeyValidityOutOfBoundsException"],
        &[],
        &[],
        "the lifetime of an API key is 1 to 365 days from the time it is created or updated",
        "change `validFor` or `expires` of the key",
    ),
    rule(
        &["ConflictException"],
        &[],
        &[],
        "the API already has a channel namespace with this name, and this stack does not manage it",
        "choose another name, or delete the existing namespace",
    ),
    rule(
        &["EntityAlreadyExists"],
        &[],
        &[],
        "the account already has a role with this name (ignoring case), and this stack does not manage it",
        "choose another `name`, or delete the existing role",
    ),
    rule(
        BAD_REQUEST,
        &[],
        &["already exists"],
        "a resource with this name already exists, and this stack does not manage it",
        "choose another name, or delete the existing resource",
    ),
    rule(
        BAD_REQUEST,
        &["DeleteApi"],
        &["domain"],
        "a custom domain name is still associated with the API",
        "remove the association; `provision` does not delete unmanaged resources",
    ),
    rule(
        BAD_REQUEST,
        &["DeleteDomainName"],
        &["disassociated", "associated"],
        "the domain name is still associated with an API, and this stack does not manage the association",
        "remove the association first: `aws appsync disassociate-api`",
    ),
    rule(
        BAD_REQUEST,
        &["CreateDomainName"],
        &["certificate"],
        "the certificate must cover the name, be issued, and be in us-east-1, whatever the Region of the API",
        "check the certificate's ARN and its status in ACM",
    ),
    rule(
        BAD_REQUEST,
        &["DeleteDataSource"],
        &["still connected", "in use"],
        "a handler still uses the data source, and this stack does not manage that handler",
        "remove the data source from the namespace's handlers first",
    ),
    rule(
        &["NotFoundException"],
        &["CreateChannelNamespace", "UpdateChannelNamespace"],
        &["data source"],
        "the handlers refer to a data source that the API does not have",
        "run the command again to create what is declared, or declare it under `dataSources`",
    ),
    rule(
        &["NotFoundException", "NoSuchEntity"],
        &[],
        &[],
        "the resource or its parent was deleted during this run",
        "run the command again; it reads the live state again",
    ),
    rule(
        &["WAFNonexistentItemException"],
        &[],
        &[],
        "the web ACL does not exist, or is not in the API's account and Region",
        "check the web ACL's ARN: it must be regional, not global",
    ),
    rule(
        &["WAFUnavailableEntityException"],
        &[],
        &[],
        "the API is too new for AWS WAF to find it",
        "run the command again in a minute",
    ),
    rule(
        &["WAFInvalidParameterException", "WAFInvalidOperationException"],
        &[],
        &[],
        "AWS WAF cannot associate this web ACL with this API",
        "check the web ACL's ARN: it must be regional, and in the API's Region",
    ),
    rule(
        &["MalformedPolicyDocument", "MalformedPolicyDocumentException"],
        &[],
        &[],
        "the policy is malformed, or refers to a principal that does not exist",
        "check the policy's statements and principals",
    ),
    rule(
        &["DeleteConflict"],
        &[],
        &[],
        "a policy or an instance profile that this stack does not manage is attached to the role",
        "detach it in IAM",
    ),
    rule(
        &["UnmodifiableEntity"],
        &[],
        &[],
        "the role is a service-linked role, which only its AWS service can change",
        "use another role",
    ),
    rule(
        &["PolicyNotAttachable"],
        &[],
        &[],
        "this managed policy can only be attached to service-linked roles",
        "attach another policy",
    ),
    rule(
        &[
            "InternalFailureException",
            "ServiceFailure",
            "InternalFailure",
            "WAFInternalErrorException",
        ],
        &[],
        &[],
        "AWS failed to process the request",
        "run the command again; if it fails again, see health.aws.amazon.com",
    ),
];

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

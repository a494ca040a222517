//! The table of AWS's errors: codes, operations and words, with their likely cause and fix.

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

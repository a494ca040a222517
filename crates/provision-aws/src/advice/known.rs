//! The table of what AWS refuses: codes, operations and words, and what they mean to whoever applies.

/// One row: errors with one of these codes, of one of these operations, with one of these words in their
/// message. An empty list leaves it open.
pub struct Known {
    pub codes: &'static [&'static str],
    pub operations: &'static [&'static str],
    pub words: &'static [&'static str],
    pub cause: &'static str,
    pub fix: &'static str,
}

impl Known {
    pub fn fits(&self, code: &str, operation: &str, message: &str) -> bool {
        let message = message.to_ascii_lowercase();
        let open =
            |list: &[&str], fits: &dyn Fn(&&str) -> bool| list.is_empty() || list.iter().any(fits);
        open(self.codes, &|it| *it == code)
            && open(self.operations, &|it| *it == operation)
            && open(self.words, &|it| message.contains(it))
    }
}

const fn row(
    codes: &'static [&'static str],
    operations: &'static [&'static str],
    words: &'static [&'static str],
    cause: &'static str,
    fix: &'static str,
) -> Known {
    Known { codes, operations, words, cause, fix }
}

const QUOTA: &[&str] = &["ServiceQuotaExceededException"];
const BAD: &[&str] = &["BadRequestException"];
const SIGNATURE: &[&str] =
    &["InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"];
const ROLE_LIMIT: &[&str] = &["LimitExceeded"];
/// What every raisable quota is raised by.
macro_rules! or_raise {
    ($text:literal) => {
        concat!($text, ", or ask for more in the Service Quotas console, under AWS AppSync")
    };
}

/// Codes and words: docs/reference/control-plane.md#errors, docs/reference/iam.md#errors. A more
/// particular row stands above a more general one.
pub const KNOWN: &[Known] = &[
    // Quotas (docs/reference/quotas.md#control-plane, docs/reference/iam.md#limits).
    row(
        QUOTA,
        &["CreateApi"],
        &[],
        "the Region has as many Event APIs as it may: 50, unless the quota was raised",
        or_raise!("delete an API that nobody uses"),
    ),
    row(
        QUOTA,
        &["CreateChannelNamespace"],
        &[],
        "the API has as many channel namespaces as it may: 50, unless the quota was raised",
        or_raise!("delete a namespace that nobody uses"),
    ),
    row(
        QUOTA,
        &["CreateDomainName"],
        &[],
        "the Region has as many custom domain names as it may: 50, unless the quota was raised",
        or_raise!("delete a domain name that nobody uses"),
    ),
    row(QUOTA, &[], &[], "a quota is used up", or_raise!("delete what is no longer used")),
    row(
        &["ApiKeyLimitExceededException"],
        &[],
        &[],
        "the API has as many keys as it may: 50, and AWS does not raise that",
        "delete keys that nobody uses, or give clients another way to sign in",
    ),
    row(
        &["ApiLimitExceededException"],
        &[],
        &[],
        "the Region has as many APIs as it may",
        or_raise!("delete an API that nobody uses"),
    ),
    row(
        ROLE_LIMIT,
        &["CreateRole"],
        &[],
        "the account has as many roles as it may",
        "delete roles that nobody uses, or ask for more in the Service Quotas console, under IAM",
    ),
    row(
        ROLE_LIMIT,
        &["PutRolePolicy"],
        &[],
        "all inline policies of a role together may have 10,240 characters",
        "shorten the policies, or make managed policies of them",
    ),
    row(
        ROLE_LIMIT,
        &["AttachRolePolicy"],
        &[],
        "the role has as many managed policies as it may: 20, unless the quota was raised",
        "attach fewer, or ask for more in the Service Quotas console, under IAM",
    ),
    row(
        ROLE_LIMIT,
        &["UpdateAssumeRolePolicy"],
        &[],
        "a trust policy may have 2,048 characters, unless the quota was raised",
        "shorten it, or ask for more in the Service Quotas console, under IAM",
    ),
    row(ROLE_LIMIT, &["TagRole"], &[], "a role may have 50 tags", "give it fewer"),
    row(
        ROLE_LIMIT,
        &[],
        &[],
        "a quota of IAM's is used up",
        "delete what is no longer used, or ask for more in the Service Quotas console, under IAM",
    ),
    row(
        &["WAFLimitsExceededException"],
        &[],
        &[],
        "a quota of AWS WAF's is used up",
        "delete what is no longer used, or ask for more in the Service Quotas console, under AWS WAF",
    ),
    // Who calls.
    row(
        SIGNATURE,
        &[],
        &["expired", "not yet current", "is now earlier", "is now later"],
        "this machine's clock is off: AWS takes a signature for five minutes",
        "set the clock, or let the machine set it by itself (NTP)",
    ),
    row(
        SIGNATURE,
        &[],
        &[],
        "the secret key is not that of the access key, or something on the way changes the calls",
        "check the credentials, and any proxy between here and AWS",
    ),
    row(
        &["InvalidClientTokenId", "UnrecognizedClientException"],
        &[],
        &[],
        "AWS does not know the access key: it was deleted, is of another partition, or is mistyped",
        "check whose credentials these are, with `aws sts get-caller-identity`",
    ),
    row(
        &["ExpiredToken", "ExpiredTokenException"],
        &[],
        &[],
        "the session that the credentials belong to is over",
        "sign in again: `aws sso login`, or as the credentials were got",
    ),
    row(
        &["MissingAuthenticationToken", "MissingAuthenticationTokenException"],
        &[],
        &[],
        "the call came to AWS without a signature, or at an address where nothing is",
        "check the endpoint URL, and any proxy between here and AWS",
    ),
    // What is in the way.
    row(
        &["ApiKeyValidityOutOfBoundsException"],
        &[],
        &[],
        "a key lives from a day to 365 days, counted when it is made or changed",
        "change `validFor` or `expires` of the key",
    ),
    row(
        &["ConflictException"],
        &[],
        &[],
        "the API has a channel namespace of that name, which is not this stack's",
        "give it another name, or delete the one that is there",
    ),
    row(
        &["EntityAlreadyExists"],
        &[],
        &[],
        "the account has a role of that name, which is not this stack's; capitals make no difference",
        "give it another `name`, or delete the one that is there",
    ),
    row(
        BAD,
        &[],
        &["already exists"],
        "there is one of that name, which is not this stack's",
        "give it another name, or delete the one that is there",
    ),
    row(
        BAD,
        &["DeleteApi"],
        &["domain"],
        "a custom domain name is still associated with the API",
        "take the association away; what the stack did not make, the stack does not delete",
    ),
    row(
        BAD,
        &["DeleteDomainName"],
        &["disassociated", "associated"],
        "the domain name is still associated with an API, and not by this stack",
        "take that association away first: `aws appsync disassociate-api`",
    ),
    row(
        BAD,
        &["CreateDomainName"],
        &["certificate"],
        "the certificate must cover the name, be issued, and stand in us-east-1, whatever the Region",
        "check the certificate's ARN, and its state in ACM",
    ),
    row(
        BAD,
        &["DeleteDataSource"],
        &["still connected", "in use"],
        "a handler still uses the data source, and this stack did not make it",
        "take the data source out of that namespace's handlers first",
    ),
    row(
        &["NotFoundException"],
        &["CreateChannelNamespace", "UpdateChannelNamespace"],
        &["data source"],
        "the handlers name a data source that the API does not have, or no longer has",
        "run it again, which makes what is declared; or declare it under `dataSources`",
    ),
    row(
        &["NotFoundException", "NoSuchEntity"],
        &[],
        &[],
        "somebody deleted it, or what it hangs on, after this run had looked",
        "run it again; it looks anew",
    ),
    row(
        &["WAFNonexistentItemException"],
        &[],
        &[],
        "there is no such web ACL, or it is not in the API's account and Region",
        "check the web ACL's ARN: it must be regional, not global",
    ),
    row(
        &["WAFUnavailableEntityException"],
        &[],
        &[],
        "AWS WAF does not know the API yet: it was made a moment ago",
        "run it again in a minute",
    ),
    row(
        &["WAFInvalidParameterException", "WAFInvalidOperationException"],
        &[],
        &[],
        "AWS WAF can't put this web ACL in front of this API",
        "check the web ACL's ARN: it must be regional, and of the API's Region",
    ),
    row(
        &["MalformedPolicyDocument", "MalformedPolicyDocumentException"],
        &[],
        &[],
        "IAM can't read the policy, or it names a principal that does not exist",
        "check the policy's statements and principals",
    ),
    row(
        &["DeleteConflict"],
        &[],
        &[],
        "something that this stack did not make hangs on the role: a policy or an instance profile",
        "detach it in IAM",
    ),
    row(
        &["UnmodifiableEntity"],
        &[],
        &[],
        "the role belongs to an AWS service, which alone may change it",
        "use a role of your own",
    ),
    row(
        &["PolicyNotAttachable"],
        &[],
        &[],
        "only roles of AWS's own services may have that managed policy",
        "attach another",
    ),
    row(
        &[
            "InternalFailureException",
            "ServiceFailure",
            "InternalFailure",
            "WAFInternalErrorException",
        ],
        &[],
        &[],
        "something broke on AWS's side",
        "run it again; if that does not help, see health.aws.amazon.com",
    ),
];

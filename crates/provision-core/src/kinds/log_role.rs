//! `AWS::IAM::Role`: the role with which AppSync writes its logs.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kind::{
    ChangeAction, CheckContext, DiagnosticSink, Facts, ImportContext, Inclusion, KeyFacts,
    PathStep, SeparateParts, TemplateFacts, TypedKind,
};
use crate::kinds::arn;
use crate::kinds::logical_id::LogicalId;
use crate::kinds::policy_document::{
    APPSYNC_LOG_GROUPS, PolicyDocument, check_document, example_policy,
};
use crate::model::{Site, Tags};
use crate::text::Text;

/// A role for logging.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct LogRole {
    /// The trust policy.
    pub assume_role_policy_document: Value,
    /// The description.
    pub description: Option<Text>,
    /// The name. `None`: derived from stack, key and region.
    pub role_name: Option<Text>,
    /// The inline policies that the spec declares.
    #[serde(default)]
    pub policies: Vec<InlinePolicy>,
    /// The ARNs of the managed policies that the spec declares.
    #[serde(default)]
    pub managed_policy_arns: Vec<Text>,
    /// The tags.
    #[serde(default)]
    pub tags: Tags,
}

/// An inline policy of the role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct InlinePolicy {
    /// The name, unique within the role.
    pub policy_name: String,
    /// The document.
    pub policy_document: Value,
}

/// A role with which AppSync writes its logs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({}))]
#[schemars(example = json!({ "arn": "arn:aws:iam::123456789012:role/existing" }))]
pub struct LogRoleDeclaration {
    /// The ARN of an existing role, which is used but never changed. Excludes every other key.
    /// Default: the role is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"arn:aws:iam::123456789012:role/existing")]
    pub arn: Option<Text>,
    /// The name on AWS. Default: derived from stack, key and region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"appsync-logs")]
    name: Option<Text>,
    /// A description. Default: empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Writes AppSync's logs")]
    description: Option<Text>,
    /// The trust policy. Default: AppSync may assume the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<PolicyDocument>,
    /// Inline policies: policy name → document. Default: permission to write AppSync's log groups of this
    /// account and region, unless `managedPolicies` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = serde_json::json!({ "WriteLogs": example_policy() }))]
    policies: Option<IndexMap<String, PolicyDocument>>,
    /// ARNs of managed policies. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("uniqueItems" = true))]
    #[schemars(example = serde_json::json!(["arn:aws:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs"]))]
    managed_policies: Option<Vec<Text>>,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

/// IAM's limits (docs/reference/iam.md#limits).
pub const NAME_MAX: usize = 64;
const DESCRIPTION_MAX: usize = 1_000;
const TRUST_MAX: usize = 2_048;
const INLINE_MAX: usize = 10_240;
const MANAGED_MAX: usize = 20;

/// How a template has a log role.
const TEMPLATE: TemplateFacts = TemplateFacts {
    inclusion: Inclusion::IfReferenced,
    unsupported_properties: &[
        (
            "Path",
            "`provision` sets the path of the roles that it creates; to keep this one, declare it as an existing role: `arn:`",
        ),
        (
            "PermissionsBoundary",
            "create the role by other means, and declare it as an existing role: `arn:`",
        ),
        (
            "MaxSessionDuration",
            "AppSync does not need long sessions; to keep it, declare an existing role: `arn:`",
        ),
    ],
    separate_parts: Some(SeparateParts {
        types: &["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"],
        member: "policies",
    }),
    ..TemplateFacts::new(
        KeyFacts {
            source: None,
            noise: &[
                "cloud",
                "watch",
                "cloudwatch",
                "log",
                "logs",
                "logging",
                "role",
                "iam",
                "api",
                "event",
                "events",
                "service",
                "push",
                "to",
                "arn",
            ],
            default: "logs",
        },
        Some("RoleName"),
    )
};

impl TypedKind for LogRole {
    const FACTS: Facts = Facts {
        create_only: &["RoleName"],
        spec_paths: &[
            ("RoleName", "name"),
            ("Description", "description"),
            ("AssumeRolePolicyDocument", "trust"),
            ("Policies", "policies"),
            ("ManagedPolicyArns", "managedPolicies"),
            ("Tags", "/tags"),
        ],
        ..Facts::new(
            "AWS::IAM::Role",
            "log role",
            "logRoles",
            "{description: Writes AppSync's logs}",
            TEMPLATE,
        )
    };
    type Declaration = LogRoleDeclaration;

    fn check(
        declared: &LogRoleDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        match &declared.arn {
            Some(arn) => check_existing(arn, declared, scope, diagnostics),
            None => check_new(declared, scope, diagnostics),
        }
        if !scope.is_referenced("apis", &["logging", "role"]) {
            diagnostics.warning_at_key("PV240", &[], "no API uses this role".into()).help =
                Some(format!(
                    "use it in an API, `logging: {{ level: ERROR, role: {} }}`, or remove it",
                    scope.address.name()
                ));
        }
    }

    fn effects(verb: ChangeAction, _: Option<&Self>, _: Option<&Self>) -> Vec<String> {
        match verb {
            ChangeAction::Create | ChangeAction::Update => Vec::new(),
            ChangeAction::Replace => {
                vec!["AppSync cannot log with this role until the new one exists".to_owned()]
            }
            ChangeAction::Delete => vec!["AppSync can no longer log with this role".to_owned()],
        }
    }

    fn expand(declared: &LogRoleDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        if declared.arn.is_some() {
            return None;
        }
        let inline = |(name, document): (&String, &PolicyDocument)| InlinePolicy {
            policy_name: name.clone(),
            policy_document: document.0.clone(),
        };
        let own = declared.policies.as_ref().map(|policy| policy.iter().map(inline).collect());
        let default = || match declared.managed_policies {
            Some(_) => Vec::new(),
            None => vec![InlinePolicy {
                policy_name: "WriteAppSyncLogs".to_owned(),
                policy_document: default_permissions(),
            }],
        };
        Some(Self {
            assume_role_policy_document: declared
                .trust
                .as_ref()
                .map_or_else(default_trust, |trust| trust.0.clone()),
            description: declared.description.clone(),
            role_name: declared.name.clone(),
            policies: own.unwrap_or_else(default),
            managed_policy_arns: declared.managed_policies.clone().unwrap_or_default(),
            tags: scope.tags(),
        })
    }

    fn to_declaration(self, _: &mut ImportContext) -> LogRoleDeclaration {
        let policies = self.policies.into_iter();
        LogRoleDeclaration {
            arn: None,
            name: self.role_name,
            description: self.description,
            trust: Some(PolicyDocument(self.assume_role_policy_document)),
            policies: Some(
                policies
                    .map(|policy| (policy.policy_name, PolicyDocument(policy.policy_document)))
                    .collect(),
            ),
            managed_policies: Some(self.managed_policy_arns),
            logical_id: None,
        }
    }

    /// A role without a name in the spec keeps its name.
    fn normalize(self, live: &Self, _: &LogRoleDeclaration, _: &Site) -> Self {
        let role_name = self.role_name.clone().or_else(|| live.role_name.clone());
        Self { role_name, ..self }
    }
}

/// AppSync may assume it (docs/reference/iam.md#log-role).
fn default_trust() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "appsync.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }],
    })
}

/// The three log actions, on the log groups that AppSync creates for Event APIs (docs/reference/iam.md#log-role,
/// docs/reference/iam.md#log-groups).
fn default_permissions() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": { "Fn::Sub": APPSYNC_LOG_GROUPS },
        }],
    })
}

fn check_existing(
    arn: &Text,
    declared: &LogRoleDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let is_valid = |text: &str| arn::is_of(text, "iam", "role/");
    let help = "such as arn:aws:iam::123456789012:role/existing";
    let at = [PathStep::Key("arn")];
    diagnostics.error_if_invalid(
        scope.invalid_reading(arn, is_valid),
        "PV241",
        &at,
        "not a valid role ARN",
        help,
    );
    for (name, given) in [
        ("name", declared.name.is_some()),
        ("description", declared.description.is_some()),
        ("trust", declared.trust.is_some()),
        ("policies", declared.policies.is_some()),
        ("managedPolicies", declared.managed_policies.is_some()),
        ("logicalId", declared.logical_id.is_some()),
    ] {
        if given {
            let message = format!("an existing role is never changed, so `{name}` has no effect");
            diagnostics.error_at_key("PV242", &[PathStep::Key(name)], message).help =
                Some("remove it, or remove `arn` to create a role".into());
        }
    }
}

/// Checks the declaration of a role that is created. It is long because of its messages.
fn check_new(
    declared: &LogRoleDeclaration,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    let is_valid = |name: &str| (1..=NAME_MAX).contains(&name.len()) && name.chars().all(allowed);
    let invalid = declared.name.as_ref().and_then(|name| scope.invalid_reading(name, is_valid));
    let help = format!("1 to {NAME_MAX} letters, digits and `+=,.@_-`");
    diagnostics.error_if_invalid(
        invalid,
        "PV243",
        &[PathStep::Key("name")],
        "not a valid role name",
        &help,
    );
    let long = |text: &Text| text.to_string().chars().count() > DESCRIPTION_MAX;
    if declared.description.as_ref().is_some_and(long) {
        let message = format!("longer than IAM's limit of {DESCRIPTION_MAX} characters");
        diagnostics.error("PV244", &[PathStep::Key("description")], message);
    }
    if let Some(trust) = &declared.trust {
        check_document(trust, &[PathStep::Key("trust")], true, diagnostics);
        if trust.0.to_string().len() > TRUST_MAX {
            let message =
                format!("longer than IAM's limit of {TRUST_MAX} characters for a trust policy");
            diagnostics.error("PV244", &[PathStep::Key("trust")], message);
        }
    }
    let policies = declared.policies.iter().flatten();
    let mut size = 0;
    for (name, document) in policies {
        let at = [PathStep::Key("policies"), PathStep::Key(name)];
        if !(1..=128).contains(&name.len()) || !name.chars().all(allowed) {
            diagnostics.error_at_key("PV243", &at, "not a valid policy name".into()).help =
                Some("1 to 128 letters, digits and `+=,.@_-`".into());
        }
        check_document(document, &at, false, diagnostics);
        size += document.0.to_string().chars().filter(|c| !c.is_whitespace()).count();
    }
    if size > INLINE_MAX {
        let message =
            format!("these policies have {size} characters; IAM allows {INLINE_MAX} in one role");
        diagnostics.error_at_key("PV244", &[PathStep::Key("policies")], message).help =
            Some("create managed policies and list them in `managedPolicies`".into());
    }
    for (n, policy) in declared.managed_policies.iter().flatten().enumerate() {
        let is_valid = |text: &str| arn::is_of(text, "iam", "policy/");
        let at = [PathStep::Key("managedPolicies"), PathStep::Index(n)];
        let help = "such as arn:aws:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs";
        let invalid = scope.invalid_reading(policy, is_valid);
        diagnostics.error_if_invalid(invalid, "PV247", &at, "not a valid policy ARN", help);
    }
    if declared
        .managed_policies
        .as_ref()
        .is_some_and(|managed_policy| managed_policy.len() > MANAGED_MAX)
    {
        let message = format!("IAM allows {MANAGED_MAX} managed policies in one role");
        diagnostics.error_at_key("PV244", &[PathStep::Key("managedPolicies")], message);
    }
}

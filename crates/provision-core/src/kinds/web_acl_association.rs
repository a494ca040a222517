//! `AWS::WAFv2::WebACLAssociation`: the web ACL that guards an API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::kind::{
    ChangeAction, CheckContext, DiagnosticSink, Facts, IfMissing, ImportContext, KeyFacts,
    PathStep, Reference, TemplateFacts, TypedKind,
};
use crate::kinds::arn;
use crate::kinds::logical_id::LogicalId;
use crate::model::Attributes;
use crate::ownership::WAF_TAG;
use crate::text::Text;

/// The limit of a tag's value, in characters.
const VALUE_MAX: usize = 256;

/// The association of an API with a web ACL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct WebAclAssociation {
    /// The ARN of the API.
    pub resource_arn: Text,
    /// The ARN of the web ACL.
    #[serde(rename = "WebACLArn")]
    pub web_acl_arn: Text,
}

/// The AWS WAF web ACL of this API. Default: none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "webAcl": "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/events/12345678-1234-1234-1234-123456789012" }))]
pub struct WafDeclaration {
    /// The ARN of the web ACL: a regional one, in the region of the API.
    #[schemars(example = &"arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/events/12345678-1234-1234-1234-123456789012")]
    web_acl: Text,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

/// How a template has a web ACL association.
const TEMPLATE: TemplateFacts = TemplateFacts {
    references: &[Reference {
        property: "ResourceArn",
        section: "apis",
        attribute: "ApiArn",
        if_missing: IfMissing::LeaveAlone,
    }],
    ..TemplateFacts::new(KeyFacts::SINGLETON, None)
};

impl TypedKind for WebAclAssociation {
    const FACTS: Facts = Facts {
        parent: Some("apis"),
        is_singleton: true,
        create_only: &["ResourceArn", "WebACLArn"],
        depends_on: &["logRoles", "apis"],
        spec_paths: &[("WebACLArn", "webAcl")],
        ..Facts::new(
            "AWS::WAFv2::WebACLAssociation",
            "web ACL association",
            "waf",
            "{webAcl: 'arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/events/12345678-1234-1234-1234-123456789012'}",
            TEMPLATE,
        )
    };
    type Declaration = WafDeclaration;

    fn check(
        declared: &WafDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        let at = [PathStep::Key("webAcl")];
        let is_valid = |text: &str| arn::is_of(text, "wafv2", "regional/webacl/");
        let help = "such as arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/events/12345678-1234-1234-1234-123456789012";
        let invalid = scope.invalid_reading(&declared.web_acl, is_valid);
        if invalid.is_some() {
            diagnostics.error_if_invalid(
                invalid,
                "PV290",
                &at,
                "not a valid ARN of a regional web ACL",
                help,
            );
            return;
        }
        let Some(region) = scope.region() else { return };
        let here = |text: &str| arn::parse(text).is_none_or(|part| part.region == region);
        let invalid = scope.invalid_reading(&declared.web_acl, here);
        let message = format!("this web ACL is not in the region of the stack, {region}");
        let help = "use a web ACL in the region of the API";
        diagnostics.error_if_invalid(invalid, "PV291", &at, &message, help);
    }

    fn exists(&self) -> bool {
        self.web_acl_arn.as_literal() != Some("")
    }

    fn effects(verb: ChangeAction, before: Option<&Self>, _: Option<&Self>) -> Vec<String> {
        match verb {
            _ if before.is_some_and(|before| !before.exists()) => Vec::new(),
            ChangeAction::Create => Vec::new(),
            ChangeAction::Update => vec!["another web ACL protects the API".to_owned()],
            ChangeAction::Replace => {
                vec!["no web ACL protects the API until the change is complete".to_owned()]
            }
            ChangeAction::Delete => vec!["no web ACL protects the API".to_owned()],
        }
    }

    fn conflict_hint(_: &Address, unmanaged: &str, api: &Attributes) -> String {
        let api = api.get("ApiArn").unwrap_or("API_ARN");
        let tag = format!("{WAF_TAG}={}", tag_value(unmanaged));
        format!(
            "remove it on AWS first (`aws wafv2 disassociate-web-acl --resource-arn {api}`), or adopt it: set the tag `{tag}` of the API"
        )
    }

    fn expand(declared: &WafDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        let resource_arn = Text::attribute(&scope.address.parent()?, "ApiArn");
        Some(Self { resource_arn, web_acl_arn: declared.web_acl.clone() })
    }

    fn to_declaration(self, _: &mut ImportContext) -> WafDeclaration {
        WafDeclaration { web_acl: self.web_acl_arn, logical_id: None }
    }
}

/// Returns the ARN of a web ACL as a tag's value.
pub fn tag_value(web_acl: &str) -> String {
    let taken = |c: char| c.is_alphanumeric() || "_-+=.:/@ ".contains(c);
    if web_acl.chars().count() <= VALUE_MAX && web_acl.chars().all(taken) {
        return web_acl.to_owned();
    }
    Sha256::digest(web_acl.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

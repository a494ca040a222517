//! `AWS::AppSync::DomainName`: a custom domain name with its certificate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{
    AwsName, ChangeAction, CheckContext, DiagnosticSink, Facts, ImportContext, Inclusion, KeyFacts,
    KeySource, NamePart, PathStep, TemplateFacts, TypedKind,
};
use crate::kinds::arn;
use crate::kinds::logical_id::LogicalId;
use crate::model::Tags;
use crate::text::Text;

/// A custom domain name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DomainName {
    /// The domain name, in lower case.
    pub domain_name: Text,
    /// The ARN of the ACM certificate, in us-east-1.
    pub certificate_arn: Text,
    /// The description.
    pub description: Option<Text>,
    /// The tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A custom domain name for an API. You create its DNS record, with the target in the outputs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({
    "name": "events.example.com",
    "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    "association": { "api": "sample" },
}))]
pub struct DomainDeclaration {
    /// The domain name, in lower case: `events.example.com`.
    #[schemars(example = &"events.example.com")]
    pub name: Text,
    /// The ARN of its ACM certificate in us-east-1. Default: the domain name exists already, and is used
    /// but never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012")]
    pub certificate: Option<Text>,
    /// A description. Default: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Events for browsers")]
    description: Option<Text>,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

/// AppSync's limits (docs/reference/domains.md#members).
const NAME_MAX: usize = 253;
const DESCRIPTION_MAX: usize = 255;

/// How a template has a custom domain name.
const TEMPLATE: TemplateFacts = TemplateFacts {
    inclusion: Inclusion::UnlessForeign,
    ..TemplateFacts::new(
        KeyFacts {
            source: Some(KeySource { property: "DomainName", part: NamePart::FirstLabel }),
            noise: &["custom", "domain", "name", "api", "event", "events"],
            default: "events",
        },
        Some("DomainName"),
    )
};

impl TypedKind for DomainName {
    const FACTS: Facts = Facts {
        create_only: &["CertificateArn", "DomainName"],
        spec_paths: &[
            ("DomainName", "name"),
            ("CertificateArn", "certificate"),
            ("Description", "description"),
            ("Tags", "/tags"),
        ],
        aws_name: Some(AwsName { property: "DomainName", allows_duplicates: false, tagged: true }),
        outputs: &[
            ("AppSyncDomainName", "${AppSyncDomainName}"),
            ("HostedZoneId", "${HostedZoneId}"),
            ("HttpUrl", "https://${DomainName}/event"),
            ("RealtimeUrl", "wss://${DomainName}/event/realtime"),
        ],
        ..Facts::new(
            "AWS::AppSync::DomainName",
            "custom domain name",
            "domains",
            "{name: events.example.com, certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012'}",
            TEMPLATE,
        )
    };
    type Declaration = DomainDeclaration;

    fn check(
        declared: &DomainDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        let help =
            "lower-case labels with dots between, such as events.example.com or *.example.com";
        let invalid = scope.invalid_reading(&declared.name, is_domain);
        let at = [PathStep::Key("name")];
        diagnostics.error_if_invalid(invalid, "PV280", &at, "not a valid domain name", help);
        if let Some(certificate) = &declared.certificate {
            check_certificate(certificate, scope, diagnostics);
        }
        let long = |text: &str| text.chars().count() <= DESCRIPTION_MAX;
        if let Some(invalid) = declared
            .description
            .as_ref()
            .and_then(|description| scope.invalid_reading(description, long))
        {
            let message = format!("longer than {DESCRIPTION_MAX} characters");
            let at = [PathStep::Key("description")];
            diagnostics.error_if_invalid(Some(invalid), "PV283", &at, &message, "shorten it");
        }
        if declared.certificate.is_none() {
            for (name, given) in [
                ("description", declared.description.is_some()),
                ("logicalId", declared.logical_id.is_some()),
            ] {
                if given {
                    let message = format!(
                        "an existing domain name is never changed, so `{name}` has no effect"
                    );
                    diagnostics.error_at_key("PV282", &[PathStep::Key(name)], message).help =
                        Some("remove it, or set `certificate` to create the domain name".into());
                }
            }
        }
        let association = scope.member::<serde_json::Value>(&scope.address, "association");
        if association.is_none() && !scope.has_unreadable(&["association"]) {
            diagnostics.warning_at_key("PV284", &[], "this domain name has no API".into()).help =
                Some("add `association: { api: NAME }`".into());
        }
        if let Some(twin) = scope.duplicate_name(&declared.name) {
            let message =
                format!("duplicate domain name `{}`: `domains.{twin}` has it too", declared.name);
            diagnostics.error("PV285", &[PathStep::Key("name")], message).help =
                Some("domain names are unique; remove one of the two".into());
        }
    }

    fn effects(verb: ChangeAction, before: Option<&Self>, _: Option<&Self>) -> Vec<String> {
        let Some(name) =
            before.map(|before| &before.domain_name).filter(|_| verb.deletes_existing())
        else {
            return Vec::new();
        };
        let mut effects = vec![format!("clients of {name} no longer reach an API")];
        if verb == ChangeAction::Replace {
            effects[0].push_str(" until the new one exists and its DNS record points to it");
        }
        effects
    }

    fn expand(declared: &DomainDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        Some(Self {
            domain_name: declared.name.clone(),
            certificate_arn: declared.certificate.clone()?,
            description: declared.description.clone(),
            tags: scope.tags(),
        })
    }

    fn to_declaration(self, _: &mut ImportContext) -> DomainDeclaration {
        DomainDeclaration {
            name: self.domain_name,
            certificate: Some(self.certificate_arn),
            description: self.description,
            logical_id: None,
        }
    }
}

/// CloudFormation's pattern, which is stricter than AppSync's (docs/reference/domains.md#names).
fn is_domain(name: &str) -> bool {
    let label = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let wildcard = first.strip_prefix('*').is_some_and(|rest| rest.is_empty() || label(rest));
    let labels = rest.split('.').count();
    name.len() <= NAME_MAX
        && (wildcard || label(first))
        && rest.split('.').all(label)
        && labels >= if wildcard { 2 } else { 1 }
}

fn check_certificate(
    certificate: &Text,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    let at = [PathStep::Key("certificate")];
    let is_valid = |text: &str| arn::is_of(text, "acm", "certificate/");
    let help = "such as arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012";
    if let Some(invalid) = scope.invalid_reading(certificate, is_valid) {
        diagnostics.error_if_invalid(
            Some(invalid),
            "PV281",
            &at,
            "not a valid ACM certificate ARN",
            help,
        );
        return;
    }
    let there = |text: &str| arn::parse(text).is_none_or(|part| part.region == "us-east-1");
    let message = "the certificate must be in us-east-1, in whichever region the API is";
    let help = "issue or import the certificate in us-east-1";
    diagnostics.error_if_invalid(
        scope.invalid_reading(certificate, there),
        "PV281",
        &at,
        message,
        help,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_labels_in_lower_case() {
        for name in ["events.example.com", "a.b", "*.example.com", "*x.example.com", "1.2-3.c"] {
            assert!(is_domain(name), "{name}");
        }
        for name in
            ["", "example", "*.com", "Events.example.com", "a..b", "a.b.", ".a.b", "a_b.c", "a b.c"]
        {
            assert!(!is_domain(name), "{name}");
        }
    }
}

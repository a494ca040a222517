//! `AWS::AppSync::DomainNameApiAssociation`: the API of a domain name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::address::Address;
use crate::kind::{
    ChangeAction, CheckContext, DiagnosticSink, Facts, IfMissing, ImportContext, KeyFacts,
    PathStep, Reference, TemplateFacts, TypedKind,
};
use crate::kinds::domain_name::DomainDeclaration;
use crate::kinds::logical_id::LogicalId;
use crate::model::Attributes;
use crate::ownership::ASSOCIATION_TAG;
use crate::suggest::unknown_name_help;
use crate::text::{Placeholder, Text};

/// The association of a domain name with an API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DomainAssociation {
    /// The id of the API.
    pub api_id: Text,
    /// The domain name.
    pub domain_name: Text,
}

/// The API that a domain name serves. Default: none yet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "api": "sample" }))]
pub struct AssociationDeclaration {
    /// The API: a name under `apis`. It can be changed without a new domain name.
    #[schemars(example = &"sample")]
    api: String,
    /// The logical id in a CloudFormation template. Default: derived from the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

/// How a template has a domain name association.
const TEMPLATE: TemplateFacts = TemplateFacts {
    references: &[
        Reference {
            property: "ApiId",
            section: "apis",
            attribute: "ApiId",
            if_missing: IfMissing::LeaveAlone,
        },
        Reference {
            property: "DomainName",
            section: "domains",
            attribute: "DomainName",
            if_missing: IfMissing::DeclareExisting("name"),
        },
    ],
    ..TemplateFacts::new(KeyFacts::SINGLETON, Some("ApiAssociationIdentifier"))
};

impl TypedKind for DomainAssociation {
    const FACTS: Facts = Facts {
        parent: Some("domains"),
        is_singleton: true,
        create_only: &["DomainName"],
        depends_on: &["logRoles", "apis", "domains"],
        spec_paths: &[("ApiId", "api")],
        ..Facts::new(
            "AWS::AppSync::DomainNameApiAssociation",
            "domain name association",
            "association",
            "{api: sample}",
            TEMPLATE,
        )
    };
    type Declaration = AssociationDeclaration;

    fn check(
        declared: &AssociationDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        let known = scope.names("apis");
        if !known.contains(&declared.api.as_str()) {
            let message = format!("unknown API `{}`", declared.api);
            diagnostics.error("PV286", &[PathStep::Key("api")], message).help =
                Some(unknown_name_help(&declared.api, "apis", &known));
        }
    }

    fn exists(&self) -> bool {
        self.api_id.as_literal() != Some("")
    }

    fn effects(verb: ChangeAction, before: Option<&Self>, _: Option<&Self>) -> Vec<String> {
        let before = before.filter(|before| before.exists());
        let Some(name) = before.map(|before| &before.domain_name) else {
            return vec!["the domain name serves an API".to_owned()];
        };
        vec![match verb {
            ChangeAction::Delete => format!("clients of {name} no longer reach an API"),
            ChangeAction::Replace => {
                format!("clients of {name} reach no API until the change is complete")
            }
            _ => format!("clients of {name} reach another API"),
        }]
    }

    fn conflict_hint(address: &Address, unmanaged: &str, _: &Attributes) -> String {
        let name = unmanaged.split(' ').next().unwrap_or_default();
        format!(
            "remove it on AWS first (`aws appsync disassociate-api --domain-name {name}`), or adopt it: set the tag `{ASSOCIATION_TAG}=STACK/{address}` of the domain name, with the name of this stack"
        )
    }

    fn expand(declared: &AssociationDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        let domain = scope.address.parent()?;
        let found = scope.declared::<DomainDeclaration>(&domain)?;
        Some(Self {
            api_id: Text::attribute(&Address::top_level("apis", &declared.api), "ApiId"),
            domain_name: match found.certificate {
                Some(_) => Text::attribute(&domain, "DomainName"),
                None => found.name,
            },
        })
    }

    fn to_declaration(self, found: &mut ImportContext) -> AssociationDeclaration {
        // The name of an existing domain is written nowhere else.
        if self
            .domain_name
            .placeholders()
            .all(|placeholder| !matches!(placeholder, Placeholder::Attribute { .. }))
        {
            found.parent_members.insert("name".into(), self.domain_name.to_value());
        }
        let api = self.api_id.placeholders().find_map(|placeholder| match placeholder {
            Placeholder::Attribute { address, .. } => Some(address.name().to_owned()),
            _ => None,
        });
        AssociationDeclaration { api: api.unwrap_or_default(), logical_id: None }
    }
}

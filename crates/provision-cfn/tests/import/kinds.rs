//! What holds for every kind: a new one without a complete set of facts fails here.
use std::collections::BTreeMap;

use provision_cfn::import::import;
use provision_cfn::render::render_template;
use provision_core::kinds::KINDS;
use provision_core::source::Source;
use provision_core::spec::Spec;
use provision_core::text::{Placeholder, Text};
use serde_json::{Value, json};

use crate::{load_spec, options};

/// A spec with a resource of every kind. A new kind must be added here.
const EVERY_KIND: &str = "
version: 1
stack: every
logRoles:
  logs: {}
apis:
  chat:
    auth: { providers: [API_KEY, AWS_IAM] }
    logging: { level: ERROR, role: logs }
    protect: true
    apiKeys:
      web: { validFor: 90d }
    dataSources:
      orders:
        lambda: { function: 'arn:aws:lambda:eu-west-1:123456789012:function:orders' }
        serviceRole: arn:aws:iam::123456789012:role/call-orders
    namespaces:
      room:
        handlers:
          onPublish: { dataSource: orders, behavior: DIRECT }
          onSubscribe: { dataSource: orders, behavior: DIRECT }
    waf:
      webAcl: arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/12345678-1234-1234-1234-123456789012
domains:
  events:
    name: events.example.com
    certificate: arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012
    association: { api: chat }
";

fn every_kind() -> Spec {
    load_spec(EVERY_KIND, &BTreeMap::new())
}

#[test]
fn every_kind_is_imported_as_it_was_rendered() {
    let spec = every_kind();
    let template = render_template(&spec, false).document.to_string();
    let (source, diagnostics) = Source::parse("template.json", template.as_bytes());
    assert_eq!(diagnostics, []);
    let imported = import(&source, &options("every", "", &[]));
    let text = imported.spec.unwrap_or_else(|| panic!("{:#?}", imported.diagnostics)).text;
    let imported = load_spec(&text, &BTreeMap::new());
    for kind in KINDS {
        let resources = |spec: &Spec| -> BTreeMap<String, Value> {
            let resources = spec.desired.iter().filter(|(_, resource)| resource.kind == *kind);
            resources
                .map(|(address, resource)| (address.to_string(), json!(resource.properties)))
                .collect()
        };
        let rendered = resources(&spec);
        assert!(!rendered.is_empty(), "EVERY_KIND does not have a {}", kind.noun);
        assert_eq!(resources(&imported), rendered, "{}\n{text}", kind.noun);
    }
}

#[test]
fn references_of_every_kind_are_facts() {
    for (address, resource) in &every_kind().desired {
        let kind = resource.kind;
        let properties = json!(resource.properties);
        let facts: Vec<Text> = kind
            .template
            .references
            .iter()
            .map(|reference| {
                let pointer = format!("/{}", reference.property.replace('.', "/"));
                let value = properties.pointer(&pointer).cloned().unwrap_or_default();
                let text: Text = serde_json::from_value(value).unwrap();
                let placeholder = text.placeholders().next().cloned();
                let Some(Placeholder::Attribute { address, name }) = placeholder else {
                    panic!("{address}: {} is not a reference: {text}", reference.property)
                };
                assert_eq!(address.section(), reference.section, "{kind:?}");
                assert_eq!(name, reference.attribute, "{kind:?}");
                text
            })
            .collect();
        let mut placeholders = resource.properties.placeholders();
        placeholders.retain(|placeholder| matches!(placeholder, Placeholder::Attribute { .. }));
        for placeholder in placeholders {
            let text = Text::placeholder(placeholder);
            assert!(facts.contains(&text), "{kind:?} has no fact for the reference {text}");
        }
        assert_eq!(kind.parent_reference().is_some(), kind.parent.is_some(), "{kind:?}");
    }
}

#[test]
fn targets_of_references_are_earlier_in_the_table() {
    for (n, kind) in KINDS.iter().enumerate() {
        for reference in kind.template.references {
            let is_earlier = KINDS[..n].iter().any(|other| other.section == reference.section);
            assert!(is_earlier, "{kind:?}: {} is later in KINDS", reference.section);
        }
    }
}

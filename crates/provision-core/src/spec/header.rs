//! What stands beside the sections of a spec: name, region, tags, parameters.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kind::{CheckContext, DiagnosticSink, PathStep};
use crate::ownership::{ADDRESS_TAG, STACK_TAG};
use crate::spec::parameters::Parameters;
use crate::suggest::closest_match;
use crate::text::Text;

/// One stack of AWS AppSync Events: APIs, channel namespaces, keys and the roles for their logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "provision spec")]
pub struct SpecHeader {
    /// Version of the spec format: 1.
    #[schemars(range(min = 1, max = 1), example = 1)]
    version: u32,
    /// Name of the stack. This file may change and delete the resources that have this name in
    /// their ownership tags.
    #[schemars(
        regex(pattern = r"^([A-Za-z]|\$\{\w+\})([A-Za-z0-9-]|\$\{\w+\})*$"),
        extend("patternErrorMessage" = "a stack is named by a letter, then letters, digits and hyphens, 128 at most"),
        example = &"chat", example = &"chat-${stage}"
    )]
    pub stack: Text,
    /// Text that describes the stack. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Real-time delivery")]
    pub description: Option<Text>,
    /// AWS region, such as `ap-northeast-1`. Default: the region of the AWS profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$"), extend("patternErrorMessage" = "expected a region such as ap-northeast-1"), example = &"ap-northeast-1")]
    pub region: Option<String>,
    /// AWS account of the stack, in quotes. With credentials of another account, commands fail
    /// before they read or change anything. Default: the account of the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]{12}$"), extend("patternErrorMessage" = "an AWS account is twelve digits"), example = &"123456789012")]
    pub account: Option<String>,
    /// Tags of every resource that supports tags, in addition to the ownership tags. Default: none.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "team": "realtime" }))]
    tags: BTreeMap<String, Text>,
    /// Values that differ from stage to stage. `apply` replaces `${NAME}` in a text by the value of
    /// the parameter; `render` keeps it as a parameter of the template. Default: none.
    #[serde(default)]
    #[schemars(
        extend("propertyNames" = { "pattern": "^[A-Za-z][A-Za-z0-9]{0,254}$", "patternErrorMessage": "a parameter is named by a letter, then letters and digits, as CloudFormation has it" }),
        example = serde_json::json!({ "stage": { "default": "dev", "allowed": ["dev", "prod"], "description": "Where this runs" } })
    )]
    pub parameters: Parameters,
}

impl SpecHeader {
    /// Reads the head of a document.
    pub fn read(document: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(header_keys_only(document))
    }

    /// Reports what is wrong with it beyond its shape.
    pub fn check(&self, scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
        check_name(&self.stack, scope, diagnostics);
        check_tags(&self.tags, scope, diagnostics);
        check_description(self, diagnostics);
        check_quotas(scope, diagnostics);
        check_region(self, diagnostics);
    }
}

/// What stands beside the sections. Of what must be there and could not be read, reading has said so;
/// something stands in for it, so that the rest is looked at all the same.
fn header_keys_only(document: &Value) -> Value {
    let member = |name: &str| Some((name.to_owned(), document.get(name)?.clone()));
    let standing_in = json!({ "version": 1, "stack": "" });
    let mut head = standing_in.as_object().cloned().unwrap_or_default();
    head.extend(HEADER_KEYS.iter().filter_map(|name| member(name)));
    Value::Object(head)
}

/// The members of the head.
const HEADER_KEYS: &[&str] =
    &["version", "stack", "description", "region", "account", "tags", "parameters"];

/// The regions of AWS, as far as anybody here knows.
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

fn check_name(stack: &Text, scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
    let sound = |name: &str| {
        name.starts_with(|character: char| character.is_ascii_alphabetic())
            && name.len() <= 128
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    // Of one that is missing or no name, reading has said so.
    if *stack == Text::default() {
        return;
    }
    let at = [PathStep::Key("stack")];
    let message = "a stack can't have this name";
    let help = "a letter, then letters, digits and hyphens, 128 at most";
    diagnostics.error_if_invalid(scope.invalid_reading(stack, sound), "PV264", &at, message, help);
}

/// AWS adds regions faster than anybody lists them, so only what is nearly one of the known is said.
fn check_region(head: &SpecHeader, diagnostics: &mut DiagnosticSink) {
    let Some(region) = head.region.as_deref().filter(|region| !REGIONS.contains(region)) else {
        return;
    };
    if let Some(meant) = closest_match(region, REGIONS.iter().copied())
        .filter(|suggestion| is_typo(region, suggestion))
    {
        let message = format!("no region that we know is called `{region}`");
        let diagnostic = diagnostics.warning("PV265", &[PathStep::Key("region")], message);
        diagnostic.help = Some(format!("did you mean `{meant}`?"));
        diagnostic.suggestion = Some(meant.to_owned());
    }
}

/// Whether both have the same letters, in another order: a new region has another name, or number.
fn is_typo(written: &str, meant: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(written) == sorted(meant) || written.len() != meant.len()
}

/// What an account has in a region, unless AWS raised it (docs/reference/quotas.md#control-plane).
fn check_quotas(scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
    const IN_A_REGION_MAX: usize = 50;
    for section in ["apis", "domains"] {
        let count = scope.names(section).len();
        if count > IN_A_REGION_MAX {
            let message = format!(
                "{count} of them; in a region AppSync takes {IN_A_REGION_MAX}, unless AWS raised that"
            );
            diagnostics.warning_at_key("PV220", &[PathStep::Key(section)], message).help =
                Some("ask AWS for a higher quota before you apply this".into());
        }
    }
}

fn check_description(head: &SpecHeader, diagnostics: &mut DiagnosticSink) {
    let Some(description) = &head.description else { return };
    let at = [PathStep::Key("description")];
    match description.as_literal() {
        None => {
            diagnostics
                .error("PV217", &at, "a template's description can't have `${…}`".into())
                .help = Some("write the text itself".into());
        }
        Some(text) if text.len() > 1_024 => {
            diagnostics
                .error("PV217", &at, "CloudFormation takes 1,024 bytes of description".into())
                .help = Some("say less".into());
        }
        Some(_) => {}
    }
}

/// AppSync's and IAM's common rules for tags (docs/reference/control-plane.md#tags), and ours:
/// marks are not for users.
fn check_tags(
    tags: &BTreeMap<String, Text>,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    /// AWS takes 50; two are ours.
    const TAGS_MAX: usize = 48;
    if tags.len() > TAGS_MAX {
        let message =
            format!("{} tags; AWS takes 50, and two of them mark what is ours", tags.len());
        diagnostics.error_at_key("PV211", &[PathStep::Key("tags")], message).help =
            Some(format!("{TAGS_MAX} at most"));
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || " +-=._:/@".contains(letter);
    for (key, value) in tags {
        let at = [PathStep::Key("tags"), PathStep::Key(key)];
        if key.to_ascii_lowercase().starts_with("aws:") || key == STACK_TAG || key == ADDRESS_TAG {
            let whose = if key.starts_with("provision:") { "provision's own marks" } else { "AWS" };
            let message = format!("the tag `{key}` is reserved for {whose}");
            diagnostics.error_at_key("PV212", &at, message).help =
                Some("give it another name, or remove it".into());
        } else if key.is_empty()
            || key.len() > 128
            || !key.chars().all(|character| allowed(character) && character != '@')
        {
            diagnostics.error_at_key("PV213", &at, "AWS takes no such tag key".into()).help =
                Some("1 to 128 letters, digits, spaces and `+-=._:/`".into());
        }
        let sound = |text: &str| text.chars().count() <= 256 && text.chars().all(allowed);
        let message = "AWS takes no such tag value";
        let help = "at most 256 letters, digits, spaces and `+-=._:/@`";
        diagnostics.error_if_invalid(
            scope.invalid_reading(value, sound),
            "PV213",
            &at,
            message,
            help,
        );
    }
}

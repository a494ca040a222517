//! The header of a spec, which is everything except the sections of resources: name, region, tags, parameters.
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
        extend("patternErrorMessage" = "expected a letter, followed by letters, digits and hyphens, at most 128 characters"),
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
    #[schemars(regex(pattern = r"^[0-9]{12}$"), extend("patternErrorMessage" = "expected an AWS account of twelve digits, in quotes"), example = &"123456789012")]
    pub account: Option<String>,
    /// Tags of every resource that supports tags, in addition to the ownership tags. Default: none.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "team": "realtime" }))]
    tags: BTreeMap<String, Text>,
    /// Values that differ from stage to stage. `apply` replaces `${NAME}` in a text by the value of
    /// the parameter; `render` keeps it as a parameter of the template. Default: none.
    #[serde(default)]
    #[schemars(
        extend("propertyNames" = { "pattern": "^[A-Za-z][A-Za-z0-9]{0,254}$", "patternErrorMessage": "a parameter name has a letter, followed by letters and digits, at most 255 characters" }),
        example = serde_json::json!({ "stage": { "default": "dev", "allowed": ["dev", "prod"], "description": "Where this runs" } })
    )]
    pub parameters: Parameters,
}

impl SpecHeader {
    /// Reads the header of a document.
    pub fn read(document: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(header_keys_only(document))
    }

    /// Reports errors that the schema does not detect.
    pub fn check(&self, scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
        check_name(&self.stack, scope, diagnostics);
        check_tags(&self.tags, scope, diagnostics);
        check_description(self, diagnostics);
        check_quotas(scope, diagnostics);
        check_region(self, diagnostics);
    }
}

/// Returns the header without the sections. A missing required key was reported when the document was read; its
/// default here makes the rest of the header readable.
fn header_keys_only(document: &Value) -> Value {
    let member = |name: &str| Some((name.to_owned(), document.get(name)?.clone()));
    let defaults = json!({ "version": 1, "stack": "" });
    let mut header = defaults.as_object().cloned().unwrap_or_default();
    header.extend(HEADER_KEYS.iter().filter_map(|name| member(name)));
    Value::Object(header)
}

/// The keys of the header.
const HEADER_KEYS: &[&str] =
    &["version", "stack", "description", "region", "account", "tags", "parameters"];

/// The known regions of AWS. The list may be incomplete.
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
    let is_valid = |name: &str| {
        name.starts_with(|character: char| character.is_ascii_alphabetic())
            && name.len() <= 128
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    // An empty name is missing or not valid, which was reported when the document was read.
    if *stack == Text::default() {
        return;
    }
    let path = [PathStep::Key("stack")];
    let message = "not a valid stack name";
    let help = "a letter, followed by letters, digits and hyphens, at most 128 characters";
    let invalid = scope.invalid_reading(stack, is_valid);
    diagnostics.error_if_invalid(invalid, "PV264", &path, message, help);
}

/// Reports a region that resembles a known one. Other unknown regions are accepted, because AWS adds regions.
fn check_region(header: &SpecHeader, diagnostics: &mut DiagnosticSink) {
    let Some(region) = header.region.as_deref().filter(|region| !REGIONS.contains(region)) else {
        return;
    };
    if let Some(suggestion) = closest_match(region, REGIONS.iter().copied())
        .filter(|suggestion| is_typo(region, suggestion))
    {
        let message = format!("unknown region `{region}`");
        let diagnostic = diagnostics.warning("PV265", &[PathStep::Key("region")], message);
        diagnostic.help = Some(format!("did you mean `{suggestion}`?"));
        diagnostic.suggestion = Some(suggestion.to_owned());
    }
}

/// Whether `written` has the same letters in another order or has another length. Otherwise it can be a new region,
/// such as one with another number.
fn is_typo(written: &str, known: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(written) == sorted(known) || written.len() != known.len()
}

/// Reports more resources than the default quotas allow (docs/reference/quotas.md#control-plane).
fn check_quotas(scope: &CheckContext<'_>, diagnostics: &mut DiagnosticSink) {
    const DEFAULT_QUOTA: usize = 50;
    for section in ["apis", "domains"] {
        let count = scope.names(section).len();
        if count > DEFAULT_QUOTA {
            let message = format!(
                "{count} entries in `{section}`, and AppSync's default quota in a region is {DEFAULT_QUOTA}"
            );
            diagnostics.warning_at_key("PV220", &[PathStep::Key(section)], message).help =
                Some("request a higher quota from AWS before you apply the spec".into());
        }
    }
}

fn check_description(header: &SpecHeader, diagnostics: &mut DiagnosticSink) {
    /// CloudFormation's limit.
    const DESCRIPTION_MAX: usize = 1_024;
    let Some(description) = &header.description else { return };
    let path = [PathStep::Key("description")];
    match description.as_literal() {
        None => {
            let message = "the description of a template cannot contain `${…}`".to_owned();
            diagnostics.error("PV217", &path, message).help = Some("write literal text".into());
        }
        Some(text) if text.len() > DESCRIPTION_MAX => {
            let message = format!(
                "the description has {} bytes, and CloudFormation allows 1,024",
                text.len()
            );
            diagnostics.error("PV217", &path, message).help = Some("shorten it".into());
        }
        Some(_) => {}
    }
}

/// Checks the rules for tags that AppSync and IAM share (docs/reference/control-plane.md#tags). Ownership tags are
/// reserved.
fn check_tags(
    tags: &BTreeMap<String, Text>,
    scope: &CheckContext<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    /// AWS allows 50; two are ownership tags.
    const TAGS_MAX: usize = 48;
    if tags.len() > TAGS_MAX {
        let message =
            format!("{} tags, and AWS allows 50, including two ownership tags", tags.len());
        diagnostics.error_at_key("PV211", &[PathStep::Key("tags")], message).help =
            Some(format!("declare at most {TAGS_MAX} tags"));
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || " +-=._:/@".contains(letter);
    for (key, value) in tags {
        let path = [PathStep::Key("tags"), PathStep::Key(key)];
        if key.to_ascii_lowercase().starts_with("aws:") || key == STACK_TAG || key == ADDRESS_TAG {
            let owner = if key.starts_with("provision:") { "ownership tags" } else { "AWS" };
            let message = format!("the tag key `{key}` is reserved for {owner}");
            diagnostics.error_at_key("PV212", &path, message).help =
                Some("rename the tag or remove it".into());
        } else if key.is_empty()
            || key.len() > 128
            || !key.chars().all(|character| allowed(character) && character != '@')
        {
            let message = format!("`{key}` is not a valid tag key");
            diagnostics.error_at_key("PV213", &path, message).help =
                Some("1 to 128 letters, digits, spaces and `+-=._:/`".into());
        }
        let is_valid = |text: &str| text.chars().count() <= 256 && text.chars().all(allowed);
        let message = "not a valid tag value";
        let help = "at most 256 letters, digits, spaces and `+-=._:/@`";
        let invalid = scope.invalid_reading(value, is_valid);
        diagnostics.error_if_invalid(invalid, "PV213", &path, message, help);
    }
}

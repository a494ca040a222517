//! The user's file: checked and expanded to what should exist. Pure.
mod declare;
mod interpolate;
mod logical_ids;
mod schema;

pub use declare::{Declared, declare};
pub use logical_ids::{logical_id, shared_ids};
pub use schema::schema;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::diagnostic::{At, Diagnostic, Path, Severity};
use crate::kind::{Desired, Files, Problems, Resource, Scope, Step};
use crate::kinds::{self, Row};
use crate::mark::{ADDRESS_TAG, STACK_TAG};
use crate::model::Tags;
use crate::source::Source;
use crate::source::read::read;
use crate::text::Text;

/// One stack of AWS AppSync Events: APIs, channel namespaces, keys and the roles for their logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "provision spec")]
pub struct Head {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    /// The scope of ownership: what this file may change and delete on AWS. The name of the stack
    /// where CloudFormation deploys it.
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9-]{0,127}$"), extend("patternErrorMessage" = "a stack is named by a letter, then letters, digits and hyphens, 128 at most"))]
    stack: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Text>,
    /// Where it stands, such as `ap-northeast-1`. Left out: the region of the AWS profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]{2}(-[a-z]+)+-[0-9]+$"), extend("patternErrorMessage" = "expected a region such as ap-northeast-1"))]
    region: Option<String>,
    /// Tags on everything that takes tags.
    #[serde(default)]
    tags: std::collections::BTreeMap<String, Text>,
}

/// A spec that was read.
#[derive(Clone, Debug)]
pub struct Spec {
    pub stack: String,
    pub description: Option<Text>,
    pub region: Option<String>,
    pub desired: Desired,
}

/// Everything a spec means and everything that is wrong with it, all at once.
///
/// The spec is there only if nothing is wrong: nobody may act on half of it.
pub fn load(
    source: &Source,
    files: &dyn Files,
    now_epoch_s: i64,
) -> (Option<Spec>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let document = read(source, &schema(), &mut problems);
    let document = interpolate::interpolate(document, &mut problems);
    let head: Result<Head, _> = serde_json::from_value(document.clone());
    match &head {
        Ok(head) => check_head(head, &mut problems),
        Err(error) => {
            unforeseen(format!("this is no spec: {error}"), &Path::default(), &mut problems);
        }
    }
    let mut reading =
        Reading { document: &document, files, now_epoch_s, desired: Desired::new(), problems };
    for row in kinds::under(None) {
        reading.section(row, None, &document, &Path::default());
    }
    let Reading { mut desired, mut problems, .. } = reading;
    logical_ids::check(&desired, &mut problems);
    let failed = problems.iter().any(|it| it.severity == Severity::Error);
    let spec = head.ok().filter(|_| !failed).map(|head| Spec {
        stack: head.stack,
        description: head.description,
        region: head.region,
        desired: std::mem::take(&mut desired),
    });
    (spec, problems)
}

/// What has been read so far.
struct Reading<'a> {
    document: &'a Value,
    files: &'a dyn Files,
    now_epoch_s: i64,
    desired: Desired,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    /// Reads the declarations of one kind in `around`, and what is declared inside them.
    fn section(
        &mut self,
        row: &'static Row,
        parent: Option<&Address>,
        around: &Value,
        path: &Path,
    ) {
        let section = row.facts.section;
        let declarations = around.get(section).and_then(Value::as_object);
        for (name, declared) in declarations.into_iter().flatten() {
            let address = match parent {
                Some(parent) => parent.child(section, name),
                None => Address::top(section, name),
            };
            let path = path.clone().key(section).key(name);
            self.declaration(row, &address, declared, &path);
            for row in kinds::under(Some(section)) {
                self.section(row, Some(&address), declared, &path);
            }
        }
    }

    fn declaration(&mut self, row: &'static Row, address: &Address, declared: &Value, path: &Path) {
        let scope = Scope {
            address: address.clone(),
            document: self.document,
            now_epoch_s: self.now_epoch_s,
            files: self.files,
        };
        let mut problems = Problems::under(path.clone());
        let checked = (row.facts.check)(declared, &scope, &mut problems);
        self.problems.extend(problems.into_vec());
        match checked.and_then(|()| (row.facts.expand)(declared, &scope)) {
            Ok(Some(properties)) => {
                let resource =
                    Resource { kind: &row.facts, properties, declared: declared.clone() };
                self.desired.insert(address.clone(), resource);
            }
            Ok(None) => {}
            Err(error) => {
                let message = format!("this is no {}: {error}", row.facts.noun);
                unforeseen(message, path, &mut self.problems);
            }
        }
    }
}

/// Whatever the types refuse, the schema has refused before, at its place. This is for text that
/// turned out to have holes where no hole can be, and for the day on which the two disagree.
fn unforeseen(message: String, path: &Path, problems: &mut Vec<Diagnostic>) {
    if !problems.iter().any(|it| it.severity == Severity::Error) {
        problems.push(Diagnostic::error("PV199", At::Value(path.clone()), message));
    }
}

fn check_head(head: &Head, problems: &mut Vec<Diagnostic>) {
    check_tags(&Tags(head.tags.clone()), problems);
    let mut found = Problems::under(Path::default());
    if let Some(description) = &head.description {
        let at = [Step::Key("description")];
        match description.as_plain() {
            None => {
                found.error("PV217", &at, "a template's description can't have `${…}`".into());
            }
            Some(text) if text.len() > 1_024 => {
                found.error("PV217", &at, "CloudFormation takes 1,024 bytes of description".into());
            }
            Some(_) => {}
        }
    }
    problems.extend(found.into_vec());
}

/// AppSync's and IAM's common rules for tags (reference §1.8), and ours: marks are not for users.
fn check_tags(tags: &Tags, problems: &mut Vec<Diagnostic>) {
    /// AWS takes 50; two are ours.
    const TAGS_MAX: usize = 48;
    let mut found = Problems::under(Path::default().key("tags"));
    if tags.0.len() > TAGS_MAX {
        let message =
            format!("{} tags; AWS takes 50, and two of them mark what is ours", tags.0.len());
        found.error_at_key("PV211", &[], message).help = Some(format!("{TAGS_MAX} at most"));
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || " +-=._:/@".contains(letter);
    for (key, value) in &tags.0 {
        let at = [Step::Key(key)];
        if key.to_ascii_lowercase().starts_with("aws:") || key == STACK_TAG || key == ADDRESS_TAG {
            let whose = if key.starts_with("provision:") { "provision's own marks" } else { "AWS" };
            found.error_at_key("PV212", &at, format!("the tag `{key}` is reserved for {whose}"));
        } else if key.is_empty()
            || key.len() > 128
            || !key.chars().all(|it| allowed(it) && it != '@')
        {
            found.error_at_key("PV213", &at, "AWS takes no such tag key".into()).help =
                Some("1 to 128 letters, digits, spaces and `+-=._:/`".into());
        }
        let sound = |text: &str| text.chars().count() <= 256 && text.chars().all(allowed);
        if value.as_plain().is_some_and(|text| !sound(text)) {
            found.error("PV213", &at, "AWS takes no such tag value".into()).help =
                Some("at most 256 letters, digits, spaces and `+-=._:/@`".into());
        }
    }
    problems.extend(found.into_vec());
}

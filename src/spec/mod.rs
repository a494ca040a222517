//! The user's file: checked and expanded to what should exist. Pure.
mod declare;
mod logical_ids;
mod parameters;
mod schema;
mod substitute;

pub use declare::{Declared, as_declared, declare, put};
pub use logical_ids::{logical_id, shared_ids};
pub use parameters::{Given, Parameter, Parameters, objections};
pub use schema::schema;

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::access;
use crate::address::Address;
use crate::diagnostic::{At, Diagnostic, Path, Severity};
use crate::kind::{Desired, Files, Firsts, Problems, Resource, Scope, Step, readings};
use crate::kinds::{self, Row};
use crate::mark::{ADDRESS_TAG, STACK_TAG};
use crate::source::Source;
use crate::source::read::read;
use crate::spec::substitute::Substitutes;
use crate::suggest::meant;
use crate::text::{Hole, Text};

/// One stack of AWS AppSync Events: APIs, channel namespaces, keys and the roles for their logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "provision spec")]
pub struct Head {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1), example = 1)]
    version: u32,
    /// The scope of ownership: what this file may change and delete on AWS. The name of the stack
    /// where CloudFormation deploys it.
    #[schemars(
        regex(pattern = r"^([A-Za-z]|\$\{\w+\})([A-Za-z0-9-]|\$\{\w+\})*$"),
        extend("patternErrorMessage" = "a stack is named by a letter, then letters, digits and hyphens, 128 at most"),
        example = &"chat", example = &"chat-${stage}"
    )]
    stack: Text,
    /// What it is for. Left out: nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Real-time delivery")]
    description: Option<Text>,
    /// Where it stands, such as `ap-northeast-1`. Left out: the region of the AWS profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]{2}(-[a-z]+)+-[0-9]+$"), extend("patternErrorMessage" = "expected a region such as ap-northeast-1"), example = &"ap-northeast-1")]
    region: Option<String>,
    /// Tags on everything that takes tags. Left out: none but provision's own.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "team": "realtime" }))]
    tags: BTreeMap<String, Text>,
    /// What differs from stage to stage. `${NAME}` stands for a parameter in any text; applying puts
    /// its value there, rendering keeps it as a parameter of the template. Left out: none.
    #[serde(default)]
    #[schemars(
        extend("propertyNames" = { "pattern": "^[A-Za-z][A-Za-z0-9]{0,254}$", "patternErrorMessage": "a parameter is named by a letter, then letters and digits, as CloudFormation has it" }),
        example = serde_json::json!({ "stage": { "default": "dev", "allowed": ["dev", "prod"], "description": "Where this runs" } })
    )]
    parameters: Parameters,
}

/// A spec that was read.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name, which may depend on parameters; `stack` once they have their values.
    name: Text,
    /// Its name as far as given values and defaults say it.
    pub stack: String,
    pub description: Option<Text>,
    pub region: Option<String>,
    pub parameters: Parameters,
    pub desired: Desired,
}

impl Spec {
    /// The same spec with a value in the place of every parameter, or a line for each reason why
    /// that can't be. Nothing that is applied has a parameter left.
    pub fn with_values(mut self, given: &Given) -> Result<Self, Vec<String>> {
        self.reject(given, &|_| true)?;
        let value = |hole: &Hole| match hole {
            Hole::Parameter(name) => self.parameters.get(name)?.value(given.get(name)),
            Hole::Pseudo(name) if name == "AWS::StackName" => Some(self.stack.clone()),
            _ => None,
        };
        for resource in self.desired.values_mut() {
            resource.properties = resource.properties.filled(&value);
        }
        Ok(self)
    }

    /// The same spec, whose name is sure: all that matters where nothing is made.
    pub fn with_name(self, given: &Given) -> Result<Self, Vec<String>> {
        self.reject(given, &|name| self.name.holes().any(|it| it.to_string() == name))?;
        Ok(self)
    }

    fn reject(&self, given: &Given, needed: &dyn Fn(&str) -> bool) -> Result<(), Vec<String>> {
        let mut reasons = objections(&self.parameters, given);
        for name in parameters::missing(&self.parameters, given).into_iter().filter(|it| needed(it))
        {
            reasons.push(format!("parameter `{name}` has no default and was given no value"));
        }
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }
}

/// Everything a spec means and everything that is wrong with it, all at once.
///
/// The spec is there only if nothing is wrong: nobody may act on half of it.
pub fn load(
    source: &Source,
    files: &dyn Files,
    now_epoch_s: i64,
    given: &Given,
) -> (Option<Spec>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let (schema, substitutes) = (schema(), Substitutes::of(source.keys("parameters")));
    let document = read(source, schema, &|text| substitutes.read(text), &mut problems);
    let unread: Vec<Path> = problems.iter().filter_map(Diagnostic::path).cloned().collect();
    let head = Head::deserialize(head_of(&document));
    let known = match &head {
        Ok(head) => {
            let mut found = Problems::under(Path::default().key("parameters"));
            parameters::check(&head.parameters, &substitutes, &mut found);
            problems.extend(found.into_vec());
            known(head, given)
        }
        Err(error) => {
            unforeseen(format!("this is no spec: {error}"), &Path::default(), &mut problems);
            BTreeMap::new()
        }
    };
    let desired = Desired::new();
    let firsts = Firsts::default();
    let (document, known, unread, firsts) = (&document, &known, unread.as_slice(), &firsts);
    let mut reading =
        Reading { document, files, now_epoch_s, known, unread, firsts, desired, problems };
    if let Ok(head) = &head {
        reading.head(head);
    }
    for row in kinds::under(None) {
        reading.section(row, None, document, &Path::default());
    }
    let Reading { mut desired, mut problems, .. } = reading;
    let names = head.as_ref().map(|it| it.parameters.keys()).into_iter().flatten();
    logical_ids::check(&desired, names.map(String::as_str), &mut problems);
    access::check(&desired, &mut problems);
    // A file that several namespaces name is wrong once.
    let mut seen = HashSet::new();
    problems.retain(|it| match &it.at {
        At::In { file, span } => {
            seen.insert((it.code, file.name.clone(), span.start, it.message.clone()))
        }
        _ => true,
    });
    let failed = problems.iter().any(|it| it.severity == Severity::Error);
    let spec = head.ok().filter(|_| !failed).map(|head| Spec {
        stack: known.get("AWS::StackName").and_then(|it| it.first().cloned()).unwrap_or_default(),
        name: head.stack,
        description: head.description,
        region: head.region,
        parameters: head.parameters,
        desired: std::mem::take(&mut desired),
    });
    (spec, problems)
}

/// What stands beside the sections. Of what must be there and could not be read, reading has said so;
/// something stands in for it, so that the rest is looked at all the same.
fn head_of(document: &Value) -> Value {
    let member = |name: &str| Some((name.to_owned(), document.get(name)?.clone()));
    let standing_in = json!({ "version": 1, "stack": "" });
    let mut head = standing_in.as_object().cloned().unwrap_or_default();
    head.extend(HEAD.iter().filter_map(|name| member(name)));
    Value::Object(head)
}

/// The members of the head.
const HEAD: &[&str] = &["version", "stack", "description", "region", "tags", "parameters"];

/// The values that each `${…}` may have, as far as a spec says. Accounts' ids are alike, and
/// so are ARNs in all partitions.
fn known(head: &Head, given: &Given) -> BTreeMap<String, Vec<String>> {
    let candidates = |(name, it): (&String, &Parameter)| {
        (name.clone(), parameters::candidates(it, given.get(name)))
    };
    let mut known: BTreeMap<String, Vec<String>> = head.parameters.iter().map(candidates).collect();
    known.insert("AWS::AccountId".into(), vec!["123456789012".into()]);
    known.insert("AWS::Partition".into(), vec!["aws".into()]);
    known.insert("AWS::Region".into(), head.region.iter().cloned().collect());
    known.insert("AWS::StackName".into(), readings(&head.stack, &known));
    known
}

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

/// No account has so many of anything, and some checks compare each with all others.
const DECLARATIONS_MAX: usize = 10_000;

/// What has been read so far.
struct Reading<'a> {
    document: &'a Value,
    files: &'a dyn Files,
    now_epoch_s: i64,
    known: &'a BTreeMap<String, Vec<String>>,
    unread: &'a [Path],
    firsts: &'a Firsts,
    desired: Desired,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn scope(&self, address: Address) -> Scope<'_> {
        let Self { document, files, now_epoch_s, known, unread, firsts, .. } = *self;
        Scope { address, document, now_epoch_s, files, known, unread, firsts }
    }

    /// Checks what stands beside the sections.
    fn head(&mut self, head: &Head) {
        // Name, tags and description stand nowhere in particular.
        let scope = self.scope(Address::top("stack", "head"));
        let mut found = Problems::under(Path::default());
        check_name(&head.stack, &scope, &mut found);
        check_tags(&head.tags, &scope, &mut found);
        check_description(head, &mut found);
        check_quotas(&scope, &mut found);
        check_region(head, &mut found);
        self.problems.extend(found.into_vec());
    }

    /// Reads the declarations of one kind in `around`, and what is declared inside them.
    fn section(
        &mut self,
        row: &'static Row,
        parent: Option<&Address>,
        around: &Value,
        path: &Path,
    ) {
        let section = row.facts.section;
        if let (true, Some(parent)) = (row.facts.only, parent) {
            if let Some(declared) = around.get(section) {
                let path = path.clone().key(section);
                self.declaration(row, &parent.only(section), declared, &path);
            }
            return;
        }
        let declarations = around.get(section).and_then(Value::as_object);
        if let Some(count) = declarations.map(Map::len).filter(|it| *it > DECLARATIONS_MAX) {
            let at = At::Key(path.clone().key(section));
            let message = format!("{count} of them, and none is looked at: AWS takes far fewer");
            if !self.problems.iter().any(|it| it.code == "PV207" && it.at == at) {
                self.problems.push(Diagnostic::error("PV207", at, message));
            }
            return;
        }
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
        let scope = self.scope(address.clone());
        let mut problems = Problems::under(path.clone());
        let expanded = (row.facts.read)(declared, &scope, &mut problems);
        self.problems.extend(problems.into_vec());
        match expanded {
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

fn check_name(stack: &Text, scope: &Scope<'_>, problems: &mut Problems) {
    let sound = |name: &str| {
        name.starts_with(|it: char| it.is_ascii_alphabetic())
            && name.len() <= 128
            && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
    };
    // Of one that is missing or no name, reading has said so.
    if *stack == Text::default() {
        return;
    }
    let at = [Step::Key("stack")];
    let message = "a stack can't have this name";
    let help = "a letter, then letters, digits and hyphens, 128 at most";
    problems.refuse(scope.unsound(stack, sound), "PV264", &at, message, help);
}

/// AWS adds regions faster than anybody lists them, so only what is nearly one of the known is said.
fn check_region(head: &Head, problems: &mut Problems) {
    let Some(region) = head.region.as_deref().filter(|it| !REGIONS.contains(it)) else { return };
    if let Some(meant) = meant(region, REGIONS.iter().copied()).filter(|it| is_a_slip(region, it)) {
        let message = format!("no region that we know is called `{region}`");
        let problem = problems.warning("PV265", &[Step::Key("region")], message);
        problem.help = Some(format!("did you mean `{meant}`?"));
        problem.suggestion = Some(meant.to_owned());
    }
}

/// Whether both have the same letters, in another order: a new region has another name, or number.
fn is_a_slip(written: &str, meant: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(written) == sorted(meant) || written.len() != meant.len()
}

/// What an account has in a region, unless AWS raised it (reference §2.5).
fn check_quotas(scope: &Scope<'_>, problems: &mut Problems) {
    const IN_A_REGION_MAX: usize = 50;
    for section in ["apis", "domains"] {
        let count = scope.names(section).len();
        if count > IN_A_REGION_MAX {
            let message = format!(
                "{count} of them; in a region AppSync takes {IN_A_REGION_MAX}, unless AWS raised that"
            );
            problems.warning_at_key("PV220", &[Step::Key(section)], message).help =
                Some("ask AWS for a higher quota before you apply this".into());
        }
    }
}

fn check_description(head: &Head, problems: &mut Problems) {
    let Some(description) = &head.description else { return };
    let at = [Step::Key("description")];
    match description.as_plain() {
        None => {
            problems
                .error("PV217", &at, "a template's description can't have `${…}`".into())
                .help = Some("write the text itself".into());
        }
        Some(text) if text.len() > 1_024 => {
            problems.error("PV217", &at, "CloudFormation takes 1,024 bytes of description".into());
        }
        Some(_) => {}
    }
}

/// AppSync's and IAM's common rules for tags (reference §1.8), and ours: marks are not for users.
fn check_tags(tags: &BTreeMap<String, Text>, scope: &Scope<'_>, problems: &mut Problems) {
    /// AWS takes 50; two are ours.
    const TAGS_MAX: usize = 48;
    if tags.len() > TAGS_MAX {
        let message =
            format!("{} tags; AWS takes 50, and two of them mark what is ours", tags.len());
        problems.error_at_key("PV211", &[Step::Key("tags")], message).help =
            Some(format!("{TAGS_MAX} at most"));
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || " +-=._:/@".contains(letter);
    for (key, value) in tags {
        let at = [Step::Key("tags"), Step::Key(key)];
        if key.to_ascii_lowercase().starts_with("aws:") || key == STACK_TAG || key == ADDRESS_TAG {
            let whose = if key.starts_with("provision:") { "provision's own marks" } else { "AWS" };
            problems.error_at_key("PV212", &at, format!("the tag `{key}` is reserved for {whose}"));
        } else if key.is_empty()
            || key.len() > 128
            || !key.chars().all(|it| allowed(it) && it != '@')
        {
            problems.error_at_key("PV213", &at, "AWS takes no such tag key".into()).help =
                Some("1 to 128 letters, digits, spaces and `+-=._:/`".into());
        }
        let sound = |text: &str| text.chars().count() <= 256 && text.chars().all(allowed);
        let message = "AWS takes no such tag value";
        let help = "at most 256 letters, digits, spaces and `+-=._:/@`";
        problems.refuse(scope.unsound(value, sound), "PV213", &at, message, help);
    }
}

//! Which resources of a template a spec can declare, what hangs on what, and under which names.
mod domains;
pub mod handlers;
pub mod roles;

use std::collections::{BTreeMap, BTreeSet};

use crate::import::evaluate::Evaluator;
use crate::import::names;
use crate::import::template::{Resource, word};
use crate::import::value::{Is, Part, REF, Stands, of_resource, stands_for};
use provision_core::address::Address;
use provision_core::diagnostic::At;
use provision_core::kind::Kind;
use provision_core::kinds::KINDS;
use provision_core::ownership::PROTECT_TAG;
use provision_core::text::Text;

/// A resource that the spec will declare.
#[derive(Debug)]
pub struct Ours<'a> {
    pub id: &'a str,
    pub row: &'static dyn Kind,
    pub address: Address,
    /// Its properties with everything decided that could be.
    pub properties: Part,
    pub resource: &'a Resource<'a>,
}

impl Ours<'_> {
    /// Whether it has the tag that a spec's `protect: true` gives.
    pub fn is_protected(&self) -> bool {
        let tags = self.properties.get("Tags").and_then(Part::as_list);
        let protects = |tag: &Part| {
            let key = tag.get("Key").and_then(Part::as_text);
            key.and_then(Text::as_plain) == Some(PROTECT_TAG)
        };
        self.row.section == "apis" && tags.into_iter().flatten().any(protects)
    }
}

/// What became of a template's resources.
#[derive(Debug, Default)]
pub struct Chosen<'a> {
    /// In the order in which a spec declares them.
    pub ours: Vec<Ours<'a>>,
    /// What other means make.
    pub left: Vec<&'a Resource<'a>>,
    pub addresses: BTreeMap<&'a str, Address>,
    /// Roles that the template does not make and that an API logs with: name and ARN.
    pub existing_roles: Vec<(String, Text)>,
}

/// The order of sections in a spec.
const ORDER: &[&str] =
    &["logRoles", "apis", "apiKeys", "dataSources", "namespaces", "waf", "domains", "association"];

/// Where an API says which role it logs with.
pub const LOG_ROLE: &[&str] = &["EventConfig", "LogConfig", "CloudWatchLogsRoleArn"];

/// A resource of a kind that we know, before it is known where it belongs.
struct Candidate<'a> {
    resource: &'a Resource<'a>,
    row: &'static dyn Kind,
    properties: Part,
}

/// Sorts the template's resources into ours and others', and names ours.
pub fn choose<'a>(evaluator: &mut Evaluator<'a>) -> Chosen<'a> {
    let template = evaluator.template;
    let mut chosen = Chosen::default();
    let mut candidates = Vec::new();
    for resource in &template.resources {
        let row = KINDS.iter().copied().find(|row| row.type_name == resource.type_name);
        let Some(row) = row else {
            chosen.left.push(resource);
            continue;
        };
        // A role is ours only if an API logs with it; nobody asks what else it depends on.
        if row.section != "logRoles" && !is_there(resource, evaluator) {
            continue;
        }
        let at = resource.properties_at();
        let part = match row.section {
            "logRoles" => None,
            _ => resource.member("Properties").and_then(|it| evaluator.evaluate(it, &at)),
        };
        let properties = part.unwrap_or(Part { at, is: Is::Map(Vec::new()) });
        candidates.push(Candidate { resource, row, properties });
    }
    let mut placing = Placing { evaluator, chosen, taken: BTreeMap::new() };
    for section in ["apis", "logRoles", "dataSources", "namespaces", "apiKeys", "waf"] {
        let these;
        (these, candidates) = candidates.into_iter().partition(|it| it.row.section == section);
        for candidate in these {
            placing.place(candidate);
        }
    }
    placing.domains(candidates);
    let mut chosen = placing.chosen;
    let rank = |it: &Ours<'_>| ORDER.iter().position(|section| *section == it.row.section);
    chosen.ours.sort_by_key(rank);
    chosen
}

/// Whether the resource is made at all, as its condition says.
fn is_there(resource: &Resource<'_>, evaluator: &mut Evaluator<'_>) -> bool {
    let Some(condition) = resource.member("Condition").and_then(word) else { return true };
    let id = resource.id;
    let what = |holds| match holds {
        true => format!("`{id}` is carried over"),
        false => format!("`{id}` is left out"),
    };
    evaluator.holds(condition, &what, &resource.at.clone().key("Condition")).unwrap_or(false)
}

struct Placing<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    chosen: Chosen<'a>,
    /// Names that are taken, by section and what it is in.
    taken: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Placing<'_, 'a> {
    fn place(&mut self, candidate: Candidate<'a>) {
        match candidate.row.section {
            "apis" => self.api(candidate),
            "logRoles" => self.log_role(candidate),
            "waf" => self.under_api(candidate, "ResourceArn"),
            _ => self.under_api(candidate, "ApiId"),
        }
    }

    fn api(&mut self, candidate: Candidate<'a>) {
        let id = candidate.resource.id;
        let name = candidate.properties.get("Name").and_then(Part::as_text).cloned();
        let name = without_holes(&name.unwrap_or_default());
        let stack = self.evaluator.values.value_of("AWS::StackName").unwrap_or_default();
        let taken = self.taken.entry("apis".into()).or_default();
        // The name that a spec gives by itself, `STACK-KEY`.
        let own = name.strip_prefix(stack).and_then(|it| it.strip_prefix('-'));
        let key = own
            .and_then(|it| names::as_it_is(it, taken))
            .unwrap_or_else(|| names::key("apis", &[name.as_str(), id], "", taken));
        taken.insert(key.clone());
        self.keep(candidate, Address::top("apis", &key));
    }

    /// A role, if an API logs with it.
    fn log_role(&mut self, mut candidate: Candidate<'a>) {
        let id = candidate.resource.id;
        let uses = |it: &Ours<'_>| {
            let role = it.properties.at(LOG_ROLE).and_then(Part::as_text);
            role.is_some_and(|role| is_arn_of(role, id))
        };
        if !self.chosen.ours.iter().any(uses) {
            self.chosen.left.push(candidate.resource);
            return;
        }
        if !is_there(candidate.resource, self.evaluator) {
            return;
        }
        let at = candidate.resource.properties_at();
        let properties = candidate.resource.member("Properties");
        if let Some(part) = properties.and_then(|it| self.evaluator.evaluate(it, &at)) {
            candidate.properties = part;
        }
        let taken = self.taken.entry("logRoles".into()).or_default();
        let key = names::key("logRoles", &[id], "", taken);
        taken.insert(key.clone());
        let address = Address::top("logRoles", &key);
        for api in self.chosen.ours.iter_mut().filter(|it| uses(it)) {
            if let Some(role) = api.properties.at_mut(LOG_ROLE) {
                role.become_text(Text::of(&address, "Arn"));
            }
        }
        self.keep(candidate, address);
    }

    /// What hangs on one of our APIs, which the property `by` names.
    fn under_api(&mut self, mut candidate: Candidate<'a>, by: &str) {
        let Some(api) = self.api_of(&candidate, by) else { return };
        let facts = candidate.row;
        let attribute = if by == "ApiId" { "ApiId" } else { "ApiArn" };
        if let Some(part) = candidate.properties.get_mut(by) {
            part.become_text(Text::of(&api, attribute));
        }
        if facts.section == "dataSources" && !self.can_be_declared(&candidate) {
            return;
        }
        let taken = self.taken.entry(format!("{api}/{}", facts.section)).or_default();
        if facts.is_singleton {
            if !taken.insert(facts.section.to_owned()) {
                let message = format!("a second {} of {api} is left out", facts.noun);
                let at = At::Key(candidate.resource.at.clone());
                self.evaluator.warn("PV526", at, message, "AWS takes one; remove one of the two");
                return;
            }
            return self.keep(candidate, api.only(facts.section));
        }
        let name = candidate.properties.get("Name").and_then(Part::as_text).cloned();
        let name = name.unwrap_or_default();
        let exact = name.as_plain().and_then(|it| names::as_it_is(it, taken));
        let key = exact.unwrap_or_else(|| {
            let name = without_holes(&name);
            names::key(facts.section, &[name.as_str(), candidate.resource.id], api.name(), taken)
        });
        taken.insert(key.clone());
        let address = api.child(facts.section, &key);
        self.keep(candidate, address);
    }

    /// The API of ours that the property `by` names. What belongs to others is left alone.
    fn api_of(&mut self, candidate: &Candidate<'a>, by: &str) -> Option<Address> {
        let resource = candidate.resource;
        let text =
            candidate.properties.get(by).and_then(Part::as_text).cloned().unwrap_or_default();
        let named = named_resource(&text);
        if let Some((id, attribute)) = &named
            && let Some(address) = self.chosen.addresses.get(id.as_str()).cloned()
            && address.section() == "apis"
        {
            if by == "ApiId" && attribute != "ApiId" {
                let message = format!("`{attribute}` of `{id}` is not the id of the API");
                let message = match attribute.as_str() {
                    REF => format!("`Ref` of `{id}` gives its ARN, and `ApiId` wants its id"),
                    _ => message,
                };
                let at = At::Value(resource.properties_at().key(by));
                let help =
                    format!("the spec has it right; in the template write `!GetAtt {id}.ApiId`");
                self.evaluator.warn("PV529", at, message, &help);
            }
            return Some(address);
        }
        if candidate.row.section == "namespaces" {
            let message = format!("the API of `{}` is none of this template's", resource.id);
            let at = At::Value(resource.properties_at().key(by));
            let help = "it is left out; import the template that makes the API, and declare the \
                        namespace there";
            self.evaluator.warn("PV526", at, message, help);
        } else {
            self.chosen.left.push(resource);
        }
        None
    }

    /// Whether a spec has a word for this data source.
    fn can_be_declared(&mut self, candidate: &Candidate<'a>) -> bool {
        let kind = candidate.properties.get("Type").and_then(Part::as_text).cloned();
        let filled = self.evaluator.values.fill(&kind.unwrap_or_default()).text;
        let kind = filled.as_plain().unwrap_or_default();
        let known = [
            "AWS_LAMBDA",
            "AMAZON_DYNAMODB",
            "AMAZON_EVENTBRIDGE",
            "HTTP",
            "AMAZON_OPENSEARCH_SERVICE",
            "RELATIONAL_DATABASE",
            "AMAZON_BEDROCK_RUNTIME",
        ];
        if known.contains(&kind) {
            return true;
        }
        let message = format!("a spec has no data sources of the type `{kind}`");
        let at = At::Value(candidate.resource.properties_at().key("Type"));
        let help = match kind {
            "NONE" => "it is left out: code alone needs no data source",
            "AMAZON_ELASTICSEARCH" => "it is left out; use AMAZON_OPENSEARCH_SERVICE",
            _ => "it is left out; choose another type",
        };
        self.evaluator.warn("PV526", at, message, help);
        false
    }

    fn keep(&mut self, candidate: Candidate<'a>, address: Address) {
        let Candidate { resource, row, properties } = candidate;
        self.chosen.addresses.insert(resource.id, address.clone());
        self.chosen.ours.push(Ours { id: resource.id, row, address, properties, resource });
    }
}

/// Whether `text` is the ARN of the role with this id: its attribute, or written out with its name.
fn is_arn_of(text: &Text, id: &str) -> bool {
    if *text == of_resource(id, "Arn") {
        return true;
    }
    let (text, name) = (text.to_string(), of_resource(id, REF).to_string());
    text.strip_suffix(&name).is_some_and(|it| it.contains(":role/") && it.ends_with('/'))
}

/// The resource that `text` names first, and its attribute.
fn named_resource(text: &Text) -> Option<(String, String)> {
    text.holes().find_map(|hole| match stands_for(hole) {
        Stands::Resource { id, attribute } => Some((id.to_owned(), attribute.to_owned())),
        _ => None,
    })
}

/// What of a text is sure, with a space where something is open.
fn without_holes(text: &Text) -> String {
    let space = text.filled(&|_| Some(" ".to_owned()));
    space.as_plain().unwrap_or_default().trim().to_owned()
}

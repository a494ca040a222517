//! The parameters of a spec: the template's, and new ones for references that the spec can't make.
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::import::evaluate::Evaluator;
use crate::import::known_values::Type;
use crate::import::names;
use crate::import::resources::Chosen;
use crate::import::template::{map, word};
use crate::import::value::{REF, Stands, stands_for};
use provision_core::diagnostic::{At, Diagnostic, Path, Severity};
use provision_core::source::tree::Entry;
use provision_core::spec::{Parameter, Parameters};
use provision_core::text::{Hole, Text, is_parameter};

/// What a parameter of CloudFormation's can have and a spec's can't, with what to do.
const UNSAYABLE: &[(&str, &str)] = &[
    ("NoEcho", "a spec's values are no secrets; keep secrets in Secrets Manager"),
    ("MinLength", "say it as `pattern`, such as `.{1,20}`"),
    ("MaxLength", "say it as `pattern`, such as `.{1,20}`"),
    ("MinValue", "say it as `pattern`, such as `[1-9][0-9]?`"),
    ("MaxValue", "say it as `pattern`, such as `[1-9][0-9]?`"),
    ("ConstraintDescription", "say it in the `description`"),
];

/// CloudFormation's limit on a parameter's description, and a spec's.
const DESCRIPTION_MAX: usize = 4_000;

/// The parameters that the spec needs: the template's in its order, then the new ones.
pub fn parameters(
    referred: &Referred,
    used: &BTreeSet<String>,
    evaluator: &mut Evaluator<'_>,
) -> Parameters {
    let mut parameters = Parameters::new();
    for entry in evaluator.template.parameters {
        if used.contains(&entry.key) {
            parameters.insert(entry.key.clone(), parameter(entry, evaluator));
        }
    }
    unused(used, evaluator);
    for (name, new) in referred.new.iter().filter(|(name, _)| used.contains(*name)) {
        let description = describing(&new.description);
        parameters.insert(name.clone(), Parameter { description, ..Parameter::default() });
    }
    parameters
}

/// Says which parameters nothing of ours needs.
fn unused(used: &BTreeSet<String>, evaluator: &mut Evaluator<'_>) {
    // Of a template that could not be read, nobody knows what it needs.
    if evaluator.findings.iter().any(|it| it.severity == Severity::Error) {
        return;
    }
    let names = evaluator.template.parameters.iter().map(|it| it.key.as_str());
    let unused: Vec<&str> = names.filter(|it| !used.contains(*it)).collect();
    if !unused.is_empty() {
        let message = format!("nothing in the spec needs {}", unused.join(", "));
        let at = At::Key(Path::default().key("Parameters"));
        let note = Diagnostic::note("PV541", at, message);
        evaluator.findings.push(note.with_help("these parameters are left out"));
    }
}

fn parameter(entry: &Entry, evaluator: &mut Evaluator<'_>) -> Parameter {
    let at = Path::default().key("Parameters").key(&entry.key);
    let members = map(&entry.value);
    let text = |name: &str| {
        let member = members.iter().find(|it| it.key == name)?;
        word(&member.value).map(str::to_owned)
    };
    let kind = text("Type").unwrap_or_default();
    say_type(&kind, &at, evaluator);
    for (name, help) in UNSAYABLE {
        let said = text(name).filter(|it| *name != "NoEcho" || it.eq_ignore_ascii_case("true"));
        if said.is_some() {
            let message = format!("a spec's parameters have no `{name}`, so it is lost");
            evaluator.warn("PV524", At::Key(at.clone().key(name)), message, help);
        }
    }
    if !is_parameter(&entry.key) {
        let message = format!("`{}` can't be the name of a spec's parameter", entry.key);
        let help = "rename it in the template: a letter, then letters and digits";
        evaluator.warn("PV524", At::Key(at.clone()), message, help);
    }
    let looked_up = Type(&kind).is_looked_up();
    let allowed = members.iter().find(|it| it.key == "AllowedValues");
    let allowed = allowed.filter(|_| !looked_up).map(|it| words(&it.value));
    Parameter {
        default: text("Default").filter(|_| !looked_up).and_then(|it| plain(it, &at, evaluator)),
        allowed: allowed.filter(|it| !it.is_empty()),
        pattern: text("AllowedPattern")
            .filter(|_| !looked_up)
            .and_then(|it| pattern(it, &at, evaluator)),
        description: text("Description").and_then(|it| describing(&it)),
    }
}

/// A description in which nothing can be taken for a reference.
fn describing(text: &str) -> Option<String> {
    let short: String = text.replace("${", "{").chars().take(DESCRIPTION_MAX).collect();
    (!short.is_empty()).then_some(short)
}

/// A spec's parameters are texts.
fn say_type(kind: &str, at: &Path, evaluator: &mut Evaluator<'_>) {
    let message = format!("a spec's parameters are texts, and this is a `{kind}`");
    let at = At::Value(at.clone().key("Type"));
    match kind {
        "String" | "" => {}
        "Number" => {
            let help = "it becomes a text; say what it must look like as `pattern: '[0-9]+'`";
            evaluator.warn("PV524", at, message, help);
        }
        kind if Type(kind).is_looked_up() => {
            let help = "CloudFormation looks it up in SSM: give its value itself, with `--param`";
            evaluator.warn("PV524", at, message, help);
        }
        _ => {
            let help = "it becomes a text, which nobody compares with what the account has";
            evaluator.warn("PV524", at, message, help);
        }
    }
}

/// A value in which nothing can be taken for a reference.
fn plain(text: String, at: &Path, evaluator: &mut Evaluator<'_>) -> Option<String> {
    if !text.contains("${") {
        return Some(text);
    }
    let message = "a parameter's default can't have `${…}` in it, so it is lost".to_owned();
    let at = At::Value(at.clone().key("Default"));
    evaluator.warn("PV524", at, message, "give the value with `--param`");
    None
}

/// A pattern that Rust's regular expressions know, too.
fn pattern(text: String, at: &Path, evaluator: &mut Evaluator<'_>) -> Option<String> {
    if regex_lite::Regex::new(&format!("^(?:{text})$")).is_ok() && !text.contains("${") {
        return Some(text);
    }
    let message = "a spec can't say this pattern, so it is lost".to_owned();
    let at = At::Value(at.clone().key("AllowedPattern"));
    evaluator.warn("PV524", at, message, "say it without looking ahead or behind");
    None
}

fn words(node: &provision_core::source::tree::Node) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    if let provision_core::source::tree::Data::List(items) = &node.resolve().data {
        for item in items.iter().filter_map(word).filter(|it| !it.contains("${")) {
            if !words.iter().any(|it| it == item) {
                words.push(item.to_owned());
            }
        }
    }
    words
}

/// A parameter that the template does not have.
#[derive(Clone, Debug)]
pub struct New {
    pub description: String,
    /// What the template has in its place.
    pub said: Value,
}

/// What the texts of ours refer to.
#[derive(Debug, Default)]
pub struct Referred {
    /// New parameters, in the order in which they were met.
    pub new: IndexMap<String, New>,
}

/// Names that can't be parameters' any more, and parameters by what they stand for.
struct Names {
    taken: BTreeSet<String>,
    known: BTreeMap<String, String>,
}

/// Turns every reference that a spec can't make into a parameter.
pub fn refer(chosen: &mut Chosen<'_>, evaluator: &mut Evaluator<'_>) -> Referred {
    let mut referred = Referred::default();
    let taken = evaluator.values.names().chain(chosen.addresses.keys().copied());
    let mut names = Names { taken: taken.map(str::to_owned).collect(), known: BTreeMap::new() };
    let addresses = chosen.addresses.clone();
    for ours in &mut chosen.ours {
        ours.properties.each_text(&mut |text, at| {
            *text = text.replaced(&mut |hole| match stands_for(hole) {
                Stands::Resource { id, attribute } => {
                    let own = addresses.get(id).map(ToString::to_string);
                    let new = of_resource(id, attribute, own.as_deref(), evaluator);
                    named(new, own.as_deref(), at, &mut names, &mut referred, evaluator)
                }
                Stands::Computed(n) => {
                    let it = evaluator.computed[n].clone();
                    let new = New { description: it.description, said: it.said };
                    named((it.name, new), None, at, &mut names, &mut referred, evaluator)
                }
                Stands::Itself => Text::open(hole.clone()),
            });
        });
    }
    referred
}

/// The parameter for `hole`: the one that stands for it already, or a new one.
fn named(
    (name, new): (String, New),
    own: Option<&str>,
    at: &Path,
    names: &mut Names,
    referred: &mut Referred,
    evaluator: &mut Evaluator<'_>,
) -> Text {
    let said = new.said.to_string();
    if let Some(name) = names.known.get(&said) {
        return Text::open(Hole::Parameter(name.clone()));
    }
    let name = unique(&name, &names.taken);
    names.taken.insert(name.clone());
    names.known.insert(said, name.clone());
    let at = At::Value(at.clone());
    match own {
        Some(address) => {
            let message = format!("a spec can't refer to what it makes itself, {address}");
            let help = format!(
                "it has the parameter `{name}` in its place: give it once `provision outputs` tells it"
            );
            evaluator.warn("PV527", at, message, &help);
        }
        None => {
            let message = format!("the spec has the parameter `{name}` in this place");
            let help = format!("{}; give it with `--param {name}=VALUE`", new.description);
            evaluator.findings.push(Diagnostic::note("PV506", at, message).with_help(help));
        }
    }
    referred.new.insert(name.clone(), new);
    Text::open(Hole::Parameter(name))
}

fn unique(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let mut numbered = (2..).map(|n| format!("{name}{n}"));
    numbered.find(|it| !taken.contains(it)).expect("there are more numbers than names")
}

/// A parameter for an attribute of a resource.
fn of_resource(
    id: &str,
    attribute: &str,
    own: Option<&str>,
    evaluator: &Evaluator<'_>,
) -> (String, New) {
    let kind = evaluator.template.resource(id).map(|it| it.type_name);
    let what = match attribute {
        REF => ref_gives(kind.unwrap_or_default()),
        attribute => attribute,
    };
    let short = names::without_hash(id);
    let words = names::parameter(what);
    let name = match short.ends_with(&words) {
        true => names::parameter(short),
        false => names::parameter(&format!("{short} {words}")),
    };
    let whose = match (own, kind) {
        (Some(address), _) => address.to_owned(),
        (None, Some(kind)) => format!("{id} ({kind})"),
        (None, None) => id.to_owned(),
    };
    let said = match attribute {
        REF => json!({ "Ref": id }),
        attribute => json!({ "Fn::GetAtt": [id, attribute] }),
    };
    let description = match what {
        "" => format!("What refers to {whose}"),
        what => format!("The {what} of {whose}"),
    };
    (name, New { description, said })
}

/// What `Ref` gives of resources that stand beside Event APIs.
fn ref_gives(kind: &str) -> &'static str {
    match kind {
        "AWS::Cognito::UserPool"
        | "AWS::Cognito::UserPoolClient"
        | "AWS::KMS::Key"
        | "AWS::Serverless::HttpApi"
        | "AWS::Serverless::Api" => "Id",
        "AWS::DynamoDB::Table"
        | "AWS::DynamoDB::GlobalTable"
        | "AWS::Serverless::SimpleTable"
        | "AWS::Lambda::Function"
        | "AWS::Serverless::Function"
        | "AWS::IAM::Role"
        | "AWS::Events::EventBus"
        | "AWS::OpenSearchService::Domain"
        | "AWS::S3::Bucket"
        | "AWS::SSM::Parameter"
        | "AWS::Logs::LogGroup"
        | "AWS::AppSync::DomainName" => "Name",
        "AWS::CertificateManager::Certificate"
        | "AWS::SecretsManager::Secret"
        | "AWS::RDS::DBCluster"
        | "AWS::SNS::Topic"
        | "AWS::StepFunctions::StateMachine"
        | "AWS::Lambda::Version"
        | "AWS::Lambda::Alias"
        | "AWS::AppSync::Api" => match kind {
            "AWS::RDS::DBCluster" => "Identifier",
            _ => "Arn",
        },
        _ => "",
    }
}

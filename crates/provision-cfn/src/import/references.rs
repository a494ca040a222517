//! References to what the template or another stack makes, and the spec can't name: parameters.
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::import::evaluate::Evaluator;
use crate::import::names;
use crate::import::ours::Chosen;
use crate::import::value::{REF, Stands, stands_for};
use provision_core::diagnostic::{At, Diagnostic, Path};
use provision_core::text::{Hole, Text};

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

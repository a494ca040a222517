//! The parameters of the spec: those of the template that it uses, and a new one for each value that a
//! spec cannot express, such as the ARN of a function that the template creates.
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Value, json};

use provision_core::diagnostic::{Diagnostic, DocumentPath, Location, Severity};
use provision_core::kinds::KINDS;
use provision_core::source::tree::{MapEntry, Node, NodeData};
use provision_core::spec::{Parameter, Parameters};
use provision_core::text::{Placeholder, Text, is_parameter_name};

use crate::import::evaluate::Evaluator;
use crate::import::known_values::ParameterType;
use crate::import::names;
use crate::import::resources::ResourceSelection;
use crate::import::template::{entries, member, scalar};
use crate::import::value::{PlaceholderTarget, REF, target_of};

/// Attributes of a template's parameter that a spec's parameter does not have, each with what to do.
const UNSUPPORTED_ATTRIBUTES: &[(&str, &str)] = &[
    ("NoEcho", "values of a spec are not secret; keep secrets in Secrets Manager"),
    ("MinLength", "use `pattern`, such as `.{1,20}`"),
    ("MaxLength", "use `pattern`, such as `.{1,20}`"),
    ("MinValue", "use `pattern`, such as `[1-9][0-9]?`"),
    ("MaxValue", "use `pattern`, such as `[1-9][0-9]?`"),
    ("ConstraintDescription", "explain the constraint in the `description`"),
];

/// The longest description of a parameter, for CloudFormation and for a spec.
const DESCRIPTION_MAX: usize = 4_000;

/// A parameter that the template does not have.
#[derive(Clone, Debug)]
pub struct NewParameter {
    pub description: String,
    /// The expression of the template that it replaces.
    pub expression: Value,
}

/// New parameters by name, in the order of their first use.
pub type NewParameters = IndexMap<String, NewParameter>;

/// Replaces every reference that a spec cannot express by a new parameter.
pub fn replace_references(
    selection: &mut ResourceSelection<'_>,
    evaluator: &mut Evaluator<'_>,
) -> NewParameters {
    let ResourceSelection { imported, addresses, .. } = selection;
    let names = evaluator.values.parameter_names().chain(addresses.keys().copied());
    let mut replacer = Replacer {
        taken: names.map(str::to_owned).collect(),
        by_expression: BTreeMap::new(),
        parameters: IndexMap::new(),
    };
    for resource in imported {
        resource.properties.for_each_text_mut(&mut |text, path| {
            *text = text.map_placeholders(&mut |placeholder| match target_of(placeholder) {
                PlaceholderTarget::Resource { id, attribute } => {
                    let address = addresses.get(id).map(ToString::to_string);
                    let parameter =
                        attribute_parameter(id, attribute, address.as_deref(), evaluator);
                    replacer.parameter(parameter, address.as_deref(), path, evaluator)
                }
                PlaceholderTarget::Computed(index) => {
                    let computed = evaluator.computed[index].clone();
                    let (description, expression) = (computed.description, computed.expression);
                    let parameter = (computed.name, NewParameter { description, expression });
                    replacer.parameter(parameter, None, path, evaluator)
                }
                PlaceholderTarget::Spec => Text::placeholder(placeholder.clone()),
            });
        });
    }
    replacer.parameters
}

/// Returns the parameters that the spec uses: those of the template in its order, then the new ones.
pub fn parameters(
    new: &NewParameters,
    used: &BTreeSet<String>,
    evaluator: &mut Evaluator<'_>,
) -> Parameters {
    let mut parameters = Parameters::new();
    for entry in evaluator.template.parameters {
        if used.contains(&entry.key) {
            parameters.insert(entry.key.clone(), parameter(entry, evaluator));
        }
    }
    report_unused(used, evaluator);
    for (name, parameter) in new.iter().filter(|(name, _)| used.contains(*name)) {
        let description = description(&parameter.description);
        parameters.insert(name.clone(), Parameter { description, ..Parameter::default() });
    }
    parameters
}

/// Makes new parameters, one for each expression.
struct Replacer {
    /// Names that parameters and resources have already.
    taken: BTreeSet<String>,
    /// The names of new parameters by the expression that they replace.
    by_expression: BTreeMap<String, String>,
    parameters: NewParameters,
}

impl Replacer {
    /// Returns the parameter for an expression, and reports it if it is new. `address` is the resource
    /// of the spec to which the expression refers, if it does.
    fn parameter(
        &mut self,
        (name, parameter): (String, NewParameter),
        address: Option<&str>,
        path: &DocumentPath,
        evaluator: &mut Evaluator<'_>,
    ) -> Text {
        let expression = parameter.expression.to_string();
        if let Some(name) = self.by_expression.get(&expression) {
            return Text::placeholder(Placeholder::Parameter(name.clone()));
        }
        let name = names::unique_parameter_name(&name, &self.taken);
        self.taken.insert(name.clone());
        self.by_expression.insert(expression, name.clone());
        let location = Location::Value(path.clone());
        match address {
            Some(address) => {
                let message = format!("a spec cannot refer to attributes of {address}");
                let help = format!(
                    "it has the parameter `{name}` instead: after the first apply, set it to the value \
                     that `provision outputs` prints"
                );
                evaluator.warn("PV527", location, message, &help);
            }
            None => {
                let message = format!("the spec has the parameter `{name}` here");
                let help = format!("{}; set it with `--param {name}=VALUE`", parameter.description);
                let note = Diagnostic::note("PV506", location, message);
                evaluator.diagnostics.push(note.with_help(help));
            }
        }
        self.parameters.insert(name.clone(), parameter);
        Text::placeholder(Placeholder::Parameter(name))
    }
}

/// Returns a name and a parameter for an attribute of a resource.
fn attribute_parameter(
    id: &str,
    attribute: &str,
    address: Option<&str>,
    evaluator: &Evaluator<'_>,
) -> (String, NewParameter) {
    let type_name = evaluator.template.resource(id).map(|resource| resource.type_name);
    let attribute_name = match attribute {
        REF => type_name.and_then(returned_by_ref).unwrap_or_default(),
        attribute => attribute,
    };
    let short_id = names::without_hash(id);
    let suffix = names::parameter_name(attribute_name);
    let name = match short_id.ends_with(&suffix) {
        true => names::parameter_name(short_id),
        false => names::parameter_name(&format!("{short_id} {suffix}")),
    };
    let owner = match (address, type_name) {
        (Some(address), _) => address.to_owned(),
        (None, Some(type_name)) => format!("{id} ({type_name})"),
        (None, None) => id.to_owned(),
    };
    let expression = match attribute {
        REF => json!({ "Ref": id }),
        attribute => json!({ "Fn::GetAtt": [id, attribute] }),
    };
    let description = match attribute_name {
        "" => format!("What `Ref` of {owner} returns"),
        name => format!("The {name} of {owner}"),
    };
    (name, NewParameter { description, expression })
}

/// What `Ref` of a resource returns, for types that are often used with Event APIs.
fn returned_by_ref(type_name: &str) -> Option<&'static str> {
    let kind = KINDS.iter().find(|kind| kind.type_name == type_name);
    Some(match type_name {
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
        | "AWS::Events::EventBus"
        | "AWS::OpenSearchService::Domain"
        | "AWS::S3::Bucket"
        | "AWS::SSM::Parameter"
        | "AWS::Logs::LogGroup" => "Name",
        "AWS::RDS::DBCluster" => "Identifier",
        "AWS::CertificateManager::Certificate"
        | "AWS::SecretsManager::Secret"
        | "AWS::SNS::Topic"
        | "AWS::StepFunctions::StateMachine"
        | "AWS::Lambda::Version"
        | "AWS::Lambda::Alias" => "Arn",
        _ => kind?.template.ref_attribute?,
    })
}

/// Reports the parameters of the template that the spec does not use.
fn report_unused(used: &BTreeSet<String>, evaluator: &mut Evaluator<'_>) {
    // With an error in the template, it is unknown which parameters the spec would use.
    if evaluator.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return;
    }
    let names = evaluator.template.parameters.iter().map(|parameter| parameter.key.as_str());
    let unused: Vec<&str> = names.filter(|name| !used.contains(*name)).collect();
    if !unused.is_empty() {
        let message = format!("the spec does not use {}", unused.join(", "));
        let location = Location::Key(DocumentPath::default().key("Parameters"));
        let note = Diagnostic::note("PV541", location, message);
        evaluator.diagnostics.push(note.with_help("these parameters are omitted"));
    }
}

fn parameter(entry: &MapEntry, evaluator: &mut Evaluator<'_>) -> Parameter {
    let path = DocumentPath::default().key("Parameters").key(&entry.key);
    let attributes = entries(&entry.value);
    let attribute = |name: &str| member(attributes, name).and_then(scalar).map(str::to_owned);
    let parameter_type = attribute("Type").unwrap_or_default();
    report_type(&parameter_type, &path, evaluator);
    for (name, help) in UNSUPPORTED_ATTRIBUTES {
        let value = attribute(name);
        if value.is_some_and(|value| *name != "NoEcho" || value.eq_ignore_ascii_case("true")) {
            let message = format!("parameters of a spec do not support `{name}`; it is omitted");
            evaluator.warn("PV524", Location::Key(path.clone().key(name)), message, help);
        }
    }
    if !is_parameter_name(&entry.key) {
        let message = format!("`{}` is not a valid name of a spec's parameter", entry.key);
        let help = "rename it in the template: a letter, then letters and digits";
        evaluator.warn("PV524", Location::Key(path.clone()), message, help);
    }
    let description = attribute("Description").and_then(|text| description(&text));
    // The default of a looked-up parameter is the name of an SSM parameter, and not a value.
    if ParameterType(&parameter_type).is_looked_up() {
        return Parameter { description, ..Parameter::default() };
    }
    let allowed = member(attributes, "AllowedValues").map(allowed_values);
    Parameter {
        default: attribute("Default").and_then(|text| default_value(text, &path, evaluator)),
        allowed: allowed.filter(|values| !values.is_empty()),
        pattern: attribute("AllowedPattern").and_then(|text| pattern(text, &path, evaluator)),
        description,
    }
}

/// Returns a description without anything that could be mistaken for a placeholder.
fn description(text: &str) -> Option<String> {
    let text: String = text.replace("${", "{").chars().take(DESCRIPTION_MAX).collect();
    (!text.is_empty()).then_some(text)
}

/// Reports a type other than `String`, which is the only one of a spec.
fn report_type(type_name: &str, path: &DocumentPath, evaluator: &mut Evaluator<'_>) {
    let help = match type_name {
        "String" | "" => return,
        "Number" => "add `pattern: '[0-9]+'` to it",
        _ if ParameterType(type_name).is_looked_up() => {
            "CloudFormation looks it up in SSM: set it to the value itself, with `--param`"
        }
        _ => "its values are not compared with what the account has",
    };
    let message = format!("parameters of a spec are texts; this `{type_name}` becomes one");
    evaluator.warn("PV524", Location::Value(path.clone().key("Type")), message, help);
}

/// Returns a default without anything that could be mistaken for a placeholder.
fn default_value(
    text: String,
    path: &DocumentPath,
    evaluator: &mut Evaluator<'_>,
) -> Option<String> {
    if !text.contains("${") {
        return Some(text);
    }
    let message = "a default cannot contain `${…}` in a spec; it is omitted";
    let location = Location::Value(path.clone().key("Default"));
    evaluator.warn("PV524", location, message, "set the value with `--param`");
    None
}

/// Returns a pattern that is valid in a spec as well.
fn pattern(text: String, path: &DocumentPath, evaluator: &mut Evaluator<'_>) -> Option<String> {
    if regex_lite::Regex::new(&format!("^(?:{text})$")).is_ok() && !text.contains("${") {
        return Some(text);
    }
    let message = "a spec does not support this pattern; it is omitted";
    let location = Location::Value(path.clone().key("AllowedPattern"));
    evaluator.warn("PV524", location, message, "write it without look-ahead and look-behind");
    None
}

/// The distinct values of a list, without those that could be mistaken for placeholders.
fn allowed_values(node: &Node) -> Vec<String> {
    let NodeData::List(items) = &node.follow_alias().data else { return Vec::new() };
    let mut values: Vec<String> = Vec::new();
    for value in items.iter().filter_map(scalar).filter(|value| !value.contains("${")) {
        if !values.iter().any(|present| present == value) {
            values.push(value.to_owned());
        }
    }
    values
}

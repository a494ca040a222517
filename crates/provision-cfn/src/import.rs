//! A CloudFormation or SAM template as a spec: what can be carried over is, and the rest is named at
//! its place. Pure.
mod document;
mod evaluate;
mod intrinsic;
mod known_values;
mod losses;
mod names;
mod parameters;
mod properties;
mod resources;
mod template;
mod validation;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use provision_core::diagnostic::{At, Diagnostic, Path, Severity};

use crate::import::evaluate::Evaluator;
use crate::import::known_values::Values;
use crate::import::template::{Template, map, word};
use crate::yaml;
use provision_core::source::Source;
use provision_core::source::tree::Data;
use provision_core::spec::Given;
use provision_core::text::Hole;

/// What an import is told beside the template.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The name of the stack.
    pub stack: String,
    /// The region that the spec names, and by which `AWS::Region` is decided.
    pub region: Option<String>,
    /// Values of the template's parameters.
    pub values: Given,
    /// Whether handler code stands in the spec itself, and not in files beside it.
    pub inline_code: bool,
    pub now_epoch_s: i64,
}

/// What came of a template.
#[derive(Clone, Debug, Default)]
pub struct ImportResult {
    /// The spec, if there is one.
    pub spec: Option<ImportedSpec>,
    pub diagnostics: Vec<Diagnostic>,
}

/// A spec that a template became.
#[derive(Clone, Debug)]
pub struct ImportedSpec {
    pub document: Value,
    pub text: String,
    /// Files to lie beside the spec: path → text.
    pub files: BTreeMap<String, String>,
    /// What the template has in the place of each parameter that is not its own.
    pub replaced_expressions: BTreeMap<String, Value>,
}

/// Makes a spec of a template, as far as one can be made.
pub fn import(source: &Source, options: &ImportOptions) -> ImportResult {
    let mut findings = Vec::new();
    let spec = Template::of(source, &mut findings)
        .and_then(|template| translate(&template, options, &mut findings));
    // What several things of ours use is said once.
    let mut said = BTreeSet::new();
    findings.retain(|it| {
        let path = it.path().map(ToString::to_string);
        said.insert((it.code, path, it.message.clone()))
    });
    ImportResult { spec, diagnostics: findings }
}

fn translate(
    template: &Template<'_>,
    options: &ImportOptions,
    findings: &mut Vec<Diagnostic>,
) -> Option<ImportedSpec> {
    let ImportOptions { stack, region, values: given, .. } = options;
    let values = Values::of(template.parameters, given, region.as_deref(), stack);
    for name in given.keys().filter(|it| values.kind_of(it).is_none() && !it.contains("::")) {
        let message = format!("the template has no parameter `{name}`");
        let help = "check the name that you gave with `--param`";
        findings.push(Diagnostic::error("PV512", At::File, message).with_help(help));
    }
    findings.extend(given.iter().filter_map(|(name, value)| not_allowed(template, name, value)));
    let mut evaluator = Evaluator::new(template, values);
    let spec = carry_over(&mut evaluator, options);
    findings.append(&mut evaluator.findings);
    spec
}

/// A value that the template itself does not let the parameter have.
fn not_allowed(template: &Template<'_>, name: &str, value: &str) -> Option<Diagnostic> {
    let parameter = template.parameters.iter().find(|it| it.key == name)?;
    let allowed = map(&parameter.value).iter().find(|it| it.key == "AllowedValues")?;
    let Data::List(allowed) = &allowed.value.resolve().data else { return None };
    let allowed: Vec<&str> = allowed.iter().filter_map(word).collect();
    (!allowed.contains(&value)).then(|| {
        let at = At::Value(Path::default().key("Parameters").key(name).key("AllowedValues"));
        let message = format!("`{name}` can't be `{value}`, which was given");
        let help = format!("give one of {}", allowed.join(", "));
        Diagnostic::error("PV513", at, message).with_help(help)
    })
}

fn carry_over(evaluator: &mut Evaluator<'_>, options: &ImportOptions) -> Option<ImportedSpec> {
    let mut chosen = resources::choose(evaluator);
    if chosen.ours.iter().all(|it| it.row.section != "apis") {
        evaluator.findings.push(no_api(evaluator.template));
        return None;
    }
    resources::handlers::wire(&mut chosen, evaluator);
    losses::lost_outputs(&chosen, evaluator);
    let referred = parameters::refer(&mut chosen, evaluator);
    resources::roles::existing_roles(&mut chosen, &mut evaluator.findings);
    losses::lost_attributes(&chosen, evaluator);
    losses::ignored(&chosen, evaluator);
    let tags = properties::common_tags(&chosen, evaluator);
    let each: Vec<_> = chosen
        .ours
        .iter()
        .filter_map(|ours| Some((ours, properties::read(ours, evaluator)?)))
        .collect();
    let properties = each.iter().flat_map(|(_, it)| it.open());
    let roles = chosen.existing_roles.iter().map(|(_, arn)| arn);
    let beside = tags.values().chain(roles).flat_map(|it| it.holes().cloned());
    let used = properties.chain(beside).filter_map(|hole| match hole {
        Hole::Parameter(name) => Some(name),
        _ => None,
    });
    let used: BTreeSet<String> = used.collect();
    let parameters = parameters::parameters(&referred, &used, evaluator);
    let head = document::Head {
        stack: options.stack.clone(),
        region: options.region.clone(),
        description: description(evaluator),
        tags,
        parameters,
    };
    if evaluator.findings.iter().any(|it| it.severity == Severity::Error) {
        return None;
    }
    let written = document::write(&chosen, &each, head);
    let text = yaml::spec_to_string(&written.document);
    let now = options.now_epoch_s;
    evaluator.findings.extend(validation::check(&text, &written, now, &chosen, &each));
    let (written, text) = match options.inline_code {
        true => {
            let written = document::inlined(written);
            let text = yaml::spec_to_string(&written.document);
            (written, text)
        }
        false => (written, text),
    };
    let replaced_expressions =
        referred.new.into_iter().map(|(name, new)| (name, new.said)).collect();
    Some(ImportedSpec {
        document: written.document,
        text,
        files: written.files,
        replaced_expressions,
    })
}

fn no_api(template: &Template<'_>) -> Diagnostic {
    let graphql = template.resources.iter().any(|it| it.type_name == "AWS::AppSync::GraphQLApi");
    let message = match graphql {
        true => "the template has a GraphQL API, and no Event API: there is nothing for a spec",
        false => "the template has no Event API: there is nothing for a spec",
    };
    let at = At::Key(Path::default().key("Resources"));
    Diagnostic::error("PV511", at, message)
        .with_help("a spec begins with a resource of the type `AWS::AppSync::Api`")
}

fn description(evaluator: &mut Evaluator<'_>) -> Option<String> {
    let node = evaluator.template.description?;
    let at = Path::default().key("Description");
    let part = evaluator.evaluate(node, &at)?;
    part.as_plain().map(str::to_owned)
}

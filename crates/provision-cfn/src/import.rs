//! Imports a CloudFormation or SAM template as a spec.
//!
//! The import declares the resources of Event APIs. It reports everything else at its path in the template:
//! what the spec does not have, what is fixed because a spec has no conditions, and which values have become
//! parameters. A template that is rendered from the spec has the same resources under the same logical ids.
//!
//! The steps, in order: [`template`] reads the sections, [`resources`] selects the resources and gives them
//! addresses while [`evaluate`] evaluates their expressions, [`parameters`] replaces what a spec cannot express,
//! [`properties`] reads what is left by the schema of each kind, [`document`] writes the spec, and
//! [`validation`] reads it again.
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

use provision_core::diagnostic::{Diagnostic, DocumentPath, Location, Severity};
use provision_core::kinds::EVENT_API;
use provision_core::model::Properties;
use provision_core::source::Source;
use provision_core::source::tree::NodeData;
use provision_core::spec::ParameterValues;
use provision_core::text::{Placeholder, Text};

use crate::import::document::DocumentHeader;
use crate::import::evaluate::Evaluator;
use crate::import::known_values::KnownValues;
use crate::import::resources::{GRAPHQL_API, ImportedResource, ResourceSelection};
use crate::import::template::{ParsedTemplate, entries, member, scalar};
use crate::yaml;

/// What an import needs besides the template.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The name of the stack.
    pub stack: String,
    /// The region of the spec, which is also the value of `AWS::Region`.
    pub region: Option<String>,
    /// Values of the template's parameters.
    pub values: ParameterValues,
    /// Whether the spec contains handler code itself, instead of the names of files.
    pub inline_code: bool,
    /// The time at which the spec is checked, in seconds since 1970.
    pub now_epoch_s: i64,
}

/// The result of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportResult {
    /// The spec. `None` if the template has errors or no Event API.
    pub spec: Option<ImportedSpec>,
    /// What the import found, at paths of the template.
    pub diagnostics: Vec<Diagnostic>,
}

/// A spec that was made from a template.
#[derive(Clone, Debug)]
pub struct ImportedSpec {
    /// The spec as data.
    pub document: Value,
    /// The spec as YAML.
    pub text: String,
    /// The files of handler code by their path, relative to the spec.
    pub files: BTreeMap<String, String>,
    /// For each new parameter of the spec, the expression of the template that it replaces.
    pub replaced_expressions: BTreeMap<String, Value>,
}

/// Imports a template as a spec.
///
/// It never fails: a template that cannot be imported gives diagnostics and no spec.
pub fn import(source: &Source, options: &ImportOptions) -> ImportResult {
    let mut diagnostics = Vec::new();
    let template = ParsedTemplate::parse(source, &mut diagnostics);
    let spec = template.and_then(|template| translate(&template, options, &mut diagnostics));
    // A condition or mapping that several resources use is reported once.
    let mut reported = BTreeSet::new();
    diagnostics.retain(|diagnostic| {
        let path = diagnostic.path().map(ToString::to_string);
        reported.insert((diagnostic.code, path, diagnostic.message.clone()))
    });
    ImportResult { spec, diagnostics }
}

fn translate(
    template: &ParsedTemplate<'_>,
    options: &ImportOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ImportedSpec> {
    let ImportOptions { stack, region, values, .. } = options;
    let known = KnownValues::new(template.parameters, values, region.as_deref(), stack);
    for (name, value) in values {
        let is_pseudo_parameter = name.contains("::");
        if known.parameter_type(name).is_none() && !is_pseudo_parameter {
            let message = format!("the template does not have a parameter `{name}`");
            let error = Diagnostic::error("PV512", Location::File, message);
            diagnostics.push(error.with_help("check the names of `--param`"));
        }
        diagnostics.extend(disallowed_value(template, name, value));
    }
    let mut evaluator = Evaluator::new(template, known);
    let spec = build_spec(&mut evaluator, options);
    diagnostics.append(&mut evaluator.diagnostics);
    spec
}

/// Reports a value that the template's `AllowedValues` do not contain.
fn disallowed_value(template: &ParsedTemplate<'_>, name: &str, value: &str) -> Option<Diagnostic> {
    let allowed = member(entries(member(template.parameters, name)?), "AllowedValues")?;
    let NodeData::List(allowed) = &allowed.follow_alias().data else { return None };
    let allowed: Vec<&str> = allowed.iter().filter_map(scalar).collect();
    (!allowed.contains(&value)).then(|| {
        let path = DocumentPath::default().key("Parameters").key(name).key("AllowedValues");
        let message = format!("the template does not allow `{value}` for `{name}`");
        let help = format!("expected one of {}", allowed.join(", "));
        Diagnostic::error("PV513", Location::Value(path), message).with_help(help)
    })
}

fn build_spec(evaluator: &mut Evaluator<'_>, options: &ImportOptions) -> Option<ImportedSpec> {
    let mut selection = resources::select(evaluator);
    if selection.imported.iter().all(|imported| imported.kind != EVENT_API) {
        evaluator.diagnostics.push(no_event_api(evaluator.template));
        return None;
    }
    losses::report_lost_outputs(&selection, evaluator);
    let new_parameters = parameters::replace_references(&mut selection, evaluator);
    resources::declare_existing(&mut selection, evaluator);
    losses::report_lost_attributes(&selection, evaluator);
    losses::report_ignored(&selection, evaluator);
    let tags = properties::common_tags(&selection, evaluator);
    let resources: Vec<(&ImportedResource<'_>, Properties)> = selection
        .imported
        .iter()
        .filter_map(|imported| Some((imported, properties::read(imported, evaluator)?)))
        .collect();
    let used = used_parameters(&resources, &selection, &tags);
    let header = DocumentHeader {
        stack: options.stack.clone(),
        region: options.region.clone(),
        parameters: parameters::parameters(&new_parameters, &used, evaluator),
        description: description(evaluator),
        tags,
    };
    if evaluator.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return None;
    }
    // Diagnostics about handler code have a line of its file, so the spec with files is the one to check.
    let mut written = document::write(&selection, &resources, header.clone(), false);
    let mut text = yaml::spec_to_string(&written.document);
    let now = options.now_epoch_s;
    evaluator
        .diagnostics
        .extend(validation::validate(&text, &written, now, &selection, &resources));
    if options.inline_code && !written.files.is_empty() {
        written = document::write(&selection, &resources, header, true);
        text = yaml::spec_to_string(&written.document);
    }
    let expressions = new_parameters.into_iter();
    let replaced_expressions =
        expressions.map(|(name, parameter)| (name, parameter.expression)).collect();
    let document::WrittenSpec { document, files } = written;
    Some(ImportedSpec { document, text, files, replaced_expressions })
}

/// The names of the parameters that occur in the spec.
fn used_parameters(
    resources: &[(&ImportedResource<'_>, Properties)],
    selection: &ResourceSelection<'_>,
    tags: &BTreeMap<String, Text>,
) -> BTreeSet<String> {
    let in_properties = resources.iter().flat_map(|(_, properties)| properties.placeholders());
    let texts = tags.values().chain(selection.existing.iter().map(|existing| &existing.value));
    let in_texts = texts.flat_map(|text| text.placeholders().cloned());
    let name = |placeholder| match placeholder {
        Placeholder::Parameter(name) => Some(name),
        _ => None,
    };
    in_properties.chain(in_texts).filter_map(name).collect()
}

fn no_event_api(template: &ParsedTemplate<'_>) -> Diagnostic {
    let mut resources = template.resources.iter();
    let message = match resources.any(|resource| resource.type_name == GRAPHQL_API) {
        true => "the template has a GraphQL API, but no Event API",
        false => "the template does not have an Event API",
    };
    let location = Location::Key(DocumentPath::default().key("Resources"));
    Diagnostic::error("PV511", location, message)
        .with_help(format!("a spec needs a resource of the type `{}`", EVENT_API.type_name))
}

fn description(evaluator: &mut Evaluator<'_>) -> Option<String> {
    let node = evaluator.template.description?;
    let value = evaluator.evaluate(node, &DocumentPath::default().key("Description"))?;
    value.as_literal().map(str::to_owned)
}

//! What CloudFormation does not accept, or handles differently from `provision apply`.
use provision_core::address::Address;
use provision_core::diagnostic::{Diagnostic, DocumentPath, Location};
use provision_core::kind::DesiredResource;
use provision_core::kinds::EVENT_API;
use provision_core::spec::Spec;

use crate::render::RenderedTemplate;

/// CloudFormation's quotas for a template (docs/reference/cloudformation.md#template-limits).
const RESOURCES_MAX: usize = 500;
const OUTPUTS_MAX: usize = 200;
const BYTES_MAX: usize = 1_000_000;
/// The largest template that a request can contain; a larger one must be in S3.
const BYTES_IN_REQUEST_MAX: usize = 51_200;

/// Checks rendered templates, each with the text that will be written, against CloudFormation's limits.
///
/// `split` says whether they were rendered for each API.
pub fn check(spec: &Spec, rendered: &[(String, RenderedTemplate)], split: bool) -> Vec<Diagnostic> {
    let check_size =
        |(text, template): &(String, RenderedTemplate)| check_size(template, text.len(), split);
    let mut diagnostics: Vec<Diagnostic> = rendered.iter().flat_map(check_size).collect();
    for (address, resource) in &spec.desired {
        diagnostics.extend(renewal_note(address, resource));
        diagnostics.extend(check_lengths(address, resource));
        diagnostics.extend(check_name(address, resource, rendered));
    }
    diagnostics
}

fn check_size(template: &RenderedTemplate, bytes: usize, split: bool) -> Vec<Diagnostic> {
    let count =
        |section: &str| template.document[section].as_object().map_or(0, serde_json::Map::len);
    let (resources, outputs) = (count("Resources"), count("Outputs"));
    let location = || match &template.api {
        Some(api) => Location::Key(DocumentPath::default().key(EVENT_API.section).key(api)),
        None => Location::File,
    };
    let help = match split {
        true => "divide the API, or divide the spec into several stacks",
        false => "render a template for each API: `--split`",
    };
    let error =
        |code, message: String| Diagnostic::error(code, location(), message).with_help(help);
    let mut diagnostics = Vec::new();
    if resources > RESOURCES_MAX {
        let message = format!("{resources} resources; CloudFormation allows {RESOURCES_MAX}");
        diagnostics.push(error("PV600", message));
    }
    if outputs > OUTPUTS_MAX {
        let message = format!("{outputs} outputs; CloudFormation allows {OUTPUTS_MAX}");
        diagnostics.push(error("PV601", message));
    }
    if bytes > BYTES_MAX {
        let message = format!("the template has {bytes} bytes; CloudFormation allows {BYTES_MAX}");
        diagnostics.push(error("PV602", message));
    } else if bytes > BYTES_IN_REQUEST_MAX {
        let message = format!(
            "the template has {bytes} bytes; without S3, CloudFormation allows {BYTES_IN_REQUEST_MAX}"
        );
        let help = "deploy it from a bucket: `aws cloudformation deploy --s3-bucket BUCKET …`";
        diagnostics.push(Diagnostic::note("PV603", location(), message).with_help(help));
    }
    diagnostics
}

/// A template has a fixed timestamp where `apply` renews the resource.
fn renewal_note(address: &Address, resource: &DesiredResource) -> Option<Diagnostic> {
    let renewal = resource.kind.template.renewal?;
    let lifetime = resource.declared.get(renewal)?.as_str()?;
    let noun = resource.kind.noun;
    let message =
        format!("in a template this {noun} expires {lifetime} from now and is not renewed");
    let location = Location::Key(path(address).key(renewal));
    let help = "render and deploy again before that, or use `provision apply`; `--now` sets the time from \
                which it counts";
    Some(Diagnostic::note("PV604", location, message).with_help(help))
}

/// Reports properties that are too long for CloudFormation, but not for AppSync.
fn check_lengths(address: &Address, resource: &DesiredResource) -> Vec<Diagnostic> {
    let check = |(property, max): &(&str, usize)| {
        let length = resource.properties.get(property)?.as_str()?.chars().count();
        let member = resource.kind.spec_path(property)?;
        (length > *max).then(|| {
            let message = format!("{length} characters; CloudFormation allows {max}");
            let location =
                Location::Value(member.split('.').fold(path(address), DocumentPath::key));
            Diagnostic::error("PV606", location, message)
                .with_help(format!("shorten it to {max} characters; AppSync itself allows more"))
        })
    };
    resource.kind.template.limits.iter().filter_map(check).collect()
}

/// Reports a custom name that several templates would create.
fn check_name(
    address: &Address,
    resource: &DesiredResource,
    rendered: &[(String, RenderedTemplate)],
) -> Option<Diagnostic> {
    resource.declared.get("name")?;
    let has_resource =
        |(_, template): &&(String, RenderedTemplate)| template.resources.contains(address);
    let count = rendered.iter().filter(has_resource).count();
    (count > 1).then(|| {
        let noun = resource.kind.noun;
        let message = format!("{count} templates would create this {noun} with the same name");
        Diagnostic::error("PV605", Location::Key(path(address).key("name")), message)
            .with_help(format!("omit the name, or declare a separate {noun} for each API"))
    })
}

fn path(address: &Address) -> DocumentPath {
    address.parts().collect()
}

//! What CloudFormation does not take, or takes and does not mean as we do.
use crate::render::RenderedTemplate;
use provision_core::address::Address;
use provision_core::diagnostic::{At, Diagnostic, Path};
use provision_core::kind::DesiredResource;
use provision_core::spec::Spec;

/// CloudFormation's quotas for one template, and what fits into a request without S3.
const RESOURCES_MAX: usize = 500;
const OUTPUTS_MAX: usize = 200;
const BYTES_MAX: usize = 1_000_000;
const BYTES_IN_A_REQUEST_MAX: usize = 51_200;

/// Reports what a template can't say or can't be. Each comes with its text, as it will be written.
pub fn check(spec: &Spec, rendered: &[(String, RenderedTemplate)], split: bool) -> Vec<Diagnostic> {
    let sizes = |(text, template): &(String, RenderedTemplate)| sizes(template, text.len(), split);
    let mut problems: Vec<Diagnostic> = rendered.iter().flat_map(sizes).collect();
    for (address, resource) in &spec.desired {
        problems.extend(kept(address, resource));
        problems.extend(contact(address, resource));
        problems.extend(twice(address, resource, rendered));
    }
    problems
}

fn sizes(template: &RenderedTemplate, bytes: usize, split: bool) -> Vec<Diagnostic> {
    let count =
        |section: &str| template.document[section].as_object().map_or(0, serde_json::Map::len);
    let (resources, outputs) = (count("Resources"), count("Outputs"));
    let at = || match &template.api {
        Some(api) => At::Key(Path::default().key("apis").key(api)),
        None => At::File,
    };
    let help = if split {
        "divide the API, or the file into several stacks"
    } else {
        "render a template for each API: `--split`"
    };
    let error = |code, message: String| Diagnostic::error(code, at(), message).with_help(help);
    let mut problems = Vec::new();
    if resources > RESOURCES_MAX {
        let message = format!("{resources} resources; a template takes {RESOURCES_MAX}");
        problems.push(error("PV600", message));
    }
    if outputs > OUTPUTS_MAX {
        let message = format!("{outputs} outputs; a template takes {OUTPUTS_MAX}");
        problems.push(error("PV601", message));
    }
    if bytes > BYTES_MAX {
        let message = format!("the template has {bytes} bytes; CloudFormation takes {BYTES_MAX}");
        problems.push(error("PV602", message));
    } else if bytes > BYTES_IN_A_REQUEST_MAX {
        let message = format!(
            "the template has {bytes} bytes; without S3, CloudFormation takes {BYTES_IN_A_REQUEST_MAX}"
        );
        let help = "deploy it from a bucket: `aws cloudformation deploy --s3-bucket BUCKET …`";
        problems.push(Diagnostic::note("PV603", at(), message).with_help(help));
    }
    problems
}

/// A key's renewal is ours: in a template its end is a moment, which passes.
fn kept(address: &Address, resource: &DesiredResource) -> Option<Diagnostic> {
    let lives = resource.declared.get("validFor")?.as_str()?;
    let message = format!("in a template this key ends {lives} from now, and is not renewed");
    let at = At::Key(path(address).key("validFor"));
    let help = "render and deploy again before then, or apply the spec; `--now` fixes the moment";
    Some(Diagnostic::note("PV604", at, message).with_help(help))
}

/// CloudFormation takes a shorter one than AppSync (docs/reference/apis.md#owner-contact). Whether it takes other
/// letters, nobody has published: that is a warning, whatever the spec is for.
fn contact(address: &Address, resource: &DesiredResource) -> Option<Diagnostic> {
    const CONTACT_MAX: usize = 250;
    let length = resource.properties.get("OwnerContact")?.as_str()?.chars().count();
    (length > CONTACT_MAX).then(|| {
        let message = format!("{length} characters; CloudFormation takes {CONTACT_MAX}");
        Diagnostic::error("PV606", At::Value(path(address).key("ownerContact")), message)
            .with_help("say less; AppSync itself takes 256")
    })
}

/// A name of one's own can't be made by two stacks.
fn twice(
    address: &Address,
    resource: &DesiredResource,
    rendered: &[(String, RenderedTemplate)],
) -> Option<Diagnostic> {
    let named = resource.declared.get("name").is_some();
    let count = rendered.iter().filter(|(_, it)| it.resources.contains(address)).count();
    let twice = named && count > 1;
    twice.then(|| {
        let message = format!("{count} templates would make this, each under the same name");
        Diagnostic::error("PV605", At::Key(path(address).key("name")), message)
            .with_help("leave the name out, or give each API a role of its own")
    })
}

fn path(address: &Address) -> Path {
    address.parts().collect()
}

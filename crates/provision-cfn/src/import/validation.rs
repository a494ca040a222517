//! The spec that was written, read again: what comes back otherwise is said, and what is wrong.
use serde_json::Value;

use crate::import::document::{Beside, Written};
use crate::import::resources::{Chosen, Ours};
use provision_core::address::Address;
use provision_core::diagnostic::{At, Diagnostic, OtherFile, Path, Segment, Severity};
use provision_core::model::Properties;
use provision_core::source::Source;
use provision_core::spec::{Given, load};

/// Findings about the spec, each at the place of the template that it comes from.
pub fn check(
    text: &str,
    written: &Written,
    now_epoch_s: i64,
    chosen: &Chosen<'_>,
    each: &[(&Ours<'_>, Properties)],
) -> Vec<Diagnostic> {
    let (source, mut problems) = Source::parse("spec.yaml", text.as_bytes());
    let (spec, more) = load(&source, &Beside(written.files.clone()), now_epoch_s, &Given::new());
    problems.extend(more);
    let mut findings: Vec<Diagnostic> = problems
        .into_iter()
        .map(|it| match &it.at {
            At::In { file, span } => in_code(&it, file, span.start, written, chosen),
            _ => finding(it, chosen),
        })
        .collect();
    let Some(spec) = spec else { return findings };
    for (ours, properties) in each {
        let Some(resource) = spec.desired.get(&ours.address) else { continue };
        for name in different(properties, &resource.properties) {
            let at = ours.resource.properties_at().key(&name);
            let message = format!("`{name}` does not come back as it was");
            let help = format!("look at {} in the spec, and at `provision render`", ours.address);
            findings.push(Diagnostic::warning("PV548", At::Value(at), message).with_help(help));
        }
    }
    findings
}

/// The properties that differ, tags aside: those have their own findings.
fn different(ours: &Properties, theirs: &Properties) -> Vec<String> {
    let mut names: Vec<&String> = ours.iter().chain(theirs.iter()).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let differs =
        |name: &&String| *name != "Tags" && usual(ours.get(name)) != usual(theirs.get(name));
    names.into_iter().filter(differs).cloned().collect()
}

/// AppSync rounds down to the hour itself.
fn usual(value: Option<&Value>) -> Option<Value> {
    match value {
        Some(Value::Number(number)) if number.as_i64().is_some_and(|it| it > 1_000_000_000) => {
            number.as_i64().map(|it| Value::from(it / 3_600 * 3_600))
        }
        other => other.cloned(),
    }
}

/// A finding about the spec, said where the template says it.
fn finding(problem: Diagnostic, chosen: &Chosen<'_>) -> Diagnostic {
    let path = problem.path().cloned().unwrap_or_default();
    let at = match place(&path, chosen) {
        Some(place) => At::Key(place),
        None => At::File,
    };
    let message = match path.0.is_empty() {
        true => format!("the spec gets {}: {}", problem.code, problem.message),
        false => format!("the spec gets {} at {path}: {}", problem.code, problem.message),
    };
    said(&problem, at, message)
}

/// An error of the spec is one of the import; a warning is there to be known.
fn said(problem: &Diagnostic, at: At, message: String) -> Diagnostic {
    let finding = match problem.severity {
        Severity::Error => Diagnostic::error("PV549", at, message),
        _ => Diagnostic::note("PV547", at, message),
    };
    match &problem.help {
        Some(help) => finding.with_help(help),
        None => finding,
    }
}

/// A finding about handler code, said where the template has the code.
fn in_code(
    problem: &Diagnostic,
    file: &OtherFile,
    byte: usize,
    written: &Written,
    chosen: &Chosen<'_>,
) -> Diagnostic {
    let namespaces = chosen.ours.iter().filter(|it| it.row.section == "namespaces");
    let code = |it: &&Ours<'_>| {
        let declared = it.address.parts().fold(&written.document, |value, part| &value[part]);
        declared["handlers"]["code"] == *file.name
    };
    let at = namespaces
        .into_iter()
        .find(code)
        .map_or(At::File, |it| At::Value(it.resource.properties_at().key("CodeHandlers")));
    let before = file.text.get(..byte).unwrap_or(&file.text);
    let line = before.matches('\n').count() + 1;
    let message = format!(
        "the spec gets {} at {}, line {line}: {}",
        problem.code, file.name, problem.message
    );
    said(problem, at, message)
}

/// The resource or the parameter of the template from which a part of the spec comes.
fn place(path: &Path, chosen: &Chosen<'_>) -> Option<Path> {
    let keys: Vec<&str> = path
        .0
        .iter()
        .map_while(|it| match it {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        })
        .collect();
    if let ["parameters", name, ..] = keys.as_slice() {
        return Some(Path::default().key("Parameters").key(name));
    }
    let resource = |length: usize| {
        let address = Address::parse(&keys.get(..length)?.join("/"))?;
        chosen.ours.iter().find(|it| it.address == address)
    };
    (2..=keys.len()).rev().find_map(resource).map(|it| it.resource.at.clone())
}

//! A template's parameters as a spec's.
use std::collections::BTreeSet;

use crate::import::evaluate::Evaluator;
use crate::import::references::Referred;
use crate::import::sections::{map, word};
use crate::import::values::Type;
use provision_core::diagnostic::{At, Diagnostic, Path, Severity};
use provision_core::source::tree::Entry;
use provision_core::spec::{Parameter, Parameters};
use provision_core::text::is_parameter;

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

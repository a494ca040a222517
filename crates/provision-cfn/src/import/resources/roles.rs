//! Roles that the template does not make, and that its APIs log with.
use std::collections::BTreeSet;

use crate::import::names;
use crate::import::resources::{Chosen, LOG_ROLE};
use provision_core::diagnostic::{At, Diagnostic};

/// Adds the roles that the template does not make, and that its APIs log with.
pub fn existing_roles(chosen: &mut Chosen<'_>, findings: &mut Vec<Diagnostic>) {
    let mut taken: BTreeSet<String> = chosen
        .addresses
        .values()
        .filter(|it| it.section() == "logRoles")
        .map(|it| it.name().to_owned())
        .collect();
    for api in chosen.ours.iter().filter(|it| it.row.section == "apis") {
        let Some(role) = api.properties.at(LOG_ROLE) else { continue };
        let Some(arn) = role.as_text() else { continue };
        let of_ours = arn.holes().any(|it| it.to_string().starts_with("logRoles/"));
        if of_ours || chosen.existing_roles.iter().any(|(_, it)| it == arn) {
            continue;
        }
        let shown = arn.to_string();
        let last = shown.rsplit('/').next().unwrap_or_default();
        let key = names::key("logRoles", &[last], "", &taken);
        taken.insert(key.clone());
        let message = format!("the role is made elsewhere: the spec uses it as `{key}`");
        findings.push(
            Diagnostic::note("PV506", At::Value(role.at.clone()), message)
                .with_help("give its ARN, or have one made: `logRoles: { logs: {} }`"),
        );
        chosen.existing_roles.push((key, arn.clone()));
    }
}

//! The logical ids of a template: declared in the spec, or derived from the address.
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::kind::{DesiredResource, DesiredState};

/// Warns of logical ids that two resources have, or a resource and a parameter. `apply` does not use logical ids, so
/// this is not an error.
pub fn check<'a>(
    desired: &DesiredState,
    parameters: impl Iterator<Item = &'a str>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (ids, shared) = ids(desired);
    for name in parameters {
        if let Some((id, address)) = ids.get_key_value(name) {
            let message = format!("duplicate logical id `{id}`: a parameter has the same name");
            let path: DocumentPath = address.parts().collect();
            diagnostics.push(
                Diagnostic::warning("PV216", Location::Key(path), message)
                    .with_help("to render a template, set another `logicalId:`"),
            );
        }
    }
    for (id, first, second) in shared {
        let path: DocumentPath = second.parts().collect();
        let message = format!("duplicate logical id `{id}`: `{first}` has it too");
        let help = "to render a template, set another `logicalId:` for one of the two";
        diagnostics
            .push(Diagnostic::warning("PV216", Location::Key(path), message).with_help(help));
    }
}

/// A logical id, and the two resources that have it.
type SharedId<'a> = (String, &'a Address, &'a Address);

/// Returns logical ids that two resources have.
pub fn shared_ids(desired: &DesiredState) -> Vec<SharedId<'_>> {
    ids(desired).1
}

/// Returns the logical ids with the first resource of each, and the ids that two resources have.
fn ids(desired: &DesiredState) -> (BTreeMap<String, &Address>, Vec<SharedId<'_>>) {
    let mut ids: BTreeMap<String, &Address> = BTreeMap::new();
    let mut shared = Vec::new();
    for (address, resource) in desired {
        match ids.entry(logical_id(address, Some(resource))) {
            Entry::Vacant(entry) => {
                entry.insert(address);
            }
            Entry::Occupied(first) => shared.push((first.key().clone(), *first.get(), address)),
        }
    }
    (ids, shared)
}

/// Returns the logical id of a resource: `SampleChatRoomNamespace` for `apis/sample/namespaces/chat-room`.
pub fn logical_id(address: &Address, resource: Option<&DesiredResource>) -> String {
    let declared =
        resource.and_then(|resource| resource.declared.get("logicalId")).and_then(Value::as_str);
    if let Some(id) = declared {
        return id.to_owned();
    }
    let mut id = String::new();
    for name in address.parts().skip(1).step_by(2) {
        push_capitalized(&mut id, name);
    }
    // The id ends with the section in the singular: `Namespace` for `namespaces`.
    let section = address.section();
    push_capitalized(&mut id, section.strip_suffix('s').unwrap_or(section));
    id
}

fn push_capitalized(id: &mut String, text: &str) {
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logical_id_has_the_names_in_the_address() {
        let api = Address::top_level("apis", "sample");
        assert_eq!(logical_id(&api, None), "SampleApi");
        assert_eq!(
            logical_id(&api.child("namespaces", "chat-room"), None),
            "SampleChatRoomNamespace"
        );
        assert_eq!(logical_id(&api.child("apiKeys", "web_1"), None), "SampleWeb1ApiKey");
        assert_eq!(logical_id(&Address::top_level("logRoles", "logs"), None), "LogsLogRole");
    }
}

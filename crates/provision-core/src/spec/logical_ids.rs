//! The logical ids of a template: said by the spec, or made from the address.
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::kind::{DesiredResource, DesiredState};

/// Warns of ids that two resources would share, or a resource and a parameter. Applying does without
/// ids; a template does not.
pub fn check<'a>(
    desired: &DesiredState,
    parameters: impl Iterator<Item = &'a str>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (ids, shared) = ids(desired);
    for name in parameters {
        if let Some((id, address)) = ids.get_key_value(name) {
            let message =
                format!("its logical id in a template, `{id}`, is that of a parameter too");
            let path: DocumentPath = address.parts().collect();
            diagnostics.push(
                Diagnostic::warning("PV216", Location::Key(path), message)
                    .with_help("to render a template, give it another `logicalId:`"),
            );
        }
    }
    for (id, first, second) in shared {
        let path: DocumentPath = second.parts().collect();
        let message = format!("its logical id in a template, `{id}`, is that of {first} too");
        let help = "to render a template, give one of the two another `logicalId:`";
        diagnostics
            .push(Diagnostic::warning("PV216", Location::Key(path), message).with_help(help));
    }
}

/// An id, and the two resources that would share it.
type SharedId<'a> = (String, &'a Address, &'a Address);

/// Ids that two resources would share in a template.
pub fn shared_ids(desired: &DesiredState) -> Vec<SharedId<'_>> {
    ids(desired).1
}

/// The ids there are, and those that two resources would share.
fn ids(desired: &DesiredState) -> (BTreeMap<String, &Address>, Vec<SharedId<'_>>) {
    let mut taken: BTreeMap<String, &Address> = BTreeMap::new();
    let mut shared = Vec::new();
    for (address, resource) in desired {
        match taken.entry(logical_id(address, Some(resource))) {
            Entry::Vacant(free) => {
                free.insert(address);
            }
            Entry::Occupied(first) => shared.push((first.key().clone(), *first.get(), address)),
        }
    }
    (taken, shared)
}

/// `apis/sample/namespaces/chat-room` is `SampleChatRoomNamespace`.
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
    // A section in the singular, as an id ends: `namespaces` → `Namespace`.
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
    fn an_id_is_made_from_the_names_on_the_way() {
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

//! The logical ids of a template: said by the spec, or made from the address.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::address::Address;
use crate::diagnostic::{At, Diagnostic, Path};
use crate::kind::{Desired, Resource};

/// Warns of ids that two resources would share, or a resource and a parameter. Applying does without
/// ids; a template does not.
pub fn check<'a>(
    desired: &Desired,
    parameters: impl Iterator<Item = &'a str>,
    problems: &mut Vec<Diagnostic>,
) {
    let parameters: Vec<&str> = parameters.collect();
    for (address, resource) in desired {
        let id = logical_id(address, Some(resource));
        if parameters.contains(&id.as_str()) {
            let message =
                format!("its logical id in a template, `{id}`, is that of a parameter too");
            let path = address.parts().fold(Path::default(), Path::key);
            problems.push(
                Diagnostic::warning("PV216", At::Key(path), message)
                    .with_help("to render a template, give it another `logicalId:`"),
            );
        }
    }
    for (id, first, second) in shared_ids(desired) {
        let path = second.parts().fold(Path::default(), Path::key);
        let message = format!("its logical id in a template, `{id}`, is that of {first} too");
        let help = "to render a template, give one of the two another `logicalId:`";
        problems.push(Diagnostic::warning("PV216", At::Key(path), message).with_help(help));
    }
}

/// Ids that two resources would share in a template.
pub fn shared_ids(desired: &Desired) -> Vec<(String, &Address, &Address)> {
    let mut taken: BTreeMap<String, &Address> = BTreeMap::new();
    let mut shared = Vec::new();
    for (address, resource) in desired {
        let id = logical_id(address, Some(resource));
        if let Some(first) = taken.insert(id.clone(), address) {
            shared.push((id, first, address));
        }
    }
    shared
}

/// `apis/sample/namespaces/chat-room` is `SampleChatRoomNamespace`.
pub fn logical_id(address: &Address, resource: Option<&Resource>) -> String {
    let declared = resource.and_then(|it| it.declared.get("logicalId")).and_then(Value::as_str);
    if let Some(id) = declared {
        return id.to_owned();
    }
    let names = address.parts().skip(1).step_by(2).map(capitalized);
    names.chain([suffix(address.section())]).collect()
}

/// A section in the singular, as an id ends: `namespaces` → `Namespace`.
fn suffix(section: &str) -> String {
    capitalized(section.strip_suffix('s').unwrap_or(section))
}

fn capitalized(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    words.map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_from_the_names_on_the_way() {
        let api = Address::top("apis", "sample");
        assert_eq!(logical_id(&api, None), "SampleApi");
        assert_eq!(
            logical_id(&api.child("namespaces", "chat-room"), None),
            "SampleChatRoomNamespace"
        );
        assert_eq!(logical_id(&api.child("apiKeys", "web_1"), None), "SampleWeb1ApiKey");
        assert_eq!(logical_id(&Address::top("logRoles", "logs"), None), "LogsLogRole");
    }
}

//! What an update does with a resource, decided from its properties before and after. Change sets describe the
//! decision that the engine carries out, because both get it here.
use serde_json::Value;

use crate::cloudformation::differences::{Difference, differences};
use crate::cloudformation::resource_types::{RequiresRecreation, ResourceType};

/// What an update does with a resource that is in both templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is called. Its policies, metadata and dependencies may differ.
    Unchanged,
    Update,
    Replace,
}

/// Decides from resolved properties. `tags_changed` is whether the tags of the stack change, which resources with
/// tags have, too.
pub fn decide(
    resource_type: &ResourceType,
    before: &Value,
    after: &Value,
    tags_changed: bool,
) -> Decision {
    let differences = property_differences(resource_type, before, after);
    let paths = differences.iter().map(|difference| difference.path.as_str());
    let tags_changed = tags_changed && resource_type.tags_property().is_some();
    match paths.map(|path| resource_type.requires_recreation(path)).max() {
        // What recreates a resource only under conditions does not do so here.
        Some(RequiresRecreation::Never | RequiresRecreation::Conditionally) => Decision::Update,
        Some(RequiresRecreation::Always) => Decision::Replace,
        None if tags_changed => Decision::Update,
        None => Decision::Unchanged,
    }
}

/// The differences of properties, of which spellings with the same meaning are none.
pub fn property_differences(
    resource_type: &ResourceType,
    before: &Value,
    after: &Value,
) -> Vec<Difference> {
    let normalize = |properties: &Value| resource_type.normalize_properties(properties);
    differences(&normalize(before), &normalize(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloudformation::resource_types::{StubTypes, find};

    #[test]
    fn the_properties_that_differ_decide_what_an_update_does() {
        let namespace =
            find("AWS::AppSync::ChannelNamespace", &StubTypes::default()).expect("it is emulated");
        let before = json!({ "ApiId": "a", "Name": "n", "CodeHandlers": "x" });
        let check = |after: Value, tags_changed: bool, expected: Decision| {
            assert_eq!(decide(&namespace, &before, &after, tags_changed), expected, "{after}");
        };
        check(before.clone(), false, Decision::Unchanged);
        check(before.clone(), true, Decision::Update);
        check(json!({ "ApiId": "a", "Name": "n", "CodeHandlers": "y" }), false, Decision::Update);
        check(json!({ "ApiId": "a", "Name": "m", "CodeHandlers": "y" }), true, Decision::Replace);
        check(json!({ "ApiId": "a", "Name": "n" }), false, Decision::Update);
        let key = find("AWS::AppSync::ApiKey", &StubTypes::default()).expect("it is emulated");
        let properties = json!({ "ApiId": "a" });
        assert_eq!(decide(&key, &properties, &properties, true), Decision::Unchanged);
    }
}

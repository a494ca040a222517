use serde_json::{Value, json};

use crate::cloudformation::resource_types::table::ROWS;
use crate::cloudformation::resource_types::tests::stack::emulated;
use crate::cloudformation::resource_types::{KNOWN_AFTER_APPLY, RequiresRecreation};
use crate::cloudformation::resource_types::{data, schema};

#[test]
fn every_row_agrees_with_its_schema() {
    for row in ROWS {
        let schema = data::emulated_schema(row.name).unwrap();
        let has_property = |name: &String| schema.root.properties.contains_key(name);
        assert!(schema.primary_identifier.iter().all(has_property), "{}", row.name);
        if let Some(reference) = row.reference {
            assert!(has_property(&reference.to_owned()), "{}: {reference}", row.name);
        }
        let tag_property = schema.tag_property.as_ref();
        assert!(tag_property.is_none_or(has_property), "{}", row.name);
        let resource_type = emulated(row.name);
        assert_eq!(resource_type.primary_identifier(), schema.primary_identifier);
        for name in &schema.create_only_properties {
            let pointer = format!("/{}", name.replace('.', "/"));
            let expected = RequiresRecreation::Always;
            assert_eq!(resource_type.requires_recreation(&pointer), expected, "{}", row.name);
        }
    }
}

#[test]
fn the_files_of_schemas_have_the_types_of_the_table_and_all_others() {
    let file: Value =
        serde_json::from_str(include_str!("../../../../schemas/emulated.json")).unwrap();
    let in_file: Vec<&str> =
        file["types"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(in_file, ROWS.iter().map(|row| row.name).collect::<Vec<_>>(), "in order of names");
    for name in data::registry_names().step_by(50) {
        assert!(!in_file.contains(&name), "{name}");
        let (known, schema) = data::registry_schema(name).unwrap();
        assert!(known == name && !schema.primary_identifier.is_empty(), "{name}");
    }
    assert!(data::registry_names().count() > 1_800);
}

/// The engine of patterns lacks lookahead and classes of Unicode; the services check these members themselves.
#[test]
fn only_patterns_of_tags_are_not_checked() {
    fn patterns(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("pattern").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| patterns(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| patterns(item, found)),
            _ => {}
        }
    }
    let file: Value =
        serde_json::from_str(include_str!("../../../../schemas/emulated.json")).unwrap();
    let mut found = Vec::new();
    patterns(&file, &mut found);
    found.sort();
    found.dedup();
    found.retain(|pattern| schema::parse_pattern(pattern).is_none());
    let tags = [
        "^(?!aws:)[ a-zA-Z+-=._:/]+$",
        r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$",
        r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$",
    ];
    assert_eq!(found, tags);
}

#[test]
fn only_types_with_tags_take_system_tags() {
    for row in ROWS {
        let resource_type = emulated(row.name);
        let takes_tags = resource_type.tags_property().is_some();
        assert!(takes_tags || !resource_type.takes_system_tags(), "{}", row.name);
        assert_eq!(resource_type.is_importable(), resource_type.detects_drift(), "{}", row.name);
    }
    assert!(!emulated("AWS::IAM::Role").takes_system_tags());
    assert!(emulated("AWS::AppSync::Api").takes_system_tags());
}

#[test]
fn attributes_are_those_of_the_schema() {
    let api = emulated("AWS::AppSync::Api");
    assert!(
        api.has_attribute("Dns.Http") && !api.has_attribute("Dns") && !api.has_attribute("Arn")
    );
}

#[test]
fn properties_are_checked_with_the_texts_of_cloudformation() {
    let check = |name: &str, properties: Value, expected: &str| {
        let expected = match expected {
            "" => Ok(()),
            text => {
                Err(format!("Properties validation failed for resource R with message:\n{text}"))
            }
        };
        assert_eq!(emulated(name).check_properties("R", &properties), expected, "{properties}");
    };
    let api = "AWS::AppSync::Api";
    check(api, json!({}), "#: required key [Name] not found");
    check(api, json!({ "Name": "a", "nam": 1 }), "#: extraneous key [nam] is not permitted");
    check(api, json!({ "Name": ["a"] }), "[#/Name: expected type: String, found: JSONArray]");
    check(api, json!({ "Name": "a", "ApiId": "x" }), "#: extraneous key [ApiId] is not permitted");
    check(
        api,
        json!({ "Name": "", "OwnerContact": "x".repeat(251) }),
        "#/Name: expected minLength: 1, actual: 0\n#/Name: failed validation constraint for keyword [pattern]\n\
         #/OwnerContact: expected maxLength: 250, actual: 251",
    );
    check(
        api,
        json!({ "Name": "a", "EventConfig": { "AuthProviders": [{ "AuthType": "NONE" }, 1] } }),
        "[#/EventConfig: required key [ConnectionAuthModes] not found, \
         #/EventConfig: required key [DefaultPublishAuthModes] not found, \
         #/EventConfig: required key [DefaultSubscribeAuthModes] not found, \
         #/EventConfig/AuthProviders/0/AuthType: failed validation constraint for keyword [enum], \
         #/EventConfig/AuthProviders/1: expected type: JSONObject, found: Integer]",
    );
    check(api, json!({ "Name": 5, "EventConfig": KNOWN_AFTER_APPLY }), "");
    let unknown = json!({ "Key": "k", "Value": KNOWN_AFTER_APPLY });
    check(api, json!({ "Name": KNOWN_AFTER_APPLY, "Tags": [unknown, unknown] }), "");
    let tag = json!({ "Key": "k", "Value": "v" });
    check(api, json!({ "Name": "a", "Tags": [tag, tag] }), "#/Tags: array items are not unique");
    let key = "AWS::AppSync::ApiKey";
    check(key, json!({ "ApiId": "a", "Expires": "1798761600" }), "");
    check(
        key,
        json!({ "ApiId": "a", "Expires": "soon" }),
        "[#/Expires: expected type: Number, found: String]",
    );
    let role = "AWS::IAM::Role";
    check(role, json!({ "AssumeRolePolicyDocument": "{\"Version\":\"1\"}" }), "");
    check(
        role,
        json!({ "AssumeRolePolicyDocument": [], "MaxSessionDuration": 60 }),
        "#/AssumeRolePolicyDocument: no subschema matched out of the total 2 subschemas\n\
         #/MaxSessionDuration: failed validation constraint for keyword [minimum]",
    );
}

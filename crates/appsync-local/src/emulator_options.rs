//! Emulator options: AWS's undocumented behavior where two variants are equally likely, so that a client can be
//! tested with both. They never change documented behavior.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest page that a caller may request (docs/reference/control-plane.md#pages).
pub const PAGE_MAX: usize = 25;

/// The members of an API that a list may omit: all but those that identify it.
const API_MEMBERS: &[&str] = &[
    "ownerContact",
    "tags",
    "dns",
    "apiArn",
    "created",
    "xrayEnabled",
    "wafWebAclArn",
    "eventConfig",
];
const NAMESPACE_MEMBERS: &[&str] = &[
    "subscribeAuthModes",
    "publishAuthModes",
    "codeHandlers",
    "tags",
    "channelNamespaceArn",
    "created",
    "lastModified",
    "handlerConfigs",
];

// The documentation comments of the members are the text in `docs/local-emulator.md`. The enums have none, because
// a documented variant would leave the `enum` of the schema, which that page reads.
/// How the emulator behaves where AWS's behavior is undocumented.
///
/// Options are written as JSON; `docs/local-emulator.md` has their names and values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EmulatorOptions {
    /// What happens to `ownerContact` in UpdateApi, and to modes, code and handlers in UpdateChannelNamespace, when they are omitted (docs/reference/control-plane.md#omitted-members).
    pub(crate) omitted_members: OmissionBehavior,
    /// What an empty list of modes, or empty `handlerConfigs`, means in UpdateChannelNamespace while `omitted-members` is `kept` (docs/reference/control-plane.md#omitted-members).
    pub(crate) empty_lists: OmissionBehavior,
    /// What ListApis omits from each API; AWS only documents "high-level details only" (docs/reference/control-plane.md#lists).
    pub(crate) list_apis_leaves_out: Vec<String>,
    /// What ListChannelNamespaces omits from each namespace (docs/reference/control-plane.md#lists).
    pub(crate) list_namespaces_leaves_out: Vec<String>,
    /// Items on a page of an AppSync list if the caller does not specify `maxResults`, from 1 to 25 (docs/reference/control-plane.md#pages).
    pub(crate) page_size: usize,
    /// The error for a duplicate channel namespace name: ConflictException 409, or BadRequestException 400 (docs/reference/channel-namespaces.md#duplicate-names).
    pub(crate) duplicate_namespace: DuplicateError,
    /// The error for a violated constraint of the model: BadRequestException or ValidationException (docs/reference/control-plane.md#broken-constraints).
    pub(crate) constraint_error: ConstraintError,
    /// Modes that no authorization provider of the API offers (docs/reference/authorization.md#modes).
    pub(crate) unoffered_modes: Acceptance,
    /// An API without any authorization provider (docs/reference/authorization.md#providers).
    pub(crate) empty_providers: Acceptance,
    /// A second API_KEY provider in one API (docs/reference/authorization.md#providers).
    pub(crate) repeated_api_key_provider: Acceptance,
    /// Whether DeleteApi also deletes namespaces, keys and data sources (docs/reference/apis.md#deletion).
    pub(crate) delete_api: ApiDeletion,
    /// DeleteApi while a custom domain name points at the API; if allowed, the association is deleted, too (docs/reference/domains.md#deletion).
    pub(crate) associated_api_delete: DeletionWhileInUse,
    /// DeleteDataSource while a channel namespace uses it (docs/reference/data-sources.md#deletion).
    pub(crate) used_data_source_delete: DeletionWhileInUse,
    /// Data sources of the types NONE and AMAZON_ELASTICSEARCH (docs/reference/data-sources.md#types).
    pub(crate) none_data_sources: Acceptance,
    /// A handler of behavior CODE whose `dataSourceName` is empty, which then has no data source (docs/reference/handlers.md#configuration).
    pub(crate) empty_data_source_name: Acceptance,
    /// Code that exports neither `onPublish` nor `onSubscribe` (docs/reference/handlers.md#module).
    pub(crate) code_without_handlers: Acceptance,
    /// Code with JavaScript syntax that APPSYNC_JS does not support, such as `++`, `while` or `try` (docs/reference/handlers.md#language).
    pub(crate) unsupported_syntax: Acceptance,
    /// Whether CreateApi and UpdateApi check that the log role exists in IAM (docs/reference/iam.md#checks-of-a-log-role).
    pub(crate) role_checked: bool,
    /// For how many seconds an association of a domain name has the status PROCESSING (docs/reference/domains.md#associations).
    pub(crate) association_takes_s: u32,
    /// The error for an invalid signature on the data plane: BadRequestException with the canonical request, as observed on a WebSocket, or UnauthorizedException (docs/reference/authorization.md#bad-signatures).
    pub(crate) bad_signature: BadSignatureError,
    /// Where the response to a publish lists an event that a handler filtered out: in `successful`, or nowhere (docs/reference/data-plane.md#filtered-events).
    pub(crate) filtered_events: FilteredEvents,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OmissionBehavior {
    Cleared,
    Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DuplicateError {
    Conflict,
    BadRequest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ConstraintError {
    BadRequest,
    Validation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Acceptance {
    Accepted,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ApiDeletion {
    Cascades,
    RefusedWhileInUse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DeletionWhileInUse {
    Allowed,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BadSignatureError {
    BadRequest,
    Unauthorized,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FilteredEvents {
    Successful,
    LeftOut,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        Self {
            omitted_members: OmissionBehavior::Cleared,
            empty_lists: OmissionBehavior::Cleared,
            list_apis_leaves_out: vec!["eventConfig".to_owned()],
            list_namespaces_leaves_out: vec![
                "codeHandlers".to_owned(),
                "handlerConfigs".to_owned(),
            ],
            page_size: 10,
            duplicate_namespace: DuplicateError::Conflict,
            constraint_error: ConstraintError::BadRequest,
            unoffered_modes: Acceptance::Refused,
            empty_providers: Acceptance::Refused,
            repeated_api_key_provider: Acceptance::Refused,
            delete_api: ApiDeletion::Cascades,
            associated_api_delete: DeletionWhileInUse::Refused,
            used_data_source_delete: DeletionWhileInUse::Refused,
            none_data_sources: Acceptance::Accepted,
            empty_data_source_name: Acceptance::Refused,
            code_without_handlers: Acceptance::Refused,
            unsupported_syntax: Acceptance::Refused,
            role_checked: false,
            association_takes_s: 0,
            bad_signature: BadSignatureError::BadRequest,
            filtered_events: FilteredEvents::Successful,
        }
    }
}

impl EmulatorOptions {
    /// Parses a JSON object of options; omitted ones have their defaults.
    ///
    /// # Errors
    ///
    /// Fails if the text is not such an object, or if it has an unknown option or an invalid value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let options: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if !(1..=PAGE_MAX).contains(&options.page_size) {
            let value = options.page_size;
            return Err(format!("`page-size` is `{value}`, but must be from 1 to {PAGE_MAX}"));
        }
        let lists = [
            ("list-apis-leaves-out", &options.list_apis_leaves_out, API_MEMBERS),
            ("list-namespaces-leaves-out", &options.list_namespaces_leaves_out, NAMESPACE_MEMBERS),
        ];
        for (name, value, known) in lists {
            if let Some(unknown) = value.iter().find(|member| !known.contains(&member.as_str())) {
                let known = known.join("`, `");
                return Err(format!("`{name}` has `{unknown}`, expected some of `{known}`"));
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn omitted_options_keep_their_defaults_and_unknown_ones_are_rejected_with_the_known_names() {
        assert_eq!(EmulatorOptions::parse("{}"), Ok(EmulatorOptions::default()));
        let options = EmulatorOptions::parse(r#"{"delete-api": "refused-while-in-use"}"#);
        assert_eq!(options.unwrap().delete_api, ApiDeletion::RefusedWhileInUse);
        let check = |text: &str, expected: &str| {
            let error = EmulatorOptions::parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(r#"{"omited-members": "kept"}"#, "unknown field `omited-members`");
        check(r#"{"omited-members": "kept"}"#, "`omitted-members`, `empty-lists`");
        check(r#"{"omitted-members": "lost"}"#, "expected `cleared` or `kept`");
        check(r#"{"page-size": 26}"#, "from 1 to 25");
        check(r#"{"list-apis-leaves-out": ["tag"]}"#, "has `tag`, expected some of `ownerContact`");
        check("[", "EOF");
    }
}

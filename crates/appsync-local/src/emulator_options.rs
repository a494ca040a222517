//! What nobody has published about AWS, and what we chose. Each cites the page of `docs/reference`
//! that says what is known.
//!
//! Where one answer is as likely as another the choice is a switch, so that whoever works against
//! this AWS can try both.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data_plane::Problem;
use crate::protocol::response::Fault;

/// The account of callers whose access key id is no account id. Ours to choose.
pub const ACCOUNT: &str = "123456789012";
/// `code` of an event that a handler failed (docs/reference/data-plane.md#failed-events: values
/// unknown).
pub const FAILED_EVENT_CODE: u16 = 400;
/// The most that a caller may ask of one page (docs/reference/control-plane.md#pages).
pub const PAGE_MAX: usize = 25;

/// What a list may leave out: all but what tells one item from another.
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

// What is written over the members is what `docs/local-aws.md` says of them.
/// How the local AWS behaves where nobody has published what AWS does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Switches {
    /// What happens to `ownerContact` in UpdateApi, and to modes, code and handlers in UpdateChannelNamespace, when they are left out (docs/reference/control-plane.md#omitted-members).
    pub omitted_members: Omitted,
    /// What an empty list of modes, or empty `handlerConfigs`, means in UpdateChannelNamespace while `omitted-members` is `kept` (docs/reference/control-plane.md#omitted-members).
    pub empty_lists: Omitted,
    /// What ListApis leaves out of each API; "high-level details only" is all that is said (docs/reference/control-plane.md#lists).
    pub list_apis_leaves_out: Vec<String>,
    /// What ListChannelNamespaces leaves out of each namespace (docs/reference/control-plane.md#lists).
    pub list_namespaces_leaves_out: Vec<String>,
    /// Items on a page of AppSync's when the caller names no number, from 1 to 25 (docs/reference/control-plane.md#pages).
    pub page_size: usize,
    /// The error of a second channel namespace of one name: ConflictException 409, or BadRequestException 400 (docs/reference/channel-namespaces.md#duplicate-names).
    pub duplicate_namespace: Duplicate,
    /// The error of a broken constraint of the model: BadRequestException or ValidationException (docs/reference/control-plane.md#broken-constraints).
    pub constraint_error: ConstraintError,
    /// Modes that no authorization provider of the API offers (docs/reference/authorization.md#modes).
    pub unoffered_modes: Taken,
    /// An API without any authorization provider (docs/reference/authorization.md#providers).
    pub empty_providers: Taken,
    /// A second API_KEY provider in one API (docs/reference/authorization.md#providers).
    pub repeated_api_key_provider: Taken,
    /// Whether DeleteApi takes namespaces, keys and data sources along (docs/reference/apis.md#deletion).
    pub delete_api: DeleteApi,
    /// DeleteApi while a custom domain name points at the API; when allowed, the association goes too (docs/reference/domains.md#deletion).
    pub associated_api_delete: Deletion,
    /// DeleteDataSource while a channel namespace uses it (docs/reference/data-sources.md#deletion).
    pub used_data_source_delete: Deletion,
    /// Data sources of the types NONE and AMAZON_ELASTICSEARCH (docs/reference/data-sources.md#types).
    pub none_data_sources: Taken,
    /// A handler of behavior CODE whose `dataSourceName` is empty, which then has no data source (docs/reference/handlers.md#configuration).
    pub empty_data_source_name: Taken,
    /// Code that exports neither `onPublish` nor `onSubscribe` (docs/reference/handlers.md#module).
    pub code_without_handlers: Taken,
    /// Code with what APPSYNC_JS leaves out of JavaScript, such as `++`, `while` or `try` (docs/reference/handlers.md#language).
    pub unsupported_syntax: Taken,
    /// Whether CreateApi and UpdateApi look for the log role in IAM (docs/reference/iam.md#checks-of-a-log-role).
    pub role_checked: bool,
    /// For how many seconds an association of a domain name says PROCESSING (docs/reference/domains.md#associations).
    pub association_takes_s: u32,
    /// The error of a signature on the data plane that does not verify: BadRequestException with the canonical request, as seen on a WebSocket, or UnauthorizedException (docs/reference/authorization.md#bad-signatures).
    pub bad_signature: BadSignature,
    /// Where the answer to a publish lists an event that a handler dropped: in `successful`, or nowhere (docs/reference/data-plane.md#filtered-events).
    pub filtered_events: Filtered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Omitted {
    Cleared,
    Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicate {
    Conflict,
    BadRequest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConstraintError {
    BadRequest,
    Validation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    Accepted,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeleteApi {
    Cascades,
    RefusesWhileSomethingHangsOnIt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Deletion {
    Allowed,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BadSignature {
    BadRequest,
    Unauthorized,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Filtered {
    Successful,
    LeftOut,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            omitted_members: Omitted::Cleared,
            empty_lists: Omitted::Cleared,
            list_apis_leaves_out: vec!["eventConfig".to_owned()],
            list_namespaces_leaves_out: vec![
                "codeHandlers".to_owned(),
                "handlerConfigs".to_owned(),
            ],
            page_size: 10,
            duplicate_namespace: Duplicate::Conflict,
            constraint_error: ConstraintError::BadRequest,
            unoffered_modes: Taken::Refused,
            empty_providers: Taken::Refused,
            repeated_api_key_provider: Taken::Refused,
            delete_api: DeleteApi::Cascades,
            associated_api_delete: Deletion::Refused,
            used_data_source_delete: Deletion::Refused,
            none_data_sources: Taken::Accepted,
            empty_data_source_name: Taken::Refused,
            code_without_handlers: Taken::Refused,
            unsupported_syntax: Taken::Refused,
            role_checked: false,
            association_takes_s: 0,
            bad_signature: BadSignature::BadRequest,
            filtered_events: Filtered::Successful,
        }
    }
}

impl Switches {
    /// Reads a JSON object of switches; those left out are as ever.
    pub fn read(text: &str) -> Result<Self, String> {
        let switches: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if !(1..=PAGE_MAX).contains(&switches.page_size) {
            let given = switches.page_size;
            return Err(format!("`page-size` is {given}, and must be from 1 to {PAGE_MAX}"));
        }
        let lists = [
            ("list-apis-leaves-out", &switches.list_apis_leaves_out, API_MEMBERS),
            ("list-namespaces-leaves-out", &switches.list_namespaces_leaves_out, NAMESPACE_MEMBERS),
        ];
        for (name, given, known) in lists {
            if let Some(stray) = given.iter().find(|it| !known.contains(&it.as_str())) {
                let known = known.join("`, `");
                return Err(format!("`{name}` has `{stray}`, expected some of `{known}`"));
            }
        }
        Ok(switches)
    }

    /// The fault as AppSync would name it, if it is a broken constraint.
    pub(crate) fn told(&self, mut fault: Fault) -> Fault {
        if fault.code == CONSTRAINT && self.constraint_error == ConstraintError::BadRequest {
            fault.code = "BadRequestException".into();
        }
        fault
    }
}

const CONSTRAINT: &str = "ValidationException";

/// A member that breaks a constraint of the model; `Switches::told` knows its name.
pub fn constraint(member: &str, constraint: &str) -> Fault {
    let message = format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    );
    Fault::new(400, CONSTRAINT, message)
}

/// What an unknown API is told (docs/reference/control-plane.md#unknown-resources: text unknown).
pub fn no_such_api(id: &str) -> Fault {
    Fault::not_found(format!("Api {id} not found."))
}

/// What an unknown channel namespace is told (docs/reference/control-plane.md#unknown-resources:
/// text unknown).
pub fn no_such_namespace(name: &str) -> Fault {
    Fault::not_found(format!("Channel namespace {name} not found."))
}

/// What an unknown domain name is told (docs/reference/control-plane.md#unknown-resources: text
/// unknown).
pub fn no_such_domain(name: &str) -> Fault {
    Fault::not_found(format!("Domain name {name} not found."))
}

/// A domain name that points at no API (docs/reference/domains.md#associations: text unknown).
pub fn not_associated(name: &str) -> Fault {
    Fault::not_found(format!("Domain name {name} is not associated with an API."))
}

/// A second domain name of one name (docs/reference/domains.md#duplicate-names: BadRequestException
/// is the only modelled candidate).
pub fn domain_exists(name: &str) -> Fault {
    Fault::bad_request(format!("Domain name {name} already exists."))
}

/// A mode that the API does not offer (docs/reference/authorization.md#modes: text unknown).
pub fn not_offered(mode: &str) -> Fault {
    let message =
        format!("Auth type {mode} is not configured in the authorization providers of the API.");
    Fault::bad_request(message)
}

/// A second channel namespace of one name (docs/reference/channel-namespaces.md#duplicate-names:
/// error and text unknown).
pub fn namespace_exists(name: &str, switches: &Switches) -> Fault {
    let message = format!("Channel namespace with name {name} already exists.");
    match switches.duplicate_namespace {
        Duplicate::Conflict => Fault::new(409, "ConflictException", message),
        Duplicate::BadRequest => Fault::bad_request(message),
    }
}

/// A data source that runs with code, in use (docs/reference/data-sources.md#deletion: error and
/// text unknown).
pub fn used_data_source(name: &str) -> Fault {
    Fault::bad_request(format!("Data source {name} is still used by a channel namespace."))
}

/// A log role that IAM does not have (docs/reference/iam.md#checks-of-a-log-role: error and text
/// unknown).
pub fn no_such_role(arn: &str) -> Fault {
    Fault::bad_request(format!("The role {arn} does not exist or can't be assumed by AppSync."))
}

/// A signature that does not verify, or not at this time
/// (docs/reference/authorization.md#bad-signatures: seen on a WebSocket only).
pub fn bad_signature(message: &str, switches: &Switches) -> Problem {
    match switches.bad_signature {
        BadSignature::BadRequest => Problem::bad_request(message),
        BadSignature::Unauthorized => Problem::unauthorized(message),
    }
}

/// What a signature that does not verify is told: AWS's own words, and what had to be signed.
pub fn signature_mismatch(canonical: &str, to_sign: &str) -> String {
    format!(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    )
}

/// An access key that nobody knows (docs/reference/authorization.md#bad-signatures: error of AWS's
/// services at large).
pub fn unknown_access_key(switches: &Switches) -> Problem {
    let message = "The security token included in the request is invalid.";
    match switches.bad_signature {
        BadSignature::BadRequest => {
            Problem::new(403, "UnrecognizedClientException").saying(message)
        }
        BadSignature::Unauthorized => Problem::unauthorized(message),
    }
}

/// `util.error` in a handler: 403 (docs/reference/handlers.md#explicit-errors); its type where the
/// handler names none is unknown.
pub fn handler_error(error_type: Option<String>, message: String) -> Problem {
    let error_type = error_type.unwrap_or_else(|| "ForbiddenException".to_owned());
    Problem::new(403, error_type).saying(message)
}

/// A handler that throws or goes beyond a limit (docs/reference/handlers.md#failures: unknown; the words are those of
/// AppSync's other runtime of the same language).
pub fn handler_broke(why: impl Into<String>) -> Problem {
    Problem::new(500, "Code").saying("Runtime Error").because(why)
}

/// A handler that returns what is no list of its events: an unknown id, the same id twice, no list at all
/// (docs/reference/handlers.md#publish-results: an error, and which is unknown). `handler_broke` with another reason.
pub fn bad_handler_result(why: impl Into<String>) -> Problem {
    handler_broke(why)
}

/// A function that is called directly and fails, or says `error` to a publish
/// (docs/reference/handlers.md#direct-integration: 403 or 40x by one source; the text is unknown, and the function's
/// own is not passed on).
pub fn function_failed(why: impl Into<String>) -> Problem {
    Problem::new(403, "ForbiddenException").saying("The function failed.").because(why)
}

/// A function that is called directly and refuses a subscription with `error`
/// (docs/reference/handlers.md#direct-integration: its type is unknown).
pub fn subscription_refused(message: impl Into<String>) -> Problem {
    Problem::new(403, "ForbiddenException").saying(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_ever_and_what_is_unknown_is_refused_with_all_that_is_known() {
        assert_eq!(Switches::read("{}"), Ok(Switches::default()));
        let one = Switches::read(r#"{"delete-api": "refuses-while-something-hangs-on-it"}"#);
        assert_eq!(one.unwrap().delete_api, DeleteApi::RefusesWhileSomethingHangsOnIt);
        let check = |text: &str, expected: &str| {
            let error = Switches::read(text).unwrap_err();
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

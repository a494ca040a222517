//! What a failed call means: shared by the engine that classifies it and the output that shows it.
use schemars::JsonSchema;
use serde::Serialize;

/// The class of a failed call. It alone decides retry, hint and exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// There are no credentials.
    NoCredentials,
    /// The credentials lack a permission, or are not valid.
    Denied,
    /// The resource does not exist.
    NotFound,
    /// A resource of that name already exists.
    Exists,
    /// Another change of the same API is in progress.
    Busy,
    /// AWS rejects the input.
    Invalid,
    /// A quota is exhausted.
    Quota,
    /// AWS throttles calls.
    Throttled,
    /// The call was never sent.
    Unreachable,
    /// The call may or may not have succeeded.
    Uncertain,
    /// The role exists, but AppSync cannot use it yet.
    RoleNotReady,
    /// The endpoint does not support the operation.
    Unsupported,
    /// Another apply of the stack is in progress.
    #[serde(rename = "overtaken")]
    Superseded,
    /// A failure that no other class covers.
    Unexpected,
}

/// One thing that AppSync found in a handler's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CodeError {
    /// Such as `LINT_ERROR` or `PARSER_ERROR`.
    pub kind: String,
    /// AppSync's message.
    pub message: String,
    /// The line, from 1. Omitted if AppSync does not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1. Omitted if AppSync does not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The length in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<u32>,
}

//! What a failed call means: shared by the engine that classifies it and the output that shows it.
use schemars::JsonSchema;
use serde::Serialize;

/// What a failed call means to us. Decides retry, hint and exit code; nothing else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// There is nobody to call as.
    NoCredentials,
    Denied,
    NotFound,
    /// Something of that name is there already.
    Exists,
    /// Another change of the same API is under way.
    Busy,
    Invalid,
    /// A quota is used up.
    Quota,
    Throttled,
    /// The call was never sent.
    Unreachable,
    /// The call may or may not have been carried out.
    Uncertain,
    /// A role that IAM has and AppSync can't use yet.
    RoleNotReady,
    /// This AWS has no such operation.
    Unsupported,
    /// Another apply of the stack is in progress.
    #[serde(rename = "overtaken")]
    Superseded,
    Unexpected,
}

/// One thing that AppSync found in a handler's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CodeError {
    /// Such as `LINT_ERROR` or `PARSER_ERROR`.
    pub kind: String,
    pub message: String,
    /// Where it is, from 1. Left out: AppSync does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// How many characters it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<u32>,
}

//! Why the data plane refuses: told over HTTP with a status, over a WebSocket without.
use std::borrow::Cow;

use serde::Serialize;

/// An error as AppSync tells it (docs/reference/data-plane.md#errors).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    #[serde(skip)]
    pub status: u16,
    pub error_type: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What a person here is told and the wire never shows: AWS says little about a refusal. It holds no
    /// secret.
    #[serde(skip)]
    pub why: Option<String>,
    /// The handler that refused, or broke; the wire does not show it either.
    #[serde(skip)]
    pub code: Option<Box<CodePlace>>,
}

impl Problem {
    pub fn new(status: u16, error_type: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error_type: error_type.into(), message: None, why: None, code: None }
    }
    /// Bad input, told by `message`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequestException").saying(message)
    }
    /// Who may not, told as AWS tells bad credentials.
    pub fn unauthorized(why: impl Into<String>) -> Self {
        Self::new(401, "UnauthorizedException")
            .saying("You are not authorized to make this call.")
            .because(why)
    }
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }
}

/// A place in a handler's code, from one, if it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodePlace {
    pub namespace: String,
    pub handler: &'static str,
    pub line: Option<usize>,
    pub column: Option<usize>,
}

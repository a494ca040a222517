//! The errors of the data plane: over HTTP with a status, over a WebSocket without.
use std::borrow::Cow;

use serde::Serialize;

/// An error as AppSync returns it (docs/reference/data-plane.md#errors).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataPlaneError {
    #[serde(skip)]
    pub status: u16,
    pub error_type: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The reason for people. Clients never receive it, since AWS reveals little about a denial. It contains no
    /// secret.
    #[serde(skip)]
    pub reason: Option<String>,
    /// The handler that rejected the operation, or threw. Clients never receive it, either.
    #[serde(skip)]
    pub location: Option<Box<HandlerLocation>>,
}

impl DataPlaneError {
    pub fn new(status: u16, error_type: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error_type: error_type.into(), message: None, reason: None, location: None }
    }
    /// Returns the error of an invalid request, with AppSync's `message`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequestException").with_message(message)
    }
    /// Returns a denial, as AWS reports invalid credentials.
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self::new(401, "UnauthorizedException")
            .with_message("You are not authorized to make this call.")
            .with_reason(reason)
    }
    /// Returns the error of an unknown channel namespace, which AppSync reports as unauthorized, without a message.
    pub fn unknown_namespace(name: &str) -> Self {
        Self::new(401, "UnauthorizedException")
            .with_reason(format!("the API has no channel namespace `{name}`"))
    }
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A handler, and a position in its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandlerLocation {
    /// The channel namespace.
    pub namespace: String,
    /// `onPublish` or `onSubscribe`.
    pub handler: &'static str,
    /// The line, from 1, if it is known.
    pub line: Option<usize>,
    /// The column, from 1, if it is known.
    pub column: Option<usize>,
}

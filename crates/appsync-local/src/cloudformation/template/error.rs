//! Errors of templates. Their texts are CloudFormation's, because clients compare them.
use std::fmt::Display;

use thiserror::Error;

/// A template or its parameters are not valid. The text is complete, as in the message of a ValidationError.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct TemplateError(pub String);

impl TemplateError {
    /// The template's structure is not valid.
    pub fn format(detail: impl Display) -> Self {
        Self(format!("Template format error: {detail}"))
    }

    /// A function of the template has wrong arguments or refers to something that does not exist.
    pub fn function(detail: impl Display) -> Self {
        Self(format!("Template error: {detail}"))
    }
}

/// A value cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// The JSON pointer of the failing function, from the evaluated value: `/Tags/0/Value/Fn::GetAtt`.
    pub pointer: String,
    /// CloudFormation's text, complete.
    pub message: String,
}

impl EvaluationError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { pointer: String::new(), message: message.into() }
    }

    /// Returns the error with the pointer of the value that contains the failing value at `key`.
    pub fn within(mut self, key: impl Display) -> Self {
        self.pointer = format!("/{key}{}", self.pointer);
        self
    }
}

impl From<TemplateError> for EvaluationError {
    fn from(error: TemplateError) -> Self {
        Self::new(error.0)
    }
}

impl From<EvaluationError> for TemplateError {
    fn from(error: EvaluationError) -> Self {
        Self(error.message)
    }
}

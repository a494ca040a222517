//! One run of one function of a handler: its input and its result.
use std::sync::Arc;

use serde_json::Value;

use crate::data_plane::handlers::runtime::script::{CodePosition, Script};

/// AppSync's quota for what a handler returns (docs/reference/quotas.md#handlers).
pub const RESULT_MAX: usize = 5 << 20;

/// A function to run, with its input.
#[derive(Clone, Debug)]
pub struct Run {
    /// The tenant; runs are scheduled fairly between tenants.
    pub owner: Arc<str>,
    pub script: Arc<Script>,
    /// The export of the code: `onPublish`, `onSubscribe`.
    pub export: &'static str,
    pub part: FunctionPart,
    /// The argument `ctx`.
    pub context: Value,
    /// What `util.authType()` returns.
    pub auth_type: &'static str,
    pub now_epoch_s: f64,
}

/// The function of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionPart {
    /// The export is the function.
    Whole,
    Request,
    Response,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    pub outcome: HandlerOutcome,
    pub logs: Vec<LogLine>,
    /// The errors of `util.appendError`.
    pub out_errors: Vec<Value>,
    /// `ctx.stash` afterwards.
    pub stash: Value,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum HandlerOutcome {
    /// The code has no such export.
    Missing,
    /// The function returned; `None` is undefined.
    Returned(Option<Value>),
    /// The function called `runtime.earlyReturn`.
    EarlyReturn(Value),
    Rejected(Rejection),
    Failed(RunFailure),
}

/// The error of `util.error` or `util.unauthorized`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Whether the handler called `util.unauthorized`.
    pub unauthorized: bool,
    /// The first argument of `util.error`.
    pub message: Option<String>,
    /// The second argument of `util.error`.
    pub error_type: Option<String>,
    /// The third argument of `util.error`.
    pub data: Value,
    /// The fourth argument of `util.error`.
    pub info: Value,
    /// The position of the call, if it is known.
    pub at: Option<CodePosition>,
}

/// Why a run failed: the code threw, exceeded a limit, or is not valid.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFailure {
    /// The reason, for people.
    pub message: String,
    /// The position in the code, if it is known.
    pub at: Option<CodePosition>,
    /// Whether the code could not be parsed, or imports an unknown module.
    pub is_parse_error: bool,
}

/// A handler logged a line.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// `INFO`, `ERROR` or `DEBUG`.
    pub level: &'static str,
    /// The logged values, as JSON if possible.
    pub values: Vec<String>,
    /// The position of the call, if it is known.
    pub at: Option<CodePosition>,
}

impl RunFailure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, is_parse_error: false }
    }
}

impl LogLine {
    /// Returns the line for people: strings without quotes.
    pub fn text(&self) -> String {
        let plain =
            |text: &String| serde_json::from_str::<String>(text).unwrap_or_else(|_| text.clone());
        self.values.iter().map(plain).collect::<Vec<_>>().join(" ")
    }
}

/// Parses what a handler returned.
pub fn parse_result(text: &str) -> Result<Value, RunFailure> {
    if text.len() > RESULT_MAX {
        let message = format!(
            "the result has {} bytes of JSON, but AppSync accepts {RESULT_MAX}",
            text.len()
        );
        return Err(RunFailure::new(message));
    }
    serde_json::from_str(text)
        .map_err(|error| RunFailure::new(format!("the result is not valid JSON: {error}")))
}

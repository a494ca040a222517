//! One run of one function of a handler: what is run, and what it came to.
use std::sync::Arc;

use serde_json::Value;

use crate::data_plane::handlers::runtime::script::{CodePosition, Script};

/// AppSync's quota for what a handler returns (docs/reference/quotas.md#handlers).
pub const RESULT_MAX: usize = 5 << 20;

/// What to run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its tenant, between which runs are scheduled fairly.
    pub owner: Arc<str>,
    pub script: Arc<Script>,
    /// `onPublish`, `onSubscribe`.
    pub export: &'static str,
    pub part: FunctionPart,
    /// What the function is given.
    pub context: Value,
    /// What `util.authType()` says.
    pub auth_type: &'static str,
    pub now_epoch_s: f64,
}

/// Which function of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionPart {
    /// The export is the function.
    Whole,
    Request,
    Response,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    pub outcome: HandlerOutcome,
    pub logs: Vec<LogLine>,
    /// What `util.appendError` was given.
    pub out_errors: Vec<Value>,
    /// `ctx.stash` afterwards.
    pub stash: Value,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum HandlerOutcome {
    /// The code has no such export.
    Missing,
    /// None: undefined.
    Returned(Option<Value>),
    /// By `runtime.earlyReturn`.
    EarlyReturn(Value),
    Rejected(Rejection),
    Failed(RunFailure),
}

/// The error of `util.error` or `util.unauthorized`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    pub unauthorized: bool,
    pub message: Option<String>,
    pub error_type: Option<String>,
    pub data: Value,
    pub info: Value,
    pub at: Option<CodePosition>,
}

/// Why code could not be run to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFailure {
    pub message: String,
    pub at: Option<CodePosition>,
    /// The code could not even be read.
    pub is_parse_error: bool,
}

/// A line of a handler's `console`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// `INFO`, `ERROR` or `DEBUG`.
    pub level: &'static str,
    /// What was logged, each as JSON where it can be.
    pub values: Vec<String>,
    pub at: Option<CodePosition>,
}

impl RunFailure {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, is_parse_error: false }
    }
}

impl LogLine {
    /// As people read it: texts without quotes.
    pub fn text(&self) -> String {
        let plain = |it: &String| serde_json::from_str::<String>(it).unwrap_or_else(|_| it.clone());
        self.values.iter().map(plain).collect::<Vec<_>>().join(" ")
    }
}

/// What a handler gives back, as data.
pub fn parse_result(text: &str) -> Result<Value, RunFailure> {
    if text.len() > RESULT_MAX {
        let message =
            format!("the result has {} bytes of JSON, and AppSync takes {RESULT_MAX}", text.len());
        return Err(RunFailure::new(message));
    }
    serde_json::from_str(text)
        .map_err(|error| RunFailure::new(format!("the result can't be written as JSON: {error}")))
}

//! Runs a handler: one function, or two functions with a request to a data source between them. How the data source
//! is called is up to the caller.
use std::sync::Arc;

use serde_json::{Value, json};

use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::{
    FunctionPart, HandlerOutcome, LogLine, Run, RunResult,
};
use crate::data_plane::handlers::runtime::script::Script;

/// A handler, and how it is run.
#[derive(Clone, Debug)]
pub struct Handler {
    /// The tenant; runs are scheduled fairly between tenants.
    pub owner: Arc<str>,
    pub script: Arc<Script>,
    /// `onPublish`, `onSubscribe`.
    pub export: &'static str,
    /// Whether it has a data source. Then it is an object of two functions.
    pub has_source: bool,
    pub auth_type: &'static str,
    pub now_epoch_s: f64,
}

/// The response of a data source.
#[derive(Clone, Debug, PartialEq)]
pub enum DataSourceResponse {
    /// `ctx.result`.
    Result(Value),
    /// `ctx.error`.
    Error { error_type: String, message: String },
}

/// The result of a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct HandlerResult {
    pub outcome: HandlerOutcome,
    pub logs: Vec<LogLine>,
    pub out_errors: Vec<Value>,
    pub stash: Value,
    /// The request for the data source.
    pub request: Option<Value>,
    /// Whether the data source responded.
    pub is_answered: bool,
}

impl DataSourceResponse {
    pub fn error(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Error { error_type: error_type.into(), message: message.into() }
    }
}

/// Runs a handler. `ask` calls the data source; if it returns no response, the handler ends with its request.
pub async fn run_handler(
    pool: &Pool,
    handler: Handler,
    mut context: Value,
    ask: impl AsyncFnOnce(Value) -> Option<DataSourceResponse>,
) -> HandlerResult {
    let part = if handler.has_source { FunctionPart::Request } else { FunctionPart::Whole };
    let run_result = pool.run(handler.run(part, context.clone())).await;
    let mut result = HandlerResult::new(run_result);
    let request = match (&result.outcome, part) {
        (HandlerOutcome::Returned(request), FunctionPart::Request) => {
            request.clone().unwrap_or_default()
        }
        _ => return result,
    };
    result.request = Some(request.clone());
    match ask(request).await {
        None => return result,
        Some(DataSourceResponse::Result(result)) => context["result"] = result,
        Some(DataSourceResponse::Error { error_type, message }) => {
            // The error is logged even if the handler ignores it.
            let log_text = json!(format!("the data source failed: {message}")).to_string();
            result.logs.push(LogLine { level: "ERROR", values: vec![log_text], at: None });
            context["error"] = json!({ "message": message, "type": error_type });
        }
    }
    result.is_answered = true;
    context["stash"] = result.stash.clone();
    context["outErrors"] = Value::Array(result.out_errors.clone());
    let last = HandlerResult::new(pool.run(handler.run(FunctionPart::Response, context)).await);
    result.logs.extend(last.logs);
    result.out_errors.extend(last.out_errors);
    HandlerResult { outcome: last.outcome, stash: last.stash, ..result }
}

impl Handler {
    fn run(&self, part: FunctionPart, context: Value) -> Run {
        Run {
            owner: Arc::clone(&self.owner),
            script: Arc::clone(&self.script),
            export: self.export,
            part,
            context,
            auth_type: self.auth_type,
            now_epoch_s: self.now_epoch_s,
        }
    }
}

impl HandlerResult {
    fn new(run_result: RunResult) -> Self {
        let RunResult { outcome, logs, out_errors, stash } = run_result;
        Self { outcome, logs, out_errors, stash, request: None, is_answered: false }
    }
}

//! A handler from its first function to its last: what it asks of a data source lies between two runs.
use std::sync::Arc;

use serde_json::{Value, json};

use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::{
    FunctionPart, HandlerOutcome, LogLine, Run, RunResult,
};
use crate::data_plane::handlers::runtime::script::Script;

/// What is to be run, and how.
#[derive(Clone, Debug)]
pub struct Handler {
    /// Its tenant, between which runs are scheduled fairly.
    pub owner: Arc<str>,
    pub script: Arc<Script>,
    /// `onPublish`, `onSubscribe`.
    pub export: &'static str,
    /// With a data source it is an object of two functions.
    pub has_source: bool,
    pub auth_type: &'static str,
    pub now_epoch_s: f64,
}

/// What a data source answered.
#[derive(Clone, Debug, PartialEq)]
pub enum DataSourceResponse {
    /// `ctx.result`.
    Result(Value),
    /// `ctx.error`.
    Error { error_type: String, message: String },
}

/// What a handler came to.
#[derive(Clone, Debug, PartialEq)]
pub struct HandlerResult {
    pub outcome: HandlerOutcome,
    pub logs: Vec<LogLine>,
    pub out_errors: Vec<Value>,
    pub stash: Value,
    /// What the data source was asked, or would have been.
    pub request: Option<Value>,
    /// Whether the data source answered it.
    pub is_answered: bool,
}

impl DataSourceResponse {
    pub fn error(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Error { error_type: error_type.into(), message: message.into() }
    }
}

/// Runs a handler. `ask` asks the data source; where it has no answer, the handler ends with its request.
pub async fn run_handler(
    pool: &Pool,
    handler: Handler,
    mut context: Value,
    ask: impl AsyncFnOnce(Value) -> Option<DataSourceResponse>,
) -> HandlerResult {
    let part = if handler.has_source { FunctionPart::Request } else { FunctionPart::Whole };
    let ran = pool.run(handler.run(part, context.clone())).await;
    let mut handled = HandlerResult::of(ran);
    let request = match (&handled.outcome, part) {
        (HandlerOutcome::Returned(request), FunctionPart::Request) => {
            request.clone().unwrap_or_default()
        }
        _ => return handled,
    };
    handled.request = Some(request.clone());
    match ask(request).await {
        None => return handled,
        Some(DataSourceResponse::Result(result)) => context["result"] = result,
        Some(DataSourceResponse::Error { error_type, message }) => {
            // It is logged even if the handler ignores it.
            let told = json!(format!("the data source failed: {message}")).to_string();
            handled.logs.push(LogLine { level: "ERROR", values: vec![told], at: None });
            context["error"] = json!({ "message": message, "type": error_type });
        }
    }
    handled.is_answered = true;
    context["stash"] = handled.stash.clone();
    context["outErrors"] = Value::Array(handled.out_errors.clone());
    let last = HandlerResult::of(pool.run(handler.run(FunctionPart::Response, context)).await);
    handled.logs.extend(last.logs);
    handled.out_errors.extend(last.out_errors);
    HandlerResult { outcome: last.outcome, stash: last.stash, ..handled }
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
    fn of(ran: RunResult) -> Self {
        let RunResult { outcome: ended, logs, out_errors: appended, stash } = ran;
        Self {
            outcome: ended,
            logs,
            out_errors: appended,
            stash,
            request: None,
            is_answered: false,
        }
    }
}

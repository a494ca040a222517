//! A handler from its first function to its last: what it asks of a data source lies between two runs.
use std::sync::Arc;

use serde_json::{Value, json};

use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::{Ended, Line, Part, Ran, Run};
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
pub enum Answer {
    /// `ctx.result`.
    Result(Value),
    /// `ctx.error`.
    Error { error_type: String, message: String },
}

/// What a handler came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Handled {
    pub ended: Ended,
    pub logs: Vec<Line>,
    pub out_errors: Vec<Value>,
    pub stash: Value,
    /// What the data source was asked, or would have been.
    pub request: Option<Value>,
    /// Whether the data source answered it.
    pub answered: bool,
}

impl Answer {
    pub fn error(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Error { error_type: error_type.into(), message: message.into() }
    }
}

/// Runs a handler. `ask` asks the data source; where it has no answer, the handler ends with its request.
pub async fn handle(
    pool: &Pool,
    handler: Handler,
    mut context: Value,
    ask: impl AsyncFnOnce(Value) -> Option<Answer>,
) -> Handled {
    let part = if handler.has_source { Part::Request } else { Part::Whole };
    let ran = pool.run(handler.run(part, context.clone())).await;
    let mut handled = Handled::of(ran);
    let request = match (&handled.ended, part) {
        (Ended::Returned(request), Part::Request) => request.clone().unwrap_or_default(),
        _ => return handled,
    };
    handled.request = Some(request.clone());
    match ask(request).await {
        None => return handled,
        Some(Answer::Result(result)) => context["result"] = result,
        Some(Answer::Error { error_type, message }) => {
            // It is logged even if the handler ignores it.
            let told = json!(format!("the data source failed: {message}")).to_string();
            handled.logs.push(Line { level: "ERROR", values: vec![told], at: None });
            context["error"] = json!({ "message": message, "type": error_type });
        }
    }
    handled.answered = true;
    context["stash"] = handled.stash.clone();
    context["outErrors"] = Value::Array(handled.out_errors.clone());
    let last = Handled::of(pool.run(handler.run(Part::Response, context)).await);
    handled.logs.extend(last.logs);
    handled.out_errors.extend(last.out_errors);
    Handled { ended: last.ended, stash: last.stash, ..handled }
}

impl Handler {
    fn run(&self, part: Part, context: Value) -> Run {
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

impl Handled {
    fn of(ran: Ran) -> Self {
        let Ran { ended, logs, appended, stash } = ran;
        Self { ended, logs, out_errors: appended, stash, request: None, answered: false }
    }
}

//! A handler run by itself, without an API: `provision eval`, and AppSync's EvaluateCode.
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::data_plane::channel::Channel;
use crate::data_plane::handlers::call::{IncomingEvent, ON_PUBLISH, ON_SUBSCRIBE};
use crate::data_plane::handlers::context::{auth_type, context_value};
use crate::data_plane::handlers::handler::{DataSourceResponse, Handler, run_handler};
use crate::data_plane::handlers::outcome;
use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::{FunctionPart, HandlerOutcome, Run, RunResult};
use crate::data_plane::handlers::runtime::script::Script;

pub use crate::data_plane::handlers::runtime::run::{LogLine, Rejection, RunFailure};
pub use crate::data_plane::handlers::runtime::script::CodePosition;
pub use crate::data_plane::message::EVENTS_MAX;

/// Of this process: nothing of one evaluation is left for the next.
static POOL: LazyLock<Pool> = LazyLock::new(Pool::new);

/// What is to be evaluated.
#[derive(Clone, Debug)]
pub struct EvaluationRequest {
    /// The name of the code in positions.
    pub file: String,
    pub code: String,
    pub context: EvaluationContext,
    /// Whether a data source serves the handler, and which answer it gives; without one the handler ends with
    /// its request.
    pub source: Option<DataSourceStub>,
    pub now_epoch_s: f64,
}

/// The handler's `ctx`.
#[derive(Clone, Debug)]
pub struct EvaluationContext {
    pub publishes: bool,
    pub namespace: String,
    /// `/chat/room`.
    pub channel: String,
    /// The mode of authorization: `API_KEY`, …
    pub mode: String,
    pub identity: Value,
    /// The payloads of a publish.
    pub events: Vec<Value>,
    /// Members of `ctx` in place of those that the rest makes.
    pub overrides: Value,
}

/// The data source of a handler, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub struct DataSourceStub {
    pub result: Option<Value>,
    /// `ctx.error`, in place of a result: its message.
    pub error: Option<String>,
}

/// What a handler came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub outcome: EvaluationOutcome,
    pub logs: Vec<LogLine>,
    pub out_errors: Vec<Value>,
    pub stash: Value,
    /// What a data source is asked.
    pub request: Option<Value>,
}

/// How a handler ended.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluationOutcome {
    /// By the places of the events.
    Published {
        delivered: Vec<(usize, Value)>,
        failed: Vec<(usize, String)>,
        dropped: Vec<usize>,
    },
    /// The subscription may be made.
    Allowed,
    /// The data source was called, but does not respond.
    Waiting,
    Rejected(Rejection),
    Failed(RunFailure),
}

/// Whether AppSync takes such a channel, to publish or to subscribe to.
pub fn is_channel(text: &str, publishes: bool) -> bool {
    match publishes {
        true => Channel::parse_for_publish(text).is_ok(),
        false => Channel::parse_for_subscribe(text).is_ok(),
    }
}

/// Runs a handler of standalone code.
pub async fn evaluate(asked: EvaluationRequest) -> Evaluation {
    let EvaluationRequest { file, code, context: given, source, now_epoch_s } = asked;
    let export = if given.publishes { ON_PUBLISH } else { ON_SUBSCRIBE };
    let context = given.handler_context();
    let handler = Handler {
        owner: file.as_str().into(),
        script: Arc::new(Script::new(&file, &code)),
        export,
        has_source: source.is_some(),
        auth_type: auth_type(&given.mode),
        now_epoch_s,
    };
    let answer = async |_request: Value| {
        let DataSourceStub { result, error } = source.unwrap_or_default();
        error
            .map(|it| DataSourceResponse::error("Error", it))
            .or(result.map(DataSourceResponse::Result))
    };
    let incoming = incoming_events(&context);
    let handled = run_handler(&POOL, handler, context, answer).await;
    let is_request = |it: &HandlerOutcome| {
        handled.request.is_some()
            && !handled.is_answered
            && matches!(it, HandlerOutcome::Returned(_))
    };
    let evaluated = match &handled.outcome {
        it if is_request(it) => EvaluationOutcome::Waiting,
        ended => evaluation_outcome(ended, given.publishes, &incoming),
    };
    let (logs, out_errors) = (handled.logs, handled.out_errors);
    Evaluation {
        outcome: evaluated,
        logs,
        out_errors,
        stash: handled.stash,
        request: handled.request,
    }
}

impl EvaluationContext {
    /// `ctx`, as AppSync would make it.
    fn handler_context(&self) -> Value {
        let segments: Vec<&str> = self.channel.split('/').filter(|it| !it.is_empty()).collect();
        let event =
            |payload: &Value| json!({ "payload": payload, "id": uuid::Uuid::new_v4().to_string() });
        let events = match self.publishes {
            true => self.events.iter().map(event).collect(),
            false => Value::Null,
        };
        let request = json!({ "headers": {}, "domainName": null });
        let path = format!("/{}", segments.join("/"));
        let mut context = context_value(&self.identity, request, &path, &self.namespace, events);
        for (name, value) in self.overrides.as_object().into_iter().flatten() {
            context[name] = value.clone();
        }
        context
    }
}

fn incoming_events(context: &Value) -> Vec<IncomingEvent> {
    let events = context["events"].as_array().into_iter().flatten();
    let event = |it: &Value| IncomingEvent {
        id: it["id"].as_str().unwrap_or_default().to_owned(),
        text: it["payload"].to_string(),
    };
    events.map(event).collect()
}

fn evaluation_outcome(
    ended: &HandlerOutcome,
    publishes: bool,
    incoming: &[IncomingEvent],
) -> EvaluationOutcome {
    let returned = match ended {
        HandlerOutcome::Rejected(refusal) => return EvaluationOutcome::Rejected(refusal.clone()),
        HandlerOutcome::Failed(broken) => return EvaluationOutcome::Failed(broken.clone()),
        _ if !publishes => return EvaluationOutcome::Allowed,
        HandlerOutcome::Missing => {
            let all =
                incoming.iter().map(|it| json!({ "id": it.id, "payload": json_or_null(&it.text) }));
            Value::Array(all.collect())
        }
        HandlerOutcome::Returned(value) => value.clone().unwrap_or_default(),
        HandlerOutcome::EarlyReturn(value) => value.clone(),
    };
    match outcome::publish_outcome(&returned, incoming) {
        Err(problem) => {
            EvaluationOutcome::Failed(RunFailure::new(problem.reason.unwrap_or_default()))
        }
        Ok(published) => {
            let failed = published.failed;
            let delivered: Vec<_> =
                published.delivered.iter().map(|(n, text)| (*n, json_or_null(text))).collect();
            let told = |n: &usize| {
                delivered.iter().any(|(it, _)| it == n) || failed.iter().any(|(it, _)| it == n)
            };
            let dropped = (0..incoming.len()).filter(|n| !told(n)).collect();
            EvaluationOutcome::Published { delivered, failed, dropped }
        }
    }
}

fn json_or_null(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A request to AppSync's EvaluateCode.
#[derive(Clone, Debug)]
pub struct EvaluateCodeRequest {
    pub code: String,
    pub context: Value,
    /// `request`, `response`, or an export of the code.
    pub function: Option<String>,
    pub now_epoch_s: f64,
}

/// What EvaluateCode calls the code.
const FILE: &str = "code.js";

/// Runs one function of code, and answers as AppSync does.
pub async fn evaluate_code(asked: EvaluateCodeRequest) -> Value {
    let script = Arc::new(Script::new(FILE, &asked.code));
    let subscribes = asked.context["info"]["operation"] == "SUBSCRIBE";
    let handler = if subscribes { ON_SUBSCRIBE } else { ON_PUBLISH };
    // A resolver exports its functions, an event handler has them in an object.
    let ways: &[(&'static str, FunctionPart)] = match asked.function.as_deref() {
        Some("request") => &[("request", FunctionPart::Whole), (handler, FunctionPart::Request)],
        Some("response") => &[("response", FunctionPart::Whole), (handler, FunctionPart::Response)],
        Some(ON_SUBSCRIBE) => &[(ON_SUBSCRIBE, FunctionPart::Whole)],
        Some(ON_PUBLISH) => &[(ON_PUBLISH, FunctionPart::Whole)],
        _ => &[(handler, FunctionPart::Whole)],
    };
    let mut ran = None;
    for (export, part) in ways {
        let run = Run {
            owner: FILE.into(),
            script: Arc::clone(&script),
            export,
            part: *part,
            context: asked.context.clone(),
            auth_type: "",
            now_epoch_s: asked.now_epoch_s,
        };
        let it = POOL.run(run).await;
        let missing = it.outcome == HandlerOutcome::Missing;
        ran = Some(it);
        if !missing {
            break;
        }
    }
    ran.map(|it| evaluate_code_response(it, asked.function.as_deref())).unwrap_or_default()
}

fn evaluate_code_response(ran: RunResult, function: Option<&str>) -> Value {
    let logs: Vec<String> = ran.logs.iter().map(log_text).collect();
    let mut answer = json!({
        "logs": logs,
        "stash": ran.stash.to_string(),
        "outErrors": Value::Array(ran.out_errors).to_string(),
    });
    match ran.outcome {
        HandlerOutcome::Returned(value) => {
            answer["evaluationResult"] = json!(value.unwrap_or_default().to_string());
        }
        HandlerOutcome::EarlyReturn(value) => answer["evaluationResult"] = json!(value.to_string()),
        HandlerOutcome::Missing => {
            let message = format!("The code exports no function {}.", function.unwrap_or_default());
            answer["error"] = json!({ "message": message });
        }
        HandlerOutcome::Rejected(refusal) => {
            answer["error"] = json!({ "message": refusal.message.unwrap_or_default() });
        }
        HandlerOutcome::Failed(RunFailure { message, at, is_parse_error: unread }) => {
            let (kind, told) = match unread {
                true => ("PARSER_ERROR", "The code contains one or more errors."),
                false => ("RUNTIME_ERROR", message.as_str()),
            };
            let location = location(at);
            let errors = json!([{ "errorType": kind, "value": message, "location": location }]);
            answer["error"] = json!({ "message": told, "codeErrors": errors });
        }
    }
    answer
}

fn log_text(line: &LogLine) -> String {
    let CodePosition { line: number, column } =
        line.at.unwrap_or(CodePosition { line: 0, column: 0 });
    format!("{} - {FILE}:{number}:{column}: {}", line.level, line.values.join(" "))
}

fn location(at: Option<CodePosition>) -> Value {
    match at {
        Some(CodePosition { line, column }) => json!({ "line": line, "column": column, "span": 1 }),
        None => json!({ "line": 0, "column": 0, "span": -1 }),
    }
}

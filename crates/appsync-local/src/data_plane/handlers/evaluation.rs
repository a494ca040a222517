//! Runs a handler without an API, for `provision eval` and AppSync's EvaluateCode. It reaches no data source: a
//! response is configured, or missing.
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::auth_mode::AuthMode;
use crate::data_plane::channel::Channel;
use crate::data_plane::handlers::call::{
    IncomingEvent, ON_PUBLISH, ON_SUBSCRIBE, auth_type, context_value,
};
use crate::data_plane::handlers::handler::{DataSourceResponse, Handler, run_handler};
use crate::data_plane::handlers::outcome;
use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::{FunctionPart, HandlerOutcome, Run, RunResult};
use crate::data_plane::handlers::runtime::script::Script;

pub use crate::data_plane::handlers::runtime::run::{LogLine, Rejection, RunFailure};
pub use crate::data_plane::handlers::runtime::script::CodePosition;
pub use crate::data_plane::message::EVENTS_MAX;

/// The threads of this process. Evaluations share no state.
static POOL: LazyLock<Pool> = LazyLock::new(Pool::new);

/// A handler to evaluate, with its input.
#[derive(Clone, Debug)]
pub struct EvaluationRequest {
    /// The file name of the code in positions.
    pub file: String,
    /// The code of the channel namespace.
    pub code: String,
    /// The input of the handler.
    pub context: EvaluationContext,
    /// The data source of the handler, if it has one, with its response. Without a response, the handler ends with
    /// its request.
    pub source: Option<DataSourceStub>,
    /// The time that the handler sees, in seconds since 1970.
    pub now_epoch_s: f64,
}

/// The values from which the handler's `ctx` is created.
#[derive(Clone, Debug)]
pub struct EvaluationContext {
    /// Whether `onPublish` is run, or else `onSubscribe`.
    pub publishes: bool,
    /// The name of the channel namespace.
    pub namespace: String,
    /// The channel, such as `/chat/room`.
    pub channel: String,
    /// The auth mode of the client.
    pub mode: AuthMode,
    /// `ctx.identity`.
    pub identity: Value,
    /// The payloads of the published events.
    pub events: Vec<Value>,
    /// Members of `ctx` that replace those of the other values.
    pub overrides: Value,
}

/// The response of a handler's data source. If both are missing, the data source does not respond.
#[derive(Clone, Debug, Default)]
pub struct DataSourceStub {
    /// `ctx.result`.
    pub result: Option<Value>,
    /// The message of `ctx.error`, instead of a result.
    pub error: Option<String>,
}

/// The result of a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// How the handler ended.
    pub outcome: EvaluationOutcome,
    /// What the handler logged.
    pub logs: Vec<LogLine>,
    /// `ctx.outErrors` afterwards.
    pub out_errors: Vec<Value>,
    /// `ctx.stash` afterwards.
    pub stash: Value,
    /// The request for the data source.
    pub request: Option<Value>,
}

/// The outcome of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluationOutcome {
    /// The events are published, by index.
    Published {
        /// The events to broadcast, in order, each with its payload.
        delivered: Vec<(usize, Value)>,
        /// The failed events, each with its message.
        failed: Vec<(usize, String)>,
        /// The events that the handler did not return.
        dropped: Vec<usize>,
    },
    /// The subscription is allowed.
    Allowed,
    /// The handler requested the data source, which has no response.
    Waiting,
    /// The handler rejected the operation.
    Rejected(Rejection),
    /// The handler threw, exceeded a limit, or is not valid.
    Failed(RunFailure),
}

/// Whether a text is a valid channel to publish to, or else to subscribe to.
pub fn is_channel(text: &str, publishes: bool) -> bool {
    match publishes {
        true => Channel::parse_for_publish(text).is_ok(),
        false => Channel::parse_for_subscribe(text).is_ok(),
    }
}

/// Runs a handler. A failure of the handler is an outcome.
pub async fn evaluate(request: EvaluationRequest) -> Evaluation {
    let EvaluationRequest { file, code, context: input, source, now_epoch_s } = request;
    let export = if input.publishes { ON_PUBLISH } else { ON_SUBSCRIBE };
    let context = input.handler_context();
    let handler = Handler {
        owner: file.as_str().into(),
        script: Arc::new(Script::new(&file, &code)),
        export,
        has_source: source.is_some(),
        auth_type: auth_type(Some(input.mode)),
        now_epoch_s,
    };
    let response = async |_request: Value| {
        let DataSourceStub { result, error } = source.unwrap_or_default();
        error
            .map(|text| DataSourceResponse::error("Error", text))
            .or(result.map(DataSourceResponse::Result))
    };
    let incoming = incoming_events(&context);
    let result = run_handler(&POOL, handler, context, response).await;
    let is_request = |outcome: &HandlerOutcome| {
        result.request.is_some()
            && !result.is_answered
            && matches!(outcome, HandlerOutcome::Returned(_))
    };
    let outcome = match &result.outcome {
        outcome if is_request(outcome) => EvaluationOutcome::Waiting,
        outcome => evaluation_outcome(outcome, input.publishes, &incoming),
    };
    let (logs, out_errors) = (result.logs, result.out_errors);
    Evaluation { outcome, logs, out_errors, stash: result.stash, request: result.request }
}

impl EvaluationContext {
    /// Returns `ctx`, as AppSync would create it.
    fn handler_context(&self) -> Value {
        let segments: Vec<&str> = self.channel.split('/').filter(|text| !text.is_empty()).collect();
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
    let event = |value: &Value| IncomingEvent {
        id: value["id"].as_str().unwrap_or_default().to_owned(),
        text: value["payload"].to_string(),
    };
    events.map(event).collect()
}

fn evaluation_outcome(
    outcome: &HandlerOutcome,
    publishes: bool,
    incoming: &[IncomingEvent],
) -> EvaluationOutcome {
    let returned = match outcome {
        HandlerOutcome::Rejected(refusal) => return EvaluationOutcome::Rejected(refusal.clone()),
        HandlerOutcome::Failed(failure) => return EvaluationOutcome::Failed(failure.clone()),
        _ if !publishes => return EvaluationOutcome::Allowed,
        HandlerOutcome::Missing => {
            let all = incoming
                .iter()
                .map(|event| json!({ "id": event.id, "payload": json_or_null(&event.text) }));
            Value::Array(all.collect())
        }
        HandlerOutcome::Returned(value) => value.clone().unwrap_or_default(),
        HandlerOutcome::EarlyReturn(value) => value.clone(),
    };
    match outcome::publish_outcome(&returned, incoming) {
        Err(error) => EvaluationOutcome::Failed(RunFailure::new(error.reason.unwrap_or_default())),
        Ok(publish_outcome) => {
            let failed = publish_outcome.failed;
            let delivered: Vec<_> = publish_outcome
                .delivered
                .iter()
                .map(|(n, text)| (*n, json_or_null(text)))
                .collect();
            let is_listed = |n: &usize| {
                delivered.iter().any(|(number, _)| number == n)
                    || failed.iter().any(|(number, _)| number == n)
            };
            let dropped = (0..incoming.len()).filter(|n| !is_listed(n)).collect();
            EvaluationOutcome::Published { delivered, failed, dropped }
        }
    }
}

fn json_or_null(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A request of AppSync's EvaluateCode.
#[derive(Clone, Debug)]
pub(crate) struct EvaluateCodeRequest {
    pub code: String,
    pub context: Value,
    /// `request`, `response`, or an export of the code.
    pub function: Option<String>,
    pub now_epoch_s: f64,
}

/// EvaluateCode's name for the code.
const FILE: &str = "code.js";

/// Runs one function of code, and returns the response of AppSync.
pub(crate) async fn evaluate_code(request: EvaluateCodeRequest) -> Value {
    let script = Arc::new(Script::new(FILE, &request.code));
    let subscribes = request.context["info"]["operation"] == "SUBSCRIBE";
    let handler = if subscribes { ON_SUBSCRIBE } else { ON_PUBLISH };
    // A resolver exports its functions; the handler of events is an object with functions.
    let ways: &[(&'static str, FunctionPart)] = match request.function.as_deref() {
        Some("request") => &[("request", FunctionPart::Whole), (handler, FunctionPart::Request)],
        Some("response") => &[("response", FunctionPart::Whole), (handler, FunctionPart::Response)],
        Some(ON_SUBSCRIBE) => &[(ON_SUBSCRIBE, FunctionPart::Whole)],
        Some(ON_PUBLISH) => &[(ON_PUBLISH, FunctionPart::Whole)],
        _ => &[(handler, FunctionPart::Whole)],
    };
    let mut run_result = None;
    for (export, part) in ways {
        let run = Run {
            owner: FILE.into(),
            script: Arc::clone(&script),
            export,
            part: *part,
            context: request.context.clone(),
            auth_type: "",
            now_epoch_s: request.now_epoch_s,
        };
        let it = POOL.run(run).await;
        let missing = it.outcome == HandlerOutcome::Missing;
        run_result = Some(it);
        if !missing {
            break;
        }
    }
    run_result
        .map(|result| evaluate_code_response(result, request.function.as_deref()))
        .unwrap_or_default()
}

fn evaluate_code_response(run_result: RunResult, function: Option<&str>) -> Value {
    let logs: Vec<String> = run_result.logs.iter().map(log_text).collect();
    let mut response = json!({
        "logs": logs,
        "stash": run_result.stash.to_string(),
        "outErrors": Value::Array(run_result.out_errors).to_string(),
    });
    match run_result.outcome {
        HandlerOutcome::Returned(value) => {
            response["evaluationResult"] = json!(value.unwrap_or_default().to_string());
        }
        HandlerOutcome::EarlyReturn(value) => {
            response["evaluationResult"] = json!(value.to_string());
        }
        HandlerOutcome::Missing => {
            let message = format!("The code exports no function {}.", function.unwrap_or_default());
            response["error"] = json!({ "message": message });
        }
        HandlerOutcome::Rejected(refusal) => {
            response["error"] = json!({ "message": refusal.message.unwrap_or_default() });
        }
        HandlerOutcome::Failed(RunFailure { message, at, is_parse_error: unread }) => {
            let (kind, is_listed) = match unread {
                true => ("PARSER_ERROR", "The code contains one or more errors."),
                false => ("RUNTIME_ERROR", message.as_str()),
            };
            let location = location(at);
            let errors = json!([{ "errorType": kind, "value": message, "location": location }]);
            response["error"] = json!({ "message": is_listed, "codeErrors": errors });
        }
    }
    response
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

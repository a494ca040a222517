//! A handler run by itself, without an API: `provision eval`, and AppSync's EvaluateCode.
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::data_plane::channel::Channel;
use crate::data_plane::handlers::call::{Incoming, PUBLISH, SUBSCRIBE};
use crate::data_plane::handlers::context::{auth_type, shape};
use crate::data_plane::handlers::handle::{Answer, Handler, handle};
use crate::data_plane::handlers::outcome;
use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::{Ended, Part, Ran, Run};
use crate::data_plane::handlers::runtime::script::Script;

pub use crate::data_plane::handlers::runtime::run::{Break, Line, Refusal};
pub use crate::data_plane::handlers::runtime::script::At;
pub use crate::data_plane::message::EVENTS_MAX;

/// Of this process: nothing of one evaluation is left for the next.
static POOL: LazyLock<Pool> = LazyLock::new(Pool::new);

/// What is to be evaluated.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The name of the code in positions.
    pub file: String,
    pub code: String,
    pub given: Given,
    /// Whether a data source serves the handler, and which answer it gives; without one the handler ends with
    /// its request.
    pub source: Option<DataSource>,
    pub now_epoch_s: f64,
}

/// The handler's `ctx`.
#[derive(Clone, Debug)]
pub struct Given {
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
    pub context: Value,
}

/// The data source of a handler, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub struct DataSource {
    pub result: Option<Value>,
    /// `ctx.error`, in place of a result: its message.
    pub error: Option<String>,
}

/// What a handler came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub evaluated: Evaluated,
    pub logs: Vec<Line>,
    pub out_errors: Vec<Value>,
    pub stash: Value,
    /// What a data source is asked.
    pub request: Option<Value>,
}

/// How a handler ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated {
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
    Refused(Refusal),
    Broken(Break),
}

/// Whether AppSync takes such a channel, to publish or to subscribe to.
pub fn is_channel(text: &str, publishes: bool) -> bool {
    match publishes {
        true => Channel::publish(text).is_ok(),
        false => Channel::subscribe(text).is_ok(),
    }
}

/// Runs a handler of standalone code.
pub async fn evaluate(asked: Asked) -> Evaluation {
    let Asked { file, code, given, source, now_epoch_s } = asked;
    let export = if given.publishes { PUBLISH } else { SUBSCRIBE };
    let context = given.context();
    let handler = Handler {
        owner: file.as_str().into(),
        script: Arc::new(Script::new(&file, &code)),
        export,
        has_source: source.is_some(),
        auth_type: auth_type(&given.mode),
        now_epoch_s,
    };
    let answer = async |_request: Value| {
        let DataSource { result, error } = source.unwrap_or_default();
        error.map(|it| Answer::error("Error", it)).or(result.map(Answer::Result))
    };
    let incoming = incoming(&context);
    let handled = handle(&POOL, handler, context, answer).await;
    let is_request = |it: &Ended| {
        handled.request.is_some() && !handled.answered && matches!(it, Ended::Returned(_))
    };
    let evaluated = match &handled.ended {
        it if is_request(it) => Evaluated::Waiting,
        ended => evaluated(ended, given.publishes, &incoming),
    };
    let (logs, out_errors) = (handled.logs, handled.out_errors);
    Evaluation { evaluated, logs, out_errors, stash: handled.stash, request: handled.request }
}

impl Given {
    /// `ctx`, as AppSync would make it.
    fn context(&self) -> Value {
        let segments: Vec<&str> = self.channel.split('/').filter(|it| !it.is_empty()).collect();
        let event =
            |payload: &Value| json!({ "payload": payload, "id": uuid::Uuid::new_v4().to_string() });
        let events = match self.publishes {
            true => self.events.iter().map(event).collect(),
            false => Value::Null,
        };
        let request = json!({ "headers": {}, "domainName": null });
        let path = format!("/{}", segments.join("/"));
        let mut context = shape(&self.identity, request, &path, &self.namespace, events);
        for (name, value) in self.context.as_object().into_iter().flatten() {
            context[name] = value.clone();
        }
        context
    }
}

fn incoming(context: &Value) -> Vec<Incoming> {
    let events = context["events"].as_array().into_iter().flatten();
    let event = |it: &Value| Incoming {
        id: it["id"].as_str().unwrap_or_default().to_owned(),
        text: it["payload"].to_string(),
    };
    events.map(event).collect()
}

fn evaluated(ended: &Ended, publishes: bool, incoming: &[Incoming]) -> Evaluated {
    let returned = match ended {
        Ended::Refused(refusal) => return Evaluated::Refused(refusal.clone()),
        Ended::Broken(broken) => return Evaluated::Broken(broken.clone()),
        _ if !publishes => return Evaluated::Allowed,
        Ended::Missing => {
            let all = incoming.iter().map(|it| json!({ "id": it.id, "payload": read(&it.text) }));
            Value::Array(all.collect())
        }
        Ended::Returned(value) => value.clone().unwrap_or_default(),
        Ended::Early(value) => value.clone(),
    };
    match outcome::published(&returned, incoming) {
        Err(problem) => Evaluated::Broken(Break::new(problem.why.unwrap_or_default())),
        Ok(published) => {
            let failed = published.failed;
            let delivered: Vec<_> =
                published.delivered.iter().map(|(n, text)| (*n, read(text))).collect();
            let told = |n: &usize| {
                delivered.iter().any(|(it, _)| it == n) || failed.iter().any(|(it, _)| it == n)
            };
            let dropped = (0..incoming.len()).filter(|n| !told(n)).collect();
            Evaluated::Published { delivered, failed, dropped }
        }
    }
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A request to AppSync's EvaluateCode.
#[derive(Clone, Debug)]
pub struct EvaluateCode {
    pub code: String,
    pub context: Value,
    /// `request`, `response`, or an export of the code.
    pub function: Option<String>,
    pub now_epoch_s: f64,
}

/// What EvaluateCode calls the code.
const FILE: &str = "code.js";

/// Runs one function of code, and answers as AppSync does.
pub async fn evaluate_code(asked: EvaluateCode) -> Value {
    let script = Arc::new(Script::new(FILE, &asked.code));
    let subscribes = asked.context["info"]["operation"] == "SUBSCRIBE";
    let handler = if subscribes { SUBSCRIBE } else { PUBLISH };
    // A resolver exports its functions, an event handler has them in an object.
    let ways: &[(&'static str, Part)] = match asked.function.as_deref() {
        Some("request") => &[("request", Part::Whole), (handler, Part::Request)],
        Some("response") => &[("response", Part::Whole), (handler, Part::Response)],
        Some(SUBSCRIBE) => &[(SUBSCRIBE, Part::Whole)],
        Some(PUBLISH) => &[(PUBLISH, Part::Whole)],
        _ => &[(handler, Part::Whole)],
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
        let missing = it.ended == Ended::Missing;
        ran = Some(it);
        if !missing {
            break;
        }
    }
    ran.map(|it| answer(it, asked.function.as_deref())).unwrap_or_default()
}

fn answer(ran: Ran, function: Option<&str>) -> Value {
    let logs: Vec<String> = ran.logs.iter().map(logged).collect();
    let mut answer = json!({
        "logs": logs,
        "stash": ran.stash.to_string(),
        "outErrors": Value::Array(ran.appended).to_string(),
    });
    match ran.ended {
        Ended::Returned(value) => {
            answer["evaluationResult"] = json!(value.unwrap_or_default().to_string());
        }
        Ended::Early(value) => answer["evaluationResult"] = json!(value.to_string()),
        Ended::Missing => {
            let message = format!("The code exports no function {}.", function.unwrap_or_default());
            answer["error"] = json!({ "message": message });
        }
        Ended::Refused(refusal) => {
            answer["error"] = json!({ "message": refusal.message.unwrap_or_default() });
        }
        Ended::Broken(Break { message, at, unread }) => {
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

fn logged(line: &Line) -> String {
    let At { line: number, column } = line.at.unwrap_or(At { line: 0, column: 0 });
    format!("{} - {FILE}:{number}:{column}: {}", line.level, line.values.join(" "))
}

fn location(at: Option<At>) -> Value {
    match at {
        Some(At { line, column }) => json!({ "line": line, "column": column, "span": 1 }),
        None => json!({ "line": 0, "column": 0, "span": -1 }),
    }
}

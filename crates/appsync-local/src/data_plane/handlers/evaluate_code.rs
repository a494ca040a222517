//! AppSync's EvaluateCode: runs one function of code with a given `ctx`. Data sources are never called.
use std::sync::Arc;

use serde_json::{Value, json};

use crate::data_plane::handlers::call::{ON_PUBLISH, ON_SUBSCRIBE};
use crate::data_plane::handlers::evaluation::POOL;
use crate::data_plane::handlers::runtime::run::{
    FunctionPart, HandlerOutcome, LogLine, Run, RunFailure, RunResult,
};
use crate::data_plane::handlers::runtime::script::{CodePosition, Script};

/// A request of AppSync's EvaluateCode.
#[derive(Clone, Debug)]
pub struct EvaluateCodeRequest {
    pub code: String,
    pub context: Value,
    /// `request`, `response`, or an export of the code.
    pub function: Option<String>,
    pub now_epoch_s: f64,
}

/// EvaluateCode's name for the code.
const FILE: &str = "code.js";

/// Runs one function of code, and returns the response of AppSync.
pub async fn evaluate_code(request: EvaluateCodeRequest) -> Value {
    let script = Arc::new(Script::new(FILE, &request.code));
    let subscribes = request.context["info"]["operation"] == "SUBSCRIBE";
    let handler = if subscribes { ON_SUBSCRIBE } else { ON_PUBLISH };
    // A resolver exports its functions; the handler of events is an object with functions.
    let candidates: &[(&'static str, FunctionPart)] = match request.function.as_deref() {
        Some("request") => &[("request", FunctionPart::Whole), (handler, FunctionPart::Request)],
        Some("response") => &[("response", FunctionPart::Whole), (handler, FunctionPart::Response)],
        Some(ON_SUBSCRIBE) => &[(ON_SUBSCRIBE, FunctionPart::Whole)],
        Some(ON_PUBLISH) => &[(ON_PUBLISH, FunctionPart::Whole)],
        _ => &[(handler, FunctionPart::Whole)],
    };
    let mut last_result = None;
    for (export, part) in candidates {
        let run = Run {
            owner: FILE.into(),
            script: Arc::clone(&script),
            export,
            part: *part,
            context: request.context.clone(),
            auth_type: "",
            now_epoch_s: request.now_epoch_s,
        };
        let run_result = POOL.run(run).await;
        let is_missing = run_result.outcome == HandlerOutcome::Missing;
        last_result = Some(run_result);
        if !is_missing {
            break;
        }
    }
    last_result
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
        HandlerOutcome::Rejected(rejection) => {
            response["error"] = json!({ "message": rejection.message.unwrap_or_default() });
        }
        HandlerOutcome::Failed(RunFailure { message, at, is_parse_error }) => {
            let (kind, summary) = match is_parse_error {
                true => ("PARSER_ERROR", "The code contains one or more errors."),
                false => ("RUNTIME_ERROR", message.as_str()),
            };
            let location = location(at);
            let errors = json!([{ "errorType": kind, "value": message, "location": location }]);
            response["error"] = json!({ "message": summary, "codeErrors": errors });
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

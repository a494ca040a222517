//! Runs the handlers in `tests/data/running`: documented behavior, and errors and limits.
use std::fs;

use appsync_local::AuthMode as LocalAuthMode;
use appsync_local::evaluation::{
    CodePosition, DataSourceStub, Evaluation, EvaluationContext, EvaluationOutcome,
    EvaluationRequest, LogLine, evaluate,
};
use aws_sdk_appsync::operation::create_channel_namespace::CreateChannelNamespaceError;
use aws_sdk_appsync::types::{
    AppSyncRuntime, AuthMode, AuthProvider, AuthenticationType, EventConfig, RuntimeName,
};
use serde_json::{Value, json};

use crate::world::{root, serve};

/// 2027-01-15T08:00:00Z.
const NOW_EPOCH_S: f64 = 1_800_000_000.0;

#[tokio::test]
async fn handlers_have_the_outcomes_in_their_first_lines() {
    let (mut wrong, mut files) = (Vec::new(), 0);
    let mut paths: Vec<_> = fs::read_dir(root("tests/data/running"))
        .unwrap()
        .map(|result| result.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        files += 1;
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let code = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = code.lines().collect();
        for pair in lines.chunks(2) {
            let Some(input) = pair[0].strip_prefix("// given: ") else { break };
            let expected = pair[1].strip_prefix("// expect: ").unwrap();
            let input: Value =
                serde_json::from_str(input).unwrap_or_else(|error| panic!("{name} {error}"));
            let expected: Value =
                serde_json::from_str(expected).unwrap_or_else(|error| panic!("{name} {error}"));
            let outcome = outcome_json(&evaluate(evaluation_request(&name, &code, &input)).await);
            for (member, expected) in expected.as_object().unwrap() {
                let holds = match (member.as_str(), &outcome[member], expected) {
                    ("broken", Value::String(outcome), Value::String(part)) => {
                        outcome.contains(part)
                    }
                    (_, outcome, expected) => outcome == expected,
                };
                if !holds {
                    wrong.push(format!("{name}: {member}: expected {expected}\n  in {outcome}"));
                }
            }
        }
    }
    assert!(files >= 50, "{files}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn hostile_handlers_do_not_stop_others() {
    let code = |name: &str| fs::read_to_string(root("tests/data/running").join(name)).unwrap();
    let (busy, echo) = (code("busy.js"), code("echo.js"));
    let input = json!({ "events": [1] });
    let hostile =
        (0..8).map(|_| tokio::spawn(evaluate(evaluation_request("busy.js", &busy, &input))));
    let hostile: Vec<_> = hostile.collect();
    for _ in 0..20 {
        let outcome = outcome_json(&evaluate(evaluation_request("echo.js", &echo, &input)).await);
        assert_eq!(outcome["delivered"], json!([[0, 1]]));
    }
    for evaluation in hostile {
        assert!(matches!(evaluation.await.unwrap().outcome, EvaluationOutcome::Failed(_)));
    }
}

fn evaluation_request(file: &str, code: &str, input: &Value) -> EvaluationRequest {
    let text = |name: &str, other: &str| input[name].as_str().unwrap_or(other).to_owned();
    let source = input["source"].as_bool().unwrap_or_default().then(|| DataSourceStub {
        result: input.get("result").cloned(),
        error: input["error"].as_str().map(str::to_owned),
    });
    EvaluationRequest {
        file: file.to_owned(),
        code: code.to_owned(),
        context: EvaluationContext {
            publishes: input["subscribe"] != true,
            namespace: "chat".to_owned(),
            channel: text("channel", "/chat/room"),
            mode: LocalAuthMode::parse(&text("mode", "API_KEY")).unwrap(),
            identity: input["identity"].clone(),
            events: input["events"].as_array().cloned().unwrap_or_default(),
            overrides: input["context"].clone(),
        },
        source,
        now_epoch_s: NOW_EPOCH_S,
    }
}

/// The result of an evaluation, in the form of the first lines of a handler.
fn outcome_json(evaluation: &Evaluation) -> Value {
    let place = |at: Option<CodePosition>| {
        at.map(|position| format!("{}:{}", position.line, position.column))
    };
    let mut document = match &evaluation.outcome {
        EvaluationOutcome::Published { delivered, failed, dropped } => {
            json!({ "delivered": delivered, "failed": failed, "dropped": dropped })
        }
        EvaluationOutcome::Allowed => json!({ "allowed": true }),
        EvaluationOutcome::Waiting => json!({ "waiting": evaluation.request }),
        EvaluationOutcome::Rejected(rejection) => json!({
            "refused": rejection.message, "type": rejection.error_type, "data": rejection.data, "at": place(rejection.at),
        }),
        EvaluationOutcome::Failed(failure) => {
            json!({ "broken": failure.message, "unread": failure.is_parse_error, "at": place(failure.at) })
        }
    };
    let line = |line: &LogLine| {
        format!("{} {} {}", line.level, place(line.at).unwrap_or_default(), line.text())
    };
    document["logs"] = evaluation.logs.iter().map(line).collect();
    document["stash"] = evaluation.stash.clone();
    document["outErrors"] = json!(evaluation.out_errors);
    document["request"] = json!(evaluation.request);
    document
}

#[tokio::test]
async fn evaluate_code_runs_one_function_and_returns_its_logs() {
    let served = serve(|router| router).await;
    let code = "export function request(ctx) {
  console.log('id', ctx.arguments)
  ctx.stash.seen = true
  return { n: ctx.arguments.id + 1 }
}
export const onPublish = { request: (ctx) => ctx.events, response: () => util.error('no') }";
    let ask = async |function: &str| {
        let runtime = AppSyncRuntime::builder()
            .name(RuntimeName::AppsyncJs)
            .runtime_version("1.0.0")
            .build()
            .unwrap();
        let context = json!({ "arguments": { "id": 1 }, "events": [1], "stash": {} }).to_string();
        let call = served.aws.appsync.evaluate_code().runtime(runtime).code(code).context(context);
        call.function(function).send().await.unwrap()
    };
    let answer = ask("request").await;
    assert_eq!(answer.evaluation_result(), Some("{\"n\":2}"));
    assert_eq!(answer.stash(), Some("{\"seen\":true}"));
    assert_eq!(answer.logs(), ["INFO - code.js:2:21: \"id\" {\"id\":1}"]);
    let answer = ask("response").await;
    assert_eq!(answer.error().unwrap().message(), Some("no"));
    assert_eq!(answer.evaluation_result(), None);
}

#[tokio::test]
async fn code_with_linter_errors_is_rejected() {
    let rejected_code = |name: &str| {
        let text = fs::read_to_string(root("tests/handlers/bad").join(name)).unwrap();
        text.lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    let served = serve(|router| router).await;
    let api = served.aws.appsync.create_api().name("a").event_config(config()).send().await;
    let api = api.unwrap().api.unwrap().api_id.unwrap();
    for (n, name) in
        ["increment.js", "while.js", "try-catch.js", "regex.js", "class.js"].iter().enumerate()
    {
        let call = served.aws.appsync.create_channel_namespace().api_id(&api);
        let error = call.name(format!("n{n}")).code_handlers(rejected_code(name)).send().await;
        let error = error.unwrap_err().into_service_error();
        let CreateChannelNamespaceError::BadRequestException(error) = error else {
            panic!("{error:?}");
        };
        let first = &error.detail().unwrap().code_errors()[0];
        assert_eq!(first.error_type(), Some("LINT_ERROR"), "{name}");
    }
    // AppSync accepts every handler that the analysis accepts.
    for (n, file) in fs::read_dir(root("tests/handlers/good")).unwrap().enumerate() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let call = served.aws.appsync.create_channel_namespace().api_id(&api);
        call.name(format!("good{n}")).code_handlers(text).send().await.unwrap();
    }
}

fn config() -> EventConfig {
    let provider = AuthProvider::builder().auth_type(AuthenticationType::ApiKey).build().unwrap();
    let mode = AuthMode::builder().auth_type(AuthenticationType::ApiKey).build().unwrap();
    EventConfig::builder()
        .auth_providers(provider)
        .connection_auth_modes(mode.clone())
        .default_publish_auth_modes(mode.clone())
        .default_subscribe_auth_modes(mode)
        .build()
        .unwrap()
}

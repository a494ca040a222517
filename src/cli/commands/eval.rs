//! `provision eval`: runs one handler on events from the command line, without AWS.
mod code;

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::files::file_or_json;
use crate::cli::io::json;
use crate::cli::load::{ValidSpec, WarningPolicy, read_tolerating_handler_errors};
use crate::cli::parameters::{ParameterArgs, reject_invalid};
use crate::cli::{Exit, Failure, Io};
use crate::render::evaluation::{
    Delivered, EvaluationDocument, Failed, HandlerError, LogLine, Outcome, frame, logs, text,
};
use appsync_local::AuthMode;
use appsync_local::evaluation::{
    self, DataSourceStub, EVENTS_PER_PUBLISH_MAX, Evaluation, EvaluationContext, EvaluationOutcome,
    EvaluationRequest, evaluate, is_channel,
};
use code::{HandlerCode, check, error_call_position};
use provision_core::address::Address;
use provision_core::diagnostic::Diagnostic;
use provision_core::kind::DesiredResource;
use provision_core::spec::Spec;

/// Run a handler on events, without AWS
///
/// Shows which events the handler delivers, fails and drops, what it logs, and its stash. For a handler with a data
/// source, shows the request; with --result, runs the response function on that result.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision eval spec.yaml chat onPublish --event event.json
  provision eval spec.yaml chat onPublish --event '{\"text\": \"hi\"}' --identity identity.json
  provision eval spec.yaml chat onSubscribe --channel /chat/room/7 --identity identity.json
  provision eval spec.yaml orders onPublish --event event.json --result answer.json --format json")]
pub struct Args {
    /// The spec; `-` for stdin
    spec: PathBuf,
    /// The key of the channel namespace in the spec
    namespace: String,
    /// The handler
    #[arg(value_enum)]
    handler: Operation,
    /// An event: a JSON file, or JSON; can be repeated
    #[arg(long = "event", value_name = "FILE|JSON")]
    events: Vec<String>,
    /// The channel of the operation [default: a channel in the namespace]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// The caller, `ctx.identity`: a JSON file, or JSON [default: null, as with an API key]
    #[arg(long, value_name = "FILE|JSON")]
    identity: Option<String>,
    /// Fields of `ctx` that override the other options: a JSON file, or JSON
    #[arg(long, value_name = "FILE|JSON")]
    context: Option<String>,
    /// The result of the data source, `ctx.result`: a JSON file, or JSON
    #[arg(long, value_name = "FILE|JSON")]
    result: Option<String>,
    /// The key of the API in the spec, if several APIs have the namespace
    #[arg(long, value_name = "KEY")]
    api: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    parameters: ParameterArgs,
}

/// The help for an invalid channel.
const INVALID_CHANNEL_HELP: &str = "a channel has one to five segments of up to 50 letters, digits and inner hyphens; a subscription may end with /*";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Operation {
    /// Processes published events
    #[value(name = "onPublish")]
    Publish,
    /// Allows or denies a subscription
    #[value(name = "onSubscribe")]
    Subscribe,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// For programs, as in schemas/evaluation.schema.json
    Json,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Publish => "onPublish",
            Self::Subscribe => "onSubscribe",
        }
    }
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let values = args.parameters.values(io)?;
    let mut spec = read_tolerating_handler_errors(&args.spec, &values, io)?;
    let handler_diagnostics: Vec<Diagnostic> =
        spec.diagnostics.extract_if(.., |diagnostic| diagnostic.code.starts_with("PV3")).collect();
    let ValidSpec { source, spec } = spec.into_valid(WarningPolicy::No, io)?;
    reject_invalid(&spec, &values)?;
    let spec = spec.clone().with_values(&values).unwrap_or(spec);
    let (address, resource) = namespace(args, &spec)?;
    let name = data_source(args, &address, resource)?;
    let code = HandlerCode::find(&address, resource, &source)?;
    check(handler_diagnostics, &address, &code, &source, io)?;
    let request = evaluation_request(args, &address, resource, &code, name.is_some(), io)?;
    let evaluation = evaluate(request).await;
    let document = document(args.handler, &address, &evaluation, &code);
    match args.format {
        Format::Json => io.print_result(&json(&document))?,
        Format::Human => {
            io.eprint(&logs(&document));
            io.print_result(&text(&document))?;
            if let Some(frame) = frame(&document, code.name(), code.shown()) {
                io.eprint(&frame);
            }
            if document.outcome == Outcome::Waiting {
                let name = name.unwrap_or_default();
                io.eprint_unless_quiet(&format!(
                    "This is the request to `{name}`; pass a result with `--result` to run `response`\n"
                ));
            }
        }
    }
    Ok(if document.error.is_some() { Exit::Error } else { Exit::Done })
}

/// Finds the channel namespace that the arguments name.
fn namespace<'a>(args: &Args, spec: &'a Spec) -> Result<(Address, &'a DesiredResource), Failure> {
    let all = || spec.desired.iter().filter(|(address, _)| address.section() == "namespaces");
    let api = |address: &Address| address.parent().map(|address| address.name().to_owned());
    let matches = |address: &Address| {
        let has_name = address.name() == args.namespace || address.as_str() == args.namespace;
        has_name && args.api.as_ref().is_none_or(|key| api(address).as_ref() == Some(key))
    };
    let namespaces: Vec<_> = all().filter(|(address, _)| matches(address)).collect();
    match namespaces.as_slice() {
        [(address, resource)] => Ok(((*address).clone(), resource)),
        [] => {
            let message = format!("the spec has no channel namespace `{}`", args.namespace);
            let addresses: Vec<String> = all().map(|(address, _)| address.to_string()).collect();
            Err(Failure::error(message).with_hint(match addresses.as_slice() {
                [] => "declare one under `namespaces:` of an API".to_owned(),
                addresses => format!("it has {}", addresses.join(", ")),
            }))
        }
        several => {
            let message = format!("several APIs have a channel namespace `{}`", args.namespace);
            let apis: Vec<String> =
                several.iter().filter_map(|(address, _)| api(address)).collect();
            Err(Failure::new(Exit::Usage, message)
                .with_hint(format!("select one with `--api KEY`: {}", apis.join(", "))))
        }
    }
}

fn evaluation_request(
    args: &Args,
    address: &Address,
    resource: &DesiredResource,
    code: &HandlerCode<'_>,
    has_source: bool,
    io: &mut Io,
) -> Result<EvaluationRequest, Failure> {
    let name = resource.properties.get("Name").and_then(Value::as_str).unwrap_or(address.name());
    let channel = args.channel.clone().unwrap_or_else(|| format!("/{name}/example"));
    let segments: Vec<&str> = channel.split('/').filter(|part| !part.is_empty()).collect();
    if segments.first() != Some(&name) {
        let message = format!("channel `{channel}` is not in the channel namespace `{name}`");
        return Err(Failure::new(Exit::Usage, message)
            .with_hint(format!("its channels start with /{name}/")));
    }
    let publishes = args.handler == Operation::Publish;
    if !is_channel(&channel, publishes) {
        let message = format!("`{channel}` is not a valid channel");
        return Err(Failure::new(Exit::Usage, message).with_hint(INVALID_CHANNEL_HELP));
    }
    let mut option = |flag: &str, text: &Option<String>| {
        text.as_ref().map(|text| value(flag, text, io)).transpose()
    };
    let identity = option("identity", &args.identity)?.unwrap_or_default();
    let context = option("context", &args.context)?.unwrap_or_default();
    let result = option("result", &args.result)?;
    let events: Vec<Value> =
        args.events.iter().map(|text| value("event", text, io)).collect::<Result<_, _>>()?;
    match (publishes, events.is_empty()) {
        (true, true) if context["events"].is_null() => {
            let message = "onPublish requires an event";
            return Err(
                Failure::new(Exit::Usage, message).with_hint("pass one with `--event '{}'`")
            );
        }
        (true, false) if events.len() > EVENTS_PER_PUBLISH_MAX => {
            let message =
                format!("AppSync accepts at most {EVENTS_PER_PUBLISH_MAX} events in one publish");
            let hint = format!("{} were passed; omit some", events.len());
            return Err(Failure::new(Exit::Usage, message).with_hint(hint));
        }
        (false, false) => {
            let message = "onSubscribe receives no events";
            return Err(Failure::new(Exit::Usage, message).with_hint("omit `--event`"));
        }
        _ => {}
    }
    if result.is_some() && !has_source {
        let message = format!("{} of {address} has no data source", args.handler.name());
        return Err(Failure::new(Exit::Usage, message).with_hint("omit `--result`"));
    }
    Ok(EvaluationRequest {
        file: code.name().to_owned(),
        code: code.text().to_owned(),
        context: EvaluationContext {
            publishes,
            namespace: name.to_owned(),
            channel,
            mode: mode(&identity),
            identity,
            events,
            overrides: context,
        },
        source: has_source.then_some(DataSourceStub { result, error: None }),
        now_epoch_s: io.now_epoch_s() as f64,
    })
}

/// Returns the data source of the handler, if it has one.
fn data_source(
    args: &Args,
    address: &Address,
    resource: &DesiredResource,
) -> Result<Option<String>, Failure> {
    let handler = args.handler.name();
    let declared = &resource.declared["handlers"][handler];
    let name = declared["dataSource"].as_str().map(str::to_owned);
    if declared["behavior"] == "DIRECT" {
        let name = name.unwrap_or_default();
        let message = format!(
            "{handler} of {address} has no code: it invokes the function of `{name}` directly"
        );
        return Err(Failure::error(message).with_hint("run that function; its event is `ctx`"));
    }
    Ok(name)
}

/// Parses the value of an option that is a JSON file or JSON. A file with that name takes precedence.
fn value(flag: &str, text: &str, io: &mut Io) -> Result<Value, Failure> {
    let (name, text) = file_or_json(&format!("--{flag}"), text, io)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::error(format!("`{name}` is not valid JSON: {error}")))
}

/// Returns the auth mode that produces such an identity.
fn mode(identity: &Value) -> AuthMode {
    let has = |name: &str| identity.get(name).is_some();
    match () {
        () if has("handlerContext") => AuthMode::AwsLambda,
        () if has("userArn") => AuthMode::AwsIam,
        () if has("claims") && has("username") => AuthMode::CognitoUserPools,
        () if has("claims") => AuthMode::OpenIdConnect,
        () => AuthMode::ApiKey,
    }
}

fn document(
    operation: Operation,
    address: &Address,
    evaluation: &Evaluation,
    code: &HandlerCode<'_>,
) -> EvaluationDocument {
    let place = |at: &Option<evaluation::CodePosition>| at.map(|position| code.place(position));
    let mut document = EvaluationDocument {
        version: 1,
        namespace: address.to_string(),
        handler: operation.name(),
        outcome: Outcome::Published,
        delivered: Vec::new(),
        failed: Vec::new(),
        dropped: Vec::new(),
        request: evaluation.request.clone(),
        error: None,
        logs: Vec::new(),
        stash: evaluation.stash.clone(),
        out_errors: evaluation.out_errors.clone(),
    };
    let lines = evaluation.logs.iter();
    let line = |line: &evaluation::LogLine| LogLine {
        level: line.level,
        text: line.text(),
        place: place(&line.at),
    };
    document.logs = lines.map(line).collect();
    match &evaluation.outcome {
        EvaluationOutcome::Published { delivered, failed, dropped } => {
            let all = delivered.iter().cloned();
            document.delivered = all.map(|(index, payload)| Delivered { index, payload }).collect();
            let all = failed.iter().cloned();
            document.failed = all.map(|(index, message)| Failed { index, message }).collect();
            document.dropped.clone_from(dropped);
        }
        EvaluationOutcome::Allowed => document.outcome = Outcome::Allowed,
        EvaluationOutcome::Waiting => document.outcome = Outcome::Waiting,
        EvaluationOutcome::Rejected(rejection) => {
            document.outcome = Outcome::Refused;
            document.error = Some(HandlerError {
                message: rejection.message.clone().unwrap_or_default(),
                error_type: rejection.error_type.clone().filter(|_| !rejection.unauthorized),
                place: rejection
                    .at
                    .map(|position| code.place(error_call_position(code.text(), position))),
            });
        }
        EvaluationOutcome::Failed(failure) => {
            document.outcome = Outcome::Broken;
            let (message, place) = (failure.message.clone(), place(&failure.at));
            document.error = Some(HandlerError { message, error_type: None, place });
        }
    }
    document
}

//! One run of one handler function in a separate JavaScript engine: nothing survives it.
//!
//! A run is bounded by what it does and not by the clock, so that it ends alike on every machine.
use std::rc::Rc;

use crate::data_plane::handlers::runtime::host_functions::{self, RunState};
use crate::data_plane::handlers::runtime::modules::{Modules, PRELUDE};
use crate::data_plane::handlers::runtime::run::{
    FunctionPart, HandlerOutcome, Run, RunFailure, RunResult, parse_result,
};
use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Error, Function, Module, Object, Runtime, Value as Js};

/// What a run's values may take together.
const MEMORY_MAX: usize = 32 << 20;
/// Far above what AppSync's language, which has no recursion, can need.
const STACK_MAX: usize = 512 << 10;
/// What the thread of a run needs around that.
pub const THREAD_STACK: usize = 8 << 20;

/// Runs a function. Never fails: what goes wrong is how it ended.
pub fn run(run: &Run) -> RunResult {
    let host = Rc::new(RunState::new(run));
    let ended = run_in_engine(run, &host);
    let ended =
        ended.unwrap_or_else(|error| HandlerOutcome::Failed(host.failure(&error.to_string())));
    let (logs, appended, stash) = host.into_parts();
    RunResult { outcome: ended, logs, out_errors: appended, stash }
}

/// The parts of the language that APPSYNC_JS needs; the prelude removes most names again. No `Date`,
/// no `Proxy`, no typed arrays.
type Intrinsics = (
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

fn run_in_engine(run: &Run, host: &Rc<RunState>) -> Result<HandlerOutcome, Error> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(MEMORY_MAX);
    runtime.set_max_stack_size(STACK_MAX);
    let asked = Rc::clone(host);
    runtime.set_interrupt_handler(Some(Box::new(move || asked.should_stop())));
    runtime.set_loader(Modules, Modules);
    let context = Context::custom::<Intrinsics>(&runtime)?;
    let ended = context.with(|ctx| {
        let ended = run_in_context(&ctx, run, host);
        ended.or_else(|error| {
            Ok(host.take_outcome().unwrap_or_else(|| exception_outcome(&ctx, run, host, error)))
        })
    });
    drop(context);
    ended
}

fn run_in_context(ctx: &Ctx<'_>, run: &Run, host: &Rc<RunState>) -> Result<HandlerOutcome, Error> {
    ctx.globals().set("$host", host_functions::host_object(ctx, host)?)?;
    evaluate_module(ctx, "provision:prelude", PRELUDE)?;
    let script = &run.script;
    let exports = evaluate_module(ctx, &script.name, script.instrumented.as_str())?;
    let export: Js<'_> = exports.get(run.export)?;
    if export.is_undefined() {
        return Ok(HandlerOutcome::Missing);
    }
    let function = match exported_function(&export, run) {
        Ok(function) => function,
        Err(message) => return Ok(HandlerOutcome::Failed(RunFailure::new(message))),
    };
    let context = ctx.json_parse(run.context.to_string())?;
    let returned: Js<'_> = function.call((context.clone(),))?;
    if let Some(ended) = host.take_outcome() {
        // Something caught what ends a handler; it ends all the same.
        return Ok(ended);
    }
    if let Some(context) = context.as_object() {
        let stash = ctx.json_stringify(context.get::<_, Js<'_>>("stash")?)?;
        host.keep_stash(stash.map(|it| it.to_string()).transpose()?);
    }
    let text = ctx.json_stringify(returned)?.map(|it| it.to_string()).transpose()?;
    Ok(match text {
        None => HandlerOutcome::Returned(None),
        Some(text) => parse_result(&text)
            .map_or_else(HandlerOutcome::Failed, |it| HandlerOutcome::Returned(Some(it))),
    })
}

fn evaluate_module<'js>(ctx: &Ctx<'js>, name: &str, text: &str) -> Result<Object<'js>, Error> {
    let (module, evaluated) = Module::declare(ctx.clone(), name, text)?.eval()?;
    evaluated.finish::<()>()?;
    module.namespace()
}

fn exported_function<'js>(export: &Js<'js>, run: &Run) -> Result<Function<'js>, String> {
    let name = run.export;
    let part = match run.part {
        FunctionPart::Whole if export.is_function() => "",
        FunctionPart::Whole => {
            return Err(format!(
                "`{name}` is not a function; an object with `request` and `response` needs a data source"
            ));
        }
        FunctionPart::Request | FunctionPart::Response if export.is_function() => {
            return Err(format!(
                "`{name}` is a function, and with a data source it must be an object with `request` and `response`"
            ));
        }
        FunctionPart::Request => "request",
        FunctionPart::Response => "response",
    };
    if part.is_empty() {
        return export.as_function().cloned().ok_or_else(|| format!("`{name}` is not a function"));
    }
    let found = export.as_object().and_then(|it| it.get::<_, Function<'js>>(part).ok());
    found.ok_or_else(|| format!("`{name}` has no function `{part}`"))
}

/// The beginning of the engine's error for an unknown module.
const UNRESOLVED: &str = "Error resolving module ";

/// What went wrong, in words, and where in the handler's code.
fn exception_outcome(ctx: &Ctx<'_>, run: &Run, host: &RunState, error: Error) -> HandlerOutcome {
    let Error::Exception = error else {
        return HandlerOutcome::Failed(host.failure(&error.to_string()));
    };
    let thrown = ctx.catch();
    let member = |name: &str| {
        let object = thrown.as_object()?;
        object.get::<_, Option<String>>(name).ok().flatten()
    };
    let at = member("stack").and_then(|it| run.script.position(&it));
    let said = match (member("name"), member("message")) {
        (_, Some(message)) if message.starts_with(UNRESOLVED) => {
            let what = message[UNRESOLVED.len()..].split(" from ").next().unwrap_or_default();
            let why = message.split_once("': ").map(|(_, it)| it).unwrap_or_default();
            format!("unknown module {what}; {why}")
        }
        (Some(name), Some(message)) if name != "InternalError" && name != "Error" => {
            format!("{name}: {message}")
        }
        (_, Some(message)) => message,
        _ => ctx
            .json_stringify(thrown.clone())
            .ok()
            .flatten()
            .and_then(|it| it.to_string().ok())
            .map_or_else(|| "out of memory".to_owned(), |it| format!("{it} was thrown")),
    };
    let mut stopped = host.failure(&said);
    let unresolved = member("message").is_some_and(|it| it.starts_with(UNRESOLVED));
    stopped.is_parse_error = unresolved || member("name").as_deref() == Some("SyntaxError");
    HandlerOutcome::Failed(RunFailure { at, ..stopped })
}

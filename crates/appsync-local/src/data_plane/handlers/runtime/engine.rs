//! Runs one function of a handler in its own JavaScript engine, so runs share no state.
//!
//! The limits of a run count what it does, not its time, so it ends in the same way on every machine.
use std::rc::Rc;

use crate::data_plane::handlers::runtime::host_functions::{self, RunState};
use crate::data_plane::handlers::runtime::modules::{Modules, PRELUDE};
use crate::data_plane::handlers::runtime::run::{
    FunctionPart, HandlerOutcome, Run, RunFailure, RunResult, parse_result,
};
use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Error, Function, Module, Object, Runtime, Value as Js};

/// Bytes of memory for a run.
const MEMORY_MAX: usize = 32 << 20;
/// Bytes of stack for JavaScript. APPSYNC_JS has no recursion, and needs far less.
const STACK_MAX: usize = 512 << 10;
/// Bytes of stack for the thread of a run.
pub const THREAD_STACK: usize = 8 << 20;

/// Runs a function. A failure is an outcome.
pub fn run(run: &Run) -> RunResult {
    let host = Rc::new(RunState::new(run));
    let outcome = run_in_engine(run, &host);
    let outcome =
        outcome.unwrap_or_else(|error| HandlerOutcome::Failed(host.failure(&error.to_string())));
    let (logs, out_errors, stash) = host.into_parts();
    RunResult { outcome, logs, out_errors, stash }
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
    let interrupted = Rc::clone(host);
    runtime.set_interrupt_handler(Some(Box::new(move || interrupted.should_stop())));
    runtime.set_loader(Modules, Modules);
    let context = Context::custom::<Intrinsics>(&runtime)?;
    let outcome = context.with(|ctx| {
        let outcome = run_in_context(&ctx, run, host);
        outcome.or_else(|error| {
            Ok(host.take_outcome().unwrap_or_else(|| exception_outcome(&ctx, run, host, error)))
        })
    });
    drop(context);
    outcome
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
    if let Some(outcome) = host.take_outcome() {
        // The code caught the exception that ends a handler; the handler ends nevertheless.
        return Ok(outcome);
    }
    if let Some(context) = context.as_object() {
        let stash = ctx.json_stringify(context.get::<_, Js<'_>>("stash")?)?;
        host.keep_stash(stash.map(|text| text.to_string()).transpose()?);
    }
    let text = ctx.json_stringify(returned)?.map(|text| text.to_string()).transpose()?;
    Ok(match text {
        None => HandlerOutcome::Returned(None),
        Some(text) => parse_result(&text)
            .map_or_else(HandlerOutcome::Failed, |value| HandlerOutcome::Returned(Some(value))),
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
                "`{name}` is a function, but with a data source it must be an object with `request` and `response`"
            ));
        }
        FunctionPart::Request => "request",
        FunctionPart::Response => "response",
    };
    if part.is_empty() {
        return export.as_function().cloned().ok_or_else(|| format!("`{name}` is not a function"));
    }
    let part_function =
        export.as_object().and_then(|object| object.get::<_, Function<'js>>(part).ok());
    part_function.ok_or_else(|| format!("`{name}` has no function `{part}`"))
}

/// The beginning of the engine's error for an unknown module.
const UNRESOLVED: &str = "Error resolving module ";

/// Returns the outcome of an exception, with its message and its position in the handler's code.
fn exception_outcome(ctx: &Ctx<'_>, run: &Run, host: &RunState, error: Error) -> HandlerOutcome {
    let Error::Exception = error else {
        return HandlerOutcome::Failed(host.failure(&error.to_string()));
    };
    let thrown = ctx.catch();
    let member = |name: &str| {
        let object = thrown.as_object()?;
        object.get::<_, Option<String>>(name).ok().flatten()
    };
    let at = member("stack").and_then(|text| run.script.position(&text));
    let message = match (member("name"), member("message")) {
        (_, Some(message)) if message.starts_with(UNRESOLVED) => {
            let what = message[UNRESOLVED.len()..].split(" from ").next().unwrap_or_default();
            let reason = message.split_once("': ").map(|(_, text)| text).unwrap_or_default();
            format!("unknown module {what}; {reason}")
        }
        (Some(name), Some(message)) if name != "InternalError" && name != "Error" => {
            format!("{name}: {message}")
        }
        (_, Some(message)) => message,
        _ => ctx
            .json_stringify(thrown.clone())
            .ok()
            .flatten()
            .and_then(|text| text.to_string().ok())
            .map_or_else(|| "out of memory".to_owned(), |text| format!("{text} was thrown")),
    };
    let mut stopped = host.failure(&message);
    let unresolved = member("message").is_some_and(|text| text.starts_with(UNRESOLVED));
    stopped.is_parse_error = unresolved || member("name").as_deref() == Some("SyntaxError");
    HandlerOutcome::Failed(RunFailure { at, ..stopped })
}

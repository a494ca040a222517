//! One run of one handler function in a separate JavaScript engine: nothing survives it.
//!
//! A run is bounded by what it does and not by the clock, so that it ends alike on every machine.
use std::rc::Rc;

use crate::data_plane::handlers::runtime::host::{self, Host};
use crate::data_plane::handlers::runtime::modules::{Modules, PRELUDE};
use crate::data_plane::handlers::runtime::run::{Break, Ended, Part, Ran, Run, read};
use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Error, Function, Module, Object, Runtime, Value as Js};

/// What a run's values may take together.
const MEMORY_MAX: usize = 32 << 20;
/// Far above what AppSync's language, which has no recursion, can need.
const STACK_MAX: usize = 512 << 10;
/// What the thread of a run needs around that.
pub const THREAD_STACK: usize = 8 << 20;

/// Runs a function. Never fails: what goes wrong is how it ended.
pub fn run(run: &Run) -> Ran {
    let host = Rc::new(Host::new(run));
    let ended = attempt(run, &host);
    let ended = ended.unwrap_or_else(|error| Ended::Broken(host.stopped(&error.to_string())));
    let (logs, appended, stash) = host.into_parts();
    Ran { ended, logs, appended, stash }
}

/// The parts of the language that APPSYNC_JS needs; the prelude removes most names again. No `Date`,
/// no `Proxy`, no typed arrays.
type Language = (
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

fn attempt(run: &Run, host: &Rc<Host>) -> Result<Ended, Error> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(MEMORY_MAX);
    runtime.set_max_stack_size(STACK_MAX);
    let asked = Rc::clone(host);
    runtime.set_interrupt_handler(Some(Box::new(move || asked.interrupts())));
    runtime.set_loader(Modules, Modules);
    let context = Context::custom::<Language>(&runtime)?;
    let ended = context.with(|ctx| {
        let ended = within(&ctx, run, host);
        ended.or_else(|error| Ok(host.ended().unwrap_or_else(|| caught(&ctx, run, host, error))))
    });
    drop(context);
    ended
}

fn within(ctx: &Ctx<'_>, run: &Run, host: &Rc<Host>) -> Result<Ended, Error> {
    ctx.globals().set("$host", host::object(ctx, host)?)?;
    evaluate(ctx, "provision:prelude", PRELUDE)?;
    let script = &run.script;
    let exports = evaluate(ctx, &script.name, script.counted.as_str())?;
    let export: Js<'_> = exports.get(run.export)?;
    if export.is_undefined() {
        return Ok(Ended::Missing);
    }
    let function = match function(&export, run) {
        Ok(function) => function,
        Err(message) => return Ok(Ended::Broken(Break::new(message))),
    };
    let context = ctx.json_parse(run.context.to_string())?;
    let returned: Js<'_> = function.call((context.clone(),))?;
    if let Some(ended) = host.ended() {
        // Something caught what ends a handler; it ends all the same.
        return Ok(ended);
    }
    if let Some(context) = context.as_object() {
        let stash = ctx.json_stringify(context.get::<_, Js<'_>>("stash")?)?;
        host.keep_stash(stash.map(|it| it.to_string()).transpose()?);
    }
    let text = ctx.json_stringify(returned)?.map(|it| it.to_string()).transpose()?;
    Ok(match text {
        None => Ended::Returned(None),
        Some(text) => read(&text).map_or_else(Ended::Broken, |it| Ended::Returned(Some(it))),
    })
}

fn evaluate<'js>(ctx: &Ctx<'js>, name: &str, text: &str) -> Result<Object<'js>, Error> {
    let (module, evaluated) = Module::declare(ctx.clone(), name, text)?.eval()?;
    evaluated.finish::<()>()?;
    module.namespace()
}

fn function<'js>(export: &Js<'js>, run: &Run) -> Result<Function<'js>, String> {
    let name = run.export;
    let part = match run.part {
        Part::Whole if export.is_function() => "",
        Part::Whole => {
            return Err(format!(
                "`{name}` is not a function; an object with `request` and `response` needs a data source"
            ));
        }
        Part::Request | Part::Response if export.is_function() => {
            return Err(format!(
                "`{name}` is a function, and with a data source it must be an object with `request` and `response`"
            ));
        }
        Part::Request => "request",
        Part::Response => "response",
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
fn caught(ctx: &Ctx<'_>, run: &Run, host: &Host, error: Error) -> Ended {
    let Error::Exception = error else {
        return Ended::Broken(host.stopped(&error.to_string()));
    };
    let thrown = ctx.catch();
    let member = |name: &str| {
        let object = thrown.as_object()?;
        object.get::<_, Option<String>>(name).ok().flatten()
    };
    let at = member("stack").and_then(|it| run.script.place(&it));
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
    let mut stopped = host.stopped(&said);
    let unresolved = member("message").is_some_and(|it| it.starts_with(UNRESOLVED));
    stopped.unread = unresolved || member("name").as_deref() == Some("SyntaxError");
    Ended::Broken(Break { at, ..stopped })
}

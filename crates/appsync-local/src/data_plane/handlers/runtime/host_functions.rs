//! The functions of the host that the prelude of a handler calls, and the state of a run behind them. Nothing else
//! leads out of the JavaScript engine.
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use rquickjs::{Ctx, Exception, Function, Object};
use serde_json::Value;

use crate::data_plane::handlers::runtime::date_time;
use crate::data_plane::handlers::runtime::run::{
    HandlerOutcome, LogLine, Rejection, Run, RunFailure, parse_result,
};
use crate::data_plane::handlers::runtime::script::Script;
use crate::ids;

/// AppSync's quota (docs/reference/quotas.md#handlers).
const ROUNDS_MAX: usize = 1_000;
/// Interrupts of a run. The engine interrupts after every 10,000 calls and iterations, so this is about a second.
const INTERRUPTS_MAX: usize = 300;
/// AppSync's quota of logs (docs/reference/quotas.md#handlers).
const LOGS_MAX: usize = 1 << 20;

/// The state of a run in progress.
pub struct RunState {
    script: std::sync::Arc<Script>,
    auth_type: &'static str,
    now_ms: f64,
    rounds: Cell<usize>,
    interrupts: Cell<usize>,
    outcome: RefCell<Option<HandlerOutcome>>,
    logs: RefCell<Vec<LogLine>>,
    log_bytes: Cell<usize>,
    out_errors: RefCell<Vec<Value>>,
    stash: RefCell<Value>,
}

impl RunState {
    pub fn new(run: &Run) -> Self {
        Self {
            script: std::sync::Arc::clone(&run.script),
            auth_type: run.auth_type,
            now_ms: (run.now_epoch_s * 1_000.0).floor(),
            rounds: Cell::new(0),
            interrupts: Cell::new(0),
            outcome: RefCell::new(None),
            logs: RefCell::default(),
            log_bytes: Cell::new(0),
            out_errors: RefCell::default(),
            stash: RefCell::new(run.context.get("stash").cloned().unwrap_or_default()),
        }
    }
    /// Whether the run must stop now. The handler cannot catch that.
    pub fn should_stop(&self) -> bool {
        self.interrupts.set(self.interrupts.get() + 1);
        self.interrupts.get() > INTERRUPTS_MAX || self.rounds.get() > ROUNDS_MAX
    }
    /// Returns the outcome, if a built-in function ended the handler.
    pub fn take_outcome(&self) -> Option<HandlerOutcome> {
        self.outcome.borrow_mut().take()
    }
    pub fn keep_stash(&self, text: Option<String>) {
        if let Some(stash) = text.and_then(|text| serde_json::from_str(&text).ok()) {
            self.stash.replace(stash);
        }
    }
    pub fn into_parts(self: Rc<Self>) -> (Vec<LogLine>, Vec<Value>, Value) {
        (self.logs.take(), self.out_errors.take(), self.stash.take())
    }
    /// Returns why a run failed, from the engine's message.
    pub fn failure(&self, engine_message: &str) -> RunFailure {
        let message = match engine_message {
            _ if self.rounds.get() > ROUNDS_MAX => {
                format!("its loops had more than {ROUNDS_MAX} iterations, which is AppSync's quota")
            }
            _ if self.interrupts.get() > INTERRUPTS_MAX => {
                "it ran for too long and was stopped".to_owned()
            }
            _ if engine_message.contains("out of memory") => {
                "it needs more memory than its limit of 32 MiB".to_owned()
            }
            _ if engine_message.contains("call stack")
                || engine_message.contains("stack overflow") =>
            {
                "its functions call each other too deeply".to_owned()
            }
            _ => engine_message.to_owned(),
        };
        RunFailure::new(message)
    }

    fn end_run(&self, how: &str, text: &str, stack: &str) {
        let value = match parse_result(text) {
            Ok(value) => value,
            Err(failure) => {
                self.outcome.replace(Some(HandlerOutcome::Failed(failure)));
                return;
            }
        };
        if how == "early" {
            self.outcome.replace(Some(HandlerOutcome::EarlyReturn(value)));
            return;
        }
        let member = |name: &str| value[name].as_str().map(str::to_owned);
        let rejection = Rejection {
            unauthorized: how == "unauthorized",
            message: member("message"),
            error_type: member("errorType"),
            data: value["data"].clone(),
            info: value["errorInfo"].clone(),
            at: self.script.position(stack),
        };
        self.outcome.replace(Some(HandlerOutcome::Rejected(rejection)));
    }

    fn log(&self, level: &str, values: Vec<String>, stack: &str) {
        if self.log_bytes.get() > LOGS_MAX {
            return;
        }
        let level = match level {
            "ERROR" => "ERROR",
            "DEBUG" => "DEBUG",
            _ => "INFO",
        };
        self.log_bytes.set(self.log_bytes.get() + values.iter().map(String::len).sum::<usize>());
        let at = self.script.position(stack);
        let mut logs = self.logs.borrow_mut();
        match self.log_bytes.get() {
            0..=LOGS_MAX => logs.push(LogLine { level, values, at }),
            _ => {
                let values =
                    vec!["\"AppSync keeps 1 MB of logs; further logs are dropped\"".to_owned()];
                logs.push(LogLine { level: "ERROR", values, at });
            }
        }
    }
}

/// Returns the object `$host` of the prelude.
pub fn host_object<'js>(ctx: &Ctx<'js>, host: &Rc<RunState>) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    add_run_functions(ctx, &object, host)?;
    add_text_functions(ctx, &object)?;
    add_time_functions(ctx, &object, host)?;
    Ok(object)
}

fn add_run_functions<'js>(
    ctx: &Ctx<'js>,
    object: &Object<'js>,
    host: &Rc<RunState>,
) -> rquickjs::Result<()> {
    let with = || Rc::clone(host);
    let it = with();
    let end = move |how: String, text: String, stack: String| it.end_run(&how, &text, &stack);
    object.set("end", Function::new(ctx.clone(), end)?)?;
    let it = with();
    let append = move |text: String| {
        let errors = &mut *it.out_errors.borrow_mut();
        errors.extend(serde_json::from_str::<Value>(&text).ok());
    };
    object.set("append", Function::new(ctx.clone(), append)?)?;
    let it = with();
    let log =
        move |level: String, values: Vec<String>, stack: String| it.log(&level, values, &stack);
    object.set("log", Function::new(ctx.clone(), log)?)?;
    let it = with();
    let tick = move |ctx: Ctx<'js>| {
        it.rounds.set(it.rounds.get() + 1);
        match it.rounds.get() {
            0..=ROUNDS_MAX => Ok(()),
            _ => Err(Exception::throw_message(&ctx, "too many iterations")),
        }
    };
    object.set("tick", Function::new(ctx.clone(), tick)?)?;
    let it = with();
    object.set("authType", Function::new(ctx.clone(), move || it.auth_type)?)
}

fn add_text_functions<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> rquickjs::Result<()> {
    let encode =
        |text: String| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    object.set("urlEncode", Function::new(ctx.clone(), encode)?)?;
    let decode =
        |text: String| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    object.set("urlDecode", Function::new(ctx.clone(), decode)?)?;
    let encode = |text: String| STANDARD.encode(text);
    object.set("base64Encode", Function::new(ctx.clone(), encode)?)?;
    let decode = |ctx: Ctx<'js>, text: String| {
        let bytes = STANDARD.decode(text.trim()).map_err(|error| {
            Exception::throw_message(&ctx, &format!("not valid base64: {error}"))
        })?;
        rquickjs::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    object.set("base64Decode", Function::new(ctx.clone(), decode)?)?;
    object.set(
        "escapeJavaScript",
        Function::new(ctx.clone(), |text: String| escape_javascript(&text))?,
    )?;
    object.set("autoId", Function::new(ctx.clone(), || uuid::Uuid::new_v4().to_string())?)
}

fn add_time_functions<'js>(
    ctx: &Ctx<'js>,
    object: &Object<'js>,
    host: &Rc<RunState>,
) -> rquickjs::Result<()> {
    let now_ms = host.now_ms;
    object.set("now", Function::new(ctx.clone(), move || now_ms)?)?;
    object.set("autoUlid", Function::new(ctx.clone(), move || ids::ulid(now_ms as u64))?)?;
    object.set("autoKsuid", Function::new(ctx.clone(), move || ids::ksuid(now_ms as u64))?)?;
    let throw = |ctx: &Ctx<'js>, message: String| Exception::throw_message(ctx, &message);
    let iso = move |ctx: Ctx<'js>, ms: f64| date_time::iso(ms).map_err(|text| throw(&ctx, text));
    object.set("iso", Function::new(ctx.clone(), iso)?)?;
    let format = move |ctx: Ctx<'js>, ms: f64, pattern: String, zone: String| {
        date_time::format(ms, &pattern, &zone).map_err(|text| throw(&ctx, text))
    };
    object.set("format", Function::new(ctx.clone(), format)?)?;
    let parse = move |ctx: Ctx<'js>, text: String, pattern: String, zone: String| {
        date_time::parse(&text, &pattern, &zone).map_err(|text| throw(&ctx, text))
    };
    object.set("parseFormatted", Function::new(ctx.clone(), parse)?)?;
    let parse = move |ctx: Ctx<'js>, text: String| {
        date_time::parse_iso(&text).map_err(|text| throw(&ctx, text))
    };
    object.set("parseIso", Function::new(ctx.clone(), parse)?)
}

/// Escapes a text for a JavaScript string, in ASCII.
fn escape_javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some(it @ ('\'' | '"' | '\\' | '/')) => out.extend(['\\', it]),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some(it @ ' '..='~') => out.push(it),
            _ => out.push_str(&format!("\\u{unit:04X}")),
        }
    }
    out
}

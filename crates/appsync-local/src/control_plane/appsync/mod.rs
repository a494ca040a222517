//! AppSync's control plane, as far as Event APIs go (REST-JSON).
mod api;
mod api_key;
mod code;
mod config;
mod data_source;
mod domain;
mod evaluate_code;
mod handlers;
mod input;
mod language;
mod namespace;
mod others;
mod shape;
mod tags;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::control_plane::dispatch::Call;
use crate::emulator_options::{self, PAGE_MAX, Switches};
use crate::protocol::caller::Caller;
use crate::protocol::response::Fault;
use crate::state::{Api, State};
use crate::store::Store;

pub use api::arn as api_arn;
pub use code::{HANDLERS, exported};
pub use input::Input;

type Answer = Result<Value, Fault>;

/// Finds the operation by method and path, and carries it out.
pub async fn answer(store: &Store, call: &Call) -> Answer {
    carry_out(store, call).await.map_err(|fault| store.switches().told(fault))
}

async fn carry_out(store: &Store, call: &Call) -> Answer {
    // Labels are decoded one by one: an ARN in a label has slashes of its own.
    let labels: Vec<String> = call
        .path
        .split('/')
        .skip(1)
        .map(|label| percent_decode_str(label).decode_utf8_lossy().into_owned())
        .collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let (method, caller) = (call.method.as_str(), &call.caller);
    match (method, labels.as_slice()) {
        ("GET", ["v2", "apis"]) => api::list(store, call),
        ("POST", ["v2", "apis"]) => api::create(store, caller, &Input::of(&call.body)?).await,
        ("GET", ["v2", "apis", id]) => {
            store.look(|state| api::get(find(state, caller, id)?, caller))
        }
        ("POST", ["v2", "apis", id]) => {
            api::update(store, caller, id, &Input::of(&call.body)?).await
        }
        ("DELETE", ["v2", "apis", id]) => api::delete(store, caller, id).await,
        (_, ["v2", "apis", id, "channelNamespaces", rest @ ..]) => {
            namespace::answer(store, call, id, rest).await
        }
        (_, ["v1", "apis", id, "apikeys", rest @ ..]) => {
            api_key::answer(store, call, id, rest).await
        }
        (_, ["v1", "apis", id, "datasources", rest @ ..]) => {
            data_source::answer(store, call, id, rest).await
        }
        (_, ["v1", "domainnames", rest @ ..]) => domain::answer(store, call, rest).await,
        (_, ["v1", "tags", arn]) => tags::answer(store, call, arn).await,
        ("POST", ["v1", "dataplane-evaluatecode"]) => {
            evaluate_code::answer(store, &Input::of(&call.body)?).await
        }
        _ => Err(others::answer(method, &call.path)),
    }
}

/// What AWS says of a path or a method that no operation has.
fn unknown_operation() -> Fault {
    Fault::new(404, "UnknownOperationException", "The requested operation does not exist.")
}

fn find<'a>(state: &'a mut State, caller: &Caller, id: &str) -> Result<&'a mut Api, Fault> {
    let api = state.region(caller).apis.get_mut(id);
    api.ok_or_else(|| emulator_options::no_such_api(id))
}

/// Which part of a list a caller wants.
struct Page {
    /// The last item of the page before.
    after: Option<String>,
    most: usize,
}

impl Page {
    fn of(call: &Call, switches: &Switches) -> Result<Self, Fault> {
        let mut page = Self { after: None, most: switches.page_size };
        for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
            match &*name {
                "maxResults" => {
                    let most = value.parse::<usize>().ok().filter(|it| *it <= PAGE_MAX);
                    let constraint = "Member must have value between 0 and 25";
                    let wrong = || emulator_options::constraint("maxResults", constraint);
                    let most = most.ok_or_else(wrong)?;
                    page.most = if most > 0 { most } else { switches.page_size };
                }
                "nextToken" => page.after = Some(read_token(&value)?),
                _ => {}
            }
        }
        Ok(page)
    }

    /// The part of `items`, which are in the order of their names, under `member`.
    fn cut<'a, T: 'a>(
        &self,
        member: &str,
        items: impl Iterator<Item = (&'a String, T)>,
        write: impl Fn(T) -> Value,
    ) -> Value {
        let after = |name: &&String| self.after.as_ref().is_none_or(|after| *name > after);
        let mut items = items.filter(|(name, _)| after(name)).peekable();
        let (mut written, mut last) = (Vec::new(), None);
        while written.len() < self.most {
            let Some((name, item)) = items.next() else { break };
            written.push(write(item));
            last = Some(name);
        }
        let mut answer = json!({ member: written });
        if let (Some(last), true) = (last, items.peek().is_some()) {
            answer["nextToken"] = json!(token(last));
        }
        answer
    }
}

/// An item of a list, without what lists leave out.
fn outline(mut item: Value, leaves_out: &[String]) -> Value {
    if let Some(map) = item.as_object_mut() {
        map.retain(|name, _| !leaves_out.contains(name));
    }
    item
}

/// Opaque to callers, and without white space, as the model wants it.
fn token(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read_token(token: &str) -> Result<String, Fault> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = match token.len() % 2 {
        0 if !token.is_empty() => token.as_bytes().chunks(2).map(byte).collect(),
        _ => None,
    };
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| Fault::bad_request("Invalid pagination token given."))
}

//! Lists, a page at a time: AppSync's by `nextToken`, IAM's by `Marker`.
use serde_json::{Value, json};

use crate::control_plane::iam::input::invalid_member;
use crate::control_plane::undocumented;
use crate::emulator_options::{EmulatorOptions, PAGE_MAX};
use crate::protocol::query::{self as xml, Form};
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;

/// Which part of a list a caller wants.
pub struct PageRequest {
    /// The last item of the page before.
    after: Option<String>,
    limit: usize,
}

impl PageRequest {
    pub fn parse(call: &ApiCall, options: &EmulatorOptions) -> Result<Self, AwsError> {
        let mut page = Self { after: None, limit: options.page_size };
        for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
            match &*name {
                "maxResults" => {
                    let most = value.parse::<usize>().ok().filter(|limit| *limit <= PAGE_MAX);
                    let constraint = "Member must have value between 0 and 25";
                    let wrong = || undocumented::constraint_error("maxResults", constraint);
                    let most = most.ok_or_else(wrong)?;
                    page.limit = if most > 0 { most } else { options.page_size };
                }
                "nextToken" => page.after = Some(decode_token(&value)?),
                _ => {}
            }
        }
        Ok(page)
    }

    /// The part of `items`, which are in the order of their names, under `member`.
    pub fn page_of<'a, T: 'a>(
        &self,
        member: &str,
        items: impl Iterator<Item = (&'a String, T)>,
        write: impl Fn(T) -> Value,
    ) -> Value {
        let after = |name: &&String| self.after.as_ref().is_none_or(|after| *name > after);
        let (page, more) = take_page(items.filter(|(name, _)| after(name)), self.limit);
        let last = page.last().map(|(name, _)| *name);
        let written: Vec<Value> = page.into_iter().map(|(_, item)| write(item)).collect();
        let mut answer = json!({ member: written });
        if let (Some(last), true) = (last, more) {
            answer["nextToken"] = json!(encode_token(last));
        }
        answer
    }
}

/// An item of a list, without what lists leave out.
pub fn without_members(mut item: Value, leaves_out: &[String]) -> Value {
    if let Some(map) = item.as_object_mut() {
        map.retain(|name, _| !leaves_out.contains(name));
    }
    item
}

/// Opaque to callers, and without white space, as the model wants it.
fn encode_token(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode_token(token: &str) -> Result<String, AwsError> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = match token.len() % 2 {
        0 if !token.is_empty() => token.as_bytes().chunks(2).map(byte).collect(),
        _ => None,
    };
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| AwsError::bad_request("Invalid pagination token given."))
}

/// One page of `items`, by the caller's `Marker` and `MaxItems`, and the members that point to the next page.
pub fn by_marker<T>(
    form: &Form,
    items: impl Iterator<Item = T>,
) -> Result<(Vec<T>, String), AwsError> {
    let most = form.number("MaxItems", 1, 1_000)?.unwrap_or(100) as usize;
    let start = match form.get("Marker") {
        None => 0,
        Some(marker) => marker
            .strip_prefix("from-")
            .and_then(|number| number.parse::<usize>().ok())
            .ok_or_else(|| invalid_member("Marker", "Invalid Marker"))?,
    };
    let (page, more) = take_page(items.skip(start), most);
    let mut told = xml::text_element("IsTruncated", if more { "true" } else { "false" });
    if more {
        told.push_str(&xml::text_element("Marker", &format!("from-{}", start + most)));
    }
    Ok((page, told))
}

/// The first `most` of `items`, and whether there are more.
fn take_page<T>(mut items: impl Iterator<Item = T>, most: usize) -> (Vec<T>, bool) {
    let page = items.by_ref().take(most).collect();
    (page, items.next().is_some())
}

//! Pages of lists: AppSync's by `nextToken`, IAM's by `Marker`. A token has no state on the server.
use serde_json::{Value, json};

use crate::control_plane::iam::input::invalid_member;
use crate::control_plane::undocumented;
use crate::emulator_options::{EmulatorOptions, PAGE_MAX};
use crate::protocol::query::{self as xml, Form};
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::Table;

/// The page of a list that a caller requests.
pub struct PageRequest {
    /// The name of the last item of the page before.
    after: Option<String>,
    limit: usize,
}

impl PageRequest {
    pub fn parse(call: &ApiCall, options: &EmulatorOptions) -> Result<Self, AwsError> {
        let mut page = Self { after: None, limit: options.page_size };
        for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
            match &*name {
                "maxResults" => {
                    let limit = value.parse::<usize>().ok().filter(|limit| *limit <= PAGE_MAX);
                    let constraint = "Member must have value between 0 and 25";
                    let out_of_range = || undocumented::constraint_error("maxResults", constraint);
                    let limit = limit.ok_or_else(out_of_range)?;
                    page.limit = if limit > 0 { limit } else { options.page_size };
                }
                "nextToken" => page.after = Some(decode_token(&value)?),
                _ => {}
            }
        }
        Ok(page)
    }

    /// Writes the page of `items` to the member `member`.
    pub fn page_of<T>(&self, member: &str, items: &Table<T>, write: impl Fn(&T) -> Value) -> Value {
        let items = items.iter_after(self.after.as_deref());
        let (page, has_more) = take_page(items, self.limit);
        let last_name = page.last().map(|(name, _)| *name);
        let page_items: Vec<Value> = page.into_iter().map(|(_, item)| write(item)).collect();
        let mut response = json!({ member: page_items });
        if let (Some(last_name), true) = (last_name, has_more) {
            response["nextToken"] = json!(encode_token(last_name));
        }
        response
    }
}

/// An item without the members that lists omit.
pub fn without_members(mut item: Value, omitted_members: &[String]) -> Value {
    if let Some(map) = item.as_object_mut() {
        map.retain(|name, _| !omitted_members.contains(name));
    }
    item
}

/// Encodes a name as an opaque token without white space, which the model does not allow.
pub fn encode_token(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The name in a token of [`encode_token`].
pub fn decode_token(token: &str) -> Result<String, AwsError> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = match token.len() % 2 {
        0 if !token.is_empty() => token.as_bytes().chunks(2).map(byte).collect(),
        _ => None,
    };
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| AwsError::bad_request("Invalid pagination token given."))
}

/// The page of `items` for the caller's `Marker` and `MaxItems`, and the XML members for the next page.
pub fn by_marker<T>(
    form: &Form,
    items: impl Iterator<Item = T>,
) -> Result<(Vec<T>, String), AwsError> {
    let limit = form.number("MaxItems", 1, 1_000)?.unwrap_or(100) as usize;
    let start = match form.get("Marker") {
        None => 0,
        Some(marker) => marker
            .strip_prefix("from-")
            .and_then(|number| number.parse::<usize>().ok())
            .ok_or_else(|| invalid_member("Marker", "Invalid Marker"))?,
    };
    let (page, has_more) = take_page(items.skip(start), limit);
    let mut members = xml::text_element("IsTruncated", if has_more { "true" } else { "false" });
    if has_more {
        members.push_str(&xml::text_element("Marker", &format!("from-{}", start + limit)));
    }
    Ok((page, members))
}

/// The first `limit` of `items`, and whether there are more.
fn take_page<T>(mut items: impl Iterator<Item = T>, limit: usize) -> (Vec<T>, bool) {
    let page = items.by_ref().take(limit).collect();
    (page, items.next().is_some())
}

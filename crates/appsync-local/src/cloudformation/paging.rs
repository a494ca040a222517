//! Pages of lists. A token names the last item of a page, so that a list may change between two pages.
use serde_json::{Value, json};

use crate::cloudformation::request::{Members, validation_error};
use crate::protocol::response::AwsError;

/// The items of a page of every list but those with a limit of bytes (the emulator's choice: AWS's differ).
pub const PAGE_ITEMS: usize = 100;

/// The order of a list's keys.
#[derive(Clone, Copy)]
pub enum Order {
    Ascending,
    Descending,
}

/// A result with the page of `items` that a request asks for in the member `name`. The keys of the items are in
/// `order`.
pub fn paged_result(
    members: &Members<'_>,
    name: &str,
    order: Order,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Value, AwsError> {
    let last_key = members.text("NextToken").map(decode_token).transpose()?;
    let follows = |key: &String| match (&last_key, order) {
        (None, _) => true,
        (Some(last_key), Order::Ascending) => key > last_key,
        (Some(last_key), Order::Descending) => key < last_key,
    };
    let limit = members.number("MaxResults", 1)?.map_or(PAGE_ITEMS, |max| max as usize);
    let mut rest = items.into_iter().filter(|(key, _)| follows(key));
    let page: Vec<(String, Value)> = rest.by_ref().take(limit.min(PAGE_ITEMS)).collect();
    let token = page.last().filter(|_| rest.next().is_some()).map(|(key, _)| encode_token(key));
    let items: Vec<Value> = page.into_iter().map(|(_, item)| item).collect();
    Ok(json!({ name: items, "NextToken": token }))
}

pub fn encode_token(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub fn decode_token(token: &str) -> Result<String, AwsError> {
    let digits = token.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match pair {
        [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.map(byte).collect();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or_else(|| validation_error("Invalid NextToken"))
}

//! IAM, as far as roles go (Query protocol, version 2010-05-08).
mod document;
mod role;

use std::collections::BTreeMap;

use crate::control_plane::dispatch::Call;
use crate::protocol::response::Fault;
use crate::protocol::xml;
use crate::state::Tags;
use crate::store::Store;

pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The action that was asked for, and its result.
pub async fn answer(store: &Store, call: &Call) -> (String, Result<Option<String>, Fault>) {
    let form = Form::read(call);
    let action = form.get("Action").unwrap_or_default().to_owned();
    let result = role::answer(&action, &form, store, &call.caller).await;
    (action, result)
}

/// The members of a Query request.
pub struct Form(BTreeMap<String, String>);

impl Form {
    pub fn read(call: &Call) -> Self {
        let body = form_urlencoded::parse(&call.body).into_owned();
        let query = form_urlencoded::parse(call.query.as_bytes()).into_owned();
        Self(query.chain(body).collect())
    }
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
    pub fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| invalid(name, "Member must not be null"))
    }
    /// A whole number between `least` and `most`.
    fn number(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Fault> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<u32>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(invalid(name, &format!("Member must be between {least} and {most}"))),
        }
    }
    /// `Tags.member.1.Key=…&Tags.member.1.Value=…`
    fn tags(&self) -> Result<Tags, Fault> {
        let mut tags = Tags::new();
        for n in 1.. {
            let Some(key) = self.get(&format!("Tags.member.{n}.Key")) else { break };
            let value = self.get(&format!("Tags.member.{n}.Value")).unwrap_or_default();
            check_tag(key, value)?;
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                let message =
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
                return Err(Fault::new(400, "InvalidInput", message));
            }
        }
        Ok(tags)
    }
    /// `TagKeys.member.1=…`
    fn tag_keys(&self) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("TagKeys.member.{n}"))).collect()
    }
}

fn check_tag(key: &str, value: &str) -> Result<(), Fault> {
    let allowed = |text: &str| {
        text.chars().all(|it| it.is_alphanumeric() || it.is_whitespace() || "_.:/=+-@".contains(it))
    };
    if key.is_empty()
        || key.chars().count() > 128
        || !allowed(key)
        || key.to_ascii_lowercase().starts_with("aws:")
    {
        return Err(invalid(
            "tags.1.member.key",
            "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
        ));
    }
    if value.chars().count() > 256 || !allowed(value) {
        return Err(invalid(
            "tags.1.member.value",
            "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
        ));
    }
    Ok(())
}

/// A member that breaks its constraint.
fn invalid(member: &str, constraint: &str) -> Fault {
    let mut letters = member.chars();
    let first = letters.next().map(|it| it.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    let message = format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    );
    Fault::new(400, "ValidationError", message)
}

/// One page of `items`, by the caller's `Marker` and `MaxItems`, and the members that tell of more.
fn page<T>(form: &Form, items: Vec<T>) -> Result<(Vec<T>, String), Fault> {
    let most = form.number("MaxItems", 1, 1_000)?.unwrap_or(100) as usize;
    let start = match form.get("Marker") {
        None => 0,
        Some(marker) => marker
            .strip_prefix("from-")
            .and_then(|it| it.parse::<usize>().ok())
            .ok_or_else(|| invalid("Marker", "Invalid Marker"))?,
    };
    let more = items.len() > start.saturating_add(most);
    let page = items.into_iter().skip(start).take(most).collect();
    let mut told = xml::text("IsTruncated", if more { "true" } else { "false" });
    if more {
        told.push_str(&xml::text("Marker", &format!("from-{}", start + most)));
    }
    Ok((page, told))
}

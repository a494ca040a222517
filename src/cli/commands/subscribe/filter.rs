//! `--where PATH=VALUE`: which events are printed.
use serde_json::Value;

use crate::render::outputs::query;

/// What an event has to have.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    path: String,
    value: String,
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((path, value)) if !path.is_empty() => {
                Ok(Self { path: path.to_owned(), value: value.to_owned() })
            }
            _ => Err("write PATH=VALUE, such as order.status=paid".to_owned()),
        }
    }
    /// Whether the value there is this text, or what this text is as JSON.
    pub fn holds(&self, event: &Value) -> bool {
        let Ok(found) = query(event, &self.path) else { return false };
        let as_json: Option<Value> = serde_json::from_str(&self.value).ok();
        found.as_str() == Some(self.value.as_str()) || as_json.as_ref() == Some(found)
    }
}

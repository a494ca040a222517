//! `--where PATH=VALUE`: selects events by their content.
use serde_json::Value;

use crate::render::outputs::query;

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
            _ => Err("expected PATH=VALUE, such as order.status=paid".to_owned()),
        }
    }

    /// Whether the value at the path is this text, or equal to this text parsed as JSON.
    pub fn matches(&self, event: &Value) -> bool {
        let Ok(value) = query(event, &self.path) else { return false };
        let expected: Option<Value> = serde_json::from_str(&self.value).ok();
        value.as_str() == Some(self.value.as_str()) || expected.as_ref() == Some(value)
    }
}

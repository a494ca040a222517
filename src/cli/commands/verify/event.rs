//! Events that the user gives for a namespace whose handler does not take every one.
use crate::cli::files::file_or_json;
use crate::cli::{Failure, Io};
use appsync_events::verify::Probe;

/// An event for a namespace: a JSON file, or the JSON itself.
#[derive(Clone, Debug)]
pub struct EventArg {
    pub namespace: String,
    given: String,
}

impl EventArg {
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((namespace, given)) if !namespace.is_empty() && !given.is_empty() => {
                Ok(Self { namespace: namespace.to_owned(), given: given.to_owned() })
            }
            _ => Err("expected NAMESPACE=FILE or NAMESPACE=JSON".to_owned()),
        }
    }
    /// The namespace, and the event with the hole for the nonce in it.
    pub fn read(&self, io: &mut Io) -> Result<(String, String), Failure> {
        let (name, text) = file_or_json("--event", &self.given, io)?;
        // A nonce begins with any digit or letter: without quotes it is no JSON.
        let event = Probe::new(Some(&text), false).event("0a");
        let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(&event);
        read.map_err(|error| {
            let named = if name == "--event" { name } else { format!("--event: {name}") };
            Failure::error(format!("{named} is no JSON: {error}"))
                .hint("give one event, as a JSON file or as the JSON itself; `\"${nonce}\"` stands between quotes")
        })?;
        Ok((self.namespace.clone(), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_namespace_first() {
        let event = EventArg::parse(r#"chat={"a":"b=c"}"#).unwrap();
        assert_eq!((&*event.namespace, &*event.given), ("chat", r#"{"a":"b=c"}"#));
        for wrong in ["chat", "chat=", "={}"] {
            assert!(EventArg::parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! What is published, and how it is known again.
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a file for `--event` has where the nonce goes.
const HOLE: &str = "${nonce}";
static USED: AtomicU64 = AtomicU64::new(0);

/// Makes names that nobody has used.
#[derive(Clone, Copy, Debug)]
pub struct Ids;

impl Ids {
    /// 26 letters and digits: few enough for a segment of a channel.
    pub fn fresh() -> String {
        let mut bytes = [0; 13];
        // Without chance, a number that this process has not used yet.
        if getrandom::fill(&mut bytes).is_err() {
            let used = USED.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            bytes[..4].copy_from_slice(&std::process::id().to_be_bytes());
            bytes[5..].copy_from_slice(&used);
        }
        bytes.iter().fold(String::new(), |mut text, it| {
            let _ = write!(text, "{it:02x}");
            text
        })
    }
}

/// The event that is published in a namespace, with another nonce each time.
#[derive(Clone, Debug)]
pub struct Probe {
    template: String,
    /// Whether any event on the channel is ours: a handler may have changed it.
    takes_any: bool,
}

impl Probe {
    /// `given` by the user for a handler, or one of our own.
    pub fn new(given: Option<&str>, handled: bool) -> Self {
        let own = || format!(r#"{{"provision":{{"nonce":"{HOLE}"}}}}"#);
        Self { template: given.map_or_else(own, str::to_owned), takes_any: handled }
    }
    pub fn event(&self, nonce: &str) -> String {
        self.template.replace(HOLE, nonce)
    }
    /// Which of `nonces` an event on the fresh channel carries; the last, if it need not carry any.
    pub fn found(&self, event: &str, nonces: &[String]) -> Option<usize> {
        let found = nonces.iter().position(|it| event.contains(it.as_str()));
        let any = self.takes_any || !self.template.contains(HOLE);
        found.or_else(|| nonces.len().checked_sub(1).filter(|_| any))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_a_segment_of_a_channel_and_never_the_same() {
        let (one, other) = (Ids::fresh(), Ids::fresh());
        assert_ne!(one, other);
        assert!(one.len() == 26 && one.chars().all(|it| it.is_ascii_alphanumeric()), "{one}");
    }

    #[test]
    fn an_event_is_known_by_its_nonce_and_where_a_handler_changes_it_by_its_channel() {
        let nonces = ["n1".to_owned(), "n2".to_owned()];
        let plain = Probe::new(None, false);
        assert_eq!(plain.event("n1"), r#"{"provision":{"nonce":"n1"}}"#);
        assert_eq!(plain.found(&plain.event("n1"), &nonces), Some(0));
        assert_eq!(plain.found("{}", &nonces), None);
        assert_eq!(Probe::new(None, true).found("{}", &nonces), Some(1));
        assert_eq!(Probe::new(None, true).found("{}", &[]), None);
        let given = Probe::new(Some(r#"{"id":"${nonce}","again":"${nonce}"}"#), false);
        assert_eq!(given.event("n1"), r#"{"id":"n1","again":"n1"}"#);
        assert_eq!(Probe::new(Some("{}"), false).found("{}", &nonces), Some(1));
    }
}

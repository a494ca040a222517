//! What `provision verify` found, as data, and the words for it.
use schemars::JsonSchema;
use serde::Serialize;

use appsync_events::verify::{ApiReport, CheckResult, CheckSubject, CheckVerdict};

/// What `provision verify --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "verification")]
pub struct Verification {
    /// The version of this document: 1.
    pub version: u32,
    pub stack: String,
    /// Whether what is deployed does what the spec says, as far as it was tried.
    pub proved: bool,
    pub counts: Counts,
    pub apis: Vec<ApiReport>,
}

/// How many checks came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub same: usize,
    pub not_tried: usize,
    pub handler_decides: usize,
    pub unclear: usize,
    pub difference: usize,
}

impl Verification {
    /// `strict`: what was not tried counts as not proved.
    pub fn of(stack: &str, apis: Vec<ApiReport>, strict: bool) -> Self {
        let mut counts = Counts::default();
        for it in apis.iter().flat_map(|it| &it.results) {
            *match it.verdict {
                CheckVerdict::Same => &mut counts.same,
                CheckVerdict::NotTried => &mut counts.not_tried,
                CheckVerdict::HandlerDecides => &mut counts.handler_decides,
                CheckVerdict::Unclear => &mut counts.unclear,
                CheckVerdict::Difference => &mut counts.difference,
            } += 1;
        }
        let open = if strict { counts.not_tried } else { 0 };
        let proved = counts.difference + counts.unclear + open == 0;
        Self { version: 1, stack: stack.to_owned(), proved, counts, apis }
    }
    /// `12 checks: 10 as the spec says, 2 not tried`.
    pub fn summary(&self) -> String {
        let Counts { same, not_tried, handler_decides, unclear, difference } = self.counts;
        let all = same + not_tried + handler_decides + unclear + difference;
        let differences = if difference == 1 { "difference" } else { "differences" };
        let further = [
            (difference, differences),
            (unclear, "unclear"),
            (handler_decides, "up to a handler"),
            (not_tried, "not tried"),
        ];
        let further = further.iter().filter(|(count, _)| *count > 0);
        let further: String = further.map(|(count, what)| format!(", {count} {what}")).collect();
        let checks = if all == 1 { "check" } else { "checks" };
        format!("{all} {checks}: {same} as the spec says{further}")
    }
}

/// What a check is about, in words.
pub fn about(it: &CheckSubject) -> String {
    match it {
        CheckSubject::Connection { mode } => mode.to_string(),
        CheckSubject::Namespace { namespace, mode } => format!("/{namespace}/* {mode}"),
        CheckSubject::WrongKey => "a wrong API key".to_owned(),
        CheckSubject::UnknownNamespace => "a namespace that is not there".to_owned(),
        CheckSubject::Resource { address } => address.clone(),
    }
}

/// A verdict in words.
pub fn word(it: CheckVerdict) -> &'static str {
    match it {
        CheckVerdict::Same => "as the spec says",
        CheckVerdict::NotTried => "not tried",
        CheckVerdict::HandlerDecides => "handler decides",
        CheckVerdict::Unclear => "unclear",
        CheckVerdict::Difference => "difference",
    }
}

/// What there is to say of a finding, on one line.
pub fn detail(it: &CheckResult) -> String {
    let told = it.detail.clone().unwrap_or_default();
    let letter = |it: char| match it.is_control() {
        true => it.escape_default().to_string(),
        false => it.to_string(),
    };
    told.chars().map(letter).collect()
}

//! The results of `provision verify` as a document, and the labels for them.
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
    /// The name of the stack.
    pub stack: String,
    /// Whether every check that was tried matches the spec.
    pub proved: bool,
    /// The number of checks with each verdict.
    pub counts: Counts,
    /// The results for each API.
    pub apis: Vec<ApiReport>,
}

/// The number of checks with each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// The API behaves as the spec declares.
    pub same: usize,
    /// The check was not tried.
    pub not_tried: usize,
    /// A handler that the spec declares decides.
    pub handler_decides: usize,
    /// The check failed for an unrelated reason.
    pub unclear: usize,
    /// The API does not behave as the spec declares.
    pub difference: usize,
}

impl Verification {
    /// With `strict`, checks that were not tried fail the verification.
    pub fn new(stack: &str, apis: Vec<ApiReport>, strict: bool) -> Self {
        let mut counts = Counts::default();
        for result in apis.iter().flat_map(|api| &api.results) {
            *match result.verdict {
                CheckVerdict::Same => &mut counts.same,
                CheckVerdict::NotTried => &mut counts.not_tried,
                CheckVerdict::HandlerDecides => &mut counts.handler_decides,
                CheckVerdict::Unclear => &mut counts.unclear,
                CheckVerdict::Difference => &mut counts.difference,
            } += 1;
        }
        let failed_not_tried = if strict { counts.not_tried } else { 0 };
        let proved = counts.difference + counts.unclear + failed_not_tried == 0;
        Self { version: 1, stack: stack.to_owned(), proved, counts, apis }
    }

    /// One line, such as `12 checks: 10 match the spec, 2 not tried`.
    pub fn summary(&self) -> String {
        let Counts { same, not_tried, handler_decides, unclear, difference } = self.counts;
        let total = same + not_tried + handler_decides + unclear + difference;
        let others = [
            (difference, if difference == 1 { "difference" } else { "differences" }),
            (unclear, "unclear"),
            (handler_decides, "decided by a handler"),
            (not_tried, "not tried"),
        ];
        let others = others.iter().filter(|(count, _)| *count > 0);
        let others: String = others.map(|(count, label)| format!(", {count} {label}")).collect();
        let checks = if total == 1 { "check" } else { "checks" };
        let matches = if same == 1 { "matches" } else { "match" };
        format!("{total} {checks}: {same} {matches} the spec{others}")
    }
}

pub fn subject_label(subject: &CheckSubject) -> String {
    match subject {
        CheckSubject::Connection { mode } => mode.to_string(),
        CheckSubject::Namespace { namespace, mode } => format!("/{namespace}/* {mode}"),
        CheckSubject::WrongKey => "unknown API key".to_owned(),
        CheckSubject::UnknownNamespace => "unknown namespace".to_owned(),
        CheckSubject::Resource { address } => address.clone(),
    }
}

pub fn verdict_label(verdict: CheckVerdict) -> &'static str {
    match verdict {
        CheckVerdict::Same => "matches the spec",
        CheckVerdict::NotTried => "not tried",
        CheckVerdict::HandlerDecides => "handler decides",
        CheckVerdict::Unclear => "unclear",
        CheckVerdict::Difference => "difference",
    }
}

/// The explanation of a result, on one line.
pub fn detail_line(result: &CheckResult) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    result.detail.as_deref().unwrap_or_default().chars().map(escape).collect()
}

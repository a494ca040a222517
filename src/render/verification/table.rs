//! The results as a table: a row for each namespace and auth mode, then the explanations.
use std::cmp::Reverse;
use std::collections::BTreeSet;

use anstyle::AnsiColor;

use crate::render::verification::report::{
    Verification, detail_line, subject_label, verdict_label,
};
use appsync_events::verify::{
    ApiReport, CheckResult, CheckSubject, CheckVerdict, CheckedOperation, Expectation,
};

const HEAD: [&str; 7] =
    ["", "connect", "subscribe", "publish http", "publish socket", "latency", "verdict"];
const OPERATIONS: [CheckedOperation; 4] = [
    CheckedOperation::Connect,
    CheckedOperation::Subscribe,
    CheckedOperation::PublishHttp,
    CheckedOperation::PublishSocket,
];
/// How many checks are listed before an explanation that they have in common.
const NAMES_MAX: usize = 3;

pub fn table(verification: &Verification) -> String {
    let mut text: String = verification.apis.iter().map(api_table).collect();
    text.push_str(&format!("{}\n", verification.summary()));
    text
}

fn api_table(api: &ApiReport) -> String {
    let rows = row_subjects(&api.results);
    let rows = rows.into_iter().map(|subject| row(subject, &api.results));
    let rows: Vec<[String; 7]> = std::iter::once(HEAD.map(str::to_owned)).chain(rows).collect();
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = format!("apis/{}  {}\n\n", api.api, api.url);
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
    text.push_str(&denial_types(&api.results));
    text.push('\n');
    text.push_str(&explanations(&api.results));
    text
}

/// AppSync's error types for expected denials.
fn denial_types(results: &[CheckResult]) -> String {
    let is_expected_denial = |result: &&CheckResult| {
        result.verdict == CheckVerdict::Same && result.expected == Expectation::Denied
    };
    let denials = results.iter().filter(is_expected_denial);
    let types: BTreeSet<&str> = denials.filter_map(|result| result.error_type.as_deref()).collect();
    if types.is_empty() {
        return String::new();
    }
    let types = types.into_iter().collect::<Vec<_>>().join(", ");
    format!("\n  AppSync's error types for denied operations: {types}\n")
}

/// The subject of each row, in the order of the results. Connections are part of the rows of their
/// mode's namespaces, and have separate rows only if there are no namespaces.
fn row_subjects(results: &[CheckResult]) -> Vec<&CheckSubject> {
    let is_namespace =
        |result: &CheckResult| matches!(result.subject, CheckSubject::Namespace { .. });
    let has_namespaces = results.iter().any(is_namespace);
    let mut subjects: Vec<&CheckSubject> = Vec::new();
    for result in results {
        let is_hidden = has_namespaces && matches!(result.subject, CheckSubject::Connection { .. });
        if !is_hidden && !subjects.contains(&&result.subject) {
            subjects.push(&result.subject);
        }
    }
    subjects
}

fn row(subject: &CheckSubject, results: &[CheckResult]) -> [String; 7] {
    let is_in_row = |result: &&CheckResult| match (&result.subject, subject) {
        (CheckSubject::Connection { mode }, CheckSubject::Namespace { mode: row_mode, .. }) => {
            mode == row_mode
        }
        (result_subject, subject) => result_subject == subject,
    };
    let results: Vec<&CheckResult> = results.iter().filter(is_in_row).collect();
    let cell = |operation| {
        let result = results.iter().find(|result| result.operation == operation);
        result.map(|result| cell_label(result)).unwrap_or_default().to_owned()
    };
    let [connect, subscribe, http, socket] = OPERATIONS.map(cell);
    let verdicts = || results.iter().map(|result| result.verdict);
    let verdict = match verdicts().max().unwrap_or(CheckVerdict::NotTried) {
        CheckVerdict::NotTried if verdicts().any(|verdict| verdict == CheckVerdict::Same) => {
            "matches the spec (partly tried)"
        }
        worst => verdict_label(worst),
    };
    let latency = median_latency_ms(&results);
    let latency = latency.map(|latency| format!("{latency:.0} ms")).unwrap_or_default();
    [subject_label(subject), connect, subscribe, http, socket, latency, verdict.to_owned()]
}

fn cell_label(result: &CheckResult) -> &'static str {
    match (result.verdict, result.expected) {
        (CheckVerdict::Same, Expectation::Allowed | Expectation::Declared) => "yes",
        (CheckVerdict::Same, Expectation::Denied) => "denied",
        (CheckVerdict::NotTried, _) => "-",
        (CheckVerdict::HandlerDecides, _) => "handler",
        (CheckVerdict::Unclear, _) => "?",
        (CheckVerdict::Difference, Expectation::Allowed | Expectation::Declared) => "FAILED",
        (CheckVerdict::Difference, Expectation::Denied) => "ACCEPTED",
    }
}

/// The median latency of the publish checks, or else of the subscriptions.
fn median_latency_ms(results: &[&CheckResult]) -> Option<f64> {
    let latencies = |is_publish: bool| {
        let results = results.iter().filter(|result| result.operation.is_publish() == is_publish);
        let mut latencies: Vec<f64> = results.filter_map(|result| result.latency_ms).collect();
        latencies.sort_by(f64::total_cmp);
        latencies
    };
    let published = latencies(true);
    let latencies = if published.is_empty() { latencies(false) } else { published };
    let middle = latencies.len() / 2;
    match latencies.len() {
        0 => None,
        length if length % 2 == 1 => Some(latencies[middle]),
        _ => Some(f64::midpoint(latencies[middle - 1], latencies[middle])),
    }
}

/// A detail that several results have in common.
struct Explanation {
    verdict: CheckVerdict,
    detail: String,
    checks: Vec<String>,
}

/// Each detail once, with the checks that have it; the worst verdicts first.
fn explanations(results: &[CheckResult]) -> String {
    let mut explanations: Vec<Explanation> = Vec::new();
    let needs_explanation =
        |result: &&CheckResult| result.verdict != CheckVerdict::Same || result.detail.is_some();
    for result in results.iter().filter(needs_explanation) {
        let subject = subject_label(&result.subject);
        let check = match result.operation {
            CheckedOperation::Compare => subject,
            operation => format!("{subject} {}", operation.description()),
        };
        let detail = detail_line(result);
        let same = explanations.iter_mut().find(|explanation| {
            explanation.verdict == result.verdict && explanation.detail == detail
        });
        match same {
            Some(explanation) => explanation.checks.push(check),
            None => {
                let verdict = result.verdict;
                explanations.push(Explanation { verdict, detail, checks: vec![check] });
            }
        }
    }
    explanations.sort_by_key(|explanation| Reverse(explanation.verdict));
    let lines: String = explanations.iter().map(explanation_line).collect();
    if lines.is_empty() { lines } else { format!("{lines}\n") }
}

fn explanation_line(Explanation { verdict, detail, checks }: &Explanation) -> String {
    let more = match checks.len().saturating_sub(NAMES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let checks = checks.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
    let color = match verdict {
        CheckVerdict::Difference | CheckVerdict::Unclear => AnsiColor::Red,
        _ => AnsiColor::Yellow,
    };
    let color = color.on_default().bold();
    format!("  {color}{}{color:#}: {checks}{more}: {detail}\n", verdict_label(*verdict))
}

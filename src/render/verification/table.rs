//! For people: a line for each namespace and mode, then what is to be said of it.
use std::collections::BTreeSet;

use anstyle::AnsiColor;

use crate::render::verification::report::{Verification, about, detail, word};
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
/// How many names stand before one reason.
const NAMES_MAX: usize = 3;

pub fn table(it: &Verification) -> String {
    let mut text: String = it.apis.iter().map(api).collect();
    text.push_str(&format!("{}\n", it.summary()));
    text
}

fn api(api: &ApiReport) -> String {
    let rows = rows(&api.results);
    let lines = rows.iter().map(|row| cells(row, &api.results));
    let mut lines: Vec<[String; 7]> = lines.collect();
    lines.insert(0, HEAD.map(str::to_owned));
    let width = |n: usize| lines.iter().map(|it| it[n].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = format!("apis/{}  {}\n\n", api.api, api.url);
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
    text.push_str(&refusals(&api.results));
    text.push('\n');
    text.push_str(&reasons(&api.results));
    text
}

/// AppSync's names for what it refused with, where that is as the spec says.
fn refusals(findings: &[CheckResult]) -> String {
    let refused =
        |it: &&CheckResult| it.verdict == CheckVerdict::Same && it.expected == Expectation::Refused;
    let names = findings.iter().filter(refused).filter_map(|it| it.error_type.as_deref());
    let names: BTreeSet<&str> = names.collect();
    match names.is_empty() {
        true => String::new(),
        false => {
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            format!("\n  AppSync's name for the refusals: {names}\n")
        }
    }
}

/// What each line is about, in the order of the findings. Connections stand before their namespaces' checks, in
/// lines of their own only where no namespace has one.
fn rows(findings: &[CheckResult]) -> Vec<&CheckSubject> {
    let of_namespace = |it: &&CheckResult| matches!(it.subject, CheckSubject::Namespace { .. });
    let in_namespace = findings.iter().any(|it| of_namespace(&it));
    let mut rows: Vec<&CheckSubject> = Vec::new();
    for it in findings {
        let hidden = in_namespace && matches!(it.subject, CheckSubject::Connection { .. });
        if !hidden && !rows.contains(&&it.subject) {
            rows.push(&it.subject);
        }
    }
    rows
}

fn cells(row: &CheckSubject, findings: &[CheckResult]) -> [String; 7] {
    let of_row = |it: &&CheckResult| match (&it.subject, row) {
        (CheckSubject::Connection { mode }, CheckSubject::Namespace { mode: own, .. }) => {
            mode == own
        }
        (it, row) => it == row,
    };
    let own: Vec<&CheckResult> = findings.iter().filter(of_row).collect();
    let cell = |operation| {
        let found = own.iter().find(|it| it.operation == operation);
        found.map(|it| said(it)).unwrap_or_default().to_owned()
    };
    let [connect, subscribe, http, socket] = OPERATIONS.map(cell);
    let worst = own.iter().map(|it| it.verdict).max().unwrap_or(CheckVerdict::NotTried);
    let some = own.iter().any(|it| it.verdict == CheckVerdict::Same);
    let verdict = match worst {
        CheckVerdict::NotTried if some => "as the spec says, in part",
        worst => word(worst),
    };
    let latency = median(&own).map(|it| format!("{it:.0} ms")).unwrap_or_default();
    [about(row), connect, subscribe, http, socket, latency, verdict.to_owned()]
}

fn said(it: &CheckResult) -> &'static str {
    match (it.verdict, it.expected) {
        (CheckVerdict::Same, Expectation::Allowed | Expectation::Declared) => "yes",
        (CheckVerdict::Same, Expectation::Refused) => "refused",
        (CheckVerdict::NotTried, _) => "-",
        (CheckVerdict::HandlerDecides, _) => "handler",
        (CheckVerdict::Unclear, _) => "?",
        (CheckVerdict::Difference, Expectation::Allowed | Expectation::Declared) => "FAILED",
        (CheckVerdict::Difference, Expectation::Refused) => "ACCEPTED",
    }
}

/// Of what was published if anything was, else of what a subscription brought.
fn median(own: &[&CheckResult]) -> Option<f64> {
    let of = |publishes: bool| {
        let those = own.iter().filter(move |it| it.operation.is_publish() == publishes);
        let mut all: Vec<f64> = those.filter_map(|it| it.latency_ms).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let published = of(true);
    let all = if published.is_empty() { of(false) } else { published };
    let middle = all.len() / 2;
    match all.len() {
        0 => None,
        n if n % 2 == 1 => Some(all[middle]),
        _ => Some(f64::midpoint(all[middle - 1], all[middle])),
    }
}

/// Each reason once, with all that it is true of; what matters most first.
fn reasons(findings: &[CheckResult]) -> String {
    let mut reasons: Vec<(CheckVerdict, String, Vec<String>)> = Vec::new();
    let worth = |it: &&CheckResult| it.verdict != CheckVerdict::Same || it.detail.is_some();
    for it in findings.iter().filter(worth) {
        let who = match it.operation {
            CheckedOperation::Compare => about(&it.subject),
            operation => format!("{} {}", about(&it.subject), operation.description()),
        };
        let why = detail(it);
        match reasons.iter_mut().find(|(verdict, told, _)| *verdict == it.verdict && *told == why) {
            Some((_, _, all)) => all.push(who),
            None => reasons.push((it.verdict, why, vec![who])),
        }
    }
    reasons.sort_by_key(|(verdict, ..)| std::cmp::Reverse(*verdict));
    let line = |(verdict, why, who): &(CheckVerdict, String, Vec<String>)| {
        let more = match who.len().saturating_sub(NAMES_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let who = who.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
        let color = match verdict {
            CheckVerdict::Difference | CheckVerdict::Unclear => AnsiColor::Red,
            _ => AnsiColor::Yellow,
        };
        let color = color.on_default().bold();
        format!("  {color}{}{color:#}: {who}{more}: {why}\n", word(*verdict))
    };
    let lines: String = reasons.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("{lines}\n") }
}

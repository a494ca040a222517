//! Formats the evaluation of a handler: for people and for programs.
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use anstyle::AnsiColor;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::render::diagnostics::LINE_MAX;

/// The document of `provision eval --format json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "evaluation")]
pub struct EvaluationDocument {
    /// The version of this document: 1.
    pub version: u32,
    /// The address of the channel namespace.
    pub namespace: String,
    /// `onPublish` or `onSubscribe`.
    pub handler: &'static str,
    pub outcome: Outcome,
    /// The events that the handler delivers, in this order.
    pub delivered: Vec<Delivered>,
    /// The events that are reported to the publisher as failed.
    pub failed: Vec<Failed>,
    /// The indexes of the events that the handler drops.
    pub dropped: Vec<usize>,
    /// The request to the data source. Omitted if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// Why the handler rejected the operation or failed. Omitted if it did neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<HandlerError>,
    /// The lines of its `console`.
    pub logs: Vec<LogLine>,
    /// `ctx.stash` after the evaluation.
    pub stash: Value,
    /// The arguments of `util.appendError`.
    pub out_errors: Vec<Value>,
}

/// The outcome of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The events were processed.
    Published,
    /// The subscription is allowed.
    Allowed,
    /// The handler waits for the result of its data source, which was not passed.
    Waiting,
    /// The handler called `util.error` or `util.unauthorized`.
    Refused,
    /// The handler threw, was stopped, or returned a value that AppSync does not accept.
    Broken,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Delivered {
    /// The index of the event among the published events.
    pub index: usize,
    pub payload: Value,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failed {
    /// The index of the event among the published events.
    pub index: usize,
    pub message: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandlerError {
    pub message: String,
    /// The error type that the handler passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// The position, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<CodePlace>,
}

/// A line of a handler's `console`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LogLine {
    /// `INFO`, `ERROR` or `DEBUG`.
    pub level: &'static str,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<CodePlace>,
}

/// A position in a file, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CodePlace {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// Formats the results, one line per event, without the error.
pub fn text(document: &EvaluationDocument) -> String {
    let (green, red, yellow) = (
        AnsiColor::Green.on_default(),
        AnsiColor::Red.on_default(),
        AnsiColor::Yellow.on_default(),
    );
    let mut lines: Vec<String> = Vec::new();
    for Delivered { index, payload } in &document.delivered {
        lines.push(format!("{green}delivered{green:#}  {index}  {payload}"));
    }
    for Failed { index, message } in &document.failed {
        lines.push(format!("{red}failed{red:#}     {index}  {message}"));
    }
    for index in &document.dropped {
        lines.push(format!("{yellow}dropped{yellow:#}    {index}"));
    }
    if document.outcome == Outcome::Allowed {
        lines.push(format!("{green}allowed{green:#}"));
    }
    if let Some(request) =
        document.request.as_ref().filter(|_| document.outcome == Outcome::Waiting)
    {
        lines.push(format!("{request:#}"));
    }
    for error in &document.out_errors {
        lines.push(format!("{red}appended{red:#}   {error}"));
    }
    if document.stash.as_object().is_some_and(|items| !items.is_empty()) {
        lines.push(format!("stash      {}", document.stash));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Formats the lines of the handler's `console`.
pub fn logs(document: &EvaluationDocument) -> String {
    let dim = anstyle::Style::new().dimmed();
    let line = |log_line: &LogLine| {
        let place = log_line
            .place
            .as_ref()
            .map(|place| format!("{dim} {}:{}{dim:#}", place.file, place.line));
        format!(
            "{}{} {}\n",
            log_line.level.to_lowercase(),
            place.unwrap_or_default(),
            log_line.text
        )
    };
    document.logs.iter().map(line).collect()
}

/// Formats the error with its line of `code`, the whole text of `file`.
pub fn frame(document: &EvaluationDocument, file: &str, code: &str) -> Option<String> {
    let error = document.error.as_ref()?;
    let verb = if document.outcome == Outcome::Refused { "rejected" } else { "failed" };
    let kind =
        error.error_type.as_ref().map(|error_type| format!(" ({error_type})")).unwrap_or_default();
    let title = format!("{} {verb}: {}{kind}", document.handler, error.message);
    let title = Level::ERROR.primary_title(title.as_str());
    let group = match &error.place {
        None => title.element(Origin::path(file)),
        Some(CodePlace { file, line, column }) => {
            let shown = code.lines().nth(line - 1);
            match shown.filter(|shown| !shown.trim().is_empty() && shown.len() < LINE_MAX) {
                None => title.element(Origin::path(file.as_str()).line(*line).char_column(*column)),
                Some(shown) => {
                    let start = shown.char_indices().nth(column - 1);
                    let start = start.map_or(shown.len(), |(byte, _)| byte);
                    let end = start + word(&shown[start..]);
                    let mark = AnnotationKind::Primary.span(start..end);
                    let source = Snippet::source(shown).line_start(*line).path(file.as_str());
                    title.element(source.annotation(mark))
                }
            }
        }
    };
    // The caller strips colors if the output is not a terminal.
    Some(format!("{}\n", Renderer::styled().render(&[group])))
}

/// Returns the length of the name at the start of a text, or of its first character.
fn word(text: &str) -> usize {
    let end = text.find(|character: char| {
        !character.is_alphanumeric() && character != '_' && character != '$'
    });
    match end.unwrap_or(text.len()) {
        0 => text.chars().next().map_or(0, char::len_utf8),
        end => end,
    }
}

//! Formats failed steps and lists the remaining ones.
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::render::diagnostics::LINE_MAX;
use crate::render::progress::past_tense;
use provision_core::address::Address;
use provision_core::event::{CallFailure, SkipReason};
use provision_core::failure::CodeError;
use provision_core::kind::DesiredResource;
use provision_core::plan::StepVerb;

/// Maximum number of code errors that are shown; the rest is counted.
const CODE_ERRORS_MAX: usize = 10;

/// Formats a failed step: its address and action, the error of AWS, its likely cause, and the fix. `resource` is the
/// resource of the step, for errors in its code.
pub fn failure_text(
    address: &Address,
    action: StepVerb,
    failure: &CallFailure,
    resource: Option<&DesiredResource>,
) -> String {
    let red = AnsiColor::Red.on_default();
    let bold = Style::new().bold();
    let verb = past_tense(action);
    let mut text = format!("  {red}✗{red:#} {bold}{address}{bold:#}: could not be {verb}\n");
    let parts = [failure.operation.as_deref(), failure.code.as_deref(), Some(&failure.message)];
    let mut parts: Vec<&str> =
        parts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    parts.dedup();
    let mut line = |content: &str| text.push_str(&format!("    {content}\n"));
    line(&parts.join(": "));
    if let Some(id) = &failure.request_id {
        line(&format!("request {id}"));
    }
    for frame in frames(address, failure, resource) {
        frame.lines().for_each(&mut line);
    }
    if let Some(cause) = &failure.cause {
        line(&format!("{bold}likely cause{bold:#}: {cause}"));
    }
    for hint in &failure.hints {
        line(&format!("{bold}help{bold:#}: {hint}"));
    }
    text
}

/// A step that is not done.
#[derive(Clone, Debug)]
pub struct RemainingStep {
    pub address: Address,
    pub action: StepVerb,
    /// Why it was not tried; `None` if it failed.
    pub because: Option<SkipReason>,
}

/// Lists the remaining steps with their reasons; empty if there are none.
pub fn remaining(steps: &[RemainingStep]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let (red, yellow) = (AnsiColor::Red.on_default(), AnsiColor::Yellow.on_default());
    let mut text = "\nRemaining steps:\n".to_owned();
    for RemainingStep { address, action, because } in steps {
        let reason = match because {
            None => "it failed".to_owned(),
            Some(SkipReason::Failed(dependency)) => format!("{dependency} did not succeed"),
            Some(SkipReason::Interrupted) => "interrupted".to_owned(),
            Some(SkipReason::Late) => "the time limit was reached".to_owned(),
            Some(SkipReason::Overtaken) => "another run of this stack is in progress".to_owned(),
        };
        let (style, sign) = if because.is_none() { (red, "✗") } else { (yellow, "-") };
        text.push_str(&format!(
            "  {style}{sign}{style:#} {address} not {}: {reason}\n",
            past_tense(*action)
        ));
    }
    text
}

/// Formats the errors that AppSync reports in the handler's code.
fn frames(
    address: &Address,
    failure: &CallFailure,
    resource: Option<&DesiredResource>,
) -> Vec<String> {
    let code = resource.and_then(|resource| resource.properties.get("CodeHandlers")?.as_str());
    let file = resource.and_then(|resource| resource.declared["handlers"]["code"].as_str());
    let name = file.map_or_else(|| format!("codeHandlers of {address}"), str::to_owned);
    let frame = |error| {
        // The caller strips colors if the output is not a terminal.
        Renderer::styled().render(&[group(error, &name, code.unwrap_or_default())])
    };
    let mut frames: Vec<String> =
        failure.code_errors.iter().take(CODE_ERRORS_MAX).map(frame).collect();
    let more = failure.code_errors.len().saturating_sub(CODE_ERRORS_MAX);
    frames.extend((more > 0).then(|| format!("… and {more} more")));
    frames
}

fn group<'a>(error: &'a CodeError, name: &'a str, code: &'a str) -> Group<'a> {
    let title = Level::ERROR.primary_title(error.message.as_str()).id(error.kind.as_str());
    let Some(line) = error.line.and_then(|line| usize::try_from(line).ok()) else {
        return title.element(Origin::path(name));
    };
    let column = error.column.and_then(|column| usize::try_from(column).ok()).unwrap_or(1);
    let shown = code.lines().nth(line - 1).filter(|nth| !nth.is_empty() && nth.len() < LINE_MAX);
    let Some(shown) = shown else {
        return title.element(Origin::path(name).line(line).char_column(column));
    };
    let byte =
        |letters: usize| shown.char_indices().nth(letters).map_or(shown.len(), |(byte, _)| byte);
    let length = error.span.and_then(|span| usize::try_from(span).ok()).unwrap_or(1);
    let span = byte(column - 1)..byte((column - 1).saturating_add(length));
    let mark = AnnotationKind::Primary.span(span);
    title.element(Snippet::source(shown).line_start(line).path(name).annotation(mark))
}

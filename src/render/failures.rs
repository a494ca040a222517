//! What could not be done: a card for each step, and what remains.
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::render::progress::past_tense;
use provision_core::address::Address;
use provision_core::event::{CallFailure, SkipReason};
use provision_core::failure::CodeError;
use provision_core::kind::DesiredResource;
use provision_core::plan::StepVerb;

/// Errors in code that are shown; more than this nobody reads at once.
const CODE_ERRORS_MAX: usize = 10;
/// A line of more bytes is not shown.
const LINE_MAX: usize = 4_096;

/// What was tried on which address, what AWS said to it, what probably lies behind it, and what helps. `resource`
/// is the step's own, for errors in its code.
pub fn failure_text(
    address: &Address,
    action: StepVerb,
    refusal: &CallFailure,
    resource: Option<&DesiredResource>,
) -> String {
    let red = AnsiColor::Red.on_default();
    let bold = Style::new().bold();
    let verb = past_tense(action);
    let mut text = format!("  {red}✗{red:#} {bold}{address}{bold:#}: can't be {verb}\n");
    let said = [refusal.operation.as_deref(), refusal.code.as_deref(), Some(&refusal.message)];
    let mut said: Vec<&str> = said.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    said.dedup();
    let mut line = |text_of: &str| text.push_str(&format!("    {text_of}\n"));
    line(&said.join(": "));
    if let Some(id) = &refusal.request_id {
        line(&format!("request {id}"));
    }
    for frame in frames(address, refusal, resource) {
        frame.lines().for_each(&mut line);
    }
    if let Some(cause) = &refusal.cause {
        line(&format!("{bold}likely cause{bold:#}: {cause}"));
    }
    for hint in &refusal.hints {
        line(&format!("{bold}what helps{bold:#}: {hint}"));
    }
    text
}

/// A step that is left to do.
#[derive(Clone, Debug)]
pub struct RemainingStep {
    pub address: Address,
    pub action: StepVerb,
    /// Why it was not tried; `None`: it was, and failed.
    pub because: Option<SkipReason>,
}

/// What is left to do, and why; nothing where all is done.
pub fn remaining(left: &[RemainingStep]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let (red, yellow) = (AnsiColor::Red.on_default(), AnsiColor::Yellow.on_default());
    let mut text = "\nWhat remains:\n".to_owned();
    for RemainingStep { address, action, because } in left {
        let why = match because {
            None => "it failed".to_owned(),
            Some(SkipReason::Failed(need)) => format!("{need} did not succeed"),
            Some(SkipReason::Interrupted) => "interrupted".to_owned(),
            Some(SkipReason::Late) => "the time was over".to_owned(),
            Some(SkipReason::Overtaken) => "another apply of this stack is under way".to_owned(),
        };
        let (style, sign) = if because.is_none() { (red, "✗") } else { (yellow, "-") };
        text.push_str(&format!(
            "  {style}{sign}{style:#} {address} not {}: {why}\n",
            past_tense(*action)
        ));
    }
    text
}

/// The places in the handler's code that AppSync minds.
fn frames(
    address: &Address,
    refusal: &CallFailure,
    resource: Option<&DesiredResource>,
) -> Vec<String> {
    let code = resource.and_then(|resource| resource.properties.get("CodeHandlers")?.as_str());
    let file = resource.and_then(|resource| resource.declared["handlers"]["code"].as_str());
    let name = file.map_or_else(|| format!("codeHandlers of {address}"), str::to_owned);
    let frame = |error| {
        // Colour is taken out by whoever prints, where nobody sees it.
        Renderer::styled().render(&[group(error, &name, code.unwrap_or_default())])
    };
    let mut frames: Vec<String> =
        refusal.code_errors.iter().take(CODE_ERRORS_MAX).map(frame).collect();
    let more = refusal.code_errors.len().saturating_sub(CODE_ERRORS_MAX);
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

//! For a build server: JUnit's XML, as Jenkins, GitLab and GitHub's actions read it.
use quick_xml::escape::escape;

use crate::render::verification::report::{Verification, about, detail};
use appsync_events::verify::{ApiReport, CheckResult, CheckVerdict, Expectation};

/// A suite for each API, a case for each check. `strict`: what was not tried has failed.
pub fn junit(it: &Verification, strict: bool) -> String {
    let all: Vec<&CheckResult> = it.apis.iter().flat_map(|it| &it.results).collect();
    let name = format!("provision verify {}", it.stack);
    let head = Numbers::of(&all, strict).attributes(&name);
    let suites: String = it.apis.iter().map(|api| suite(&it.stack, api, strict)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites{head}>\n{suites}</testsuites>\n"
    )
}

fn suite(stack: &str, api: &ApiReport, strict: bool) -> String {
    let all: Vec<&CheckResult> = api.results.iter().collect();
    let head = Numbers::of(&all, strict).attributes(&format!("apis/{}", api.api));
    let class = format!("{stack}.{}", api.api);
    let cases: String = all.iter().map(|it| case(&class, it, strict)).collect();
    format!("  <testsuite{head}>\n{cases}  </testsuite>\n")
}

fn case(class: &str, it: &CheckResult, strict: bool) -> String {
    let expected = match it.expected {
        Expectation::Allowed => format!("{} is allowed", it.operation.description()),
        Expectation::Refused => format!("{} is refused", it.operation.description()),
        Expectation::Declared => "is as the spec declares it".to_owned(),
    };
    let name = format!("{}: {expected}", about(&it.subject));
    let time = seconds(it.duration_ms);
    let head = attributes(&[("name", &name), ("classname", class), ("time", &time)]);
    let why = detail(it);
    let (message, text) = (attributes(&[("message", &why)]), clean(&why));
    let told = |element: &str, otherwise: &str| {
        let kind = attributes(&[("type", it.error_type.as_deref().unwrap_or(otherwise))]);
        format!("<{element}{message}{kind}>{text}</{element}>")
    };
    let inner = match outcome(it, strict) {
        Outcome::Passed if why.is_empty() => return format!("    <testcase{head}/>\n"),
        Outcome::Passed => format!("<system-out>{text}</system-out>"),
        Outcome::Skipped => format!("<skipped{message}/>"),
        Outcome::Failed => told("failure", "difference"),
        Outcome::Broken => told("error", "unclear"),
    };
    format!("    <testcase{head}>\n      {inner}\n    </testcase>\n")
}

enum Outcome {
    Passed,
    Skipped,
    Failed,
    Broken,
}

fn outcome(it: &CheckResult, strict: bool) -> Outcome {
    match it.verdict {
        CheckVerdict::Same | CheckVerdict::HandlerDecides => Outcome::Passed,
        CheckVerdict::NotTried if !strict => Outcome::Skipped,
        CheckVerdict::NotTried | CheckVerdict::Difference => Outcome::Failed,
        CheckVerdict::Unclear => Outcome::Broken,
    }
}

/// What a build server shows before anything else.
#[derive(Default)]
struct Numbers {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    duration_ms: f64,
}

impl Numbers {
    fn of(all: &[&CheckResult], strict: bool) -> Self {
        let mut numbers = Self { tests: all.len(), ..Self::default() };
        for it in all {
            numbers.duration_ms += it.duration_ms;
            match outcome(it, strict) {
                Outcome::Passed => {}
                Outcome::Skipped => numbers.skipped += 1,
                Outcome::Failed => numbers.failures += 1,
                Outcome::Broken => numbers.errors += 1,
            }
        }
        numbers
    }
    fn attributes(&self, name: &str) -> String {
        attributes(&[
            ("name", name),
            ("tests", &self.tests.to_string()),
            ("failures", &self.failures.to_string()),
            ("errors", &self.errors.to_string()),
            ("skipped", &self.skipped.to_string()),
            ("time", &seconds(self.duration_ms)),
        ])
    }
}

fn attributes(all: &[(&str, &str)]) -> String {
    all.iter().map(|(name, value)| format!(" {name}=\"{}\"", clean(value))).collect()
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.3}", milliseconds / 1_000.0)
}

/// Escaped, and without what XML can't hold.
fn clean(text: &str) -> String {
    let fits = |it: &char| !it.is_control() && !matches!(it, '\u{fffe}' | '\u{ffff}');
    escape(text.chars().filter(fits).collect::<String>()).into_owned()
}

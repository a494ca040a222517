//! The results as JUnit XML, which Jenkins, GitLab and GitHub Actions read.
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::render::verification::report::{Verification, detail_line, subject_label};
use appsync_events::verify::{ApiReport, CheckResult, CheckVerdict, Expectation};

/// A suite for each API, a case for each check. With `strict`, checks that were not tried fail.
pub fn junit(verification: &Verification, strict: bool) -> String {
    let mut report = Report::new(format!("provision verify {}", verification.stack));
    report.set_time(total_time(verification.apis.iter().flat_map(|api| &api.results)));
    for api in &verification.apis {
        report.add_test_suite(suite(&verification.stack, api, strict));
    }
    report.to_string().expect("a String takes whatever is written to it")
}

fn suite(stack: &str, api: &ApiReport, strict: bool) -> TestSuite {
    let mut suite = TestSuite::new(format!("apis/{}", api.api));
    suite.set_time(total_time(&api.results));
    for result in &api.results {
        let mut case = case(result, strict);
        case.set_classname(format!("{stack}.{}", api.api));
        suite.add_test_case(case);
    }
    suite
}

fn case(result: &CheckResult, strict: bool) -> TestCase {
    let expected = match result.expected {
        Expectation::Allowed => format!("{} is allowed", result.operation.description()),
        Expectation::Denied => format!("{} is denied", result.operation.description()),
        Expectation::Declared => "is as the spec declares it".to_owned(),
    };
    let name = format!("{}: {expected}", subject_label(&result.subject));
    let reason = detail_line(result);
    let mut case = TestCase::new(name, status(result, &reason, strict));
    case.set_time(milliseconds(result.duration_ms));
    if matches!(case.status, TestCaseStatus::Success { .. }) && !reason.is_empty() {
        case.set_system_out(reason);
    }
    case
}

fn status(result: &CheckResult, reason: &str, strict: bool) -> TestCaseStatus {
    let (kind, default_type) = match result.verdict {
        CheckVerdict::Same | CheckVerdict::HandlerDecides => return TestCaseStatus::success(),
        CheckVerdict::NotTried if !strict => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(reason);
            return skipped;
        }
        CheckVerdict::NotTried | CheckVerdict::Difference => {
            (NonSuccessKind::Failure, "difference")
        }
        CheckVerdict::Unclear => (NonSuccessKind::Error, "unclear"),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(reason);
    status.set_type(result.error_type.as_deref().unwrap_or(default_type));
    status.set_description(reason);
    status
}

fn total_time<'a>(results: impl IntoIterator<Item = &'a CheckResult>) -> Duration {
    milliseconds(results.into_iter().map(|result| result.duration_ms).sum())
}

fn milliseconds(ms: f64) -> Duration {
    Duration::from_secs_f64(ms / 1_000.0)
}

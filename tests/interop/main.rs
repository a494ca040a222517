//! The Python suites, with a test for each of their cases: real clients against the real program, and the program
//! against other AWS emulators.
//!
//! `cases.txt` lists the cases, so that listing them needs no Python; one more test compares it with what pytest
//! collects, and `UPDATE=1` writes it. The cases of a file run in one process of pytest, which starts when the first
//! of them is due.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
#[path = "../it/python.rs"]
mod python;
#[path = "../it/skip.rs"]
mod skip;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;

const CASES: &str = include_str!("cases.txt");

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in CASES.lines().filter(|line| is_selected(&arguments, line)) {
        let (file, _) = case.split_once("::").expect("a case is FILE::NAME");
        files.entry(file).or_default().push(case);
    }
    let mut trials = vec![Trial::test("the_cases_are_those_that_pytest_collects", check_case_list)];
    // The first cases of all files come first, so that threads do not wait for the same file.
    let mut further = Vec::new();
    for cases in files.into_values() {
        let suite = Arc::new(Suite { cases: cases.clone(), results: OnceLock::new() });
        for (n, case) in cases.into_iter().enumerate() {
            let suite = Arc::clone(&suite);
            let trial = Trial::test(case, move || suite.result(case));
            if n == 0 { trials.push(trial) } else { further.push(trial) }
        }
    }
    trials.extend(further);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether the test harness runs this case.
fn is_selected(arguments: &Arguments, case: &str) -> bool {
    let fits =
        |text: &String| if arguments.exact { case == text } else { case.contains(text.as_str()) };
    arguments.filter.as_ref().is_none_or(fits) && !arguments.skip.iter().any(fits)
}

/// The selected cases of one file.
struct Suite {
    cases: Vec<&'static str>,
    results: OnceLock<Results>,
}

struct Results {
    by_case: BTreeMap<String, CaseResult>,
    /// What pytest printed.
    output: String,
}

/// The result of a case, as `conftest.py` writes it.
#[derive(Deserialize)]
struct CaseResult {
    case: String,
    outcome: Outcome,
    /// Why it failed or was skipped.
    text: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Suite {
    fn result(&self, case: &str) -> Result<(), Failed> {
        let results = self.results.get_or_init(|| self.run());
        match results.by_case.get(case) {
            Some(result) if result.outcome == Outcome::Passed => Ok(()),
            Some(result) if result.outcome == Outcome::Skipped => {
                skip::skipped(case, &result.text);
                Ok(())
            }
            Some(result) => Err(result.text.clone().into()),
            None => Err(format!("pytest did not run it\n{}", results.output).into()),
        }
    }
    fn run(&self) -> Results {
        let output_file = OutputFile::new();
        let mut pytest = pytest();
        let output = pytest.args(&self.cases).env("RESULTS", &output_file.path).output().unwrap();
        let output = [output.stdout, output.stderr].concat();
        let mut by_case: BTreeMap<String, CaseResult> = BTreeMap::new();
        for line in output_file.read().lines() {
            let result: CaseResult = serde_json::from_str(line).unwrap();
            by_case.insert(result.case.clone(), result);
        }
        Results { by_case, output: String::from_utf8_lossy(&output).into_owned() }
    }
}

/// Compares the list of cases with what pytest finds.
fn check_case_list() -> Result<(), Failed> {
    let output_file = OutputFile::new();
    let output =
        pytest().arg("--collect-only").env("COLLECTED", &output_file.path).output().unwrap();
    let found = output_file.read();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stdout).into_owned().into());
    }
    if std::env::vars().any(|(name, _)| name == "UPDATE") {
        fs::write(folder().join("cases.txt"), &found)?;
        return Ok(());
    }
    let (listed, found): (Vec<_>, Vec<_>) = (CASES.lines().collect(), found.lines().collect());
    let differ = |sign: &str, these: &[&str], those: &[&str]| -> String {
        let these = these.iter().filter(|these| !those.contains(these));
        these.map(|these| format!("{sign} {these}\n")).collect()
    };
    let differences = differ("-", &listed, &found) + &differ("+", &found, &listed);
    match differences.as_str() {
        "" => Ok(()),
        _ => Err(format!(
            "tests/interop/cases.txt is out of date, write it with UPDATE=1:\n{differences}"
        )
        .into()),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

fn pytest() -> Command {
    let mut command = Command::new(python::environment().join("bin/python"));
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).current_dir(folder());
    command.env("PROVISION", env!("CARGO_BIN_EXE_provision")).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A file that pytest writes.
struct OutputFile {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl OutputFile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("written");
        Self { _folder: folder, path }
    }
    /// Empty if the file does not exist.
    fn read(&self) -> String {
        fs::read_to_string(&self.path).unwrap_or_default()
    }
}

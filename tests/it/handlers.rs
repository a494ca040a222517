//! Good and bad handlers, and the results of AWS's linter for the same files.
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::{fs, iter};

use provision_core::diagnostic::Severity;
use provision_core::handler::{HandlerDiagnostic, analyze};
use serde_json::Value;

use crate::node;
use crate::world::root;

/// A reason, and the lines that it explains.
type Reasons = &'static [(&'static str, &'static [(&'static str, usize)])];

/// Errors that AWS's linter does not report.
const ONLY_OURS: Reasons = &[
    (
        "it does not check imports and exports, because resolvers have other ones",
        &[
            ("bad/export-nothing.js", 1),
            ("bad/export-text.js", 2),
            ("bad/import-dynamic.js", 3),
            ("bad/import-file.js", 2),
            ("bad/import-package.js", 2),
            ("bad/import-typo.js", 2),
            ("bad/object-empty.js", 2),
        ],
    ),
    (
        "it reads TypeScript, which is compiled before AppSync sees it",
        &[("bad/typescript-interface.js", 2), ("bad/typescript.js", 2)],
    ),
    (
        "it does not resolve names; the guide has no network, no files and no environment",
        &[
            ("bad/fetch.js", 3),
            ("bad/process-env.js", 3),
            ("bad/require.js", 2),
            ("bad/set-timeout.js", 3),
            ("bad/undeclared.js", 4),
        ],
    ),
    (
        "the guide forbids it, and it has no rule: throw, apply and call, constructors, RegExp, Promise",
        &[
            ("bad/eval.js", 3),
            ("bad/function-apply.js", 3),
            ("bad/function-call.js", 7),
            ("bad/function-constructor.js", 3),
            ("bad/new-own.js", 7),
            ("bad/promise-all.js", 3),
            ("bad/regex-object.js", 3),
            ("bad/throw.js", 4),
        ],
    ),
    (
        "its rule is for declarations only, not for expressions",
        &[("bad/class-expression.js", 2), ("bad/generator-method.js", 3)],
    ),
    (
        "it lists `Array.from` under a name that TypeScript does not have",
        &[("bad/array-from.js", 3)],
    ),
    ("its parser accepts a second declaration", &[("bad/declared-twice.js", 3)]),
    ("it has no limit to nesting", &[("bad/deep.js", 2)]),
];

/// Errors that only AWS's linter reports.
const ONLY_THEIRS: Reasons =
    &[("it also marks the calls that lead to a recursion", &[("bad/recursion.js", 7)])];

#[test]
fn bad_handlers_get_exactly_the_diagnostics_that_they_name() {
    let mut wrong = Vec::new();
    let files = files("bad");
    assert!(files.len() >= 40, "{}", files.len());
    for (name, text) in files {
        let first = text.lines().next().unwrap();
        let expected = first.strip_prefix("// expect: ").unwrap_or_else(|| panic!("{name}"));
        let diagnostics = analyze(&text).diagnostics;
        let diagnostics: Vec<String> =
            diagnostics.iter().map(|diagnostic| line(&text, diagnostic)).collect();
        if diagnostics.join(", ") != expected {
            wrong.push(format!("{name}: expected {expected}, found {}", diagnostics.join(", ")));
        }
    }
    assert_eq!(wrong, [""; 0], "{wrong:#?}");
}

#[test]
fn good_handlers_get_no_diagnostic() {
    let files = files("good");
    assert!(files.len() >= 25, "{}", files.len());
    for (name, text) in files {
        let read = analyze(&text);
        assert_eq!(read.diagnostics, [], "{name}");
        assert!(read.on_publish.is_some() || read.on_subscribe.is_some(), "{name}");
    }
}

#[test]
fn the_handlers_of_init_templates_get_no_diagnostic() {
    for folder in ["chat", "data-sources"] {
        for file in fs::read_dir(root("templates").join(folder).join("handlers")).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            assert_eq!(analyze(&text).diagnostics, [], "{folder}");
        }
    }
}

#[test]
fn every_diagnostic_of_a_handler_has_help() {
    for (name, text) in files("bad") {
        for diagnostic in analyze(&text).diagnostics {
            let has_help = diagnostic.help.is_some() || diagnostic.code == "PV300";
            assert!(
                has_help && text.get(diagnostic.span.clone()).is_some(),
                "{name}: {diagnostic:?}"
            );
        }
    }
}

#[test]
fn awss_linter_agrees_on_every_line() {
    let files: Vec<(String, String)> = files("bad").into_iter().chain(files("good")).collect();
    let theirs = lint_with_aws(&files);
    let mut ours = BTreeSet::new();
    let mut errors = BTreeSet::new();
    for (name, text) in &files {
        for diagnostic in analyze(text).diagnostics {
            let at = (name.clone(), position(text, &diagnostic).0);
            if diagnostic.severity == Severity::Error {
                errors.insert(at.clone());
            }
            ours.insert(at);
        }
    }
    let of = |list: Reasons| -> BTreeSet<(String, usize)> {
        let lines = list.iter().flat_map(|(_, lines)| lines.iter());
        lines.map(|(name, line)| ((*name).to_owned(), *line)).collect()
    };
    let only_ours: BTreeSet<_> = errors.difference(&theirs).cloned().collect();
    assert_eq!(only_ours, of(ONLY_OURS));
    let only_theirs: BTreeSet<_> = theirs.difference(&ours).cloned().collect();
    assert_eq!(only_theirs, of(ONLY_THEIRS));
}

/// File and line of each error that AWS's linter reports.
fn lint_with_aws(files: &[(String, String)]) -> BTreeSet<(String, usize)> {
    let environment = node::environment("node");
    // Within the folder with the linter's modules, in a separate project.
    let project = tempfile::tempdir_in(&environment).unwrap();
    for (name, text) in files {
        fs::create_dir_all(project.path().join(name).parent().unwrap()).unwrap();
        fs::write(project.path().join(name), text).unwrap();
    }
    let config = r#"{ "compilerOptions": { "allowJs": true, "lib": ["esnext"], "types": [] }, "include": ["**/*"] }"#;
    fs::write(project.path().join("tsconfig.json"), config).unwrap();
    let names = files.iter().map(|(name, _)| OsStr::new(name));
    let arguments: Vec<&OsStr> = iter::once(project.path().as_os_str()).chain(names).collect();
    let diagnostics = node::run_node_script("lint.mjs", &arguments);
    let at = |value: &Value| {
        (
            value["file"].as_str().unwrap().to_owned(),
            usize::try_from(value["line"].as_u64().unwrap()).unwrap(),
        )
    };
    diagnostics.as_array().unwrap().iter().map(at).collect()
}

/// `PV310 3:5`, followed by `?` if it is a warning.
fn line(text: &str, diagnostic: &HandlerDiagnostic) -> String {
    let (line, column) = position(text, diagnostic);
    let warning = if diagnostic.severity == Severity::Error { "" } else { "?" };
    format!("{} {line}:{column}{warning}", diagnostic.code)
}

fn position(text: &str, diagnostic: &HandlerDiagnostic) -> (usize, usize) {
    let before = &text[..diagnostic.span.start];
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// The files of a folder: names such as `bad/throw.js`, and texts.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root("tests/handlers").join(folder))
        .unwrap()
        .map(|result| result.unwrap().path())
        .collect();
    paths.sort();
    let name = |path: &PathBuf| format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

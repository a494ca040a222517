//! Which files are read, and what of each is text for people.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::phrases::chars;
use crate::rust::{self, Chars};

/// Folders that are not read: generated files, what other people wrote, and what the tests are given to find fault with.
const SKIPPED: &[&str] = &[
    ".git",
    "target",
    "node_modules",
    "tests/data",
    "tests/handlers",
    "tests/interop",
    "tests/stories",
];
/// The members of a JSON Schema that people read.
const SCHEMA_TEXTS: &[&str] = &["description", "title", "patternErrorMessage", "$comment"];

/// A file, by its path in the repository with forward slashes, and its texts.
#[derive(Debug, Default)]
pub struct File {
    pub path: String,
    pub texts: Vec<Chars>,
    /// The lines of closures with a parameter `it`.
    pub it_closures: Vec<usize>,
}

/// Reads all files of the repository at `root` that hold text for people.
pub fn read_all(root: &Path) -> io::Result<Vec<File>> {
    let mut paths = Vec::new();
    walk(root, root, &mut paths)?;
    let mut contents = BTreeMap::new();
    for path in paths {
        contents.insert(path.clone(), fs::read_to_string(root.join(&path))?);
    }
    let tests = test_files(&contents);
    Ok(contents.iter().map(|(path, text)| read(path, text, tests.contains(path))).collect())
}

fn walk(root: &Path, folder: &Path, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let name = relative.to_string_lossy().replace('\\', "/");
        if SKIPPED.contains(&name.as_str()) || name.ends_with("/target") {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, paths)?;
        } else if is_read(&name) {
            paths.push(name);
        }
    }
    Ok(())
}

fn is_read(path: &str) -> bool {
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    match extension {
        "rs" | "md" | "toml" | "sh" | "js" | "html" => true,
        "yaml" | "yml" => true,
        "json" => path.starts_with("schemas/"),
        _ => stem == ".ci/run",
    }
}

/// The files that are test code as a whole: in `tests/`, `benches/` or `fuzz/`, or a module behind `#[cfg(test)]`.
fn test_files(contents: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (path, text) in contents.iter().filter(|(path, _)| path.ends_with(".rs")) {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = file.trim_end_matches(".rs");
        let inside = match stem {
            "mod" | "lib" | "main" => folder.to_owned(),
            stem => format!("{folder}/{stem}"),
        };
        for module in rust::read(text, false).test_modules {
            modules.insert(format!("{inside}/{module}.rs"));
            modules.insert(format!("{inside}/{module}/mod.rs"));
        }
    }
    let is_test = |path: &&String| {
        let folders: Vec<&str> = path.split('/').collect();
        modules.contains(*path)
            || folders.iter().any(|name| matches!(*name, "tests" | "benches" | "fuzz" | "tests.rs"))
    };
    contents.keys().filter(is_test).cloned().collect()
}

/// Reads the texts of one file.
pub fn read(path: &str, text: &str, is_test: bool) -> File {
    let mut file = File { path: path.to_owned(), ..File::default() };
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => {
            let source = rust::read(text, is_test);
            file.texts = [source.literals, source.comments, source.test_names].concat();
            file.it_closures = source.it_closures;
        }
        Some("json") => file.texts = schema_texts(text),
        Some("md") if path == "STYLE.md" => file.texts = split(&without_quoted_columns(text)),
        _ => file.texts = split(text),
    }
    file
}

/// A document as paragraphs, which end at empty lines.
fn split(text: &str) -> Vec<Chars> {
    let mut paragraphs = vec![Chars::new()];
    let mut is_line_empty = true;
    for (character, line) in chars(text) {
        if character == '\n' && is_line_empty {
            paragraphs.push(Chars::new());
        }
        is_line_empty = character == '\n' || (is_line_empty && character.is_whitespace());
        if let Some(paragraph) = paragraphs.last_mut() {
            paragraph.push((character, line));
        }
    }
    paragraphs
}

/// STYLE.md quotes what not to write: in the columns of its tables that are headed `not` or `before`.
fn without_quoted_columns(text: &str) -> String {
    let mut quoted: Vec<bool> = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        if !line.starts_with('|') {
            quoted.clear();
            lines.push(line.to_owned());
            continue;
        }
        // A cell holds a `|` as `\|`.
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<&str> = line.split('|').collect();
        if quoted.is_empty() {
            quoted = cells.iter().map(|cell| matches!(cell.trim(), "not" | "before")).collect();
        }
        let is_quoted = |n: usize| quoted.get(n).copied().unwrap_or_default();
        let kept = cells.iter().enumerate().map(|(n, cell)| if is_quoted(n) { "" } else { cell });
        lines.push(kept.collect::<Vec<_>>().join("|"));
    }
    lines.join("\n")
}

/// The texts of a JSON Schema: descriptions and their like. Keys and other values are names.
fn schema_texts(text: &str) -> Vec<Chars> {
    let tokens = rust::tokens(text);
    let mut texts = Vec::new();
    for window in tokens.windows(3) {
        let [key, colon, value] = window else { continue };
        let name: String = key.text.iter().map(|(character, _)| character).collect();
        let is_text = key.kind == rust::Kind::Text && SCHEMA_TEXTS.contains(&name.as_str());
        if is_text && colon.is(':') && value.kind == rust::Kind::Text {
            texts.push(value.text.clone());
        }
    }
    texts
}

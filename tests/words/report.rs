//! What is wrong, by file, with a total for each folder.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::phrases::{Hit, Phrases};
use crate::texts::File;

/// As many exceptions as there may be.
pub const EXCEPTIONS_MAX: usize = 10;

/// A phrase that a file may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exception {
    pub file: String,
    pub phrase: String,
}

/// Reads lines such as `file | phrase | reason`; `#` begins a comment.
pub fn exceptions(list: &str, phrases: &Phrases) -> Result<BTreeSet<Exception>, String> {
    let mut all = BTreeSet::new();
    for line in list.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [file, phrase, reason] = parts.as_slice() else {
            return Err(format!("expected `file | phrase | reason`: {line}"));
        };
        if reason.is_empty() {
            return Err(format!("an exception needs a reason: {line}"));
        }
        if !phrases.has(phrase) {
            return Err(format!("`{phrase}` is not in the list of banned phrases: {line}"));
        }
        all.insert(Exception { file: (*file).to_owned(), phrase: (*phrase).to_owned() });
    }
    if all.len() > EXCEPTIONS_MAX {
        return Err(format!("{} exceptions; {EXCEPTIONS_MAX} are allowed", all.len()));
    }
    Ok(all)
}

/// Everything that was found, by file.
#[derive(Debug, Default)]
pub struct Report {
    hits: BTreeMap<String, Vec<Hit>>,
    unused: BTreeSet<Exception>,
}

impl Report {
    pub fn new(files: &[File], phrases: &Phrases, exceptions: &BTreeSet<Exception>) -> Self {
        let mut report = Self { hits: BTreeMap::new(), unused: exceptions.clone() };
        for file in files {
            let mut hits: Vec<Hit> =
                file.texts.iter().flat_map(|text| phrases.find(text)).collect();
            hits.retain(|hit| {
                let exception = Exception { file: file.path.clone(), phrase: hit.phrase.clone() };
                report.unused.remove(&exception);
                !exceptions.contains(&exception)
            });
            hits.sort_by_key(|hit| hit.line);
            if !hits.is_empty() {
                report.hits.insert(file.path.clone(), hits);
            }
        }
        report
    }

    pub fn is_clean(&self) -> bool {
        self.hits.is_empty() && self.unused.is_empty()
    }

    /// A line for each phrase, `file:line: phrase → use instead`, and the totals.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (file, hits) in &self.hits {
            let _ = writeln!(text, "\n{file} ({})", hits.len());
            for Hit { line, phrase, instead } in hits {
                let _ = writeln!(text, "{file}:{line}: {phrase} → {instead}");
            }
        }
        for Exception { file, phrase } in &self.unused {
            let _ = writeln!(text, "\n{file}: the exception for `{phrase}` is not used: remove it");
        }
        text + &self.totals()
    }

    /// How many there are in each folder.
    pub fn totals(&self) -> String {
        totals(self.hits.iter().map(|(file, hits)| (file.as_str(), hits.len())))
    }
}

/// A line for each closure with a parameter `it`, `file:line`, and the totals.
pub fn it_closures(files: &[File]) -> String {
    let mut text = String::new();
    for File { path, it_closures, .. } in files {
        for line in it_closures {
            let _ = writeln!(text, "{path}:{line}");
        }
    }
    text + &totals(files.iter().map(|file| (file.path.as_str(), file.it_closures.len())))
}

/// A table of counts by crate and folder, and their sum.
pub fn totals<'a>(counts: impl IntoIterator<Item = (&'a str, usize)>) -> String {
    let mut areas: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for (file, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        let folders = areas.entry(first_parts(file, depth_of_area(file))).or_default();
        *folders.entry(folder(file)).or_default() += count;
    }
    let mut text = String::from("\n");
    let mut sum = 0;
    for (area, folders) in &areas {
        let count: usize = folders.values().sum();
        sum += count;
        let _ = writeln!(text, "{count:6}  {area}");
        for (folder, count) in folders.iter().filter(|(folder, _)| *folder != area) {
            let _ = writeln!(text, "{count:10}  {folder}");
        }
    }
    let _ = writeln!(text, "{sum:6}  in all");
    text
}

/// The folder under which a file is counted: `src/cli`, `crates/appsync-local/src/data_plane`, `docs`, `README.md`.
fn folder(path: &str) -> String {
    let depth = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["crates", _, "src", _, ..] => 4,
        ["src" | "tests" | "crates", ..] => 2,
        _ => 1,
    };
    first_parts(path, depth)
}

/// How many parts of a path name its crate, or its folder at the top.
fn depth_of_area(path: &str) -> usize {
    1 + usize::from(path.starts_with("crates/"))
}

fn first_parts(path: &str, count: usize) -> String {
    path.split('/').take(count).collect::<Vec<_>>().join("/")
}

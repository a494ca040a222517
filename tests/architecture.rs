//! Every file that the documentation names exists: in `ARCHITECTURE.md`, `README.md`, `CONTRIBUTING.md` and the other
//! pages, as a link or as code. It keeps pages correct when files move.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
use std::fs;
use std::path::{Path, PathBuf};

/// Folders whose Markdown files are read, without the folders in them; the folder of each crate is another.
const FOLDERS: &[&str] = &["", "benches", "crates", "docs", "fuzz"];

#[test]
fn every_file_that_the_documentation_names_exists() {
    let mut missing = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(root(&page)).unwrap();
        for (line, path) in paths(&page, &text) {
            if !exists(&path) {
                missing.push(format!("{page}:{line}: `{path}` does not exist"));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

/// The pages, by their paths from the root.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    let crates = fs::read_dir(root("crates")).unwrap().map(|entry| entry.unwrap().file_name());
    let crates = crates.map(|name| format!("crates/{}", name.into_string().unwrap()));
    let crates = crates.filter(|path| root(path).is_dir());
    for folder in FOLDERS.iter().map(|folder| (*folder).to_owned()).chain(crates) {
        for entry in fs::read_dir(root(&folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                pages.push(Path::new(&folder).join(name).to_str().unwrap().to_owned());
            }
        }
    }
    assert!(pages.iter().any(|page| page == "ARCHITECTURE.md"));
    pages
}

/// The paths that a page names, from the root, with their lines. A code span is one if it begins with the name of a
/// folder in the root, or is the name of a page there; words in capitals stand for any name.
fn paths(page: &str, text: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut is_fenced = false;
    for (index, line) in text.lines().enumerate() {
        is_fenced ^= line.trim_start().starts_with("```");
        if is_fenced {
            continue;
        }
        let spans = line.split('`').skip(1).step_by(2).map(without_anchor);
        let code = spans.filter(|path| is_path(page, path)).map(str::to_owned);
        let prose: String = line.split('`').step_by(2).collect();
        let links = prose.split("](").skip(1).filter_map(|link| link.split_once(')'));
        let links = links.map(|(target, _)| without_anchor(target));
        let targets = links.filter(|target| !target.is_empty() && !target.contains(':'));
        let folder = Path::new(page).parent().unwrap();
        let targets = targets.map(|target| folder.join(target).to_str().unwrap().to_owned());
        paths.extend(code.chain(targets).map(|path| (index + 1, path)));
    }
    paths
}

fn without_anchor(path: &str) -> &str {
    path.split('#').next().unwrap_or_default()
}

fn is_path(page: &str, code: &str) -> bool {
    let in_path = |letter: char| letter.is_ascii_alphanumeric() || "_.*/-".contains(letter);
    let is_placeholder = |word: &str| {
        word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
    };
    match code.split_once('/') {
        _ if !code.chars().all(in_path) => false,
        Some(("" | "target", _) | (_, "")) => false,
        Some((folder, rest)) => {
            root(folder).is_dir() && !rest.split(['/', '.']).any(is_placeholder)
        }
        None => code.ends_with(".md") && !page.starts_with("docs/"),
    }
}

/// Whether a path leads to a file or folder; `*` stands for any part of a name.
fn exists(path: &str) -> bool {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    for part in path.trim_end_matches('/').split('/') {
        folders = folders
            .iter()
            .flat_map(|folder| match part.split_once('*') {
                Some((before, after)) => matching(folder, before, after),
                None => vec![folder.join(part)].into_iter().filter(|path| path.exists()).collect(),
            })
            .collect();
    }
    !folders.is_empty()
}

fn matching(folder: &Path, before: &str, after: &str) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    names
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.len() >= before.len() + after.len()
                && name.starts_with(before)
                && name.ends_with(after)
        })
        .collect()
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn paths_are_links_and_code() {
    let text = "See `src/main.rs` and [a page](docs/README.md#a), `provision plan`,\n`docs/reference/PAGE.md#HEADING`, \
                `schemas/*.json`.\n```\n`src/none.rs`\n```\n[out](https://example.com) `target/interop` `STYLE.md`\n";
    let names: Vec<String> = paths("README.md", text).into_iter().map(|(_, path)| path).collect();
    assert_eq!(names, ["src/main.rs", "docs/README.md", "schemas/*.json", "STYLE.md"]);
    let targets = paths("docs/a.md", "[b](../src) [c](b.json)");
    assert_eq!(targets, [(1, "docs/../src".to_owned()), (1, "docs/b.json".to_owned())]);
}

#[test]
fn a_missing_path_is_found() {
    for (path, expected) in [
        ("src/main.rs", true),
        ("src/", true),
        ("docs/../src", true),
        ("schemas/*.json", true),
        ("templates/*/spec.yaml", true),
        ("src/none.rs", false),
        ("schemas/*.yaml", false),
        ("templates/*/none.yaml", false),
    ] {
        assert_eq!(exists(path), expected, "{path}");
    }
}

//! Every citation of a reference page leads to a fact, every link between Markdown files has a target, and every
//! fact is cited.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The folder of the reference pages, as citations write it.
const REFERENCE: &str = "docs/reference/";
/// The index. Its headings are not facts.
const INDEX: &str = "docs/reference/README.md";
/// Folders of generated or downloaded files.
const SKIPPED: &[&str] = &["__pycache__", "artifacts", "corpus", "node_modules", "target"];

/// Files by their path from the root of the repository. Binary files have no text.
type Files = BTreeMap<String, Option<String>>;

#[test]
fn every_citation_leads_to_a_fact_and_every_fact_is_cited() {
    let problems = problems(&repository());
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// The errors in the citations and links of `files`, each with its file and line.
fn problems(files: &Files) -> Vec<String> {
    let texts = || files.iter().filter_map(|(path, text)| Some((path, text.as_deref()?)));
    let anchors: BTreeMap<&str, BTreeSet<String>> = texts()
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(path, text)| {
            (path.as_str(), headings(text).into_iter().map(|heading| heading.anchor).collect())
        })
        .collect();
    let mut problems = Vec::new();
    let mut cited = BTreeSet::new();
    for (path, text) in texts() {
        // A link can be a citation too: an error in it is reported once.
        let mut references: BTreeSet<Reference> = citations(text).into_iter().collect();
        if path.ends_with(".md") {
            references.extend(links(path, text));
        }
        for Reference { line, target, anchor } in references {
            if let Some(problem) = unresolved(files, &anchors, &target, anchor.as_deref()) {
                problems.push(format!("{path}:{line}: {problem}"));
            } else if !path.starts_with(REFERENCE) {
                cited.insert((target, anchor));
            }
        }
        for (number, line) in numbered(text) {
            if names_section(line) {
                problems.push(format!(
                    "{path}:{number}: cites a section of another document: {}",
                    line.trim()
                ));
            }
        }
    }
    for (path, text) in texts().filter(|(path, _)| path.starts_with(REFERENCE) && *path != INDEX) {
        for heading in headings(text).into_iter().filter(|heading| heading.level == 2) {
            let fact = (path.clone(), Some(heading.anchor));
            if !cited.contains(&fact) {
                let anchor = fact.1.unwrap_or_default();
                problems.push(format!("{path}:{}: nothing cites `{path}#{anchor}`", heading.line));
            }
        }
    }
    problems
}

/// Why a reference has no target. Only anchors in Markdown files are checked.
fn unresolved(
    files: &Files,
    anchors: &BTreeMap<&str, BTreeSet<String>>,
    target: &str,
    anchor: Option<&str>,
) -> Option<String> {
    let folder = format!("{}/", target.trim_end_matches('/'));
    if !files.contains_key(target) && !files.keys().any(|key| key.starts_with(&folder)) {
        return Some(format!("`{target}` does not exist"));
    }
    let (anchor, known) = (anchor?, anchors.get(target)?);
    (!known.contains(anchor)).then(|| format!("`{target}` has no heading `#{anchor}`"))
}

/// The target of a citation or link.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    line: usize,
    /// A path from the root of the repository.
    target: String,
    anchor: Option<String>,
}

/// The reference pages that a text of any kind cites by their path.
fn citations(text: &str) -> Vec<Reference> {
    let in_page = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    let in_anchor = |character: char| in_page(character) || character == '_';
    let mut citations = Vec::new();
    for (line, content) in numbered(text) {
        for rest in content.split(REFERENCE).skip(1) {
            let (page, rest) =
                rest.split_at(rest.find(|character| !in_page(character)).unwrap_or(rest.len()));
            let Some(rest) = rest.strip_prefix(".md").filter(|_| !page.is_empty()) else {
                continue;
            };
            let anchor = rest.strip_prefix('#').map(|rest| {
                let end = rest.find(|character| !in_anchor(character)).unwrap_or(rest.len());
                rest[..end].to_owned()
            });
            citations.push(Reference { line, target: format!("{REFERENCE}{page}.md"), anchor });
        }
    }
    citations
}

/// The relative links of a Markdown file to other Markdown files, to `docs`, and within itself.
fn links(path: &str, text: &str) -> Vec<Reference> {
    let mut links = Vec::new();
    for (line, content) in prose(text) {
        let content = without_code(content);
        let inline = content
            .split("](")
            .skip(1)
            .filter_map(|text| text.split_once(')'))
            .map(|(text, _)| text);
        let definition = content
            .strip_prefix('[')
            .and_then(|text| text.split_once("]: "))
            .map(|(_, target)| target.trim());
        for target in inline.chain(definition) {
            let target = target.split_whitespace().next().unwrap_or_default();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = match target.split_once('#') {
                Some((file, anchor)) => (file, Some(anchor.to_owned())),
                None => (target, None),
            };
            let target = if file.is_empty() { path.to_owned() } else { resolve(path, file) };
            if target.ends_with(".md") || target.starts_with("docs/") {
                links.push(Reference { line, target, anchor });
            }
        }
    }
    links
}

/// The path of `target` from the root, as a link in the file at `path` means it.
fn resolve(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a line cites a numbered section, as of a document that is not in the repository.
fn names_section(line: &str) -> bool {
    line.split('\u{a7}')
        .skip(1)
        .any(|part| part.starts_with(|character: char| character.is_ascii_digit()))
}

/// A heading of a Markdown file.
#[derive(Debug)]
struct Heading {
    line: usize,
    level: usize,
    anchor: String,
}

/// The headings of a Markdown file, with the anchors that GitHub gives them.
fn headings(text: &str) -> Vec<Heading> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut headings = Vec::new();
    for (line, content) in prose(text) {
        let level = content.len() - content.trim_start_matches('#').len();
        let Some(title) = content[level..].strip_prefix(' ').filter(|_| (1..=6).contains(&level))
        else {
            continue;
        };
        let slug = slug(title);
        let count = seen.entry(slug.clone()).or_default();
        let anchor = if *count == 0 { slug } else { format!("{slug}-{count}") };
        *count += 1;
        headings.push(Heading { line, level, anchor });
    }
    headings
}

/// Lower case, letters, digits, `-` and `_` only, spaces as hyphens; a link is its text.
fn slug(title: &str) -> String {
    let mut text = String::new();
    let mut rest = title.trim();
    while let Some((before, label, after)) = first_link(rest) {
        text.push_str(before);
        text.push_str(label);
        rest = after;
    }
    text.push_str(rest);
    let kept = text.chars().flat_map(char::to_lowercase).filter_map(|character| match character {
        ' ' => Some('-'),
        it if it.is_alphanumeric() || it == '-' || it == '_' => Some(it),
        _ => None,
    });
    kept.collect()
}

/// The text before the first link, the link's label, and the text after it.
fn first_link(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('[')?;
    let (label, rest) = rest.split_once("](")?;
    let (_, after) = rest.split_once(')')?;
    Some((before, label, after))
}

/// The lines of a Markdown file that are not in a fenced block, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (number, line) in numbered(text) {
        let start = line.trim_start();
        let marks = start.len() - start.trim_start_matches(['`', '~']).len();
        match fence {
            None if marks >= 3 => fence = Some(&start[..marks]),
            None => lines.push((number, line)),
            Some(open) if start.starts_with(open) && start.trim_end().len() == marks => {
                fence = None;
            }
            Some(_) => {}
        }
    }
    lines
}

/// A line without its code spans.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The files of this repository.
fn repository() -> Files {
    let mut files = Files::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, String::from_utf8(fs::read(entry.path()).unwrap()).ok());
        }
    }
}

/// Files of a small repository: one reference page with the fact `#expiry`, cited by one comment.
fn sample(changes: &[(&str, &str)]) -> Vec<String> {
    let page = format!("{REFERENCE}keys.md");
    let comment = format!("/// Rounded down ({page}#expiry).\nconst A: u8 = 1;\n");
    let mut files = Files::new();
    let mut add = |path: &str, text: &str| files.insert(path.to_owned(), Some(text.to_owned()));
    add(&page, "# Keys\n\n## Expiry\n\nA key expires.\n");
    add("src/key.rs", &comment);
    for (path, text) in changes {
        add(path, &text.replace("REFERENCE/", REFERENCE));
    }
    problems(&files)
}

#[test]
fn a_correct_repository_has_no_errors() {
    assert_eq!(sample(&[]), [""; 0]);
    let page = "See [keys](reference/keys.md#expiry), [the page](reference/keys.md),\n[this](#see) and \
                [there](https://example.com/#nowhere).\n\n## See\n\n```\n[not a link](nowhere.md)\n```\n\n`[code](nowhere.md)`\n";
    assert_eq!(sample(&[("docs/a.md", page)]), [""; 0]);
    assert_eq!(
        sample(&[("src/b.rs", "// The folder REFERENCE/ and REFERENCE/PAGE.md#HEADING.\n")]),
        [""; 0]
    );
}

#[test]
fn a_reference_without_a_target_is_found_with_its_line() {
    let check = |path: &str, text: &str, expected: &str| {
        assert_eq!(sample(&[(path, text)]), [expected.replace("REFERENCE/", REFERENCE)], "{text}");
    };
    check(
        "src/b.rs",
        "//! B.\n// (REFERENCE/keys.md#expiry, REFERENCE/keys.md#end)\n",
        "src/b.rs:2: `REFERENCE/keys.md` has no heading `#end`",
    );
    check(
        "tests/b.py",
        "# REFERENCE/key.md#expiry\n",
        "tests/b.py:1: `REFERENCE/key.md` does not exist",
    );
    check(
        "docs/a.md",
        "[keys](reference/keys.md#end)\n",
        "docs/a.md:1: `REFERENCE/keys.md` has no heading `#end`",
    );
    check(
        "docs/a.md",
        "a\n\n[keys]: ../REFERENCE/key.md\n",
        "docs/a.md:3: `REFERENCE/key.md` does not exist",
    );
    check("docs/a.md", "# A\n\n[b](#b)\n", "docs/a.md:3: `docs/a.md` has no heading `#b`");
    check("README.md", "[b](docs/b.md)\n", "README.md:1: `docs/b.md` does not exist");
    check("README.md", "[b](docs/b.png)\n", "README.md:1: `docs/b.png` does not exist");
}

#[test]
fn a_numbered_section_is_found() {
    assert_eq!(
        sample(&[("src/b.rs", "\n/// B (reference \u{a7}1.2).\n")]),
        ["src/b.rs:2: cites a section of another document: /// B (reference \u{a7}1.2)."]
    );
}

#[test]
fn an_uncited_fact_is_found() {
    let page = "# Keys\n\n## Expiry\n\n### Detail\n\n## Rounding\n\nSee [expiry](#expiry) and [rounding](#rounding).\n";
    let uncited = |line: usize, anchor: &str| {
        let page = format!("{REFERENCE}keys.md");
        format!("{page}:{line}: nothing cites `{page}#{anchor}`")
    };
    assert_eq!(
        sample(&[("REFERENCE/keys.md".replace("REFERENCE/", REFERENCE).as_str(), page)]),
        [uncited(7, "rounding")]
    );
    assert_eq!(sample(&[("src/key.rs", "")]), [uncited(3, "expiry")]);
}

#[test]
fn anchors_are_those_of_github() {
    let check = |title: &str, expected: &str| assert_eq!(slug(title), expected);
    check("Ref of an API", "ref-of-an-api");
    check("PV103: another type was expected", "pv103-another-type-was-expected");
    check("What isn't `code_only` (yet)", "what-isnt-code_only-yet");
    check("See [the page](a.md), twice", "see-the-page-twice");
    let anchors = headings("# A\n## A\n```\n# B\n```\n## A\n#c\n");
    assert_eq!(
        anchors.iter().map(|heading| heading.anchor.as_str()).collect::<Vec<_>>(),
        ["a", "a-1", "a-2"]
    );
}

//! Runs the commands of `README.md` and of the pages in `docs`, as a reader would: in one shell, in an empty folder,
//! in order.
//!
//! In a ```` ```console ```` block, a line that starts with `$ ` is a command, and the lines below it are what it
//! prints. A line `…` stands for any number of lines. Ids, keys, ports and times may differ; everything else must be
//! the same. A command fails exactly if its output has a line that starts with `error`; `; echo $?`
//! shows its exit code. A command that ends with ` &`
//! runs in the background: it has started when it has printed the lines below it.
//!
//! A block that opens with ```` ```yaml spec.yaml ```` is a file that the reader writes. Blocks in any other language
//! are not run: ```` ```sh ```` is for commands that build, install or need AWS.
//!
//! `UPDATE=1` writes the output that the commands have.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, PipeReader, Write as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use regex_lite::Regex;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// Far longer than a command of a page prints nothing, even on a busy machine.
const HANG: Duration = Duration::from_secs(120);

#[test]
fn the_commands_of_the_readme_print_what_it_shows() {
    check_page("README.md");
}

#[test]
fn the_commands_of_the_documentation_print_what_it_shows() {
    let mut pages: Vec<String> = fs::read_dir(root("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .collect();
    pages.sort();
    assert!(!pages.is_empty());
    for page in pages {
        check_page(&format!("docs/{page}"));
    }
}

fn check_page(path: &str) {
    let written = fs::read_to_string(root(path)).unwrap();
    let run = run_page(path, &written);
    if written == run {
        return;
    }
    if std::env::vars().any(|(name, _)| name == "UPDATE") {
        fs::write(root(path), &run).unwrap();
        return;
    }
    panic!(
        "{path} does not show what its commands print; run `UPDATE=1 cargo test --test readme` and review what \
         changed\n{}",
        difference(&written, &run)
    );
}

/// Runs the commands of a page and returns the page with their output. Output stays as the page has it if only
/// variable parts differ.
fn run_page(name: &str, page: &str) -> String {
    let mut shell = Shell::new(name);
    let mut text = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let Some(opening) = line.strip_prefix("```").filter(|opening| !opening.is_empty()) else {
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let content = block.iter().fold(String::new(), |text, line| text + line + "\n");
        if opening == "console" {
            for step in steps(&block) {
                let output = shell.run(&step);
                let _ = write!(text, "$ {}\n{output}", step.command);
            }
        } else {
            if let Some((_, name)) = opening.split_once(' ') {
                shell.write(name, &content);
            }
            text.push_str(&content);
        }
        text.push_str("```\n");
    }
    shell.finish();
    text
}

/// A command of a page and the output that the page shows.
#[derive(Debug)]
struct Step {
    /// One line, or several of which all but the last end with `\`.
    command: String,
    output: Vec<String>,
}

fn steps(block: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in block {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), output: Vec::new() });
            continue;
        }
        let step = steps.last_mut().expect("a console block starts with a command");
        if step.output.is_empty() && step.command.ends_with('\\') {
            step.command.push('\n');
            step.command.push_str(line);
        } else {
            step.output.push((*line).to_owned());
        }
    }
    steps
}

/// A shell in an empty folder, with `provision` on its path and nothing of this machine's environment.
#[derive(Debug)]
struct Shell {
    /// The page that it runs.
    page: String,
    folder: TempDir,
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Shell {
    fn new(page: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let work = folder.path().join("work");
        fs::create_dir(&home).unwrap();
        fs::create_dir(&work).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_provision")).parent().unwrap();
        // Both streams through one pipe, in the order in which a terminal would show them.
        let (reader, writer) = std::io::pipe().unwrap();
        let mut process = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(&work)
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()))
            .env("HOME", &home)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .expect("the pages need bash");
        let input = process.stdin.take().unwrap();
        Self { page: page.to_owned(), folder, process, input, lines: read_lines(reader) }
    }
    fn write(&self, name: &str, content: &str) {
        let path = self.folder.path().join("work").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    /// Runs a command and returns its output, as the page should show it.
    fn run(&mut self, step: &Step) -> String {
        // The command must not read the commands that follow it.
        self.send(&format!("{{\n{}\n}} </dev/null\n", step.command));
        let mut printed = Vec::new();
        if step.command.ends_with(" &") {
            for _ in &step.output {
                printed.push(self.next_line(step, &printed));
            }
        }
        self.send("echo \"$END $?\"\n".replace("$END", END).as_str());
        let code = loop {
            let line = self.next_line(step, &printed);
            match line.split_once(END) {
                Some((rest, code)) => {
                    // Output without a final line break.
                    printed.extend((!rest.is_empty()).then(|| rest.to_owned()));
                    break code.trim().to_owned();
                }
                None => printed.push(line),
            }
        };
        let printed_error = printed.iter().any(|line| line.starts_with("error"));
        let shows_code = step.command.ends_with("echo $?");
        assert_eq!(
            code != "0",
            printed_error && !shows_code,
            "{}: `{}`: exit code {code}\n{}",
            self.page,
            step.command,
            printed.join("\n")
        );
        let shown = match matches(&step.output, &printed) {
            true => step.output.clone(),
            false => abridge(&step.output, &printed),
        };
        shown.iter().fold(String::new(), |text, line| text + line + "\n")
    }
    fn send(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
    }
    fn next_line(&self, step: &Step, printed: &[String]) -> String {
        self.lines.recv_timeout(HANG).unwrap_or_else(|error| {
            let (page, command) = (&self.page, &step.command);
            panic!("{page}: `{command}`: {error}; printed so far:\n{}", printed.join("\n"))
        })
    }
    /// Checks that the page stopped its background jobs.
    fn finish(mut self) {
        let step = Step { command: "jobs -r".to_owned(), output: Vec::new() };
        let running = self.run(&step);
        assert!(running.is_empty(), "{} does not end what it starts:\n{running}", self.page);
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let group = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let _ = self.process.wait();
    }
}

/// What the shell prints after a command, before its exit code.
const END: &str = "--end-of-command--";

fn read_lines(reader: PipeReader) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The lines that a command printed, with `…` where the page has it: as many lines before it and after it.
fn abridge(shown: &[String], printed: &[String]) -> Vec<String> {
    match shown.iter().position(|line| line == "…") {
        Some(before) if shown.len() <= printed.len() + 1 => {
            let after = shown.len() - before - 1;
            let (first, last) = (&printed[..before], &printed[printed.len() - after..]);
            [first, &["…".to_owned()], last].concat()
        }
        _ => printed.to_vec(),
    }
}

/// Whether `printed` is what the page shows, apart from variable parts and lines that `…` replaces.
fn matches<S: AsRef<str>, P: AsRef<str>>(shown: &[S], printed: &[P]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, shown)) if first.as_ref() == "…" => {
            (0..=printed.len()).any(|skipped| matches(shown, &printed[skipped..]))
        }
        Some((first, shown)) => printed.split_first().is_some_and(|(line, printed)| {
            redact(first.as_ref()) == redact(line.as_ref()) && matches(shown, printed)
        }),
    }
}

/// A line without ids, keys, ports and times.
fn redact(line: &str) -> String {
    const VARYING: &[(&str, &str)] = &[
        (r"\bda2-[a-z0-9]{26}\b", "KEY"),
        (r"\beyJ[A-Za-z0-9_.-]+", "TOKEN"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID"),
        (r"\b[a-z0-9]{26}\b", "ID"),
        (r"\b(127\.0\.0\.1|localhost):[0-9]+", "$1:PORT"),
        (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z", "TIME"),
        (r"\b[0-9]{2}:[0-9]{2}:[0-9]{2}\b", "TIME"),
        (r"\bExpires: [0-9]{10}\b", "Expires: TIME"),
        // A duration is a cell of a table: the space after it depends on its length.
        (r"\b[0-9]+(\.[0-9]+)? m?s\b *", "TIME "),
    ];
    VARYING.iter().fold(line.to_owned(), |text, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
    })
}

/// The first lines that differ.
fn difference(written: &str, run: &str) -> String {
    let (written, run): (Vec<_>, Vec<_>) = (written.lines().collect(), run.lines().collect());
    let same = written.iter().zip(&run).take_while(|(written, run)| written == run).count();
    let part = |lines: &[&str]| -> String {
        lines.iter().skip(same).take(12).fold(String::new(), |text, line| text + "\n  " + line)
    };
    format!(
        "from line {}, the page has{}\nand the commands print{}",
        same + 1,
        part(&written),
        part(&run)
    )
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn a_page_shows_the_output_of_its_commands() {
    let check = |page: &str, expected: &str| assert_eq!(run_page("a.md", page), expected);
    let same = "# A\n\n```console\n$ echo b\nb\n$ cd /\n$ pwd\n/\n```\n\n```sh\nexit 1\n```\n";
    check(same, same);
    check("```console\n$ echo b\nc\n```\n", "```console\n$ echo b\nb\n```\n");
    check("```console\n$ printf a\n```\n", "```console\n$ printf a\na\n```\n");
    let any = "```console\n$ printf 'a\\nb\\nc\\n'\na\n…\n```\n";
    check(any, any);
    check(&any.replace("\na\n", "\nd\n"), any);
    let file = "```yaml a/b.yaml\nb: 1\n```\n\n```console\n$ cat a/b.yaml\nb: 1\n```\n";
    check(file, file);
    let long = "```console\n$ echo a \\\n  b\na b\n```\n";
    check(long, long);
    let background = "```console\n$ sh -c 'echo started; exec tail -f /dev/null' &\nstarted\n$ echo b\nb\n$ kill %1; wait %1; echo $?\n143\n```\n";
    check(background, background);
}

#[test]
fn only_variable_parts_may_differ() {
    let check = |shown: &[&str], printed: &[&str], expected: bool| {
        assert_eq!(matches(shown, printed), expected, "{shown:?} {printed:?}");
    };
    let id = |letter: &str| format!("  id  {}", letter.repeat(26));
    check(&[&id("a")], &[&id("b")], true);
    check(&[&id("a")], &[&id("")], false);
    check(&["at 127.0.0.1:4100"], &["at 127.0.0.1:40001"], true);
    check(&["until 2026-12-01T00:00:00Z"], &["until 2027-01-01T01:02:03Z"], true);
    check(&["a  11 ms    ok"], &["a  9 ms     ok"], true);
    check(&["a  11 ms    ok"], &["a  9 ms     failed"], false);
    check(&["a", "…", "d"], &["a", "b", "c", "d"], true);
    check(&["a", "…", "d"], &["a", "d"], true);
    check(&["a", "…"], &["b"], false);
    check(&[], &["a"], false);
}

#[test]
#[should_panic(expected = "exit code 3")]
fn a_command_that_fails_without_an_error_is_reported() {
    run_page("a.md", "```console\n$ (exit 3)\n```\n");
}

#[test]
#[should_panic(expected = "does not end what it starts")]
fn a_job_that_is_left_running_is_reported() {
    run_page("a.md", "```console\n$ tail -f /dev/null &\n```\n");
}

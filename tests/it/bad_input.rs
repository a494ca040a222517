//! Invalid input: the program reports exactly the expected diagnostics, exits with 1, and uses no
//! more memory than a valid spec may need.
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{World, root};

/// The limit of the program's address space.
const MEMORY_KB: usize = 400_000;

const VALID: &str = "version: 1\nstack: chat\n";

/// Runs a command line that may call `provision`, with limited memory.
fn shell(world: &World, line: &str) -> (i32, String, String) {
    let program = env!("CARGO_BIN_EXE_provision");
    let line = format!("provision() {{ (ulimit -v {MEMORY_KB}; exec {program} \"$@\"); }}\n{line}");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &line]).current_dir(world.path("")).env_clear().stdin(Stdio::null());
    let done = command.env("PATH", "/usr/local/bin:/usr/bin:/bin").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
}

/// The diagnostics of a `provision validate` command line, as `PV101 spec.yaml 4:3`.
fn diagnose(world: &World, line: &str) -> Vec<String> {
    let (code, out, err) = shell(world, line);
    assert!(!err.contains("panicked") && !err.contains("memory allocation"), "{line}: {err}");
    let diagnostics: Vec<Value> = serde_json::from_str(&out)
        .unwrap_or_else(|error| panic!("{line}: exit code {code}, {error}\n{out}\n{err}"));
    assert_eq!(
        code,
        i32::from(diagnostics.iter().any(|diagnostic| diagnostic["severity"] == "error")),
        "{line}"
    );
    let summary = |value: &Value| {
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        format!("{} {} {}:{}", text("code"), text("file"), value["line"], value["column"])
    };
    diagnostics.iter().map(summary).collect()
}

/// Validates these bytes as a file and from standard input.
fn check(bytes: impl AsRef<[u8]>, expected: &[&str]) {
    let world = World::new();
    fs::write(world.path("spec.yaml"), &bytes).unwrap();
    let start =
        String::from_utf8_lossy(&bytes.as_ref()[..bytes.as_ref().len().min(80)]).into_owned();
    let in_file = |name: &str| -> Vec<String> {
        expected.iter().map(|expected| expected.replacen(' ', &format!(" {name} "), 1)).collect()
    };
    let validate = "provision validate --format json";
    assert_eq!(diagnose(&world, &format!("{validate} spec.yaml")), in_file("spec.yaml"), "{start}");
    assert_eq!(
        diagnose(&world, &format!("{validate} - <spec.yaml")),
        in_file("<stdin>"),
        "{start}"
    );
}

#[test]
fn empty_and_multiple_documents_are_errors() {
    check("", &["PV004 1:1"]);
    check("\n\n", &["PV004 1:1"]);
    check("# nothing\n# at all", &["PV004 1:1"]);
    check("---\n...\n", &["PV004 1:1"]);
    check(format!("{VALID}---\n{VALID}"), &["PV005 3:1"]);
    check(format!("---\n{VALID}...\n"), &[]);
}

#[test]
fn bytes_that_are_not_utf_8_text_are_errors() {
    check(b"version: 1\nstack: \xe9t\xe9\n", &["PV002 1:1"]);
    check(b"\xff\xfev\0e\0r\0", &["PV002 1:1"]);
    check(b"version: 1\nstack: a\0b\n", &["PV003 2:9"]);
    check([0; 5_000], &["PV003 1:1"]);
    check(format!("\u{feff}{VALID}"), &[]);
    check(format!("\u{feff}{VALID}region: Europe\n"), &["PV105 3:9"]);
}

#[test]
fn line_endings_are_accepted_and_wrong_indentation_is_an_error() {
    check(VALID.replace('\n', "\r\n"), &[]);
    check("version: 1\r\nstack: chat\r\nregion: Europe\r\n", &["PV105 3:9"]);
    check("version: 1\rstack: chat\r", &[]);
    check("version: 1\nstack: chat\napis:\n\ta: {}\n", &["PV003 4:1"]);
    check("version: 1\nstack: chat\napis: {\ta: {\t}}\n", &["PV102 3:9"]);
    check("version: 1\n stack: chat\n", &["PV003 2:7"]);
}

#[test]
fn invalid_keys_and_types_are_errors() {
    check(format!("{VALID}stack: orders\n"), &["PV006 3:1"]);
    check(format!("{VALID}stak: orders\n"), &["PV101 3:1"]);
    check(format!("{VALID}apis: []\n"), &["PV103 3:7"]);
    check(format!("{VALID}apis: 7\n"), &["PV103 3:7"]);
    check(format!("{VALID}apis:\n"), &["PV103 3:1"]);
    check(format!("{VALID}tags: {{ a: [b] }}\n"), &["PV103 3:12"]);
    check("version: one\nstack: [chat]\n", &["PV103 1:10", "PV103 2:8"]);
    check("[version, stack]\n", &["PV103 1:1"]);
    check("chat\n", &["PV103 1:1"]);
    check(format!("{VALID}tags: {{ a: 'x ${{nobody}}' }}\n"), &["PV214 3:12"]);
}

#[test]
fn texts_that_would_fill_the_memory_are_rejected() {
    let bomb: String = ('b'..='j')
        .zip('a'..='i')
        .map(|(name, before)| {
            format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(", "))
        })
        .collect();
    check(format!("a: &a [x, x, x, x, x, x, x, x, x]\n{bomb}"), &["PV008 7:7"]);
    check("a: &a [*a]\n", &["PV003 1:8"]);
    let anchors: String = (0..100).map(|n| format!("&a{n} [")).collect();
    let many = format!("{anchors}{}{}", "x, ".repeat(100_000), "]".repeat(100));
    check(many, &["PV103 1:5"]);
    check("[".repeat(10_000), &["PV008 1:256"]);
    check("{a: ".repeat(10_000), &["PV008 1:1021"]);
    check("- ".repeat(10_000), &["PV008 1:257"]);
    let block: String = (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    check(block, &["PV008 129:129"]);
    let keys: String = (0..100_000).map(|n| format!("k{n}: 1\n")).collect();
    let world = World::new();
    let validate = "provision validate spec.yaml --format json";
    world.write("spec.yaml", &keys);
    assert_eq!(diagnose(&world, validate).len(), 10_000);
    let roles: String = (0..10_001).map(|n| format!("  r{n}: {{}}\n")).collect();
    world.write("spec.yaml", &format!("{VALID}logRoles:\n{roles}"));
    assert_eq!(diagnose(&world, validate), ["PV207 spec.yaml 3:1"]);
    world.write("spec.yaml", &"- a\n".repeat(1_100_000));
    assert_eq!(diagnose(&world, validate), ["PV008 spec.yaml 1000001:3"]);
}

#[test]
fn large_and_endless_files_are_not_read() {
    let world = World::new();
    fs::File::create(world.path("spec.yaml")).unwrap().set_len(100_000_000).unwrap();
    let validate = "provision validate --format json";
    assert_eq!(diagnose(&world, &format!("{validate} spec.yaml")), ["PV008 spec.yaml 1:1"]);
    for endless in ["</dev/zero", "<spec.yaml"] {
        assert_eq!(diagnose(&world, &format!("{validate} - {endless}")), ["PV008 <stdin> 1:1"]);
        let device = diagnose(&world, &format!("{validate} /dev/stdin {endless}"));
        assert_eq!(device, ["PV008 /dev/stdin 1:1"]);
    }
    let values = format!("{validate} ok.yaml --params-file");
    world.write("ok.yaml", VALID);
    for file in ["/dev/zero", "."] {
        let (code, out, err) = shell(&world, &format!("{values} {file}"));
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains(": it is a"), "{err}");
    }
}

#[test]
fn paths_that_are_not_regular_files_are_errors() {
    let world = World::new();
    world.write("spec.yaml", VALID);
    assert!(Command::new("mkfifo").arg(world.path("pipe")).status().unwrap().success());
    symlink("pipe", world.path("link.yaml")).unwrap();
    symlink("nowhere", world.path("gone.yaml")).unwrap();
    symlink("round.yaml", world.path("round.yaml")).unwrap();
    for (path, why) in [
        ("no.yaml", "no such file"),
        ("gone.yaml", "no such file"),
        ("no/such/spec.yaml", "no such file"),
        ("round.yaml", "symbolic links"),
        (".", "it is a directory"),
        ("spec.yaml/spec.yaml", "a part of its path is a file"),
        ("pipe", "it is a device or a named pipe, not a regular file"),
        ("link.yaml", "it is a device or a named pipe, not a regular file"),
        ("/dev/zero", "it is a device or a named pipe, not a regular file"),
        ("/dev/null", "it is a device or a named pipe, not a regular file"),
    ] {
        let line = format!("provision validate {path} --format json");
        assert_eq!(diagnose(&world, &line), [format!("PV001 {path} 1:1")]);
        let (code, out, err) = shell(&world, &format!("provision plan --local {path}"));
        assert_eq!((code, out.as_str()), (1, ""), "{path}");
        assert!(err.contains(why), "{path}: {err}");
    }
}

#[test]
fn specs_are_read_from_pipes_and_redirections() {
    let world = World::new();
    world.write("handlers/chat.js", "export const onPublish = (ctx) => ctx.events\n");
    world.write("stacks/spec.yaml", &with_handler("handlers/chat.js"));
    for line in [
        "cat stacks/spec.yaml | provision validate - --format json",
        "cat stacks/spec.yaml | provision validate /dev/stdin --format json",
        "provision validate /dev/stdin --format json <stacks/spec.yaml",
        "provision validate /dev/fd/3 --format json 3<stacks/spec.yaml",
        "cat stacks/spec.yaml | provision validate /dev/fd/0 --format json",
        "provision validate /proc/self/fd/5 --format json 5<stacks/spec.yaml",
    ] {
        // Handler paths are relative to the working directory.
        assert_eq!(diagnose(&world, line), [""; 0], "{line}");
    }
}

fn with_handler(path: &str) -> String {
    format!(
        "{VALID}apis:\n  a:\n    auth: {{ providers: [AWS_IAM] }}\n    namespaces:\n      n: {{ handlers: {{ code: {path} }} }}\n"
    )
}

#[test]
fn unreadable_handlers_are_errors() {
    let world = World::new();
    let outside = World::new();
    outside.write("chat.js", "export const onPublish = (ctx) => ctx.events\n");
    world.write("chat.js", "export const onPublish = (ctx) => ctx.events\n");
    world.write("stack/empty.js", "");
    fs::write(world.path("stack/binary.js"), b"\x7fELF\xff\xfe").unwrap();
    fs::create_dir(world.path("stack/folder.js")).unwrap();
    fs::File::create(world.path("stack/large.js")).unwrap().set_len(100_000_000).unwrap();
    symlink(outside.path("chat.js"), world.path("stack/link.js")).unwrap();
    assert!(Command::new("mkfifo").arg(world.path("stack/pipe.js")).status().unwrap().success());
    let absolute = outside.path("chat.js").display().to_string();
    for (path, why) in [
        ("missing.js", "no such file"),
        ("empty.js/chat.js", "a part of its path is a file"),
        ("../chat.js", "it is outside the spec's folder"),
        ("link.js", "it is outside the spec's folder"),
        (&absolute, "the path must be relative to the spec"),
        ("/dev/zero", "the path must be relative to the spec"),
        ("folder.js", "it is a directory"),
        (".", "it is a directory"),
        ("pipe.js", "it is a device or a named pipe, not a regular file"),
        ("binary.js", "it is not valid UTF-8"),
        ("large.js", "it is larger than 10 MB"),
    ] {
        world.write("stack/spec.yaml", &with_handler(path));
        let line = "provision validate stack/spec.yaml --format json";
        assert_eq!(diagnose(&world, line), ["PV230 stack/spec.yaml 7:30"], "{path}");
        let (_, out, _) = shell(&world, line);
        assert!(out.contains(why), "{path}: {out}");
    }
}

#[test]
fn several_specs_are_all_validated() {
    let world = World::new();
    world.write("a.yaml", "version: 1\n");
    world.write("b.yaml", VALID);
    world.write("c.yaml", "version: 2\nstack: c\n");
    let line = "provision validate c.yaml b.yaml no.yaml a.yaml --format json";
    let expected = ["PV109 c.yaml 1:10", "PV001 no.yaml 1:1", "PV102 a.yaml 1:1"];
    assert_eq!(diagnose(&world, line), expected);
    let piped = format!("{line} - <a.yaml");
    assert_eq!(diagnose(&world, &piped)[3], "PV102 <stdin> 1:1");
    let (code, out, err) = shell(&world, "provision validate - b.yaml - <b.yaml");
    assert_eq!((code, out.as_str()), (64, ""));
    assert!(err.contains("`-` is repeated"), "{err}");
}

#[test]
fn every_output_format_supports_invalid_input() {
    let world = World::new();
    world.write("spec.yaml", &fs::read_to_string(root("templates/article/spec.yaml")).unwrap());
    fs::write(world.path("bytes.yaml"), [0xff; 300]).unwrap();
    world.write(
        "line.yaml",
        &format!("{{version: 1, stack: é, {}a: 1}}", "k: 'ü', ".repeat(20_000)),
    );
    for format in ["human", "json", "sarif", "github"] {
        let line = format!("provision validate bytes.yaml line.yaml spec.yaml --format {format}");
        let (code, _, err) = shell(&world, &line);
        assert_eq!(code, 1, "{format}");
        assert!(err.contains("3 specs: "), "{format}: {err}");
    }
}

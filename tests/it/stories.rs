//! Runs `tests/stories/*.md`: prose, files, commands and what they print.
//!
//! A block that opens with ```` ```yaml spec.yaml ```` writes that file. In a `console` block a line
//! that begins with `$ ` runs; what follows is what it must print. `UPDATE=1` writes what it does
//! print, for review.
use std::fs;
use std::process::Stdio;

use regex_lite::{Captures, Regex};

use crate::golden::golden;
use crate::world::{World, root};

#[test]
fn every_story_prints_what_it_shows() {
    let folder = root("tests/stories");
    let mut stories: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    stories.sort();
    assert!(!stories.is_empty());
    for name in stories {
        let story = fs::read_to_string(folder.join(&name)).unwrap();
        golden(&format!("tests/stories/{}", name.display()), &play(&story));
    }
}

/// Runs a story in a new world, and returns it with the current output.
fn play(story: &str) -> String {
    let world = World::new();
    let mut result = String::new();
    let mut lines = story.lines();
    while let Some(line) = lines.next() {
        result.push_str(line);
        result.push('\n');
        let Some(opening) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match opening.split_once(' ') {
            Some((_, file)) => {
                let text = block.join("\n") + "\n";
                world.write(file, &text);
                result.push_str(&text);
            }
            None if opening == "console" => {
                for command in block.iter().filter_map(|block| block.strip_prefix("$ ")) {
                    result.push_str(&format!("$ {command}\n{}", run(&world, command)));
                }
            }
            None => result.extend(block.iter().map(|block| format!("{block}\n"))),
        }
        result.push_str("```\n");
    }
    result
}

/// What a command prints on both streams, in the order of a terminal.
fn run(world: &World, command: &str) -> String {
    let printed = world.path(".printed");
    let file = fs::File::create(&printed).unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_provision")).parent().unwrap();
    let mut shell = world.command(&[]);
    let variables: Vec<_> =
        shell.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
    shell = std::process::Command::new("sh");
    shell.arg("-c").arg(command).env_clear().current_dir(world.path("")).stdin(Stdio::null());
    for (name, value) in variables {
        shell.env(name, value.unwrap_or_default());
    }
    shell.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()));
    shell.stdout(file.try_clone().unwrap()).stderr(file);
    let status = shell.status().unwrap();
    let mut text = redact(&fs::read_to_string(&printed).unwrap());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    match status.code() {
        Some(0) => text,
        code => format!("{text}[exit {}]\n", code.unwrap_or(-1)),
    }
}

/// Replaces values that differ between runs by their type.
fn redact(text: &str) -> String {
    let patterns = [
        (r"da2-[a-z0-9]{26}", "da2-KEY"),
        (r"\b[a-z0-9]{26}\b", "ID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIMESTAMP"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    ];
    patterns.iter().fold(text.to_owned(), |text, (pattern, name)| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.replace_all(&text, |_: &Captures<'_>| name.to_string()).into_owned()
    })
}

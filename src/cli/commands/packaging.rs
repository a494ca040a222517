//! `provision completions` and `provision man`: files that a package installs in addition to the program.
use std::path::PathBuf;

use clap_complete::Shell;

use crate::cli::{Exit, Failure, Io};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision completions bash > ~/.local/share/bash-completion/completions/provision
  provision completions zsh > \"${fpath[1]}/_provision\"")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision man | man -l -
  provision man --out-dir /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Write a page for each command to this folder
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
}

pub fn completions(
    args: &CompletionsArgs,
    mut command: clap::Command,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "provision", &mut script);
    io.print_result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

pub fn man(args: &ManArgs, command: clap::Command, io: &mut Io) -> Result<Exit, Failure> {
    let command = command.disable_help_subcommand(true);
    let Some(folder) = &args.out_dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        io.print_result(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let folder = io.path(folder);
    std::fs::create_dir_all(&folder)?;
    clap_mangen::generate_to(command, &folder)?;
    Ok(Exit::Done)
}

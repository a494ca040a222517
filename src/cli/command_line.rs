//! The command line of `provision`: global options, the list of commands and their dispatch.
use std::ffi::OsString;

use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::commands::{
    access, apply, dev, eval, explain, import, init, local, outputs, packaging, plan, publish,
    render, schema, subscribe, validate, verify,
};
use crate::cli::{Color, Exit, Failure, Io, exit, logging};

/// Declare AWS AppSync Events in a YAML spec; validate, plan, apply and render it
///
/// To work without an AWS account, add `--local` to any command that calls AWS: it uses a local emulator with its
/// state in this folder.
#[derive(Debug, Parser)]
#[command(name = "provision", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = exit::TABLE, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// When to use color
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Common options"
    )]
    color: Color,
    /// Log more to stderr: -v logs AWS calls, -vv adds the log of the AWS SDK
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Common options")]
    verbose: u8,
    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Common options")]
    quiet: bool,
    /// Use this timestamp as the current time, so results can be reproduced [RFC 3339]
    #[arg(long, global = true, value_name = "TIMESTAMP", help_heading = "Common options")]
    now: Option<jiff::Timestamp>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Validate(validate::Args),
    Explain(explain::Args),
    Plan(plan::Args),
    Apply(apply::ApplyArgs),
    Outputs(outputs::Args),
    Verify(verify::Args),
    Destroy(apply::DestroyArgs),
    Render(render::Args),
    Access(access::Args),
    Eval(eval::Args),
    Import(import::Args),
    Local(local::Args),
    Dev(dev::Args),
    Publish(publish::Args),
    Subscribe(subscribe::Args),
    Schema(schema::Args),
    Completions(packaging::CompletionsArgs),
    Man(packaging::ManArgs),
}

/// Runs one command line; the first argument is the program's name.
pub async fn run(arguments: Vec<OsString>, io: &mut Io) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, io),
    };
    io.color = cli.common.color;
    io.quiet = cli.common.quiet;
    if let Some(now) = cli.common.now {
        let since = std::time::Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0));
        io.clock = SharedTimeSource::new(StaticTimeSource::new(std::time::UNIX_EPOCH + since));
    }
    logging::start(cli.common.verbose, io);
    match command(cli.command, io).await {
        Ok(exit) => exit,
        Err(failure) => {
            if failure.kind != Exit::Done {
                io.eprint(&failure.text());
            }
            failure.kind
        }
    }
}

async fn command(command: Command, io: &mut Io) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(&args, io),
        Command::Validate(args) => validate::run(&args, io),
        Command::Explain(args) => explain::run(&args, io),
        Command::Plan(args) => plan::run(&args, io).await,
        Command::Apply(args) => apply::apply(&args, io).await,
        Command::Outputs(args) => outputs::run(&args, io).await,
        Command::Verify(args) => verify::run(&args, io).await,
        Command::Destroy(args) => apply::destroy(&args, io).await,
        Command::Render(args) => render::run(&args, io),
        Command::Access(args) => access::run(&args, io),
        Command::Eval(args) => eval::run(&args, io).await,
        Command::Import(args) => import::run(&args, io),
        Command::Local(args) => local::run(&args, io).await,
        Command::Dev(args) => dev::run(&args, io).await,
        Command::Publish(args) => publish::run(&args, io).await,
        Command::Subscribe(args) => subscribe::run(&args, io).await,
        Command::Schema(args) => schema::run(&args, io),
        Command::Completions(args) => packaging::completions(&args, Cli::command(), io),
        Command::Man(args) => packaging::man(&args, Cli::command(), io),
    }
}

/// Prints `--help` and `--version` as results; everything else that clap reports is a usage error.
fn usage(error: &clap::Error, io: &mut Io) -> Exit {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        io.eprint(&text);
        return Exit::Usage;
    }
    match io.print_result(&text) {
        Ok(()) => Exit::Done,
        Err(error) => Failure::from(error).kind,
    }
}

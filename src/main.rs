//! Runs the command line with the process's streams, environment and clock, and returns its exit code.
use std::io::{BufReader, IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use provision::cli::{Color, Exit, Io, Terminal, run};

fn main() -> ExitCode {
    let terminal = Terminal {
        input: stdin().is_terminal(),
        out: stdout().is_terminal(),
        err: stderr().is_terminal(),
    };
    let mut io = Io {
        out: Box::new(stdout()),
        err: Box::new(stderr()),
        input: Box::new(BufReader::new(stdin())),
        terminal,
        folder: std::env::current_dir().unwrap_or_default(),
        clock: SharedTimeSource::new(SystemTimeSource::new()),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        color: Color::Auto,
        quiet: false,
    };
    // One thread is enough: a command mostly waits for AWS.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(run(std::env::args_os().collect(), &mut io));
            // After Ctrl-C at a prompt, a thread still reads stdin; do not wait for it.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            io.eprint(&format!("error: cannot start the async runtime: {error}\n"));
            Exit::Error
        }
    };
    ExitCode::from(exit as u8)
}

//! The arguments of `provision dev`.
use std::path::PathBuf;

use crate::cli::arguments::Format;
use crate::cli::parameters::ParameterArgs;
use appsync_local::cli::EmulatorArgs;

/// Serve a spec on the local AWS, and keep up with its files
///
/// Serves the local AWS as `provision local` does, applies the spec to it, and applies it again whenever the
/// spec, a handler or a file of parameters is saved. A spec that is wrong is told and changes nothing. What
/// happens on the Event APIs is shown as it happens: events, connections, refusals with their reasons, what
/// handlers log; and on a page for browsers, the console.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision dev spec.yaml
  provision dev spec.yaml --port 0 --param stage=dev
  provision dev spec.yaml --format json | jq 'select(.happened == \"published\")'")]
pub struct Args {
    /// The spec
    pub spec: PathBuf,
    /// Serve no console
    #[arg(long)]
    pub no_console: bool,
    /// Show the values of API keys
    #[arg(long)]
    pub reveal: bool,
    /// How to tell what happens: `json` gives a document a line, with `event` of changes to the stack, with
    /// `happened` of the data plane
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub serving: EmulatorArgs,
    #[command(flatten)]
    pub parameters: ParameterArgs,
}

//! The arguments of `provision dev`.
use std::path::PathBuf;

use crate::cli::arguments::Format;
use crate::cli::parameters::ParameterArgs;
use appsync_local::cli::EmulatorArgs;

/// Run the local emulator with a spec, and apply changes to the spec as they are saved
///
/// Runs the emulator as `provision local` does, applies the spec to it, and applies it again whenever the spec, a
/// handler or a parameter file is saved. An invalid spec is reported and changes nothing. Shows the activity of the
/// Event APIs: events, connections, rejected operations with their reasons, and the logs of handlers. The console, a
/// web page, shows the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision dev spec.yaml
  provision dev spec.yaml --port 0 --param stage=dev
  provision dev spec.yaml --format json | jq 'select(.happened == \"published\")'")]
pub struct Args {
    /// The spec
    pub spec: PathBuf,
    /// Do not serve the console
    #[arg(long)]
    pub no_console: bool,
    /// Show the values of API keys
    #[arg(long)]
    pub reveal: bool,
    /// The output format; `json` prints NDJSON: documents with `event` for changes to the stack, with `happened` for the
    /// data plane
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub serving: EmulatorArgs,
    #[command(flatten)]
    pub parameters: ParameterArgs,
}

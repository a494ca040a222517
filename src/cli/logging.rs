//! `-v`, `-q` and `RUST_LOG`: what the program logs of its own work, on standard error.
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Io;

/// The crates of this workspace, by the names that their events carry. `-v` shows them, and nothing caps them.
const WORKSPACE_CRATES: [&str; 6] = [
    "provision",
    "provision_core",
    "provision_aws",
    "provision_cfn",
    "appsync_events",
    "appsync_local",
];

/// How much the crates of others may log, by the prefix of their names; the first that fits counts. At `trace` the
/// SDK logs bodies and the HTTP and WebSocket libraries log bytes, and an API key's value is in them. Signatures and
/// headers show at `debug` already.
const CAPS: [(&str, LevelFilter); 7] = [
    ("aws_sigv4", LevelFilter::INFO),
    ("aws_", LevelFilter::DEBUG),
    ("h2", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("rustls", LevelFilter::INFO),
    ("tungstenite", LevelFilter::INFO),
    ("", LevelFilter::DEBUG),
];

/// Starts logging. A second start in one process changes nothing.
pub fn start(verbose: u8, io: &Io) {
    let asked = io.environment.get("RUST_LOG").filter(|rust_log| !rust_log.is_empty());
    let level = match verbose {
        // The SDK warns of what becomes an error of ours anyway.
        0 => workspace_filter("warn"),
        1 => workspace_filter("debug"),
        _ => "debug".to_owned(),
    };
    let asked = if verbose > 0 { level } else { asked.cloned().unwrap_or(level) };
    let output =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(io.error_colored());
    let _ = tracing_subscriber::registry()
        .with(EnvFilter::builder().parse_lossy(asked))
        .with(filter_fn(is_within_cap))
        .with(output)
        .try_init();
}

/// A filter that shows our crates at `level`, and nothing else.
fn workspace_filter(level: &str) -> String {
    WORKSPACE_CRATES
        .iter()
        .fold("off".to_owned(), |filter, text| format!("{filter},{text}={level}"))
}

fn is_within_cap(event: &Metadata<'_>) -> bool {
    *event.level() <= cap(event.target())
}

/// The most that a target may log, whatever a user asks for.
fn cap(target: &str) -> LevelFilter {
    let name = target.split("::").next().unwrap_or_default();
    if WORKSPACE_CRATES.contains(&name) {
        return LevelFilter::TRACE;
    }
    let cap = CAPS.iter().find(|(prefix, _)| name.starts_with(prefix));
    cap.map_or(LevelFilter::DEBUG, |(_, level)| *level)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The crates in the lock file, by the names that their events carry, and whether each is of this workspace.
    fn locked_crates() -> Vec<(String, bool)> {
        let lock = include_str!("../../Cargo.lock");
        let packages = lock.split("[[package]]").skip(1).map(|package| {
            let name = package.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
            (name.trim_matches('"').replace('-', "_"), !package.contains("\nsource = "))
        });
        packages.collect()
    }

    #[test]
    fn every_crate_of_the_workspace_is_shown_and_not_capped() {
        let mut workspace: Vec<String> = locked_crates()
            .into_iter()
            .filter(|(_, is_ours)| *is_ours)
            .map(|(name, _)| name)
            .collect();
        let mut ours = WORKSPACE_CRATES.map(str::to_owned).to_vec();
        workspace.sort();
        ours.sort();
        assert_eq!(workspace, ours);
        assert!(
            WORKSPACE_CRATES
                .iter()
                .all(|workspace_crate| cap(&format!("{workspace_crate}::some::module"))
                    == LevelFilter::TRACE)
        );
    }

    #[test]
    fn no_other_crate_of_the_lock_file_logs_what_may_hold_a_secret() {
        let others = locked_crates().into_iter().filter(|(_, is_ours)| !is_ours);
        let (mut sdk, mut transport) = (0, 0);
        for (name, _) in others {
            let cap = cap(&format!("{name}::some::module"));
            assert!(cap <= LevelFilter::DEBUG, "{name}");
            sdk += usize::from(name.starts_with("aws_"));
            if ["aws_sigv4", "hyper", "hyper_util", "rustls", "tungstenite"].contains(&&*name) {
                assert_eq!(cap, LevelFilter::INFO, "{name}");
                transport += 1;
            }
        }
        assert!(sdk > 15 && transport == 5, "{sdk} {transport}");
    }
}

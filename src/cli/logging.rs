//! `-v`, `-q` and `RUST_LOG`: which log events the program writes to stderr.
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Io;

/// The crates of this workspace, by the names in their log events. `-v` shows their events; they have no cap.
const WORKSPACE_CRATES: [&str; 6] = [
    "provision",
    "provision_core",
    "provision_aws",
    "provision_cfn",
    "appsync_events",
    "appsync_local",
];

/// The most detailed level that other crates may log, by prefix of their names; the first match applies. At `trace`, the SDK logs
/// bodies and the HTTP and WebSocket libraries log bytes, which contain the values of API keys. Signatures and
/// headers already appear at `debug`.
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
    let rust_log = io.environment.get("RUST_LOG").filter(|filter| !filter.is_empty());
    let level = match verbose {
        // The SDK warns about errors that the program reports anyway.
        0 => workspace_filter("warn"),
        1 => workspace_filter("debug"),
        _ => "debug".to_owned(),
    };
    let filter = if verbose > 0 { level } else { rust_log.cloned().unwrap_or(level) };
    let output =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(io.error_colored());
    let _ = tracing_subscriber::registry()
        .with(EnvFilter::builder().parse_lossy(filter))
        .with(filter_fn(is_within_cap))
        .with(output)
        .try_init();
}

/// Returns a filter that shows the crates of this workspace at `level`, and nothing else.
fn workspace_filter(level: &str) -> String {
    WORKSPACE_CRATES
        .iter()
        .fold("off".to_owned(), |filter, text| format!("{filter},{text}={level}"))
}

fn is_within_cap(event: &Metadata<'_>) -> bool {
    *event.level() <= cap(event.target())
}

/// Returns the most detailed level that a target may log, regardless of the user's filter.
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

    /// Returns the crates in the lock file, by the names in their log events, and whether each is in this workspace.
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
            .filter(|(_, is_in_workspace)| *is_in_workspace)
            .map(|(name, _)| name)
            .collect();
        let mut listed = WORKSPACE_CRATES.map(str::to_owned).to_vec();
        workspace.sort();
        listed.sort();
        assert_eq!(workspace, listed);
        assert!(
            WORKSPACE_CRATES
                .iter()
                .all(|workspace_crate| cap(&format!("{workspace_crate}::some::module"))
                    == LevelFilter::TRACE)
        );
    }

    #[test]
    fn no_other_crate_of_the_lock_file_logs_secrets() {
        let others = locked_crates().into_iter().filter(|(_, is_in_workspace)| !is_in_workspace);
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

//! `-v`, `-q` and `RUST_LOG`: what the program says of its own doing, on standard error.
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::cli::Io;

/// The SDK logs bodies at `trace`, and an API key's value is in a body. Whatever a user asks for,
/// it stays at `debug`.
const CAPS: &[&str] = &[
    "aws_config=debug",
    "aws_runtime=debug",
    "aws_sdk_appsync=debug",
    "aws_sdk_iam=debug",
    "aws_sdk_sts=debug",
    "aws_sdk_wafv2=debug",
    "aws_sigv4=info",
    "aws_smithy_http_client=debug",
    "aws_smithy_runtime=debug",
    "aws_smithy_runtime_api=debug",
    "hyper=info",
    "hyper_util=info",
    "h2=info",
    "rustls=info",
];

/// Starts logging. A second start in one process changes nothing.
pub fn start(verbose: u8, io: &Io) {
    let asked = io.environment.get("RUST_LOG").filter(|it| !it.is_empty());
    let level = match verbose {
        // The SDK warns of what becomes an error of ours anyway.
        0 => "off,provision=warn",
        1 => "off,provision=debug",
        _ => "debug",
    };
    let asked = if verbose > 0 { level } else { asked.map_or(level, String::as_str) };
    let mut filter = EnvFilter::builder().parse_lossy(asked);
    if asked.contains("trace") || verbose > 1 {
        for cap in CAPS {
            filter = filter.add_directive(cap.parse().expect("the caps are directives"));
        }
    }
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(io.error_colored())
        .with_span_events(FmtSpan::NONE)
        .try_init();
}

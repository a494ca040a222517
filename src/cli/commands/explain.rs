//! `provision explain`: explains what a diagnostic means and how to fix it.
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cli::io::json;
use crate::cli::{Exit, Failure, Io};
use crate::render::explain::{body, list, markdown, text};
use provision_core::explain::{Page, page, pages};
use provision_core::suggest::closest_match;

/// Explain a diagnostic: what it means, why it is reported, and how to fix it
///
/// Without a code, lists all codes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision explain PV103
  provision explain                        # all codes
  provision explain --format json | jq -r '.[].code'")]
pub struct Args {
    /// The code of the diagnostic, such as PV103
    code: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
    /// As Markdown
    Markdown,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let text = match (&args.code, args.format) {
        (None, Format::Human) => list(pages()),
        (None, Format::Json) => json(&pages().map(object).collect::<Value>()),
        (None, Format::Markdown) => {
            pages().map(|page| markdown(&page)).collect::<Vec<_>>().join("\n")
        }
        (Some(code), format) => {
            let page = page(code).ok_or_else(|| unknown(code))?;
            match format {
                Format::Human => text(&page),
                Format::Json => json(&object(page)),
                Format::Markdown => markdown(&page),
            }
        }
    };
    io.print_result(&text)?;
    Ok(Exit::Done)
}

fn object(page: Page) -> Value {
    json!({ "code": page.code, "title": page.title, "markdown": body(&page) })
}

fn unknown(code: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("unknown diagnostic code `{code}`"));
    match closest_match(code, pages().map(|page| page.code)) {
        Some(meant) => failure.with_hint(format!("did you mean `{meant}`?")),
        None => failure.with_hint("`provision explain` lists all codes"),
    }
}

//! Formats access as a matrix with one column per auth mode: for a terminal, and as Markdown for a pull request.
use provision_core::access::{Access, ApiAccess, GrantOrigin};
use provision_core::kinds::auth::{AnyAuthMode, mode_names};

/// Wide enough for `    subscribe`, so that the columns do not depend on the names of namespaces.
const FIRST_WIDTH: usize = 15;

pub fn table(access: &Access) -> String {
    match access.apis.as_slice() {
        [] => "no API\n".to_owned(),
        apis => apis.iter().map(api_table).collect::<Vec<_>>().join("\n"),
    }
}

fn api_table(api: &ApiAccess) -> String {
    let modes = api.modes();
    let mut lines = vec![format!("{}  {}", api.address, in_one_line(&api.name)), String::new()];
    let names = mode_names(modes.iter().copied());
    lines.push(line("", &names, &names, "from"));
    let mut channels = None;
    for row in rows(api) {
        if row.channels != channels {
            lines.extend(row.channels.map(|channel| format!("  {}", in_one_line(channel))));
            channels = row.channels;
        }
        let cells: Vec<&str> = modes.iter().map(|mode| cell(api, &row, mode)).collect();
        lines.push(line(&first_cell(&row), &cells, &names, row.from));
    }
    let legend = legend(api);
    if !legend.is_empty() {
        lines.push(String::new());
    }
    let width = legend.iter().map(|(mode, _)| mode.len()).max().unwrap_or(0);
    lines.extend(legend.iter().map(|(mode, detail)| format!("  {mode:width$}  {detail}")));
    if has_several_of_a_type(api) {
        lines.push(format!("  {SEVERAL_PROVIDERS_NOTE}"));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn first_cell(row: &Row<'_>) -> String {
    match row.channels {
        None => format!("  {}", row.operation),
        Some(_) => format!("    {}", row.operation),
    }
}

fn line(first: &str, cells: &[&str], modes: &[&str], last: &str) -> String {
    let cells = cells.iter().zip(modes);
    let cells: String =
        cells.map(|(cell, mode)| format!("{cell:width$}  ", width = mode.len())).collect();
    format!("{first:FIRST_WIDTH$}{cells}{last}")
}

pub fn markdown(access: &Access) -> String {
    match access.apis.as_slice() {
        [] => "No API.\n".to_owned(),
        apis => apis.iter().map(api_markdown).collect::<Vec<_>>().join("\n"),
    }
}

fn api_markdown(api: &ApiAccess) -> String {
    let modes = api.modes();
    let mut text = format!("### {} {}\n\n", code(api.address.as_str()), code(&api.name));
    text.push_str(&format!(
        "| channels | operation | {} | from |\n",
        mode_names(modes.iter().copied()).join(" | ")
    ));
    text.push_str(&format!("|---|---|{}---|\n", ":-:|".repeat(modes.len())));
    for row in rows(api) {
        let cells: Vec<&str> = modes.iter().map(|mode| cell(api, &row, mode)).collect();
        let channels = row.channels.map(code).unwrap_or_default();
        let cells = cells.join(" | ");
        text.push_str(&format!("| {channels} | {} | {cells} | {} |\n", row.operation, row.from));
    }
    let legend = legend(api);
    if !legend.is_empty() {
        text.push('\n');
    }
    for (mode, detail) in legend {
        text.push_str(&format!("- {mode}: {}\n", code(&detail)));
    }
    if has_several_of_a_type(api) {
        text.push_str(&format!("\n{SEVERAL_PROVIDERS_NOTE}\n"));
    }
    text
}

/// Formats any text as code, also within a table.
fn code(text: &str) -> String {
    let text = in_one_line(text).replace('|', "\\|");
    let (mut longest, mut run) = (0, 0);
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    match longest {
        0 => format!("`{text}`"),
        longest => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {text} {fence}")
        }
    }
}

/// One line of an API's matrix.
struct Row<'a> {
    /// The channels of the row; `None`: the connection to the API.
    channels: Option<&'a str>,
    operation: &'static str,
    modes: &'a [AnyAuthMode],
    from: &'static str,
}

/// Returns the rows of an API: who may connect, then who may publish and subscribe to each namespace.
fn rows(api: &ApiAccess) -> Vec<Row<'_>> {
    let connect = Row { channels: None, operation: "connect", modes: &api.connect, from: "" };
    let namespaces = api.namespaces.iter().flat_map(|namespace_access| {
        [("publish", &namespace_access.publish), ("subscribe", &namespace_access.subscribe)].map(
            |(operation, grant)| {
                let from = match grant.from {
                    GrantOrigin::Api => "the API",
                    GrantOrigin::Namespace => "its own",
                };
                Row {
                    channels: Some(&namespace_access.channels),
                    operation,
                    modes: &grant.modes,
                    from,
                }
            },
        )
    });
    std::iter::once(connect).chain(namespaces).collect()
}

/// Returns the cell of a row for one mode.
fn cell(api: &ApiAccess, row: &Row<'_>, mode: &AnyAuthMode) -> &'static str {
    match row.modes.contains(mode) {
        false => "-",
        true if api.is_usable(mode) => "yes",
        true => "no key",
    }
}

/// Returns the modes with details, such as the user pool of a mode.
pub fn legend(api: &ApiAccess) -> Vec<(&str, String)> {
    let line = |provider_access: &'_ provision_core::access::ProviderAccess| {
        provider_access.detail.as_deref().map(in_one_line)
    };
    api.providers
        .iter()
        .filter_map(|provider_access| Some((provider_access.mode.as_str(), line(provider_access)?)))
        .collect()
}

/// Returns whether the API has several providers of one mode, which share a column.
fn has_several_of_a_type(api: &ApiAccess) -> bool {
    api.modes().len() < api.providers.len()
}

const SEVERAL_PROVIDERS_NOTE: &str =
    "A list of modes names types only: every provider of a type counts.";

/// Escapes control characters: a text of a spec must not move the terminal's cursor.
pub fn in_one_line(text: &str) -> String {
    let letter = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_code_span_or_its_cell() {
        assert_eq!(code("/chat/*"), "`/chat/*`");
        assert_eq!(code("a`b|c\n"), "`` a`b\\|c\\n ``");
    }
}

//! Access as a matrix, a mode a column: for people at a terminal, and in Markdown for a pull request.
use provision_core::access::{Access, ApiAccess, GrantOrigin};

/// Wide enough for `    subscribe`, so that the length of a namespace's name moves no column.
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
    lines.push(line("", &modes, &modes, "from"));
    let mut around = None;
    for row in rows(api) {
        if row.channels != around {
            lines.extend(row.channels.map(|channel| format!("  {}", in_one_line(channel))));
            around = row.channels;
        }
        let cells: Vec<&str> = modes.iter().map(|mode| cell(api, &row, mode)).collect();
        lines.push(line(&first_cell(&row), &cells, &modes, row.from));
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
    text.push_str(&format!("| channels | operation | {} | from |\n", modes.join(" | ")));
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

/// The text as code, whatever is in it, also in a table.
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
    /// The channels it is about; none: the connection to the API.
    channels: Option<&'a str>,
    operation: &'static str,
    modes: &'a [String],
    from: &'static str,
}

/// The matrix of one API: who may connect, then who may do what where.
fn rows(api: &ApiAccess) -> Vec<Row<'_>> {
    let connect = Row { channels: None, operation: "connect", modes: &api.connect, from: "" };
    let of_namespaces = api.namespaces.iter().flat_map(|namespace_access| {
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
    std::iter::once(connect).chain(of_namespaces).collect()
}

/// What stands in the matrix for one mode.
fn cell(api: &ApiAccess, row: &Row<'_>, mode: &str) -> &'static str {
    match row.modes.iter().any(|text| text == mode) {
        false => "-",
        true if api.is_usable(mode) => "yes",
        true => "no key",
    }
}

/// What is behind each mode, and that a mode is all that counts.
pub fn legend(api: &ApiAccess) -> Vec<(&str, String)> {
    let line = |provider_access: &'_ provision_core::access::ProviderAccess| {
        provider_access.detail.as_deref().map(in_one_line)
    };
    api.providers
        .iter()
        .filter_map(|provider_access| Some((provider_access.mode.as_str(), line(provider_access)?)))
        .collect()
}

/// Whether the matrix has fewer columns than the API has providers.
fn has_several_of_a_type(api: &ApiAccess) -> bool {
    api.modes().len() < api.providers.len()
}

const SEVERAL_PROVIDERS_NOTE: &str =
    "A list of modes names types only: every provider of a type counts.";

/// A spec's texts may hold anything; what moves a cursor is written out.
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
    fn a_text_ends_neither_its_code_nor_its_cell() {
        assert_eq!(code("/chat/*"), "`/chat/*`");
        assert_eq!(code("a`b|c\n"), "`` a`b\\|c\\n ``");
    }
}

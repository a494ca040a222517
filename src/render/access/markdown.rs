//! For a pull request: a table an API, in GitHub's Markdown.
use crate::render::access::{SEVERAL, cell, has_several_of_a_type, in_one_line, legend, rows};
use provision_core::access::{Access, ApiAccess};

pub fn markdown(access: &Access) -> String {
    match access.apis.as_slice() {
        [] => "No API.\n".to_owned(),
        apis => apis.iter().map(api).collect::<Vec<_>>().join("\n"),
    }
}

fn api(api: &ApiAccess) -> String {
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
        text.push_str(&format!("\n{SEVERAL}\n"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_neither_its_code_nor_its_cell() {
        assert_eq!(code("/chat/*"), "`/chat/*`");
        assert_eq!(code("a`b|c\n"), "`` a`b\\|c\\n ``");
    }
}

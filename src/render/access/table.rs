//! For people, at a terminal: a mode a column, at most five; a line for each operation.
use crate::render::access::{Row, SEVERAL, cell, has_several_of_a_type, in_one_line, legend, rows};
use provision_core::access::{Access, ApiAccess};

/// Wide enough for `    subscribe`, so that the length of a namespace's name moves no column.
const FIRST_WIDTH: usize = 15;

pub fn table(access: &Access) -> String {
    match access.apis.as_slice() {
        [] => "no API\n".to_owned(),
        apis => apis.iter().map(api).collect::<Vec<_>>().join("\n"),
    }
}

fn api(api: &ApiAccess) -> String {
    let modes = api.modes();
    let mut lines = vec![format!("{}  {}", api.address, in_one_line(&api.name)), String::new()];
    lines.push(line("", &modes, &modes, "from"));
    let mut around = None;
    for row in rows(api) {
        if row.channels != around {
            lines.extend(row.channels.map(|it| format!("  {}", in_one_line(it))));
            around = row.channels;
        }
        let cells: Vec<&str> = modes.iter().map(|mode| cell(api, &row, mode)).collect();
        lines.push(line(&first(&row), &cells, &modes, row.from));
    }
    let legend = legend(api);
    if !legend.is_empty() {
        lines.push(String::new());
    }
    let width = legend.iter().map(|(mode, _)| mode.len()).max().unwrap_or(0);
    lines.extend(legend.iter().map(|(mode, detail)| format!("  {mode:width$}  {detail}")));
    if has_several_of_a_type(api) {
        lines.push(format!("  {SEVERAL}"));
    }
    lines.iter().map(|it| format!("{}\n", it.trim_end())).collect()
}

fn first(row: &Row<'_>) -> String {
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

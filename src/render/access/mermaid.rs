//! Draws access as a Mermaid diagram: publishers, channels and subscribers from left to right.
//!
//! Equal sets of modes share a node, since Mermaid draws at most 500 arrows.
use crate::render::access::matrix::{in_one_line, legend};
use provision_core::access::{Access, ApiAccess, Grant, GrantOrigin};
use provision_core::kinds::auth::AnyAuthMode;

pub fn mermaid(access: &Access) -> String {
    let mut lines = vec![
        "flowchart LR".to_owned(),
        "  %% solid: the namespace's own; dotted: the API's default".to_owned(),
    ];
    for (n, api) in access.apis.iter().enumerate() {
        draw(n + 1, api, &mut lines);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn draw(n: usize, api: &ApiAccess, lines: &mut Vec<String>) {
    let title = format!("{} {}", api.address, api.name);
    lines.push(format!("  subgraph a{n}[\"{}\"]", label(&title)));
    lines.push("    direction LR".to_owned());
    let who = modes_label(api, &api.connect);
    lines.push(format!("    a{n}c[/\"connect<br/>{who}\"/]"));
    let details = legend(api);
    if !details.is_empty() {
        let details: Vec<String> =
            details.iter().map(|(mode, detail)| label(&format!("{mode}: {detail}"))).collect();
        lines.push(format!("    a{n}d>\"{}\"]", details.join("<br/>")));
    }
    let (mut publishers, mut subscribers) = (Vec::new(), Vec::new());
    for (m, namespace) in api.namespaces.iter().enumerate() {
        let channels = format!("a{n}n{}", m + 1);
        lines.push(format!("    {channels}([\"{}\"])", label(&namespace.channels)));
        let from = node(&format!("a{n}p"), api, &namespace.publish, &mut publishers, lines);
        lines.push(format!("    {from} {} {channels}", arrow("publish", namespace.publish.from)));
        let to = node(&format!("a{n}s"), api, &namespace.subscribe, &mut subscribers, lines);
        lines.push(format!("    {channels} {} {to}", arrow("subscribe", namespace.subscribe.from)));
    }
    lines.push("  end".to_owned());
}

/// Returns the node of a grant's modes; draws it if it does not exist yet.
fn node<'a>(
    prefix: &str,
    api: &ApiAccess,
    grant: &'a Grant,
    nodes: &mut Vec<&'a [AnyAuthMode]>,
    lines: &mut Vec<String>,
) -> String {
    if let Some(n) = nodes.iter().position(|modes| *modes == grant.modes) {
        return format!("{prefix}{}", n + 1);
    }
    nodes.push(&grant.modes);
    let name = format!("{prefix}{}", nodes.len());
    lines.push(format!("    {name}[\"{}\"]", modes_label(api, &grant.modes)));
    name
}

fn modes_label(api: &ApiAccess, modes: &[AnyAuthMode]) -> String {
    let one = |mode: &AnyAuthMode| match api.is_usable(mode) {
        true => label(mode.as_str()),
        false => format!("{} (no key)", label(mode.as_str())),
    };
    modes.iter().map(one).collect::<Vec<_>>().join("<br/>")
}

fn arrow(operation: &str, from: GrantOrigin) -> String {
    match from {
        GrantOrigin::Api => format!("-. {operation} .->"),
        GrantOrigin::Namespace => format!("-- {operation} -->"),
    }
}

/// Escapes the text of a label with Mermaid's entities: quotes would end it, and `<` would start HTML.
fn label(text: &str) -> String {
    let letter = |character: char| match character {
        '#' => "#35;".to_owned(),
        '"' => "#quot;".to_owned(),
        '<' => "#lt;".to_owned(),
        '>' => "#gt;".to_owned(),
        '&' => "#amp;".to_owned(),
        '`' => "#96;".to_owned(),
        other => other.to_string(),
    };
    in_one_line(text).chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_no_label() {
        assert_eq!(label("a\"]; b<i> #1\n"), "a#quot;]; b#lt;i#gt; #35;1\\n");
    }
}

//! Selects a part of a document by its path: `apis.sample.http.url`, `apis[0].namespaces.chat.publish[0]`.
use serde_json::Value;

use provision_core::suggest::closest_match;

/// Returns the part of `document` at `path`, or why it does not exist. A name selects the element of a list with that
/// `key`.
pub fn query<'a>(document: &'a Value, path: &str) -> Result<&'a Value, String> {
    let mut part = document;
    let mut prefix = String::new();
    for step in steps(path)? {
        part = match (&step, part) {
            (Step::Name(name), Value::Object(map)) => map.get(*name),
            (Step::Name(name), Value::Array(items)) => {
                items.iter().find(|item| item["key"] == *name)
            }
            (Step::Index(n), Value::Array(items)) => items.get(*n),
            _ => None,
        }
        .ok_or_else(|| unknown(&step, part, &prefix))?;
        match step {
            Step::Index(n) => prefix.push_str(&format!("[{n}]")),
            Step::Name(name) if prefix.is_empty() => prefix.push_str(name),
            Step::Name(name) => prefix.push_str(&format!(".{name}")),
        }
    }
    Ok(part)
}

enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

fn steps(path: &str) -> Result<Vec<Step<'_>>, String> {
    let malformed = || {
        format!(
            "`{path}` is not a valid path: use names separated by dots, and [0] for the first element of a list"
        )
    };
    let mut steps = Vec::new();
    for part in path.trim_start_matches('.').split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !name.is_empty() {
            steps.push(Step::Name(name));
        } else if rest.is_empty() {
            return Err(malformed());
        }
        while !rest.is_empty() {
            let index = rest.strip_prefix('[').and_then(|text| text.split_once(']'));
            let (number, after) = index.ok_or_else(malformed)?;
            steps.push(Step::Index(number.parse().map_err(|_| malformed())?));
            rest = after;
        }
    }
    Ok(steps)
}

fn unknown(step: &Step<'_>, part: &Value, prefix: &str) -> String {
    let place = if prefix.is_empty() { "the document".to_owned() } else { format!("`{prefix}`") };
    let names: Vec<&str> = match part {
        Value::Object(map) => map.keys().map(String::as_str).collect(),
        Value::Array(items) => items.iter().filter_map(|item| item["key"].as_str()).collect(),
        _ => Vec::new(),
    };
    match (step, part) {
        (_, Value::Array(items)) if items.is_empty() => format!("{place} is empty"),
        (Step::Index(n), Value::Array(items)) => {
            format!("{place} has no [{n}]: it has {} elements, counted from 0", items.len())
        }
        (Step::Index(_), _) => format!("{place} is not a list"),
        (Step::Name(name), _) if names.is_empty() => format!("{place} has no members"),
        (Step::Name(name), _) => match closest_match(name, names.iter().copied()) {
            Some(meant) => format!("{place} has no `{name}`; did you mean `{meant}`?"),
            None => format!("{place} has no `{name}`; it has {}", names.join(", ")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_has_names_indexes_and_keys() {
        let document = json!({ "apis": [{ "key": "a", "http": { "url": "u" } }, { "key": "b", "n": [[1, 2]] }], "empty": [] });
        let check = |path: &str, expected: Result<Value, &str>| {
            let part = query(&document, path);
            assert_eq!(part.cloned(), expected.map_err(str::to_owned), "{path}");
        };
        check("apis.a.http.url", Ok(json!("u")));
        check(".apis[0].http.url", Ok(json!("u")));
        check("apis.b.n[0][1]", Ok(json!(2)));
        check("apis.zebra", Err("`apis` has no `zebra`; it has a, b"));
        check("apis.a.htp", Err("`apis.a` has no `htp`; did you mean `http`?"));
        check("apis[2]", Err("`apis` has no [2]: it has 2 elements, counted from 0"));
        check("apis.a.http.url.x", Err("`apis.a.http.url` has no members"));
        check("apis.a[0]", Err("`apis.a` is not a list"));
        check("empty.a", Err("`empty` is empty"));
        check("aps", Err("the document has no `aps`; did you mean `apis`?"));
        for path in ["", "apis..a", "apis[", "apis[x]", "apis[0]x"] {
            assert!(
                query(&document, path).is_err_and(|error| error.contains("is not a valid path")),
                "{path}"
            );
        }
    }
}

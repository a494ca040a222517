//! A part of the outputs by its path: `apis.sample.http.url`, `apis[0].namespaces.chat.publish[0]`.
use serde_json::Value;

use provision_core::suggest::closest_match;

/// The part of `document` at `path`, or why there is none. What has a key in the spec stands in a list
/// and goes by that key.
pub fn query<'a>(document: &'a Value, path: &str) -> Result<&'a Value, String> {
    let mut part = document;
    let mut walked = String::new();
    for step in steps(path)? {
        part = match (&step, part) {
            (Step::Name(name), Value::Object(map)) => map.get(*name),
            (Step::Name(name), Value::Array(items)) => {
                items.iter().find(|item| item["key"] == *name)
            }
            (Step::Index(n), Value::Array(items)) => items.get(*n),
            _ => None,
        }
        .ok_or_else(|| unknown(&step, part, &walked))?;
        match step {
            Step::Index(n) => walked.push_str(&format!("[{n}]")),
            Step::Name(name) if walked.is_empty() => walked.push_str(name),
            Step::Name(name) => walked.push_str(&format!(".{name}")),
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
            "`{path}` is no path; one is names with dots between, and [0] for the first of a list"
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
            let inside = rest.strip_prefix('[').and_then(|text| text.split_once(']'));
            let (number, behind) = inside.ok_or_else(malformed)?;
            steps.push(Step::Index(number.parse().map_err(|_| malformed())?));
            rest = behind;
        }
    }
    Ok(steps)
}

fn unknown(step: &Step<'_>, part: &Value, walked: &str) -> String {
    let place = if walked.is_empty() { "the document".to_owned() } else { format!("`{walked}`") };
    let known: Vec<&str> = match part {
        Value::Object(map) => map.keys().map(String::as_str).collect(),
        Value::Array(items) => items.iter().filter_map(|item| item["key"].as_str()).collect(),
        _ => Vec::new(),
    };
    match (step, part) {
        (_, Value::Array(items)) if items.is_empty() => format!("{place} is empty"),
        (Step::Index(n), Value::Array(items)) => {
            format!("{place} has no [{n}]: there are {}, counted from 0", items.len())
        }
        (Step::Index(_), _) => format!("{place} is no list"),
        (Step::Name(name), _) if known.is_empty() => format!("{place} has no `{name}` in it"),
        (Step::Name(name), _) => match closest_match(name, known.iter().copied()) {
            Some(meant) => format!("{place} has no `{name}`; did you mean `{meant}`?"),
            None => format!("{place} has no `{name}`; it has {}", known.join(", ")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_by_names_numbers_and_keys() {
        let document = json!({ "apis": [{ "key": "a", "http": { "url": "u" } }, { "key": "b", "n": [[1, 2]] }], "empty": [] });
        let check = |path: &str, expected: Result<Value, &str>| {
            let found = query(&document, path);
            assert_eq!(found.cloned(), expected.map_err(str::to_owned), "{path}");
        };
        check("apis.a.http.url", Ok(json!("u")));
        check(".apis[0].http.url", Ok(json!("u")));
        check("apis.b.n[0][1]", Ok(json!(2)));
        check("apis.zebra", Err("`apis` has no `zebra`; it has a, b"));
        check("apis.a.htp", Err("`apis.a` has no `htp`; did you mean `http`?"));
        check("apis[2]", Err("`apis` has no [2]: there are 2, counted from 0"));
        check("apis.a.http.url.x", Err("`apis.a.http.url` has no `x` in it"));
        check("apis.a[0]", Err("`apis.a` is no list"));
        check("empty.a", Err("`empty` is empty"));
        check("aps", Err("the document has no `aps`; did you mean `apis`?"));
        for path in ["", "apis..a", "apis[", "apis[x]", "apis[0]x"] {
            assert!(
                query(&document, path).is_err_and(|query| query.contains("is no path")),
                "{path}"
            );
        }
    }
}

//! Outputs as names with a text each, and these as lines, each format quoting as its readers do.
use std::collections::BTreeMap;

use crate::render::outputs::document::{ApiOutputs, DomainOutputs, Outputs};
use crate::render::shell::word;

/// One name and its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// In capitals: `SAMPLE_HTTP_URL`.
    pub name: String,
    pub value: String,
    /// Whether the value is an API key.
    pub secret: bool,
}

/// All that outputs say, under names that are made of the keys in the spec; or why two of them can't
/// have a name each.
pub fn variables(outputs: &Outputs) -> Result<Vec<Variable>, String> {
    let mut named = VariableNames::default();
    for api in &outputs.apis {
        add_api(api, &mut named);
    }
    for domain in &outputs.domains {
        add_domain(domain, &mut named);
    }
    match named.twins {
        None => Ok(named.variables),
        Some(twins) => Err(twins),
    }
}

#[derive(Default)]
struct VariableNames {
    variables: Vec<Variable>,
    /// By name, what has it.
    owners: BTreeMap<String, String>,
    twins: Option<String>,
}

impl VariableNames {
    fn add(&mut self, of: &str, name: String, value: &str, secret: bool) {
        if let Some(other) = self.owners.insert(name.clone(), of.to_owned()) {
            self.twins.get_or_insert(format!("{other} and {of} would both be {name}"));
        }
        self.variables.push(Variable { name, value: value.to_owned(), secret });
    }
}

fn add_api(api: &ApiOutputs, named: &mut VariableNames) {
    let (of, prefix) = (format!("apis/{}", api.key), capitals(&api.key));
    let names: Vec<&str> =
        api.namespaces.iter().map(|namespace_outputs| namespace_outputs.name.as_str()).collect();
    let mut providers: Vec<&str> = Vec::new();
    for provider in &api.auth_modes.providers {
        if !providers.contains(&provider.mode.as_str()) {
            providers.push(&provider.mode);
        }
    }
    for (name, value) in [
        ("API_ID", api.id.as_str()),
        ("API_ARN", &api.arn),
        ("API_NAME", &api.name),
        ("REGION", &api.region),
        ("HTTP_HOST", &api.http.host),
        ("HTTP_URL", &api.http.url),
        ("REALTIME_HOST", &api.realtime.host),
        ("REALTIME_URL", &api.realtime.url),
        ("AUTH_PROVIDERS", &providers.join(",")),
        ("CONNECT_AUTH_MODES", &api.auth_modes.connection.join(",")),
        ("PUBLISH_AUTH_MODES", &api.auth_modes.publish.join(",")),
        ("SUBSCRIBE_AUTH_MODES", &api.auth_modes.subscribe.join(",")),
        ("NAMESPACES", &names.join(",")),
    ] {
        named.add(&of, format!("{prefix}_{name}"), value, false);
    }
    for domain in &api.custom_domains {
        add_domain(domain, named);
    }
    for key in &api.api_keys {
        if let Some(value) = &key.value {
            let of = format!("{of}/apiKeys/{}", key.key);
            named.add(&of, format!("{prefix}_API_KEY_{}", capitals(&key.key)), value, true);
        }
    }
}

fn add_domain(domain: &DomainOutputs, named: &mut VariableNames) {
    let (of, prefix) = (format!("domains/{}", domain.key), capitals(&domain.key));
    for (name, value) in [
        ("HOST", &domain.name),
        ("TARGET", &domain.appsync_domain_name),
        ("ZONE_ID", &domain.hosted_zone_id),
        ("HTTP_URL", &domain.http.url),
        ("REALTIME_URL", &domain.realtime.url),
    ] {
        named.add(&of, format!("{prefix}_DOMAIN_{name}"), value, false);
    }
}

/// A key of the spec as a part of a variable's name: `my-api` is `MY_API`.
fn capitals(key: &str) -> String {
    let letter = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }
    };
    let name: String = key.chars().map(letter).collect();
    if name.starts_with(|character: char| character.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).finish_non_exhaustive()
    }
}

/// For shells: assignments, which `set -a; eval …` exports.
pub fn env(variables: &[Variable]) -> String {
    each(variables, |variable| format!("{}={}", variable.name, word(&variable.value)))
}

/// For `.env` files. Their readers differ in what they make of a backslash and of `$`, so a value is
/// quoted in the way that leaves the least to them: not at all, in double quotes, in single quotes;
/// in double quotes with escapes only where nothing else holds it.
pub fn dotenv(variables: &[Variable]) -> String {
    each(variables, |variable| format!("{}={}", variable.name, dotenv_value(&variable.value)))
}

/// For Terraform and OpenTofu: `.tfvars`, the names in lower case as there.
pub fn tfvars(variables: &[Variable]) -> String {
    each(variables, |variable| {
        format!("{} = {}", variable.name.to_lowercase(), hcl_value(&variable.value))
    })
}

/// For the file at `$GITHUB_OUTPUT`: the names in lower case, a value of many lines between marks.
pub fn github(variables: &[Variable]) -> String {
    each(variables, |variable| {
        let (name, value) = (variable.name.to_lowercase(), &variable.value);
        if !value.contains(['\n', '\r']) {
            return format!("{name}={value}");
        }
        // The mark may be no line of the value.
        let mut mark = "END".to_owned();
        while value.lines().any(|line| line == mark) {
            mark.push('_');
        }
        format!("{name}<<{mark}\n{value}\n{mark}")
    })
}

fn each(variables: &[Variable], line: impl Fn(&Variable) -> String) -> String {
    variables.iter().map(|variable| line(variable) + "\n").collect()
}

/// What nobody reads as anything but itself.
fn is_plain(value: &str) -> bool {
    value.chars().all(|character| character.is_ascii_alphanumeric() || "-_./:,".contains(character))
}

fn dotenv_value(value: &str) -> String {
    let lines = value.contains(['\n', '\r']);
    if is_plain(value) {
        value.to_owned()
    } else if !lines && !value.contains(['"', '\\', '$', '`']) {
        format!("\"{value}\"")
    } else if !lines && !value.contains('\'') {
        format!("'{value}'")
    } else {
        let escaped: String = value
            .chars()
            .map(|character| match character {
                '\n' => r"\n".to_owned(),
                '\r' => r"\r".to_owned(),
                '"' | '\\' | '$' | '`' => format!(r"\{character}"),
                other => other.to_string(),
            })
            .collect();
        format!("\"{escaped}\"")
    }
}

/// A quoted string of HCL, in which `${` and `%{` would begin a template.
fn hcl_value(value: &str) -> String {
    let mut quoted = String::from('"');
    let mut letters = value.chars().peekable();
    while let Some(it) = letters.next() {
        match it {
            '"' | '\\' => quoted.extend(['\\', it]),
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '\t' => quoted.push_str(r"\t"),
            '$' | '%' if letters.peek() == Some(&'{') => quoted.extend([it, it]),
            it if it.is_control() => quoted.push_str(&format!(r"\u{:04x}", u32::from(it))),
            it => quoted.push(it),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: fn(&[Variable]) -> String, value: &str, expected: &str) {
        let variable = Variable { name: "A".into(), value: value.into(), secret: false };
        assert_eq!(format(&[variable]), format!("{expected}\n"), "{value}");
    }

    #[test]
    fn a_shell_reads_every_value_as_it_is() {
        check(env, "https://a.b/event", "A=https://a.b/event");
        check(env, "", "A=''");
        check(env, "it's $HOME", r#"A="it's "'$HOME'"#);
    }

    #[test]
    fn a_dotenv_file_leaves_as_little_as_can_be_to_its_reader() {
        check(dotenv, "plain-1.2/3:4", "A=plain-1.2/3:4");
        check(dotenv, "two words # and it's more", "A=\"two words # and it's more\"");
        check(dotenv, r#"a "b" $c \d"#, r#"A='a "b" $c \d'"#);
        check(dotenv, "it's\n$5", r#"A="it's\n\$5""#);
    }

    #[test]
    fn nothing_begins_a_template_in_tfvars() {
        check(tfvars, "${a} %{b} $c $${d}", r#"a = "$${a} %%{b} $c $$${d}""#);
        check(tfvars, "a\"b\\c\nd\u{1}", r#"a = "a\"b\\c\nd\u0001""#);
    }

    #[test]
    fn github_ends_a_value_of_many_lines_at_a_mark_that_is_none_of_them() {
        check(github, "a=b", "a=a=b");
        check(github, "a\nEND\nb", "a<<END_\na\nEND\nb\nEND_");
    }
}

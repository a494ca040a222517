//! Formats outputs as variables for shells, `.env` files, Terraform and GitHub, with the quoting of each reader.
use std::collections::BTreeMap;

use crate::render::outputs::document::{ApiOutputs, DomainOutputs, Outputs};
use crate::render::shell::word;
use provision_core::kinds::auth::mode_names;

/// One name and its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// In capitals: `SAMPLE_HTTP_URL`.
    pub name: String,
    pub value: String,
    /// Whether the value is an API key.
    pub secret: bool,
}

/// Returns the outputs as variables that are named after the keys in the spec; fails if two have the same name.
pub fn variables(outputs: &Outputs) -> Result<Vec<Variable>, String> {
    let mut names = VariableNames::default();
    for api in &outputs.apis {
        add_api(api, &mut names);
    }
    for domain in &outputs.domains {
        add_domain(domain, &mut names);
    }
    match names.conflict {
        None => Ok(names.variables),
        Some(conflict) => Err(conflict),
    }
}

#[derive(Default)]
struct VariableNames {
    variables: Vec<Variable>,
    /// The resource of each name.
    owners: BTreeMap<String, String>,
    conflict: Option<String>,
}

impl VariableNames {
    fn add(&mut self, owner: &str, name: String, value: &str, secret: bool) {
        if let Some(other) = self.owners.insert(name.clone(), owner.to_owned()) {
            let conflict = format!("{other} and {owner} have the same variable name {name}");
            self.conflict.get_or_insert(conflict);
        }
        self.variables.push(Variable { name, value: value.to_owned(), secret });
    }
}

fn add_api(api: &ApiOutputs, variables: &mut VariableNames) {
    let (owner, prefix) = (format!("apis/{}", api.key), capitals(&api.key));
    let names: Vec<&str> =
        api.namespaces.iter().map(|namespace_outputs| namespace_outputs.name.as_str()).collect();
    let mut providers: Vec<&str> = Vec::new();
    for provider in &api.auth_modes.providers {
        if !providers.contains(&provider.mode.as_str()) {
            providers.push(provider.mode.as_str());
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
        ("CONNECT_AUTH_MODES", &mode_names(&api.auth_modes.connection).join(",")),
        ("PUBLISH_AUTH_MODES", &mode_names(&api.auth_modes.publish).join(",")),
        ("SUBSCRIBE_AUTH_MODES", &mode_names(&api.auth_modes.subscribe).join(",")),
        ("NAMESPACES", &names.join(",")),
    ] {
        variables.add(&owner, format!("{prefix}_{name}"), value, false);
    }
    for domain in &api.custom_domains {
        add_domain(domain, variables);
    }
    for key in &api.api_keys {
        if let Some(value) = &key.value {
            let owner = format!("{owner}/apiKeys/{}", key.key);
            variables.add(&owner, format!("{prefix}_API_KEY_{}", capitals(&key.key)), value, true);
        }
    }
}

fn add_domain(domain: &DomainOutputs, variables: &mut VariableNames) {
    let (owner, prefix) = (format!("domains/{}", domain.key), capitals(&domain.key));
    for (name, value) in [
        ("HOST", &domain.name),
        ("TARGET", &domain.appsync_domain_name),
        ("ZONE_ID", &domain.hosted_zone_id),
        ("HTTP_URL", &domain.http.url),
        ("REALTIME_URL", &domain.realtime.url),
    ] {
        variables.add(&owner, format!("{prefix}_DOMAIN_{name}"), value, false);
    }
}

/// Converts a key of the spec to a part of a variable's name: `my-api` to `MY_API`.
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

/// Formats assignments for shells, which `set -a; eval …` exports.
pub fn env(variables: &[Variable]) -> String {
    each(variables, |variable| format!("{}={}", variable.name, word(&variable.value)))
}

/// Formats lines of a `.env` file. Its readers differ in how they interpret a backslash and `$`, so a value is quoted
/// in the first of these ways that all of them agree on: none, double quotes, single quotes; otherwise in double
/// quotes with escapes.
pub fn dotenv(variables: &[Variable]) -> String {
    each(variables, |variable| format!("{}={}", variable.name, dotenv_value(&variable.value)))
}

/// Formats a `.tfvars` file for Terraform and OpenTofu, with names in lower case.
pub fn tfvars(variables: &[Variable]) -> String {
    each(variables, |variable| {
        format!("{} = {}", variable.name.to_lowercase(), hcl_value(&variable.value))
    })
}

/// Formats lines for the file `$GITHUB_OUTPUT`: names in lower case, a value of several lines between delimiters.
pub fn github(variables: &[Variable]) -> String {
    each(variables, |variable| {
        let (name, value) = (variable.name.to_lowercase(), &variable.value);
        if !value.contains(['\n', '\r']) {
            return format!("{name}={value}");
        }
        // The delimiter must not be a line of the value.
        let mut delimiter = "END".to_owned();
        while value.lines().any(|line| line == delimiter) {
            delimiter.push('_');
        }
        format!("{name}<<{delimiter}\n{value}\n{delimiter}")
    })
}

fn each(variables: &[Variable], line: impl Fn(&Variable) -> String) -> String {
    variables.iter().map(|variable| line(variable) + "\n").collect()
}

/// Returns whether no reader interprets any character of the value.
fn is_plain(value: &str) -> bool {
    value.chars().all(|character| character.is_ascii_alphanumeric() || "-_./:,".contains(character))
}

fn dotenv_value(value: &str) -> String {
    let has_lines = value.contains(['\n', '\r']);
    if is_plain(value) {
        value.to_owned()
    } else if !has_lines && !value.contains(['"', '\\', '$', '`']) {
        format!("\"{value}\"")
    } else if !has_lines && !value.contains('\'') {
        format!("'{value}'")
    } else {
        let text: String = value
            .chars()
            .map(|character| match character {
                '\n' => r"\n".to_owned(),
                '\r' => r"\r".to_owned(),
                '"' | '\\' | '$' | '`' => format!(r"\{character}"),
                other => other.to_string(),
            })
            .collect();
        format!("\"{text}\"")
    }
}

/// Returns a quoted string of HCL; escapes `${` and `%{`, which start a template.
fn hcl_value(value: &str) -> String {
    let mut quoted = String::from('"');
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '\t' => quoted.push_str(r"\t"),
            '$' | '%' if letters.peek() == Some(&'{') => quoted.extend([letter, letter]),
            _ if letter.is_control() => {
                quoted.push_str(&format!(r"\u{:04x}", u32::from(letter)));
            }
            _ => quoted.push(letter),
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
    fn a_shell_reads_every_value_unchanged() {
        check(env, "https://a.b/event", "A=https://a.b/event");
        check(env, "", "A=''");
        check(env, "it's $HOME", r#"A="it's "'$HOME'"#);
    }

    #[test]
    fn a_dotenv_value_has_the_quotes_that_readers_agree_on() {
        check(dotenv, "plain-1.2/3:4", "A=plain-1.2/3:4");
        check(dotenv, "two words # and it's more", "A=\"two words # and it's more\"");
        check(dotenv, r#"a "b" $c \d"#, r#"A='a "b" $c \d'"#);
        check(dotenv, "it's\n$5", r#"A="it's\n\$5""#);
    }

    #[test]
    fn no_value_starts_a_template_in_tfvars() {
        check(tfvars, "${a} %{b} $c $${d}", r#"a = "$${a} %%{b} $c $$${d}""#);
        check(tfvars, "a\"b\\c\nd\u{1}", r#"a = "a\"b\\c\nd\u0001""#);
    }

    #[test]
    fn github_delimits_a_value_of_several_lines_by_a_line_that_it_does_not_have() {
        check(github, "a=b", "a=a=b");
        check(github, "a\nEND\nb", "a<<END_\na\nEND\nb\nEND_");
    }
}

//! Outputs as names with a text each, for formats that have nothing else.
use std::collections::BTreeMap;

use crate::render::outputs::{ApiOutputs, DomainOutputs, Outputs};

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
    let mut named = Named::default();
    for api in &outputs.apis {
        of_api(api, &mut named);
    }
    for domain in &outputs.domains {
        of_domain(domain, &mut named);
    }
    match named.twins {
        None => Ok(named.variables),
        Some(twins) => Err(twins),
    }
}

#[derive(Default)]
struct Named {
    variables: Vec<Variable>,
    /// By name, what has it.
    owners: BTreeMap<String, String>,
    twins: Option<String>,
}

impl Named {
    fn add(&mut self, of: &str, name: String, value: &str, secret: bool) {
        if let Some(other) = self.owners.insert(name.clone(), of.to_owned()) {
            self.twins.get_or_insert(format!("{other} and {of} would both be {name}"));
        }
        self.variables.push(Variable { name, value: value.to_owned(), secret });
    }
}

fn of_api(api: &ApiOutputs, named: &mut Named) {
    let (of, prefix) = (format!("apis/{}", api.key), capitals(&api.key));
    let names: Vec<&str> = api.namespaces.iter().map(|it| it.name.as_str()).collect();
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
        of_domain(domain, named);
    }
    for key in &api.api_keys {
        if let Some(value) = &key.value {
            let of = format!("{of}/apiKeys/{}", key.key);
            named.add(&of, format!("{prefix}_API_KEY_{}", capitals(&key.key)), value, true);
        }
    }
}

fn of_domain(domain: &DomainOutputs, named: &mut Named) {
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
    let letter = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' };
    let name: String = key.chars().map(letter).collect();
    if name.starts_with(|it: char| it.is_ascii_digit()) { format!("_{name}") } else { name }
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).finish_non_exhaustive()
    }
}

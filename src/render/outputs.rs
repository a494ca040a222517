//! What other tools need to know of a stack: endpoints, ids, keys.
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Address;
use crate::kind::{Live, Observed};
use crate::model::Site;

/// A stack's outputs, read from AWS and never remembered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    pub stack: String,
    pub account: String,
    pub region: String,
    pub apis: Vec<ApiOutputs>,
    /// Custom domain names that are made, or lead to one of the APIs.
    pub domains: Vec<DomainOutputs>,
}

/// What to know of one API.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiOutputs {
    /// Its key in the spec.
    pub key: String,
    pub name: String,
    pub id: String,
    pub arn: String,
    pub http: EndpointOutputs,
    pub realtime: EndpointOutputs,
    /// The first segments of its channels.
    pub namespaces: Vec<String>,
    pub api_keys: Vec<KeyOutputs>,
}

/// One endpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointOutputs {
    pub host: String,
    pub url: String,
}

/// One API key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyOutputs {
    /// Its key in the spec.
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// What clients send as `x-api-key`; there only if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What to know of one custom domain name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainOutputs {
    /// Its key in the spec.
    pub key: String,
    /// The key of the API that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Where its DNS record has to lead: a CNAME, or an alias in the hosted zone.
    pub target: String,
    /// The hosted zone of an alias.
    pub hosted_zone_id: String,
    pub http: EndpointOutputs,
    pub realtime: EndpointOutputs,
}

/// The outputs of `stack` as `live` has it; keys only if `reveal`.
pub fn outputs(stack: &str, site: &Site, live: &Live, reveal: bool) -> Outputs {
    let apis = live.ours.iter().filter(|(address, _)| address.section() == "apis");
    Outputs {
        stack: stack.to_owned(),
        account: site.account.clone(),
        region: site.region.clone(),
        apis: apis
            .map(|(address, observed)| {
                let (mut namespaces, mut api_keys) = (Vec::new(), Vec::new());
                for (child, it) in live.ours.iter().filter(|(it, _)| it.is_within(address)) {
                    match child.section() {
                        "namespaces" => namespaces.extend(text(it, "Name")),
                        "apiKeys" => api_keys.push(key(child.name(), it, reveal)),
                        _ => {}
                    }
                }
                api(address.name(), observed, namespaces, api_keys)
            })
            .collect(),
        domains: domains(live),
    }
}

/// A domain is there, or its association, which knows as much of it.
fn domains(live: &Live) -> Vec<DomainOutputs> {
    let roots = live.ours.keys().map(Address::root).filter(|it| it.section() == "domains");
    let roots: BTreeSet<Address> = roots.collect();
    let domain = |root: Address| {
        let association = live.ours.get(&root.only("association"));
        let it = live.ours.get(&root).or(association)?;
        let leads_to = association.and_then(|it| text(it, "ApiId"));
        let mut apis = live.ours.iter().filter(|(address, _)| address.section() == "apis");
        let api = apis.find(|(_, it)| it.attributes.get("ApiId") == leads_to.as_deref());
        Some(DomainOutputs {
            key: root.name().to_owned(),
            api: api.map(|(address, _)| address.name().to_owned()),
            target: it.attributes.text("AppSyncDomainName"),
            hosted_zone_id: it.attributes.text("HostedZoneId"),
            http: endpoint(it, "DomainName", "https", "/event"),
            realtime: endpoint(it, "DomainName", "wss", "/event/realtime"),
        })
    };
    roots.into_iter().filter_map(domain).collect()
}

fn endpoint(it: &Observed, attribute: &str, scheme: &str, path: &str) -> EndpointOutputs {
    let host = it.attributes.text(attribute);
    EndpointOutputs { url: format!("{scheme}://{host}{path}"), host }
}

fn api(key: &str, it: &Observed, namespaces: Vec<String>, api_keys: Vec<KeyOutputs>) -> ApiOutputs {
    ApiOutputs {
        key: key.to_owned(),
        name: text(it, "Name").unwrap_or_default(),
        id: it.attributes.text("ApiId"),
        arn: it.attributes.text("ApiArn"),
        http: endpoint(it, "Dns.Http", "https", "/event"),
        realtime: endpoint(it, "Dns.Realtime", "wss", "/event/realtime"),
        namespaces,
        api_keys,
    }
}

fn key(key: &str, it: &Observed, reveal: bool) -> KeyOutputs {
    let expires = it.properties.get("Expires").and_then(serde_json::Value::as_i64);
    KeyOutputs {
        key: key.to_owned(),
        description: text(it, "Description"),
        expires: expires
            .and_then(|it| jiff::Timestamp::from_second(it).ok())
            .map(|it| it.to_string()),
        value: reveal.then(|| it.attributes.text("ApiKeyId")),
    }
}

fn text(it: &Observed, property: &str) -> Option<String> {
    it.properties.get(property)?.as_str().map(str::to_owned)
}

/// For people.
pub fn human(outputs: &Outputs) -> String {
    let mut lines = Vec::new();
    for api in &outputs.apis {
        lines.push(format!("apis/{}  {}", api.key, api.name));
        lines.push(format!("  id        {}", api.id));
        lines.push(format!("  HTTP      {}", api.http.url));
        lines.push(format!("  realtime  {}", api.realtime.url));
        if !api.namespaces.is_empty() {
            let channels: Vec<String> =
                api.namespaces.iter().map(|it| format!("/{it}/*")).collect();
            lines.push(format!("  channels  {}", channels.join(", ")));
        }
        for key in &api.api_keys {
            let value = key.value.as_deref().unwrap_or("(masked; --reveal shows it)");
            let until = key.expires.as_ref().map(|it| format!(", until {it}")).unwrap_or_default();
            lines.push(format!("  API key   {}: {value}{until}", key.key));
        }
    }
    for domain in &outputs.domains {
        let api = domain.api.as_ref().map(|it| format!("  → apis/{it}")).unwrap_or_default();
        lines.push(format!("domains/{}  {}{api}", domain.key, domain.http.host));
        lines.push(format!("  DNS       {} (zone {})", domain.target, domain.hosted_zone_id));
        lines.push(format!("  HTTP      {}", domain.http.url));
        lines.push(format!("  realtime  {}", domain.realtime.url));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// For shells: `export`-able assignments, named after the API's or the domain's key in the spec.
pub fn env(outputs: &Outputs) -> String {
    let mut text = String::new();
    for api in &outputs.apis {
        let prefix = variable(&api.key);
        let mut line = |name: &str, value: &str| {
            text.push_str(&format!("{prefix}_{name}={}\n", quoted(value)));
        };
        line("API_ID", &api.id);
        line("REGION", &outputs.region);
        line("HTTP_HOST", &api.http.host);
        line("HTTP_URL", &api.http.url);
        line("REALTIME_HOST", &api.realtime.host);
        line("REALTIME_URL", &api.realtime.url);
        for key in &api.api_keys {
            if let Some(value) = &key.value {
                line(&format!("API_KEY_{}", variable(&key.key)), value);
            }
        }
    }
    for domain in &outputs.domains {
        let prefix = variable(&domain.key);
        let mut line = |name: &str, value: &str| {
            text.push_str(&format!("{prefix}_DOMAIN_{name}={}\n", quoted(value)));
        };
        line("HOST", &domain.http.host);
        line("TARGET", &domain.target);
        line("ZONE_ID", &domain.hosted_zone_id);
        line("HTTP_URL", &domain.http.url);
        line("REALTIME_URL", &domain.realtime.url);
    }
    text
}

fn variable(key: &str) -> String {
    let letter = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' };
    let name: String = key.chars().map(letter).collect();
    if name.starts_with(|it: char| it.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// Plain where every shell reads it plain.
fn quoted(value: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./:".contains(it);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

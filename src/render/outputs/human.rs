//! Formats outputs for people.
use crate::render::outputs::document::{ApiOutputs, DomainOutputs, Outputs};
use provision_core::kinds::auth::{AnyAuthMode, mode_names};

/// Formats a block per API, and one per domain without an API.
pub fn human(outputs: &Outputs) -> String {
    let mut lines = Vec::new();
    for api in &outputs.apis {
        lines.push(format!("apis/{}  {}", api.key, api.name));
        api_lines(api, &mut lines);
    }
    for domain in &outputs.domains {
        lines.push(format!(
            "domains/{}  {}, not associated with any of these APIs",
            domain.key, domain.name
        ));
        lines.push(format!("  DNS       {}", record(domain)));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn api_lines(api: &ApiOutputs, lines: &mut Vec<String>) {
    let mut line = |title: &str, text: &str| lines.push(format!("  {title:<9} {text}"));
    line("id", &api.id);
    line("ARN", &api.arn);
    line("region", &api.region);
    line("HTTP", &api.http.url);
    line("realtime", &api.realtime.url);
    for domain in &api.custom_domains {
        line("domain", &format!("{}: {}, {}", domain.key, domain.http.url, domain.realtime.url));
        line("DNS", &record(domain));
    }
    let auth = &api.auth_modes;
    let list = |modes: &[AnyAuthMode]| match modes {
        [] => "none".to_owned(),
        modes => mode_names(modes).join(", "),
    };
    line("connect", &list(&auth.connection));
    line("publish", &list(&auth.publish));
    line("subscribe", &list(&auth.subscribe));
    for namespace in &api.namespaces {
        let mut overrides = String::new();
        for (verb, modes, default) in [
            ("publish", &namespace.publish, &auth.publish),
            ("subscribe", &namespace.subscribe, &auth.subscribe),
        ] {
            if modes != default {
                overrides.push_str(&format!("  {verb}: {}", list(modes)));
            }
        }
        line("channels", &format!("{}{overrides}", namespace.channels));
    }
    if !api.data_sources.is_empty() {
        line("sources", &api.data_sources.join(", "));
    }
    if let Some(role) = &api.log_role_arn {
        line("logs as", role);
    }
    for key in &api.api_keys {
        let value = key.value.as_deref().unwrap_or("(masked; use --reveal)");
        let until =
            key.expires.as_ref().map(|expiry| format!(", expires {expiry}")).unwrap_or_default();
        line("API key", &format!("{}: {value}{until}", key.key));
    }
}

fn record(domain: &DomainOutputs) -> String {
    let (record, zone) = (&domain.record, &domain.hosted_zone_id);
    format!(
        "create the record {} {} {} (or an alias, zone {zone})",
        record.name, record.kind, record.value
    )
}

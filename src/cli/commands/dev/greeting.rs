//! The greeting of `provision dev`: the endpoints of the APIs, and code that uses them.
use std::path::Path;

use serde_json::{Value, json};

use crate::render::outputs::{ApiOutputs, Outputs, amplify};
use crate::render::snippets::{Action, Snippet, curl};
use provision_core::kinds::auth::{AnyAuthMode, AuthMode};

pub fn text(outputs: &Outputs, spec: &Path, url: &str, console: bool) -> String {
    if outputs.apis.is_empty() {
        return "\nthe spec has no API: declare one under `apis:`\n".to_owned();
    }
    outputs.apis.iter().map(|api_outputs| api(api_outputs, spec, url, console)).collect()
}

fn api(api: &ApiOutputs, spec: &Path, url: &str, console: bool) -> String {
    let mut text = format!("\napis/{}  {}  {}\n", api.key, api.name, api.region);
    let mut line = |title: &str, value: &str| text.push_str(&format!("  {title:<9} {value}\n"));
    line("HTTP", &api.http.url);
    line("realtime", &api.realtime.url);
    if console {
        line("console", &format!("{url}/_console#{}", api.id));
    }
    let channels: Vec<&str> = api
        .namespaces
        .iter()
        .map(|namespace_outputs| namespace_outputs.channels.as_str())
        .collect();
    if !channels.is_empty() {
        line("channels", &channels.join(" "));
    }
    for key in &api.api_keys {
        let value = key.value.as_deref().unwrap_or("(masked; use --reveal)");
        line("API key", &format!("{}: {value}", key.key));
    }
    if let Some(snippet) = publish(api, spec) {
        text.push_str(&format!("\n{snippet}"));
    }
    text.push_str(&format!("\n{}\n", configure(api)));
    text
}

/// Returns a curl command that publishes to the first channel namespace, with its first auth mode that curl supports.
fn publish(api: &ApiOutputs, spec: &Path) -> Option<String> {
    let namespace = api.namespaces.first()?;
    let is_supported = |mode: &AuthMode| match mode {
        AuthMode::ApiKey => !api.api_keys.is_empty(),
        AuthMode::AwsIam => true,
        AuthMode::Cognito | AuthMode::OpenIdConnect | AuthMode::Lambda => false,
    };
    let mode = namespace.publish.iter().filter_map(AnyAuthMode::known).find(is_supported)?;
    let channel = format!("/{}/test", namespace.name);
    let source = match mode {
        AuthMode::ApiKey => format!(
            "export API_KEY=$(provision outputs {} --local --reveal --query 'apis.{}.apiKeys[0].value')",
            spec.display(),
            api.key
        ),
        _ => "export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local".to_owned(),
    };
    let secret = api.api_keys.first().and_then(|key_outputs| key_outputs.value.as_deref());
    let snippet = Snippet {
        http: &api.http.url,
        realtime: &api.realtime.url,
        host: &api.http.host,
        region: &api.region,
        mode,
        secret: secret.filter(|_| mode == AuthMode::ApiKey),
        source: Some(source),
        ca_bundle: None,
        action: Action::Publish { channel: &channel, batches: vec![vec![event()]] },
    };
    curl(&snippet).ok()
}

fn event() -> String {
    json!({ "message": "hello" }).to_string()
}

/// Returns the configuration of an Amplify client.
fn configure(api: &ApiOutputs) -> String {
    let configuration = amplify(api).configuration;
    let Value::Object(events) = &configuration["API"]["Events"] else { return String::new() };
    let members: Vec<String> =
        events.iter().map(|(name, value)| format!("  {name}: {value},\n")).collect();
    let key = match events.contains_key("apiKey") || api.api_keys.is_empty() {
        true => "",
        false => "  apiKey: process.env.API_KEY,\n",
    };
    format!(
        "// aws-amplify 6; `provision local trust` explains how to trust the emulator's certificate\n\
         Amplify.configure({{ API: {{ Events: {{\n{}{key}}} }} }});",
        members.concat()
    )
}

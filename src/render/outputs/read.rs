//! Creates the outputs of a stack from its live state.
use std::collections::BTreeSet;

use crate::render::outputs::document::{
    ApiOutputs, AuthModes, DnsRecord, DomainOutputs, EndpointOutputs, KeyOutputs, LogRoleOutputs,
    NamespaceOutputs, Outputs,
};
use provision_core::access::{Access, ApiAccess};
use provision_core::address::Address;
use provision_core::kind::{LiveResource, LiveState};
use provision_core::model::Site;

/// Returns the outputs of `stack`; the values of keys only if `reveal`.
pub fn outputs(stack: &str, site: &Site, live: &LiveState, reveal: bool) -> Outputs {
    let access = Access::from_resources(
        live.managed.iter().map(|(address, resource)| (address, &resource.properties)),
    );
    let domains = domains(live);
    let domains_of = |id: &str| {
        let domains = domains.iter().filter(|(api, _)| api.as_deref() == Some(id));
        domains.map(|(_, domain)| domain.clone()).collect::<Vec<_>>()
    };
    let api = |api_access: &ApiAccess| {
        let resource = live.managed.get(&api_access.address)?;
        let custom_domains = domains_of(&resource.attributes.get_or_empty("ApiId"));
        Some(ApiOutputs { custom_domains, ..api(api_access, resource, live, site, reveal) })
    };
    let apis: Vec<ApiOutputs> = access.apis.iter().filter_map(api).collect();
    let is_in_stack =
        |id: &Option<String>| apis.iter().any(|api_outputs| Some(&api_outputs.id) == id.as_ref());
    let log_role = |(address, resource): (&Address, &LiveResource)| LogRoleOutputs {
        key: address.name().to_owned(),
        arn: resource.attributes.get_or_empty("Arn"),
    };
    Outputs {
        stack: stack.to_owned(),
        account: site.account.clone(),
        region: site.region.clone(),
        domains: domains
            .iter()
            .filter(|domain| !is_in_stack(&domain.0))
            .map(|domain| domain.1.clone())
            .collect(),
        log_roles: in_section(live, "logRoles").map(log_role).collect(),
        apis,
    }
}

fn api(
    access: &ApiAccess,
    resource: &LiveResource,
    live: &LiveState,
    site: &Site,
    reveal: bool,
) -> ApiOutputs {
    let attribute = |name: &str| resource.attributes.get_or_empty(name);
    let at = |name: &str, scheme: &str, path: &str| {
        let endpoint = endpoint(attribute(name), scheme, path);
        match &site.emulator_url {
            Some(url) => {
                let url = if scheme == "wss" { url.replacen("http", "ws", 1) } else { url.clone() };
                let url = format!("{url}/apis/{}{path}", attribute("ApiId"));
                EndpointOutputs { url, ..endpoint }
            }
            None => endpoint,
        }
    };
    let under = |section: &'static str| {
        in_section(live, section).filter(|(address, _)| address.is_within(&access.address))
    };
    let role = resource.properties.get("EventConfig").and_then(|event_config| {
        event_config.pointer("/LogConfig/CloudWatchLogsRoleArn")?.as_str().map(str::to_owned)
    });
    ApiOutputs {
        key: access.address.name().to_owned(),
        name: access.name.clone(),
        id: attribute("ApiId"),
        arn: attribute("ApiArn"),
        region: site.region.clone(),
        http: at("Dns.Http", "https", "/event"),
        realtime: at("Dns.Realtime", "wss", "/event/realtime"),
        auth_modes: AuthModes {
            providers: access.providers.clone(),
            connection: access.connect.clone(),
            publish: access.publish.clone(),
            subscribe: access.subscribe.clone(),
        },
        namespaces: access.namespaces.iter().map(NamespaceOutputs::new).collect(),
        data_sources: under("dataSources")
            .filter_map(|(_, resource)| text(resource, "Name"))
            .collect(),
        log_role_arn: role,
        custom_domains: Vec::new(),
        api_keys: under("apiKeys")
            .map(|(address, resource)| key(address.name(), resource, reveal))
            .collect(),
    }
}

/// Returns each custom domain with the id of the associated API. For a domain that the stack only uses, the stack has
/// the association, which has the same data.
fn domains(live: &LiveState) -> Vec<(Option<String>, DomainOutputs)> {
    let roots: BTreeSet<Address> = live.managed.keys().map(Address::root).collect();
    let domain = |root: Address| {
        let association = live.managed.get(&root.singleton("association"));
        let resource = live.managed.get(&root).or(association)?;
        let name = text(resource, "DomainName")
            .unwrap_or_else(|| resource.attributes.get_or_empty("DomainName"));
        let target = resource.attributes.get_or_empty("AppSyncDomainName");
        let kind = "CNAME".to_owned();
        let record = DnsRecord { name: name.clone(), kind, value: target.clone() };
        let domain = DomainOutputs {
            key: root.name().to_owned(),
            appsync_domain_name: target,
            hosted_zone_id: resource.attributes.get_or_empty("HostedZoneId"),
            http: endpoint(name.clone(), "https", "/event"),
            realtime: endpoint(name.clone(), "wss", "/event/realtime"),
            record,
            name,
        };
        Some((association.and_then(|resource| text(resource, "ApiId")), domain))
    };
    roots.into_iter().filter(|address| address.section() == "domains").filter_map(domain).collect()
}

fn endpoint(host: String, scheme: &str, path: &str) -> EndpointOutputs {
    EndpointOutputs { url: format!("{scheme}://{host}{path}"), host }
}

fn key(key: &str, resource: &LiveResource, reveal: bool) -> KeyOutputs {
    let expires = resource.properties.get("Expires").and_then(serde_json::Value::as_i64);
    KeyOutputs {
        key: key.to_owned(),
        description: text(resource, "Description"),
        expires: expires
            .and_then(|epoch_s| jiff::Timestamp::from_second(epoch_s).ok())
            .map(|timestamp| timestamp.to_string()),
        value: reveal.then(|| resource.attributes.get_or_empty("ApiKeyId")),
    }
}

fn in_section<'a>(
    live: &'a LiveState,
    section: &'static str,
) -> impl Iterator<Item = (&'a Address, &'a LiveResource)> {
    live.managed.iter().filter(move |(address, _)| address.section() == section)
}

fn text(resource: &LiveResource, property: &str) -> Option<String> {
    resource.properties.get(property)?.as_str().map(str::to_owned)
}

//! Specs for tests: generated documents, their files, and a live state that is computed from a desired state.
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use provision_cfn::yaml;
use provision_core::diagnostic::ReferencedFile;
use provision_core::kind::{DesiredState, Files, LiveResource, LiveState};
use provision_core::model::{Attributes, Site};
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, Spec, load};
use provision_core::text::Placeholder;
use serde_json::{Map, Value, json};

/// 2026-11-24T03:00:00Z.
pub const NOON: i64 = 1_795_489_200;
pub const DAY_S: i64 = 86_400;

pub fn site(now_epoch_s: i64) -> Site {
    Site {
        emulator_url: None,
        account: "123456789012".into(),
        region: "ap-northeast-1".into(),
        partition: "aws".into(),
        now_epoch_s,
    }
}

/// The files of a spec, in memory.
#[derive(Clone, Debug, Default)]
pub struct Folder(pub BTreeMap<String, String>);

impl Files for Folder {
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String> {
        let text = self.0.get(path).cloned().ok_or_else(|| "no such file".to_owned())?;
        Ok(ReferencedFile::relative_to("spec.yaml", path, text).into())
    }
}

/// The files that generated specs name.
pub fn folder() -> Folder {
    let echo = "export const onPublish = (ctx) => ctx.events\n";
    let quiet = "export const onSubscribe = (ctx) => {\n  // `${ctx.info}` stays text\n}\n";
    let stored =
        "export const onPublish = { request: (ctx) => ({}), response: (ctx) => ctx.events }\n";
    let files = [("echo.js", echo), ("quiet.js", quiet), ("stored.js", stored)];
    Folder(files.map(|(a, b)| (a.into(), b.into())).into())
}

/// Loads a document that must be valid.
pub fn spec_of(document: &Value, files: &Folder, now_epoch_s: i64) -> Spec {
    let text = yaml::to_string(document);
    let (source, mut diagnostics) = Source::parse("spec.yaml", text.as_bytes());
    let (spec, more) = load(&source, files, now_epoch_s, &ParameterValues::new());
    diagnostics.extend(more);
    spec.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}"))
}

/// The live state after `desired` is applied: placeholders are resolved, and AWS's defaults are set.
pub fn deploy(desired: &DesiredState, site: &Site) -> LiveState {
    let mut live = LiveState::default();
    for (address, resource) in desired {
        let attributes = Attributes::default()
            .with("ApiId", (address.section() == "apis").then(|| format!("id-of-{address}")))
            .with(
                "Arn",
                (address.section() == "logRoles")
                    .then(|| format!("arn:aws:iam::123456789012:role/{address}")),
            )
            .with("ApiArn", (address.section() == "apis").then(|| format!("arn-of-{address}")))
            .with("ApiKeyId", (address.section() == "apiKeys").then(|| format!("da2-{address}")))
            .with("DomainName", resource.properties.get("DomainName").and_then(Value::as_str))
            .with("Name", resource.properties.get("Name").and_then(Value::as_str));
        let (kind, properties) = (resource.kind, resource.properties.clone());
        let digest = Some(resource.digest());
        live.managed.insert(address.clone(), LiveResource { kind, properties, attributes, digest });
    }
    let state = live.clone();
    for (address, resource) in &mut live.managed {
        resource.properties = resource
            .properties
            .resolve(&|placeholder: &Placeholder| state.resolve(placeholder, site));
        if address.section() == "apiKeys" && resource.properties.get("Expires").is_none() {
            let expires = (site.now_epoch_s + 7 * DAY_S) / 3_600 * 3_600;
            let mut properties = json!(resource.properties);
            properties["Expires"] = json!(expires);
            resource.properties = provision_core::model::Properties::from_typed(&properties);
        }
    }
    live
}

/// Documents in which every key of a spec is present or not.
pub fn documents() -> impl Strategy<Value = Value> {
    let tags = btree_map("[a-z]{1,6}", "[a-z${}]{0,2}[a-z]{0,4}", 0..3);
    let domains = btree_map("[ab]{1,2}", domain(), 0..3);
    // A small set of names, so that two documents share some.
    (btree_set("[ab]{1,2}", 0..3), btree_set("[ab](-[a-z]{1,3})?", 0..3), tags, domains)
        .prop_flat_map(|(roles, apis, tags, domains)| {
            let names: Vec<String> = roles.iter().cloned().collect();
            let domains = associate(domains, apis.iter().next());
            let roles =
                roles.into_iter().map(|name| role().prop_map(move |role| (name.clone(), role)));
            let apis = apis
                .into_iter()
                .map(|name| api(names.clone()).prop_map(move |api| (name.clone(), api)));
            (roles.collect::<Vec<_>>(), apis.collect::<Vec<_>>(), Just(tags), Just(domains))
        })
        .prop_map(|(roles, apis, tags, domains)| {
            let tags: BTreeMap<_, _> = tags
                .into_iter()
                .map(|(k, v)| (k, v.replace("${", "$${x}").replace(['{', '}', '$'], "-")))
                .collect();
            json!({
                "version": 1,
                "stack": "generated",
                "tags": tags,
                "logRoles": roles.into_iter().collect::<Map<_, _>>(),
                "apis": apis.into_iter().collect::<Map<_, _>>(),
                "domains": domains,
            })
        })
}

/// A domain that the stack manages or only uses.
fn domain() -> impl Strategy<Value = Value> {
    let arn = "arn:aws:acm:us-east-1:${AWS::AccountId}:certificate/abc";
    (any::<bool>(), proptest::option::of("[a-z ]{1,8}[a-z]")).prop_map(
        move |(is_managed, description)| match is_managed {
            true => without_null(json!({ "certificate": arn, "description": description })),
            false => json!({}),
        },
    )
}

/// The domains with unique names, and associated with `api` if there is one.
fn associate(domains: BTreeMap<String, Value>, api: Option<&String>) -> Map<String, Value> {
    let associate_one = |(key, mut domain): (String, Value)| {
        // Managed and used domains have different names: it takes two applies to stop managing a domain.
        let is_managed = domain.get("certificate").is_some();
        domain["name"] =
            json!(format!("{key}.{}.example.com", if is_managed { "made" } else { "others" }));
        if let Some(api) = api {
            domain["association"] = json!({ "api": api });
        }
        (key, domain)
    };
    domains.into_iter().map(associate_one).collect()
}

fn role() -> impl Strategy<Value = Value> {
    let statement = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": ["logs:*"], "Resource": "arn:aws:logs:${AWS::Region}:$${x}" }],
    });
    let managed_role = (
        proptest::option::of("[a-z]{1,8}"),
        proptest::option::of("[a-z ]{1,8}[a-z]"),
        btree_set("[A-Za-z]{1,5}", 0..3),
        any::<bool>(),
    )
        .prop_map(move |(name, description, policies, managed)| {
            let policies: Map<String, Value> =
                policies.into_iter().map(|policy| (policy, statement.clone())).collect();
            let mut role = json!({ "policies": policies });
            if managed {
                role["managedPolicies"] =
                    json!(["arn:aws:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs"]);
            }
            role["name"] = json!(name);
            role["description"] = json!(description);
            without_null(role)
        });
    prop_oneof![
        1 => Just(json!({})),
        1 => Just(json!({ "arn": "arn:aws:iam::${AWS::AccountId}:role/existing" })),
        3 => managed_role,
    ]
}

fn api(roles: Vec<String>) -> impl Strategy<Value = Value> {
    let providers = subsequence(providers(), 1..=5).prop_shuffle();
    let logging = match roles.is_empty() {
        true => Just(None).boxed(),
        false => {
            proptest::option::of((select(roles), select(vec!["NONE", "ERROR", "ALL"]))).boxed()
        }
    };
    (providers, logging).prop_flat_map(|(declared, logging)| {
        let providers: Vec<&'static str> = declared.iter().map(|(name, _)| *name).collect();
        let declared: Vec<Value> = declared.into_iter().map(|(_, value)| value).collect();
        let modes = |providers: &Vec<&'static str>| proptest::option::of(subsequence(providers.clone(), 1..=providers.len()));
        let namespaces = btree_map("[ab](-[a-z0-9]{1,3})?", namespace(providers.clone()), 0..4);
        let sources = btree_map("[ab]{1,2}", data_source(), 0..4);
        let web_acl = "arn:aws:wafv2:${AWS::Region}:${AWS::AccountId}:regional/webacl/a/b";
        let waf = proptest::option::of(Just(json!({ "webAcl": web_acl })));
        let keys = btree_map("[ab]{1,2}", key(), 0..3);
        (
            Just(logging), [modes(&providers), modes(&providers), modes(&providers)],
            (proptest::option::of("[A-Za-z]{1,8}"), any::<bool>()), (namespaces, sources, waf), keys, Just(declared),
        )
    })
    .prop_map(|(logging, [connection, publish, subscribe], (contact, protect), (namespaces, sources, waf), keys, providers)| {
        let namespaces = use_data_sources(namespaces, &sources);
        without_null(json!({
            "ownerContact": contact,
            "protect": protect,
            "auth": without_null(json!({
                "providers": providers, "connection": connection, "publish": publish, "subscribe": subscribe,
            })),
            "logging": logging.map(|(role, level)| json!({ "role": role, "level": level })),
            "namespaces": namespaces,
            "dataSources": sources,
            "waf": waf,
            "apiKeys": keys,
        }))
    })
}

/// A data source of each type.
fn data_source() -> impl Strategy<Value = Value> {
    let role = "arn:aws:iam::${AWS::AccountId}:role/call";
    let region = "${AWS::Region}:${AWS::AccountId}";
    let all = vec![
        json!({ "lambda": { "function": format!("arn:aws:lambda:{region}:function:f") } }),
        json!({ "dynamodb": { "table": "t", "useCallerCredentials": true } }),
        json!({ "dynamodb": { "table": "t", "region": "eu-west-1", "versioned": true,
            "deltaSync": { "table": "d", "baseTableTtl": "30d", "deltaSyncTableTtl": "90m" } } }),
        json!({ "eventBridge": { "bus": format!("arn:aws:events:{region}:event-bus/b") } }),
        json!({ "http": { "endpoint": "https://a.example.com" } }),
        json!({ "http": { "endpoint": "https://a.example.com", "signing": { "service": "states" } } }),
        json!({ "openSearch": { "endpoint": "https://s.example.com" } }),
        json!({ "rds": { "cluster": format!("arn:aws:rds:{region}:cluster:c"),
            "secret": format!("arn:aws:secretsmanager:{region}:secret:s"), "database": "d" } }),
        json!({ "bedrock": {} }),
    ];
    let description = proptest::option::of("[a-z]{1,6}");
    (select(all), description, proptest::option::of(select(vec!["ENABLED", "DISABLED"]))).prop_map(
        move |(mut source, description, metrics)| {
            source["serviceRole"] = json!(role);
            source["description"] = json!(description);
            source["metrics"] = json!(metrics);
            without_null(source)
        },
    )
}

/// The namespaces; the handlers of those with code use the data sources.
fn use_data_sources(
    namespaces: BTreeMap<String, Value>,
    sources: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let mut each = sources.iter().cycle();
    let serve = |(name, mut namespace): (String, Value)| {
        let with_code = namespace.get("handlers").is_some();
        if let (true, Some((key, source))) = (with_code, each.next()) {
            let lambda = source.get("lambda").is_some();
            if !lambda {
                namespace["handlers"]["code"] = json!("stored.js");
            }
            namespace["handlers"]["onPublish"] = match lambda {
                true => json!({ "dataSource": key, "behavior": "DIRECT", "invoke": "EVENT" }),
                false => json!({ "dataSource": key }),
            };
        }
        (name, namespace)
    };
    namespaces.into_iter().map(serve).collect()
}

/// Every provider, by name and as declared.
fn providers() -> Vec<(&'static str, Value)> {
    let function = "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:authorize";
    let pool = json!({ "userPoolId": "eu-west-1_Ab1", "appIdClientRegex": "^web" });
    let issuer = json!({ "issuer": "https://id.example.com", "iatTtl": "1h" });
    let lambda = json!({ "function": function, "resultTtl": "5m" });
    vec![
        ("API_KEY", json!("API_KEY")),
        ("AWS_IAM", json!("AWS_IAM")),
        ("AMAZON_COGNITO_USER_POOLS", json!({ "AMAZON_COGNITO_USER_POOLS": pool })),
        ("OPENID_CONNECT", json!({ "OPENID_CONNECT": issuer })),
        ("AWS_LAMBDA", json!({ "AWS_LAMBDA": lambda })),
    ]
}

fn namespace(providers: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let modes = move || proptest::option::of(subsequence(providers.clone(), 1..=providers.len()));
    let file = proptest::option::of(select(vec!["echo.js", "quiet.js"]));
    (modes(), modes(), file).prop_map(|(publish, subscribe, file)| {
        without_null(json!({
            "publish": publish, "subscribe": subscribe,
            "handlers": file.map(|file| json!({ "code": file })),
        }))
    })
}

fn key() -> impl Strategy<Value = Value> {
    let lives = prop_oneof![
        2 => Just(json!({})),
        3 => (1..=365_i64).prop_map(|days| json!({ "validFor": format!("{days}d") })),
        1 => (2..300_i64).prop_map(|days| {
            let timestamp = jiff::Timestamp::from_second(NOON + days * DAY_S).unwrap();
            json!({ "expires": timestamp.to_string() })
        }),
    ];
    (lives, proptest::option::of("[a-z]{1,6}")).prop_map(|(mut key, description)| {
        key["description"] = json!(description);
        without_null(key)
    })
}

fn without_null(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    map.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

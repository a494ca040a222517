//! Invalid specs, and exactly the diagnostics that each of them gets.
use std::cell::RefCell;

use provision_core::diagnostic::{Diagnostic, Severity};
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, load};

use crate::specs::{Folder, NOON};

/// The diagnostics of a spec as `PV101 4:3`, followed by `?` if it is a warning. `access.rs` tests those of access
/// (PV4…).
pub fn diagnose(text: &str) -> Vec<String> {
    let files = [
        ("ok.js", "export const onPublish = (c) => c.events\n"),
        (
            "data.js",
            "const serve = { request: (c) => ({}), response: (c) => c.events }\nexport const onPublish = serve, onSubscribe = serve\n",
        ),
        ("half.js", "export const onSubscribe = (c) => {\n  console.log(c.info)\n}\n"),
        ("loop.js", "export const onPublish = (c) => {\n  while (true) {}\n}\n"),
        ("broken.js", "export const onPublish = (c) => {\n"),
    ];
    let files = Folder(files.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    let (source, mut diagnostics) = Source::parse("spec.yaml", text.as_bytes());
    if !source.is_empty() {
        diagnostics.extend(load(&source, &files, NOON, &ParameterValues::new()).1);
    }
    diagnostics.retain(|diagnostic| !diagnostic.code.starts_with("PV4"));
    diagnostics.sort_by_key(|diagnostic| source.span(&diagnostic.location).start);
    let line = |diagnostic: &Diagnostic| {
        let place = source.position(&diagnostic.location);
        let warning = if diagnostic.severity == Severity::Error { "" } else { "?" };
        format!("{} {}:{}{warning}", diagnostic.code, place.line, place.column)
    };
    diagnostics.iter().map(line).collect()
}

thread_local! {
    /// The specs that this thread has checked, for `table`.
    static CHECKED: RefCell<Vec<Row>> = const { RefCell::new(Vec::new()) };
}

/// A spec, and the codes that it gets.
#[derive(Clone, Debug)]
pub struct Row {
    pub text: String,
    pub codes: Vec<String>,
}

/// Every spec that is checked here, for tests that compare the diagnostics with other validators.
pub fn table() -> Vec<Row> {
    CHECKED.take();
    for rows in [
        texts_that_are_not_yaml_or_not_a_spec_are_errors,
        long_lists_and_sections_are_checked_quickly,
        specs_that_do_not_match_the_schema_are_errors,
        invalid_api_keys_are_errors,
        inconsistent_modes_roles_and_names_are_errors,
        invalid_provider_settings_are_errors,
        roles_policies_tags_and_texts_that_aws_rejects_are_errors,
        invalid_data_sources_are_errors,
        invalid_handlers_are_errors,
        invalid_domains_and_web_acls_are_errors,
        invalid_parameters_are_errors,
    ] {
        rows();
    }
    CHECKED.take()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(diagnose(text), expected, "{text}");
    let codes = expected.iter().map(|expected| expected[..5].to_owned()).collect();
    CHECKED.with_borrow_mut(|rows| rows.push(Row { text: text.to_owned(), codes }));
}

/// A valid spec, with the lines `api` in its API and `top` at the end.
fn spec(api: &str, top: &str) -> String {
    format!(
        "version: 1\nstack: s\napis:\n  a:\n    auth: {{ providers: [API_KEY, AWS_IAM] }}\n    apiKeys: {{ web: {{}} }}\n{api}{top}"
    )
}

#[test]
fn texts_that_are_not_yaml_or_not_a_spec_are_errors() {
    check("", &["PV004 1:1"]);
    check("# only a comment\n", &["PV004 1:1"]);
    check("~\n", &["PV004 1:1"]);
    check("version: 1\nstack: s\n---\nversion: 1\n", &["PV005 3:1"]);
    check("version: 1\n\tstack: s\n", &["PV003 2:1"]);
    check("version: 1\nstack: a: b\n", &["PV003 2:9"]);
    check("version: 1\nstack: \"s\n", &["PV003 2:8"]);
    check("version: 1\nstack: [s\n", &["PV003 2:8"]);
    check("version: 1\n  stack: s\n", &["PV003 2:8"]);
    check("version: 1\nversion: 1\nstack: s\n", &["PV006 2:1"]);
    check("version: 1\nstack: s\n? [a]\n: b\n", &["PV007 3:3"]);
    check("version: 1\nstack: !Ref s\n", &["PV009 2:13"]);
    check("version: 1\nstack: *s\n", &["PV003 2:8"]);
    check("- version: 1\n", &["PV103 1:1"]);
    check("just text\n", &["PV103 1:1"]);
    check("\u{feff}version: 2\r\nstack: s\r\n", &["PV109 1:10"]);
    check(&"[".repeat(100_000), &["PV008 1:256"]);
    check(&"a: ".repeat(100_000), &["PV003 1:5"]);
    check("a: &a [*a]\n", &["PV003 1:8"]);
}

#[test]
fn deep_and_wide_texts_are_checked_quickly() {
    let nested: String = (0..10_000).map(|n| format!("{}a:\n", " ".repeat(n.min(300)))).collect();
    assert!(diagnose(&nested)[0].starts_with("PV00"), "{:?}", diagnose(&nested));
    let chain: String = (1..10_000).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect();
    assert_eq!(diagnose(&format!("a0: &a0 x\n{chain}")).len(), 1);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
    }
    assert_eq!(diagnose(&bomb), ["PV008 7:9"]);
    // Parameter values that grow by substitution, and words without a similar one.
    let parameter = |value: usize, uses: usize| {
        format!(
            "version: 1\nstack: s\nparameters: {{ p: {{ default: {} }} }}\ntags: {{ a: '{}' }}\n",
            "x".repeat(value),
            "${p}".repeat(uses)
        )
    };
    assert_eq!(diagnose(&parameter(1_000_000, 500)), ["PV262 3:29"]);
    assert_eq!(diagnose(&parameter(10, 100_000)), ["PV214 4:12"]);
    let word = format!(
        "version: 1\nstack: s\napis: {{ a: {{ auth: {{ providers: [{}] }} }} }}\n",
        "x".repeat(1_000_000)
    );
    assert_eq!(diagnose(&word), ["PV104 3:34"]);
}

#[test]
fn long_lists_and_sections_are_checked_quickly() {
    let policies: String = (0..20_000).map(|n| format!("arn:aws:iam::aws:policy/p{n}, ")).collect();
    let role =
        format!("version: 1\nstack: s\nlogRoles: {{ r: {{ managedPolicies: [{policies}] }} }}\n");
    assert_eq!(diagnose(&role), ["PV240 3:13?", "PV244 3:18"]);
    let namespaces: String = (0..5_000).map(|n| format!("      n{n}: {{}}\n")).collect();
    check(&spec(&format!("    namespaces:\n{namespaces}"), ""), &["PV220 7:5?"]);
}

#[test]
fn specs_that_do_not_match_the_schema_are_errors() {
    check("stack: s\n", &["PV102 1:1"]);
    check("version: 1\nstack: 9s\n", &["PV105 2:8"]);
    check("version: '1'\nstack: s\n", &["PV103 1:10"]);
    check("version: 1\nstack: s\nregion: tokyo\n", &["PV105 3:9"]);
    check("version: 1\nstack: s\nregion: eu-wset-1\n", &["PV265 3:9?"]);
    check("version: 1\nstack: s\nregion: eu-west-9\n", &[]);
    // All mistakes are reported.
    check("version: 1\nstack: a_b\ntags: { 'aws:x': y }\n", &["PV105 2:8", "PV212 3:9"]);
    check("stack: a_b\ntags: { 'aws:x': y }\n", &["PV102 1:1", "PV105 1:8", "PV212 2:9"]);
    check("version: 1\nstack: s\napi: {}\n", &["PV101 3:1"]);
    check("version: 1\nstak: s\n", &["PV101 2:1"]);
    check("version: 1\nstack: s\napis: []\n", &["PV103 3:7"]);
    check("version: 1\nstack: s\napis:\n", &["PV103 3:1"]);
    check("version: 1\nstack: s\napis:\n  a: {}\n", &["PV102 4:3"]);
    check(
        "version: 1\nstack: s\napis:\n  a b: { auth: { providers: [AWS_IAM] } }\n",
        &["PV106 4:3"],
    );
    check("version: 1\nstack: s\napis:\n  a: { auth: { providers: [] } }\n", &["PV107 4:27"]);
    check("version: 1\nstack: s\napis:\n  a: { auth: { providers: AWS_IAM } }\n", &["PV103 4:27"]);
    check(
        "version: 1\nstack: s\napis:\n  a: { auth: { providers: [AWS_IAM, AWS_IAM] } }\n",
        &["PV110 4:37"],
    );
    check("version: 1\nstack: s\napis:\n  a: { auth: { providers: [IAM] } }\n", &["PV104 4:28"]);
    check(&spec("    logging: { level: LOUD, role: r }\n", ""), &["PV104 7:23"]);
    check(&spec("    logging: { role: r }\n", ""), &["PV102 7:5"]);
    check(&spec("    namespaces: { n: { publish: [] } }\n", ""), &["PV107 7:33"]);
    check(&spec("    namespaces: { n: { publsh: [AWS_IAM] } }\n", ""), &["PV101 7:24"]);
    check(&spec("    namespaces:\n      n:\n", ""), &["PV103 8:7"]);
    check(&spec("    namespaces: { n: { handlers: {} } }\n", ""), &["PV112 7:24"]);
    check(&spec("    logicalId: my-id\n", ""), &["PV105 7:16"]);
    check(&spec("    name: { first: a }\n", ""), &["PV103 7:11"]);
    check(&spec("    <<: {}\n", ""), &["PV010 7:5"]);
}

#[test]
fn invalid_api_keys_are_errors() {
    let key = |key: &str| spec("", "").replace("web: {}", &format!("web: {{ {key} }}"));
    check(&key("validFor: 90"), &["PV105 6:33"]);
    check(&key("validFor: 12h"), &["PV250 6:33"]);
    check(&key("validFor: 366d"), &["PV250 6:33"]);
    check(&key("validFor: 30d, renewBefore: 30d"), &["PV251 6:51"]);
    check(&key("validFor: 30d, expires: 2027-01-01T00:00:00Z"), &["PV253 6:23"]);
    check(&key("expires: 2020-01-01T00:00:00Z"), &["PV255 6:32?"]);
    check(&key("expires: 2029-01-01T00:00:00Z"), &["PV254 6:32"]);
    check(&key("expires: 2026-11-24T12:00:00Z"), &["PV255 6:32?"]);
    check(&key("expires: tomorrow"), &["PV105 6:32"]);
    check(&key("expires: 2027-13-01T00:00:00Z"), &["PV254 6:32"]);
}

#[test]
fn inconsistent_modes_roles_and_names_are_errors() {
    let only_key = "version: 1\nstack: s\napis:\n  a:\n    auth: { providers: [API_KEY], publish: [AWS_IAM] }\n    apiKeys: { web: {} }\n";
    check(only_key, &["PV201 5:45"]);
    check(
        "version: 1\nstack: s\napis:\n  a:\n    auth: { providers: [API_KEY] }\n",
        &["PV205 5:25?"],
    );
    check(
        "version: 1\nstack: s\napis:\n  a:\n    auth: { providers: [AWS_IAM] }\n    apiKeys: { web: {} }\n",
        &["PV252 6:16?"],
    );
    check(
        "version: 1\nstack: s\napis:\n  a:\n    auth: { providers: [AWS_IAM], publish: [API_KEY] }\n",
        &["PV201 5:45"],
    );
    check(
        &spec("    namespaces: { n: { publish: [AWS_IAM] } }\n", "").replace(", AWS_IAM] }", "] }"),
        &["PV201 7:34"],
    );
    check(&spec("    name: a/b\n", ""), &["PV202 7:11"]);
    check(&spec(&format!("    name: {}\n", "x".repeat(51)), ""), &["PV202 7:11"]);
    check(&spec("", "").replace("stack: s", &format!("stack: {}", "s".repeat(60))), &["PV202 4:3"]);
    check(&spec("    ownerContact: a@example.com\n", ""), &["PV204 7:19?"]);
    check(&spec(&format!("    ownerContact: {}\n", "x".repeat(257)), ""), &["PV203 7:19"]);
    check(&spec("    logging: { level: ALL, role: logs }\n", ""), &["PV206 7:34"]);
    check(&spec("", "logRoles: { logs: {} }\n"), &["PV240 7:13?"]);
    check(&spec("    namespaces: { a_b: {} }\n", ""), &["PV221 7:19"]);
    check(&spec("    namespaces: { n: { name: a_b } }\n", ""), &["PV221 7:30"]);
    check(&spec("    namespaces: { n: {}, m: { name: n } }\n", ""), &["PV222 7:37"]);
    check(&spec("    namespaces: { n: { handlers: { code: no.js } } }\n", ""), &["PV230 7:42"]);
    check(&spec("    namespaces: { n: { handlers: { code: ok.js } } }\n", ""), &[]);
    let many: String = (0..51).map(|n| format!("      n{n}: {{}}\n")).collect();
    check(&spec(&format!("    namespaces:\n{many}"), ""), &["PV220 7:5?"]);
    let keys = many.replace("      n", " n").replace(": {}\n", ": {},");
    check(&spec("", "").replace("web: {}", &keys), &["PV207 6:5"]);
    let apis: String =
        (0..51).map(|n| format!("  a{n}: {{ auth: {{ providers: [AWS_IAM] }} }}\n")).collect();
    check(&format!("version: 1\nstack: s\napis:\n{apis}"), &["PV220 3:1?"]);
    let twins = "version: 1\nstack: s\napis:\n  a-b: { auth: { providers: [AWS_IAM] } }\n  a_b: { auth: { providers: [AWS_IAM] } }\n";
    check(twins, &["PV216 5:3?"]);
}

#[test]
fn invalid_provider_settings_are_errors() {
    let api = |providers: &str| {
        format!("version: 1\nstack: s\napis:\n  a:\n    auth:\n      providers: [{providers}]\n")
    };
    check(&api("AWS_LAMBDA"), &["PV104 6:19"]);
    check(&api("AWS_IAM: {}"), &["PV104 6:19"]);
    check(&api("AWS_LAMBDA: {}"), &["PV102 6:19"]);
    check(&api("AWS_LAMBDA: { functon: x }"), &["PV101 6:33"]);
    check(&api("AWS_LAMBDA: { function: x }"), &["PV218 6:43"]);
    let lambda = |more: &str| {
        format!("AWS_LAMBDA: {{ function: 'arn:aws:lambda:x:123456789012:function:f'{more} }}")
    };
    check(&api(&lambda(", resultTtl: 2h")), &["PV219 6:98"]);
    check(&api(&format!("{}, {}", lambda(""), lambda(", resultTtl: 1h"))), &["PV208 6:89"]);
    check(&api("OPENID_CONNECT: { issuer: 'http://a.example.com' }"), &["PV210 6:45"]);
    check(&api("AMAZON_COGNITO_USER_POOLS: { userPoolId: nope }"), &["PV209 6:60"]);
    check(
        &api("AMAZON_COGNITO_USER_POOLS: { userPoolId: us-east-1_a, region: eu-west-1 }"),
        &["PV209 6:81"],
    );
    check(
        &api(
            "OPENID_CONNECT: { issuer: 'https://a.example.com/.well-known/openid-configuration' }",
        ),
        &["PV210 6:45"],
    );
    check(
        &api("AWS_LAMBDA: { function: 'arn:aws:lambda:us-east-1:1234:function:f' }"),
        &["PV218 6:43"],
    );
    check(
        &api("OPENID_CONNECT: { issuer: 'https://a.example.com', clientId: 'web|(app' }"),
        &["PV266 6:80"],
    );
    check(
        &api("OPENID_CONNECT: { issuer: 'https://a.example.com', clientId: '^(web|app[(])$' }"),
        &[],
    );
    let two = "AMAZON_COGNITO_USER_POOLS: { userPoolId: us-east-1_a }, OPENID_CONNECT: { issuer: 'https://a.example.com' }";
    check(&api(two), &[]);
    let same = "OPENID_CONNECT: { issuer: 'https://a.example.com' }, OPENID_CONNECT: { issuer: 'https://a.example.com', clientId: web }";
    check(&api(same), &["PV208 6:72"]);
    check(&(api("AWS_IAM") + "      publish: [OPENID_CONNECT]\n"), &["PV201 7:17"]);
}

#[test]
fn roles_policies_tags_and_texts_that_aws_rejects_are_errors() {
    let role = |role: &str| {
        spec("    logging: { level: ALL, role: r }\n", &format!("logRoles:\n  r: {{ {role} }}\n"))
    };
    check(&role("arn: nope"), &["PV241 9:13"]);
    check(&role("arn: 'arn:aws:iam::123456789012:role/x', name: y"), &["PV242 9:49"]);
    check(&role("name: a b"), &["PV243 9:14"]);
    check(&role("managedPolicies: [ReadOnly]"), &["PV247 9:26"]);
    check(
        &role("policies: { P: { Version: 2012-10-18, Statement: [{}] } }"),
        &["PV104 9:34", "PV245 9:58", "PV245 9:58", "PV245 9:58"],
    );
    check(
        &role(
            "policies: { P: { Statement: [{ Effect: Allow, Action: a, Resource: r, Principal: x }] } }",
        ),
        &["PV245 9:78"],
    );
    check(
        &role("trust: { Statement: [{ Effect: Allow, Action: a, Principal: x, Ressource: r }] }"),
        &["PV245 9:71"],
    );
    let resource = |text: &str| {
        format!(
            "policies: {{ P: {{ Statement: [{{ Effect: Allow, Action: a, Resource: {text} }}] }} }}"
        )
    };
    check(&role(&resource("'*'")), &["PV246 9:75?"]);
    check(&role(&resource("[r, '*']")), &["PV246 9:79?"]);
    check(&role(&resource("'*'").replace("Allow", "Deny")), &[]);
    check(&role(&resource("'arn:aws:logs:*:*:*'")), &[]);
    check(&role("policies: { P: {} }"), &["PV102 9:20"]);
    check(&role("description: '${stage}'"), &["PV214 9:21"]);
    check(&role("description: '${AWS::Region'"), &["PV214 9:21"]);
    check(
        &role(
            "policies: { P: { Statement: [{ Effect: Allow, Action: a, Resource: { Ref: X } }] } }",
        ),
        &["PV215 9:77"],
    );
    check(&spec("", "tags: { 'aws:x': y }\n"), &["PV212 7:9"]);
    check(&spec("", "tags: { 'provision:stack': y }\n"), &["PV212 7:9"]);
    check(&spec("", "tags: { 'a#b': y }\n"), &["PV213 7:9"]);
    check(&spec("", "tags: { a: 'x#y' }\n"), &["PV213 7:12"]);
    let many: String = (0..49).map(|n| format!("  k{n}: v\n")).collect();
    check(&spec("", &format!("tags:\n{many}")), &["PV211 7:1"]);
    check(&spec("", "description: '${AWS::Region}'\n"), &["PV217 7:14"]);
}

#[test]
fn invalid_data_sources_are_errors() {
    let role = "serviceRole: 'arn:aws:iam::123456789012:role/r'";
    let function = "lambda: { function: 'arn:aws:lambda:us-east-1:123456789012:function:f' }";
    let with = |source: &str, namespace: &str| {
        spec(
            &format!(
                "    dataSources:\n      d: {source}\n    namespaces: {{ n: {{ handlers: {namespace} }} }}\n"
            ),
            "",
        )
    };
    let used = "{ code: data.js, onPublish: { dataSource: d }, onSubscribe: { dataSource: d } }";
    let valid = format!("{{ {function}, {role} }}");
    check(&with(&valid, used), &[]);
    check(&with("{ bedrock: {} }", used), &["PV273 8:7"]);
    check(&with(&format!("{{ {role} }}"), used), &["PV270 8:7"]);
    check(&with(&format!("{{ bedrock: {{}}, {function}, {role} }}"), used), &["PV270 8:25"]);
    check(&with(&format!("{{ name: a-b, {function}, {role} }}"), used), &["PV271 8:18"]);
    check(
        &with(&valid, used).replace("d: {", "d-e: {").replace("dataSource: d", "dataSource: d-e"),
        &["PV271 8:7"],
    );
    check(
        &with(&format!("{valid}\n      e: {{ name: d, {function}, {role} }}"), used),
        &["PV278 9:7?", "PV272 9:18"],
    );
    check(&with("{ bedrock: {}, serviceRole: r }", used), &["PV274 8:38"]);
    check(&with("{ http: { endpoint: 'https://a.example.com' } }", used), &[]);
    check(
        &with("{ http: { endpoint: 'https://a.example.com', signing: {} } }", used),
        &["PV273 8:7"],
    );
    check(&with("{ http: { endpoint: a.example.com } }", used), &["PV276 8:30"]);
    check(&with(&format!("{{ eventBridge: {{ bus: default }}, {role} }}"), used), &["PV275 8:32"]);
    check(
        &with(&format!("{{ rds: {{ cluster: c, secret: s }}, {role} }}"), used),
        &["PV275 8:28", "PV275 8:39"],
    );
    check(&with(&format!("{{ lambda: {{ function: f }}, {role} }}"), used), &["PV218 8:32"]);
    let delta = "{ dynamodb: { table: t, deltaSync: { table: d, baseTableTtl: 30s, deltaSyncTableTtl: 90s } }";
    check(&with(&format!("{delta}, {role} }}"), used), &["PV277 8:71", "PV277 8:95"]);
    check(&with(&valid, "{ code: ok.js }"), &["PV278 8:7?"]);
}

#[test]
fn invalid_handlers_are_errors() {
    let source = "lambda: { function: 'arn:aws:lambda:us-east-1:123456789012:function:f' }, serviceRole: 'arn:aws:iam::123456789012:role/r'";
    let with = |handlers: &str| {
        spec(
            &format!(
                "    dataSources: {{ fn: {{ {source} }}, ai: {{ bedrock: {{}}, serviceRole: 'arn:aws:iam::123456789012:role/r' }} }}\n    namespaces:\n      use: {{ handlers: {{ code: data.js, onPublish: {{ dataSource: fn }}, onSubscribe: {{ dataSource: ai }} }} }}\n      n:\n        handlers: {handlers}\n"
            ),
            "",
        )
    };
    check(&with("{ code: ok.js }"), &[]);
    check(&with("{ inline: 'export const onPublish = (c) => `${c.events}`' }"), &[]);
    check(&with("{ inline: ' ' }"), &["PV231 11:29"]);
    check(&with("{ code: ok.js, inline: x }"), &["PV233 11:34"]);
    check(&with("{}"), &["PV112 11:9"]);
    check(&with("{ s3: 'https://x' }"), &["PV227 11:25"]);
    check(&with("{ s3: 's3://bucket/key.js' }"), &[]);
    check(
        &with("{ code: data.js, onPublish: { dataSource: fm }, onSubscribe: { dataSource: fn } }"),
        &["PV234 11:61"],
    );
    check(&with("{ code: ok.js, onPublish: { dataSource: fn } }"), &["PV225 1:14"]);
    check(&with("{ code: data.js, onPublish: { dataSource: fn } }"), &["PV225 2:33"]);
    check(&with("{ code: half.js, onPublish: { dataSource: fn } }"), &["PV224 11:36"]);
    check(
        &with(
            "{ inline: 'export const onPublish = { request: (c) => ({}) }', onPublish: { dataSource: fn } }",
        ),
        &["PV225 11:43"],
    );
    check(
        &with("{ code: ok.js, onPublish: { dataSource: fn, behavior: DIRECT } }"),
        &["PV226 1:14?"],
    );
    check(&with("{ code: loop.js }"), &["PV315 2:3"]);
    check(&with("{ code: broken.js }"), &["PV300 1:33"]);
    check(&with("{ inline: 'export const onPublish = (c) => { throw c }' }"), &["PV314 11:64"]);
    check(
        &with(
            "\n          inline: |\n            export const onPublish = (c) => {\n              for (;;) {}\n            }",
        ),
        &["PV316 14:15"],
    );
    check(&with("{ onPublish: { dataSource: ai, behavior: DIRECT } }"), &["PV235 11:46"]);
    check(
        &with(
            "{ code: data.js, onPublish: { dataSource: fn, invoke: EVENT }, onSubscribe: { dataSource: fn } }",
        ),
        &["PV236 11:65"],
    );
    let direct = "{ dataSource: fn, behavior: DIRECT, invoke: REQUEST_RESPONSE }";
    check(&with(&format!("{{ onPublish: {direct}, onSubscribe: {direct} }}")), &[]);
    check(
        &with(&format!("{{ code: ok.js, onPublish: {direct}, onSubscribe: {direct} }}")),
        &["PV237 11:21"],
    );
    check(&with("{ onPublish: { dataSource: fn } }"), &["PV238 11:21"]);
    check(&with("{ onPublish: { dataSource: fn, behavior: LATER } }"), &["PV104 11:60"]);
    check(&with("{ onPublish: { behavior: DIRECT } }"), &["PV102 11:21"]);
    check(
        &with(&format!(
            "{{ inline: 'export const onPublish = (c) => c.events //{}' }}",
            "x".repeat(32_769)
        )),
        &["PV232 11:29"],
    );
}

#[test]
fn invalid_domains_and_web_acls_are_errors() {
    let certificate = "certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/c'";
    let with = |domain: &str| spec("", &format!("domains:\n  d: {domain}\n"));
    check(
        &with(&format!("{{ name: a.example.com, {certificate}, association: {{ api: a }} }}")),
        &[],
    );
    check(&with("{ name: a.example.com, association: { api: a } }"), &[]);
    check(
        &with(&format!("{{ name: A.example.com, {certificate}, association: {{ api: a }} }}")),
        &["PV280 8:14"],
    );
    check(
        &with("{ name: a.example.com, certificate: c, association: { api: a } }"),
        &["PV281 8:42"],
    );
    let other = certificate.replace("us-east-1", "eu-west-1");
    check(
        &with(&format!("{{ name: a.example.com, {other}, association: {{ api: a }} }}")),
        &["PV281 8:42"],
    );
    check(
        &with("{ name: a.example.com, description: x, association: { api: a } }"),
        &["PV282 8:29"],
    );
    let long = "x".repeat(256);
    check(
        &with(&format!(
            "{{ name: a.example.com, {certificate}, description: {long}, association: {{ api: a }} }}"
        )),
        &["PV283 8:107"],
    );
    check(&with("{ name: a.example.com }"), &["PV284 8:3?"]);
    let twins = "{ name: a.example.com, association: { api: a } }\n  e: { name: a.example.com, association: { api: a } }";
    check(&with(twins), &["PV285 9:14"]);
    check(&with("{ name: a.example.com, association: { api: b } }"), &["PV286 8:49"]);
    check(&with("{ name: a.example.com, association: {} }"), &["PV102 8:29"]);
    let waf = |arn: &str| spec(&format!("    waf: {{ webAcl: '{arn}' }}\n"), "region: eu-west-1\n");
    check(&waf("arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b"), &[]);
    check(&waf("arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b"), &["PV290 7:20"]);
    check(&waf("arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/b"), &["PV291 7:20"]);
}

#[test]
fn invalid_parameters_are_errors() {
    let with = |parameters: &str| {
        format!("version: 1\nstack: s-${{stage}}\nparameters:\n  stage: {parameters}\n")
    };
    check(&with("{ default: dev, allowed: [dev, prod] }"), &[]);
    check(&with("{ default: test, allowed: [dev, prod] }"), &["PV262 4:21"]);
    check(&with("{ default: Dev, pattern: '[a-z]+' }"), &["PV262 4:21"]);
    check(&with("{ pattern: '[a-z' }"), &["PV261 4:21"]);
    check(&with("{ allowed: [dev, dev] }"), &["PV110 4:27"]);
    check(&with("{ default: '${AWS::Region}' }"), &["PV111 4:21"]);
    check(&with("{}\n  other: {}"), &["PV263 5:3?"]);
    check(&with("{}\n  my-stage: {}"), &["PV106 5:3"]);
    // Every allowed value is tried.
    check(&with("{ default: dev, allowed: [dev, a_b] }"), &["PV264 2:8"]);
    check(&with("{ allowed: [dev, a_b] }"), &["PV264 2:8"]);
    check("version: 1\nstack: s-${stag}\nparameters:\n  stage: {}\n", &["PV214 2:8", "PV263 4:3?"]);
    let long = "x".repeat(40);
    let api = with(&format!("{{ default: dev, allowed: [dev, {long}] }}"))
        + "apis:\n  a: { name: 'my-name-is-${stage}', auth: { providers: [AWS_IAM] } }\n";
    check(&api, &["PV202 6:14"]);
    let id = with("{ default: dev }").replace("stage", "AApi")
        + "apis:\n  a: { auth: { providers: [AWS_IAM] } }\n";
    check(&id, &["PV216 6:3?"]);
    check(&spec("    logging: { level: ALL, role: '${stage}' }\n", ""), &["PV111 7:34"]);
}

/// Where a string is expected, a scalar is a string, whatever it looks like.
#[test]
fn strings_stay_strings() {
    for text in ["0123", "1e3", "no", "on", "2012-10-17", "true", "1.10", "0x1F", "12:30:45"] {
        check(&spec("", &format!("tags: {{ a: {text} }}\n")), &[]);
    }
}

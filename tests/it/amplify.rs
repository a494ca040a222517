//! aws-amplify 6, unmodified, against the local AWS, as the article uses it.
use std::ffi::OsStr;
use std::fs;

use serde_json::{Value, json};

use crate::node::{browser, environment, told};
use crate::world::{World, root};

const SPEC: &str = "version: 1
stack: modes
region: ap-northeast-1
apis:
  all:
    auth: { providers: [API_KEY, AWS_IAM] }
    apiKeys: { web: {} }
    namespaces:
      sample: {}
      signed: { publish: [AWS_IAM] }
";

#[test]
fn amplify_connects_subscribes_and_publishes_in_every_mode() {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let _serving = world.serve(&[]);
    let outputs = ["outputs", "spec.yaml", "--local", "--reveal", "--format", "amplify"];
    let configuration: Value = serde_json::from_str(&world.ok(&outputs)).unwrap();
    let events = &configuration["API"]["Events"];
    let credentials = json!({ "accessKeyId": "local", "secretAccessKey": "local" });
    let key = json!({ "apiKey": events["apiKey"] });
    let asked = json!({
        "endpoint": events["endpoint"],
        "region": events["region"],
        "modes": {
            "apiKey": key,
            "iam": { "credentials": credentials },
        },
        "refused": {
            "a wrong key": ["apiKey", { "apiKey": "da2-wrong" }, "/sample/a"],
            "a mode that may not": ["apiKey", key, "/signed/a"],
            "no namespace": ["apiKey", key, "/other/a"],
        },
    });
    let trust = world.path(".provision/ca.pem");
    let asked = asked.to_string();
    let arguments = [OsStr::new(&asked)];
    let said =
        told("amplify", "modes.mjs", &arguments, &[("NODE_EXTRA_CA_CERTS", trust.as_os_str())]);
    let both = json!([{ "message": "Publish from Amplify" }, { "message": "over the socket" }]);
    for mode in ["apiKey", "iam"] {
        assert_eq!(said[mode], json!({ "received": both, "posted": true }), "{mode}: {said}");
    }
    for refused in ["a wrong key", "a mode that may not", "no namespace"] {
        let kind = &said[refused]["post"]["refused"];
        assert_eq!(kind, "UnauthorizedException", "{refused}: {said}");
    }
}

#[test]
fn the_articles_app_receives_in_a_browser_what_it_posts() {
    let world = World::with_article();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let _serving = world.serve(&[]);
    let outputs = ["outputs", "spec.yaml", "--local", "--reveal", "--format", "amplify"];
    let configuration: Value = serde_json::from_str(&world.ok(&outputs)).unwrap();
    let mut asked = configuration["API"]["Events"].clone();
    asked["authority"] = json!(world.path(".provision/ca.pem"));
    asked["script"] = json!(environment("amplify").join("article.js"));
    asked["browser"] = json!(browser());
    asked["folder"] = json!(world.path("browser"));
    fs::copy(root("tests/interop/amplify/article.js"), asked["script"].as_str().unwrap()).unwrap();
    let asked = asked.to_string();
    let said = told("amplify", "browser.mjs", &[OsStr::new(&asked)], &[]);
    let message = r#"{"message":"Publish from Amplify"}"#;
    assert_eq!(said["messages"][0], message, "{said}");
    let frames = said["frames"].as_array().unwrap();
    assert_eq!(frames[..2], ["connection_ack", "subscribe_success"], "{said}");
    assert_eq!(said["problems"], json!([]), "{said}");
    assert!(said["url"].as_str().unwrap().starts_with("wss://localhost:"), "{said}");
}

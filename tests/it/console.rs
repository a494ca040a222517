//! The console page in a browser, and the routes that it uses, without one.
use std::ffi::OsStr;

use serde_json::{Value, json};

use crate::node::{browser, run_script};
use crate::plane::{Plane, data};
use crate::world::World;

/// Logs the publisher, and keeps only positive events.
const HANDLER: &str = "export function onPublish(ctx) {
  console.log('by', ctx.identity.userArn);
  return ctx.events.filter((event) => event.payload > 0);
}
";

#[test]
fn the_console_shows_the_apis_and_the_activity_and_publishes() {
    let world = World::with_article();
    let article = std::fs::read_to_string(world.path("spec.yaml")).unwrap();
    let rooms = "      rooms: { publish: [AWS_IAM], handlers: { code: rooms.js } }\n";
    world.write("spec.yaml", &format!("{article}{rooms}"));
    world.write("rooms.js", HANDLER);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let serving = world.serve(&[]);
    let output = |path: &str| {
        let query = ["outputs", "spec.yaml", "--local", "--reveal", "--query", path];
        world.ok(&query).trim().to_owned()
    };
    let input = json!({
        "console": format!("{}/_console", serving.url),
        "endpoint": output("apis.sample.http.url"),
        "apiKey": output("apis.sample.apiKeys.default.value"),
        "browser": browser(),
        "folder": world.path("browser"),
    });
    let page = run_script("amplify", "console.mjs", &[OsStr::new(&input.to_string())], &[]);
    let check = |name: &str, expected: Value| assert_eq!(page[name], expected, "{name}: {page}");
    check("title", json!("appsync-event-api-sample – provision console"));
    check("name", json!("appsync-event-api-sample"));
    let by_default = |modes: &str| format!("by the API’s default: {modes}");
    let own = "by the namespace’s own: IAM";
    check(
        "matrix",
        json!([
            ["/rooms/*onPublish", own, by_default("API key")],
            ["/sample/*", by_default("API key, IAM"), by_default("API key")],
        ]),
    );
    check("cleared", json!(""));
    check("connect", json!(["API key", "IAM"]));
    check("result", json!("1 event published to /sample/room"));
    check("published", json!("from this console, 1 receiver"));
    let first = json!({ "from": "<img src=x onerror=alert(1)>", "n": 1 });
    check("pretty", json!(serde_json::to_string_pretty(&first).unwrap()));
    check("status", json!(401));
    check("why", json!("the API appsync-event-api-sample has no such API key"));
    check("first", json!("Skip to the API"));
    assert!(page["invalid"].as_str().unwrap().starts_with("Not valid JSON: "), "{page}");
    check("several", json!("2 events published to /sample/keys"));
    check("paused", json!(0));
    let nowhere = "The API has no channel namespace nowhere; the publish will be rejected.";
    check("warned", json!(nowhere));
    check("logged", json!("by arn:aws:iam::123456789012:root"));
    check("filtered", json!("1 dropped"));
    check("received", json!([first, 1, 2, 1, 2]));
    check("star", json!("Events go to one channel; * is for subscriptions."));
    check("leaks", json!(false));
    check("violations", json!({ "light": [], "dark": [], "narrow": [] }));
    check("widths", json!({ "dark": 0, "narrow": 0 }));
    check("problems", json!([]));
    check("elsewhere", json!([]));
    assert!(page["policy"].as_str().unwrap().starts_with("default-src 'none';"), "{page}");
}

#[tokio::test]
async fn an_admin_publish_needs_no_credentials_and_gets_a_clients_response() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    socket.ask("{\"type\":\"connection_init\"}").await;
    socket.subscribe(&plane, "one", "/default/*").await;
    let publish = async |body: &Value, more: &str| {
        let head = format!("POST /_provision/publish HTTP/1.1{more}");
        plane.faulty.send(&head, &body.to_string()).await.unwrap()
    };
    let body =
        |api: &str, channel: &str| json!({ "apiId": api, "channel": channel, "events": ["1"] });
    let answer = publish(&body(&plane.api, "/default/a"), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["successful"][0]["index"], 0);
    assert_eq!(socket.text().await, data("one", "1"));

    let check = |answer: &crate::faulty::Answer, status: u16| {
        assert_eq!(answer.status, status, "{answer:?}");
    };
    check(&publish(&body(&plane.api, "/nowhere/a"), "").await, 401);
    check(&publish(&body(&plane.api, "/default/*"), "").await, 400);
    check(&publish(&body("other", "/default/a"), "").await, 404);
    check(&publish(&json!({ "channel": "/default/a", "events": ["1"] }), "").await, 400);
    let foreign = "\r\norigin: http://localhost:3000";
    check(&publish(&body(&plane.api, "/default/a"), foreign).await, 403);
    let shown = plane.faulty.send("GET /_provision/apis HTTP/1.1", "").await.unwrap();
    assert_eq!(shown.json()["apis"][0]["keys"].as_array().unwrap().len(), 1, "{shown:?}");
    assert!(!shown.body.contains(&plane.key), "{shown:?}");
}

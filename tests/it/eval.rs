//! `provision eval`: runs handlers of a spec locally.
use serde_json::{Value, json};

use crate::world::{Ran, World};

const SPEC: &str = "version: 1
stack: desk
apis:
  chat:
    auth: { providers: [API_KEY, AWS_IAM] }
    dataSources:
      orders: { lambda: { function: 'arn:aws:lambda:eu-west-1:123456789012:function:orders' }, serviceRole: 'arn:aws:iam::123456789012:role/r' }
    namespaces:
      room: { handlers: { code: handlers/room.js } }
      shop: { handlers: { code: handlers/shop.js, onPublish: { dataSource: orders } } }
      short:
        handlers:
          inline: |
            export const onPublish = (ctx) => ctx.events.map((it) => it.payload.a.b)
      bare: {}
";
const ROOM: &str = "export function onPublish(ctx) {
  console.log('got', ctx.events.length)
  return ctx.events.filter((event) => event.payload.ok).map((event, n) => n > 0 ? { ...event, error: 'one only' } : event)
}
export function onSubscribe(ctx) {
  if (ctx.identity?.username !== ctx.info.channel.segments[1]) {
    util.error('not yours', 'NotYours')
  }
}
";
const SHOP: &str = "export const onPublish = {
  request: (ctx) => ({ operation: 'Invoke', payload: ctx.events[0].payload }),
  response: (ctx) => ctx.events.map((it) => ({ id: it.id, payload: ctx.result })),
}
";

fn world() -> World {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world.write("handlers/room.js", ROOM);
    world.write("handlers/shop.js", SHOP);
    world
}

#[test]
fn delivered_failed_and_dropped_events_and_logs_are_printed() {
    let world = world();
    world.write("event.json", r#"{"ok": true, "n": 1}"#);
    let eval = ["eval", "spec.yaml", "room", "onPublish", "--event", "event.json"];
    let more = ["--event", r#"{"ok":false}"#, "--event", r#"{"ok":true}"#];
    let Ran { code, out, err } = world.run(&[&eval[..], &more].concat());
    let expected = "delivered  0  {\"ok\":true,\"n\":1}\nfailed     2  one only\ndropped    1\n";
    assert_eq!((code, out.as_str()), (0, expected), "{err}");
    assert!(err.contains("info handlers/room.js:2 got 3"), "{err}");
    let json_of = world.ok(&[&eval[..], &more, &["--format", "json"]].concat());
    let document: Value = serde_json::from_str(&json_of).unwrap();
    assert_eq!(document["failed"], json!([{ "index": 2, "message": "one only" }]));
    assert_eq!(document["logs"][0]["place"]["line"], 2);
}

#[test]
fn a_rejection_is_shown_at_its_position_in_the_code() {
    let eval = ["eval", "spec.yaml", "room", "onSubscribe", "--channel", "/room/nadia"];
    let Ran { code, out, err } = world().run(&eval);
    assert_eq!((code, out.as_str()), (1, ""));
    let expected = "error: onSubscribe rejected: not yours (NotYours)
 --> handlers/room.js:7:10
  |
7 |     util.error('not yours', 'NotYours')
  |          ^^^^^
";
    assert_eq!(err, expected);
    let identity = ["--identity", r#"{"username":"nadia"}"#];
    assert_eq!(world().ok(&[&eval[..], &identity].concat()), "allowed\n");
}

#[test]
fn an_error_in_inline_code_is_shown_in_the_spec() {
    let Ran { code, err, .. } =
        world().run(&["eval", "spec.yaml", "short", "onPublish", "--event", "{}"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("onPublish failed: TypeError: cannot read property 'b' of undefined"),
        "{err}"
    );
    assert!(err.contains("--> spec.yaml:14:"), "{err}");
    assert!(err.contains("export const onPublish"), "{err}");
}

#[test]
fn a_data_source_is_not_called_but_its_result_can_be_passed() {
    let world = world();
    let eval = ["eval", "spec.yaml", "shop", "onPublish", "--event", r#"{"n":1}"#];
    let Ran { code, out, err } = world.run(&eval);
    let request: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, request), (0, json!({ "operation": "Invoke", "payload": { "n": 1 } })));
    assert!(err.contains("the request to `orders`"), "{err}");
    let outcome = world.ok(&[&eval[..], &["--result", r#"{"done":true}"#]].concat());
    assert_eq!(outcome, "delivered  0  {\"done\":true}\n");
}

#[test]
fn an_event_is_json_unless_a_file_has_that_name() {
    let world = world();
    let text = "export const onPublish = (ctx) => ctx.events\n";
    world.write("handlers/room.js", text);
    let eval =
        |event: &str| world.ok(&["eval", "spec.yaml", "room", "onPublish", "--event", event]);
    assert_eq!(eval("1"), "delivered  0  1\n");
    assert_eq!(eval("null"), "delivered  0  null\n");
    world.write("1", "[2]");
    assert_eq!(eval("1"), "delivered  0  [2]\n");
}

#[test]
fn a_handler_runs_next_to_invalid_ones_and_its_warnings_are_shown() {
    let world = world();
    world.write("handlers/shop.js", "export const onPublish = {\n");
    let text = "export function onPublish(ctx) {
  console.log(util.toJson(1))
  util.error(ctx.events[0].payload.why, ctx.info.operation)
}
";
    world.write("handlers/room.js", text);
    let Ran { code, err, .. } =
        world.run(&["eval", "spec.yaml", "room", "onPublish", "--event", "{\"why\":\"so\"}"]);
    assert!(code == 1 && err.contains("PV331") && !err.contains("shop.js"), "{err}");
    assert!(
        world
            .run(&["eval", "spec.yaml", "shop", "onPublish", "--event", "1"])
            .err
            .contains("PV300")
    );
    world.write("handlers/room.js", &text.replace("util.toJson(1)", "1"));
    let Ran { code, err, .. } =
        world.run(&["eval", "spec.yaml", "room", "onPublish", "--event", "{\"why\":\"so\"}"]);
    assert!(code == 1 && err.contains("onPublish rejected: so (PUBLISH)"), "{err}");
    assert!(err.contains("--> handlers/room.js:3:8"), "{err}");
}

#[test]
fn a_handler_that_cannot_run_is_an_error_with_a_fix() {
    let world = world();
    world.write("direct.yaml", &SPEC.replace("orders } } }", "orders, behavior: DIRECT } } }"));
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let ran = world.run(&[&["eval"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}\n{}", ran.err);
        assert!(ran.err.contains(expected), "{}", ran.err);
    };
    check(&["spec.yaml", "roam", "onPublish"], 1, "it has apis/chat/namespaces/bare");
    check(
        &["spec.yaml", "bare", "onPublish", "--event", "{}"],
        1,
        "has no handler code in the spec",
    );
    check(&["spec.yaml", "room", "onPublish"], 64, "pass one with `--event '{}'`");
    check(&["spec.yaml", "room", "onPublish", "--event", "no.json"], 1, "no such file");
    check(&["spec.yaml", "room", "onPublish", "--event", "{"], 1, "is not valid JSON");
    let channel = ["spec.yaml", "room", "onSubscribe", "--channel", "/shop/a"];
    check(&channel, 64, "its channels start with /room/");
    let result = ["spec.yaml", "room", "onPublish", "--event", "{}", "--result", "{}"];
    check(&result, 64, "omit `--result`");
    let direct = "has no code: it invokes the function of `orders` directly";
    check(&["direct.yaml", "shop", "onPublish", "--event", "{}"], 1, direct);
    let deep = ["spec.yaml", "room", "onSubscribe", "--channel", "/room/2/3/4/5/6"];
    check(&deep, 64, "`/room/2/3/4/5/6` is not a valid channel");
    let six = ["--event", "1"].repeat(6);
    check(&[&["spec.yaml", "room", "onPublish"], &six[..]].concat(), 64, "at most 5 events");
    world.write("handlers/room.js", "export const onPublish = (ctx) => 7\n");
    let wrong = ["spec.yaml", "room", "onPublish", "--event", "1"];
    check(&wrong, 1, "--> handlers/room.js");
}

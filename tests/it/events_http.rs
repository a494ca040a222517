//! Publishing over HTTP, and the hosts and paths of an API.
use serde_json::{Value, json};

use crate::faulty::Answer;
use crate::plane::{Plane, data};

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn a_request_of_curl_is_published_and_the_response_has_the_form_of_appsyncs() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    socket.subscribe(&plane, "s", "/default/*").await;
    let head = format!(
        "POST /apis/{}/event HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\nx-api-key: {}",
        plane.api, plane.key
    );
    let body = r#"{"id":"extra","channel":"default/chat","events":["{\"msg\":\"hi\"}","\"a\""]}"#;
    let answer = plane.faulty.send(&head, body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(socket.text().await, data("s", r#"{"msg":"hi"}"#));
    assert_eq!(socket.text().await, data("s", r#""a""#));
    let response = answer.json();
    let identifier = |n: usize| response["successful"][n]["identifier"].as_str().unwrap();
    let expected = format!(
        r#"{{"failed":[],"successful":[{{"identifier":"{}","index":0}},{{"identifier":"{}","index":1}}]}}"#,
        identifier(0),
        identifier(1)
    );
    assert_eq!(answer.body, expected);
    assert!(header(&answer, "x-amzn-requestid").is_some_and(|header| header.len() == 36));
    assert_eq!(header(&answer, "x-amzn-appsync-tokensconsumed"), Some("1"));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn errors_have_a_status_and_a_type() {
    let plane = Plane::start().await;
    let check = async |body: &str, status: u16, expected: Value| {
        let answer = plane.post(body).await;
        let shown = &body[..body.len().min(80)];
        assert_eq!(
            (answer.status, answer.json()),
            (status, json!({ "errors": [expected] })),
            "{shown}"
        );
        assert_eq!(answer.code(), expected["errorType"], "{shown}");
        let exposed = header(&answer, "access-control-expose-headers");
        assert_eq!(exposed, Some("x-amzn-RequestId,x-amzn-ErrorType"));
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    };
    let bad = |message: &str| json!({ "errorType": "BadRequestException", "message": message });
    let events = |events: &[&str]| json!({ "channel": "/default/a", "events": events }).to_string();
    check("", 400, bad("The request is not a JSON object")).await;
    check("[]", 400, bad("The request is not a JSON object")).await;
    check(
        &format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(9)),
        400,
        bad("The request is not a JSON object"),
    )
    .await;
    check(r#"{"events":["1"]}"#, 400, bad("Invalid Channel Format")).await;
    check(r#"{"channel":"/default/*","events":["1"]}"#, 400, bad("Invalid Channel Format")).await;
    check(r#"{"channel":"/a/b/c/d/e/f","events":["1"]}"#, 400, bad("Invalid Channel Format")).await;
    check(
        r#"{"channel":"bad/channel","events":[]}"#,
        401,
        json!({ "errorType": "UnauthorizedException" }),
    )
    .await;
    check(&events(&[]), 400, bad("There are no events to publish")).await;
    check(r#"{"channel":"/default/a"}"#, 400, bad("There are no events to publish")).await;
    check(
        r#"{"channel":"/default/a","events":"1"}"#,
        400,
        bad("The events must be a list of strings"),
    )
    .await;
    check(&events(&["1"; 6]), 400, bad("Input exceeded 5 event limit")).await;
    check(&events(&["1", "hello"]), 400, bad("Event 1 is not valid JSON")).await;
    let response = bad("Event 0 is not a string: each event is a string that contains JSON");
    check(r#"{"channel":"/default/a","events":[{"msg":"hi"}]}"#, 400, response).await;
    let large = format!("\"{}\"", "x".repeat(240 * 1024 - 2));
    assert_eq!(plane.post(&events(&[large.as_str(); 4])).await.status, 200);
    check(&events(&[&format!("{large} ")]), 400, bad("Event 0 exceeds 240 KB")).await;
    check(&events(&[large.as_str(); 5]), 400, bad("The request exceeds 1.2 MB")).await;
    // The key is checked before the events.
    let head = format!("POST /apis/{}/event HTTP/1.1\r\nx-api-key: da2-wrong", plane.api);
    let answer = plane.faulty.send(&head, &events(&["{"])).await.unwrap();
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (
            401,
            r#"{"errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call."}]}"#
        )
    );
}

#[tokio::test]
async fn an_api_is_found_by_host_and_by_path_and_by_its_domain_name() {
    let plane = Plane::start().await;
    let certificate =
        "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012";
    for name in ["events.example.com", "*.wild.example.com"] {
        let domain = json!({ "domainName": name, "certificateArn": certificate });
        assert_eq!(plane.faulty.appsync("POST", "/v1/domainnames", &domain).await.status, 200);
        let path = format!("/v1/domainnames/{name}/apiassociation");
        let association = json!({ "apiId": plane.api });
        assert_eq!(plane.faulty.appsync("POST", &path, &association).await.status, 200);
    }
    let (api, prefix) = (&plane.api, &plane.prefix);
    let address = plane.faulty.address.to_string();
    let check = async |host: &str, path: &str, status: u16| {
        let body = r#"{"channel":"/default/a","events":["1"]}"#;
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-api-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
            plane.key,
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        let mut text = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await.unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{host}{path}: {text}");
        text
    };
    for host in [
        format!("{prefix}.appsync-api.us-east-1.amazonaws.com"),
        format!("{}.AppSync-API.us-east-1.amazonaws.com:4100", prefix.to_uppercase()),
        format!("{prefix}.appsync-realtime-api.us-east-1.amazonaws.com"),
        format!("{prefix}.localhost:4100"),
        format!("{api}.localhost"),
        "events.example.com".to_owned(),
        "Events.Example.Com:8443".to_owned(),
        "some.wild.example.com".to_owned(),
    ] {
        check(&host, "/event", 200).await;
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]:1", "anything.example.com"] {
        check(host, &format!("/apis/{api}/event"), 200).await;
        check(host, &format!("/apis/{prefix}/event"), 200).await;
    }
    let response = check("localhost", "/event", 404).await;
    assert!(
        response.contains("/apis/<api-id>/event") && response.contains("<api-id>.localhost"),
        "{response}"
    );
    check("localhost", "/apis/none/event", 404).await;
    check("none.localhost", "/event", 404).await;
    check("other.example.com", "/event", 404).await;
    check(&format!("{prefix}.appsync-api.eu-west-1.amazonaws.com"), "/event", 404).await;
    check(&format!("{prefix}.appsync-api.us-east-1.amazonaws.com"), "/graphql", 404).await;
}

#[tokio::test]
async fn preflight_requests_are_answered_and_other_methods_are_rejected() {
    let plane = Plane::start().await;
    let send = async |head: String| plane.faulty.send(&head, "").await.unwrap();
    let path = format!("/apis/{}/event", plane.api);
    let answer = send(format!(
        "OPTIONS {path} HTTP/1.1\r\norigin: http://localhost:3000\r\naccess-control-request-method: POST\r\naccess-control-request-headers: content-type,x-api-key,x-own"
    ))
    .await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    assert_eq!(
        header(&answer, "access-control-allow-headers"),
        Some("content-type,x-api-key,x-own")
    );
    assert_eq!(header(&answer, "access-control-allow-methods"), Some("POST, GET, OPTIONS"));
    assert_eq!(header(&answer, "access-control-max-age"), Some("172800"));
    for (method, path, status, allowed) in [
        ("GET", path.clone(), 405, Some("POST")),
        ("PUT", path.clone(), 405, Some("POST")),
        ("POST", format!("{path}/realtime"), 405, Some("GET")),
        ("GET", format!("{path}/realtime"), 400, None),
    ] {
        let answer = send(format!("{method} {path} HTTP/1.1")).await;
        assert_eq!((answer.status, header(&answer, "allow")), (status, allowed), "{method} {path}");
        assert!(answer.json()["errors"][0]["errorType"].is_string());
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    }
}

//! Hostile clients of the real program do not affect another client.
use futures_util::SinkExt;
use futures_util::stream::{self, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::guard::{HANG, unless_it_hangs};
use crate::hostile_server::{Server, Witness};
use crate::plane::{ACK, Plane, SUBPROTOCOL, Socket, data, subprotocol};

/// A deeply nested list, which is not a valid `authorization`.
fn deep() -> String {
    format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))
}

/// A client's frame of less than 64 KiB, masked with zeros.
fn masked_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut frame = vec![first];
    match length {
        0..=125 => frame.push(0x80 | length as u8),
        _ => frame.extend([&[0xfe][..], &length.to_be_bytes()].concat()),
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn invalid_frames_close_only_their_own_connection() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let huge = [&[0x81, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let large = [&[0x81, 0xff][..], &(1_u64 << 32).to_be_bytes(), &[0; 4]].concat();
    let split_text =
        [masked_frame(0x01, b"{\"a\":\"\xc3"), masked_frame(0x80, b"\x28\"}")].concat();
    for (name, bytes) in [
        ("lengths of 64 bits", huge),
        ("a frame that is too large", large),
        ("invalid UTF-8", masked_frame(0x81, b"\xff\xfe")),
        ("invalid UTF-8 across two frames", split_text),
        ("a continuation of nothing", masked_frame(0x80, b"{}")),
        ("a text within a text", [masked_frame(0x01, b"{"), masked_frame(0x81, b"}")].concat()),
        ("reserved bits", masked_frame(0xf1, b"{}")),
        ("a reserved opcode", masked_frame(0x83, b"")),
        ("a reserved control opcode", masked_frame(0x8f, b"")),
        ("a ping that is too long", masked_frame(0x89, &[0; 126])),
        ("half a ping", masked_frame(0x09, b"x")),
        ("a close frame of one byte", masked_frame(0x88, b"\x03")),
        ("a close frame with an invalid code", masked_frame(0x88, b"\x00\x01")),
        ("no mask", b"\x81\x02{}".to_vec()),
    ] {
        let mut stream = plane.connect().await.stream.into_inner();
        stream.write_all(&bytes).await.unwrap();
        let end = timeout(HANG, stream.read_to_end(&mut Vec::new())).await;
        assert!(end.is_ok(), "{name} does not end the connection");
        witness.expect_service(&plane).await;
    }
    server.stop();
}

#[tokio::test]
async fn unusual_but_valid_frames_are_answered() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut socket = plane.connect().await;
    let parts = [
        masked_frame(0x01, b"{\"type\":"),
        masked_frame(0x89, b"ping"),
        masked_frame(0x00, b""),
        masked_frame(0x80, b"\"connection_init\"}"),
    ];
    socket.stream.get_mut().write_all(&parts.concat()).await.unwrap();
    assert_eq!(socket.message().await, Some(Message::Pong(b"ping".as_slice().into())));
    assert_eq!(socket.text().await, ACK);
    socket.stream.send(Message::Binary(vec![0; 100].into())).await.unwrap();
    let response = socket.text().await;
    assert!(response.contains("The message is binary"), "{response}");
    let many: String = (0..60_000).map(|n| format!("\"k{n}\":{n},")).collect();
    let same = "\"x-api-key\":\"no\",".repeat(40_000);
    let key = &plane.key;
    for (authorization, expected) in [
        (format!("{{{many}\"x-api-key\":\"{key}\"}}"), "subscribe_success"),
        (format!("{{{same}\"x-api-key\":\"{key}\"}}"), "subscribe_success"),
        (format!("{{\"x-api-key\":\"{}\"}}", "k".repeat(1_000_000)), "subscribe_error"),
        ("[".repeat(100_000), "The message is not a JSON object"),
        (deep(), "subscribe_error"),
    ] {
        let ask = format!(
            "{{\"type\":\"subscribe\",\"id\":\"s\",\"channel\":\"/default/a\",\"authorization\":{authorization}}}"
        );
        let response = socket.ask(&ask).await;
        assert!(response.contains(expected) && response.len() < 1_000, "{response}");
        if expected == "subscribe_success" {
            socket.ask("{\"type\":\"unsubscribe\",\"id\":\"s\"}").await;
        }
    }
    server.stop();
}

#[tokio::test]
async fn invalid_and_huge_subprotocols_are_denied() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let nested = subprotocol(&format!("{{\"a\":{}", "[".repeat(20_000)));
    let members: String = (0..2_000).map(|n| format!("\"k{n}\":0,")).collect();
    let wide = subprotocol(&format!("{{{members}\"x-api-key\":\"no\"}}"));
    for wrong in [&nested, &wide, "header-", "header-%%", &subprotocol("[]"), &subprotocol("{}")] {
        let mut socket = plane.open(Some(&format!("{wrong}, {SUBPROTOCOL}")), &[]).await;
        let response = socket.text().await;
        assert!(response.contains("UnauthorizedException"), "{response}");
        witness.expect_service(&plane).await;
    }
    let same = vec![SUBPROTOCOL; 1_000].join(",");
    let mut socket = plane.open(Some(&same), &[]).await;
    assert!(socket.text().await.contains("UnauthorizedException"));
    server.stop();
}

#[tokio::test]
async fn a_client_that_never_reads_costs_little_memory_and_is_disconnected() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let mut slow = Vec::new();
    for n in 0..8 {
        let mut socket = plane.connect().await;
        socket.subscribe(&plane, &format!("s{n}"), "/default/*").await;
        slow.push(socket);
    }
    let (before, _) = server.memory();
    let event = format!("\"{}\"", "x".repeat(20_000));
    let publish = async {
        for _ in 0..300 {
            assert_eq!(plane.publish("/default/a", &[event.as_str(); 5]).await.status, 200);
        }
    };
    witness.run_during(&plane, publish).await;
    let (after, _) = server.memory();
    assert!(after < before + 48 * 1_024, "{before} kB grew to {after} kB");
    for socket in &mut slow {
        let mut read = 0;
        while socket.message().await.is_some() {
            read += 1;
        }
        assert!(read < 1_500, "all {read} events were queued for it");
    }
    server.stop();
}

#[tokio::test]
async fn pings_of_a_client_that_never_reads_do_not_fill_the_memory() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let mut stream = plane.connect().await.stream.into_inner();
    let (before, _) = server.memory();
    let pings = masked_frame(0x89, &[0; 125]).repeat(1_000);
    let send = async {
        for _ in 0..200 {
            if unless_it_hangs(stream.write_all(&pings)).await.is_err() {
                break;
            }
        }
    };
    witness.run_during(&plane, send).await;
    let (after, _) = server.memory();
    assert!(after < before + 9 * 1_024, "{before} kB grew to {after} kB");
    server.stop();
}

#[tokio::test]
async fn incomplete_requests_delay_neither_other_clients_nor_the_shutdown() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let event = format!("/apis/{}/event", plane.api);
    let upgrade = format!(
        "GET {event}/realtime HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    let body = format!("POST {event} HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{{");
    let control =
        "PUT /_provision/faults HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{";
    let other = "POST /v2/apis HTTP/1.1\r\nhost: h\r\nauthorization: AWS4-HMAC-SHA256 Credential=k/20260102/r/appsync/aws4_request\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc";
    let mut open = Vec::new();
    for begin in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"P",
        b"POST /event HTTP/1.1\r\nhost: x\r\nx-api-",
        upgrade.as_bytes(),
        format!("{upgrade}\r\n").as_bytes(),
        format!("{upgrade}sec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n").as_bytes(),
        body.as_bytes(),
        control.as_bytes(),
        other.as_bytes(),
    ] {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(begin).await.unwrap();
            open.push(stream);
        }
        witness.expect_service(&plane).await;
    }
    let quiet = plane.connect().await;
    server.stop();
    drop((open, quiet));
}

#[tokio::test]
async fn a_thousand_concurrent_clients_are_served_and_all_sockets_are_closed() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    witness.expect_service(&plane).await;
    let files = server.open_files();
    let offered = format!("{}, {SUBPROTOCOL}", plane.credentials());
    let connect = stream::iter(0..1_000).map(async |_| {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let upgrade = plane.upgrade(Some(&offered), &[]);
        let (stream, _) = client_async(upgrade, stream).await.unwrap();
        Socket { stream }
    });
    let all = connect.buffer_unordered(1_000).collect::<Vec<_>>();
    let mut sockets = witness.run_during(&plane, all).await;
    let last = sockets.last_mut().unwrap();
    last.subscribe(&plane, "s", "/default/*").await;
    assert_eq!(plane.publish("/default/a", &["1"]).await.status, 200);
    assert_eq!(last.text().await, data("s", "1"));
    assert!(server.open_files() >= files + 1_000);
    drop(sockets);
    let all_closed = async {
        while server.open_files() > files + 20 {
            witness.expect_service(&plane).await;
        }
    };
    unless_it_hangs(all_closed).await;
    server.stop();
}

/// A request to publish with these headers.
fn request(plane: &Plane, headers: &str, body: &str) -> String {
    format!(
        "POST /apis/{}/event HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\n{headers}\r\n\r\n{body}",
        plane.api, plane.key
    )
}

#[tokio::test]
async fn malformed_and_endless_requests_are_rejected_or_disconnected() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let body = "{\"channel\":\"/default/a\",\"events\":[\"1\"]}";
    let sized = |of: &str| request(&plane, &format!("content-length: {}", of.len()), of);
    let larger = format!("{body}{}", " ".repeat(1_228_801 - body.len()));
    let last = "connection: close\r\ncontent-length: 39";
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000)).repeat(300);
    let headers: String = (0..5_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let long = format!("x-long: {}", "x".repeat(1_000_000));
    let twice = format!("{}{}", sized(body), request(&plane, last, body));
    let close = |of: &str| format!("{}\r\nconnection: close", of);
    for (name, bytes, expected) in [
        (
            "the largest allowed body",
            request(&plane, "connection: close\r\ncontent-length: 1228800", &larger[..1_228_800]),
            &["200"][..],
        ),
        (
            "one byte more than allowed",
            request(&plane, "connection: close\r\ncontent-length: 1228801", &larger),
            &["400"],
        ),
        ("endless chunks", request(&plane, "transfer-encoding: chunked", &chunk), &["400"]),
        (
            "a chunk with an invalid size",
            request(&plane, "transfer-encoding: chunked", "zz\r\n"),
            &["400"],
        ),
        (
            "a chunk whose size overflows",
            request(&plane, "transfer-encoding: chunked", "fffffffffffffffff\r\n"),
            &["400"],
        ),
        (
            "less than its length, then another request",
            request(&plane, "content-length: 2", body),
            &["400", "400"],
        ),
        (
            "two lengths",
            request(&plane, "content-length: 39\r\ncontent-length: 40", body),
            &["400"],
        ),
        ("an invalid length", request(&plane, "content-length: -1", body), &["400"]),
        (
            "a length and chunks",
            request(&plane, &close("content-length: 3\r\ntransfer-encoding: chunked"), "0\r\n\r\n"),
            &["400"],
        ),
        ("thousands of headers", request(&plane, &headers, body), &["431"]),
        ("a huge header", request(&plane, &long, body), &["431"]),
        ("two requests at once", twice, &["200", "200"]),
        (
            "HTTP/1.0",
            request(&plane, "content-length: 39", body).replace("HTTP/1.1", "HTTP/1.0"),
            &["200"],
        ),
        (
            "an absolute target",
            request(&plane, last, body).replace("POST /", "POST http://h/"),
            &["200"],
        ),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &[]),
        ("a nul", request(&plane, "x: a\0b", body), &["400"]),
        ("no host", format!("GET /event HTTP/1.1\r\n{}\r\n\r\n", close("a: b")), &["404"]),
    ] {
        let answer = witness.run_during(&plane, server.send(bytes.as_bytes())).await;
        let statuses: Vec<&str> = answer.split("HTTP/1.").skip(1).map(|part| &part[2..5]).collect();
        let is_expected =
            statuses == expected || (statuses.len() == 1 && expected.contains(&statuses[0]));
        // A client that is disconnected while it sends may receive nothing.
        assert!(is_expected || (statuses.is_empty() && bytes.len() > 500_000), "{name}: {answer}");
    }
    for target in [
        "*",
        "//",
        "/%00",
        "/apis//event",
        "/apis/%2e%2e/event",
        "/event?",
        "http://",
        "x:1",
        "/é",
        "/apis/x/event/realtime",
    ] {
        let answer = server
            .send(
                format!("GET {target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").as_bytes(),
            )
            .await;
        let status = answer.get(9..10).unwrap_or("4");
        assert_eq!(status, "4", "{target}: {answer}");
        witness.expect_service(&plane).await;
    }
    server.stop();
}

//! Strangers with a socket, against the real program, while somebody goes on using it.
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

/// What `authorization` is not, and what nothing is: as deep as a frame is long.
fn deep() -> String {
    format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))
}

/// A frame of a client, masked with zeros, of fewer than 64 KiB.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
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
async fn broken_frames_end_their_connection_and_nobody_elses() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
    let huge = [&[0x81, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let large = [&[0x81, 0xff][..], &(1_u64 << 32).to_be_bytes(), &[0; 4]].concat();
    let split_text = [masked(0x01, b"{\"a\":\"\xc3"), masked(0x80, b"\x28\"}")].concat();
    for (name, bytes) in [
        ("lengths of 64 bits", huge),
        ("more than there may be", large),
        ("text that is no UTF-8", masked(0x81, b"\xff\xfe")),
        ("text that is no UTF-8 where it is put together", split_text),
        ("a continuation of nothing", masked(0x80, b"{}")),
        ("a text within a text", [masked(0x01, b"{"), masked(0x81, b"}")].concat()),
        ("reserved bits", masked(0xf1, b"{}")),
        ("a reserved opcode", masked(0x83, b"")),
        ("a reserved opcode of control", masked(0x8f, b"")),
        ("a ping that is too long", masked(0x89, &[0; 126])),
        ("half a ping", masked(0x09, b"x")),
        ("a close of one byte", masked(0x88, b"\x03")),
        ("a close with a code that is none", masked(0x88, b"\x00\x01")),
        ("no mask", b"\x81\x02{}".to_vec()),
    ] {
        let mut stream = plane.connect().await.stream.into_inner();
        stream.write_all(&bytes).await.unwrap();
        let ended = timeout(HANG, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "{name} does not end the connection");
        witness.goes_on(&plane).await;
    }
    server.end();
}

#[tokio::test]
async fn odd_frames_that_are_allowed_are_answered() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut socket = plane.connect().await;
    let parts = [
        masked(0x01, b"{\"type\":"),
        masked(0x89, b"ping"),
        masked(0x00, b""),
        masked(0x80, b"\"connection_init\"}"),
    ];
    socket.stream.get_mut().write_all(&parts.concat()).await.unwrap();
    assert_eq!(socket.message().await, Some(Message::Pong(b"ping".as_slice().into())));
    assert_eq!(socket.text().await, ACK);
    socket.stream.send(Message::Binary(vec![0; 100].into())).await.unwrap();
    let told = socket.text().await;
    assert!(told.contains("The message is binary"), "{told}");
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
        let told = socket.ask(&ask).await;
        assert!(told.contains(expected) && told.len() < 1_000, "{told}");
        if expected == "subscribe_success" {
            socket.ask("{\"type\":\"unsubscribe\",\"id\":\"s\"}").await;
        }
    }
    server.end();
}

#[tokio::test]
async fn subprotocols_that_are_wrong_or_bombs_open_nothing() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
    let nested = subprotocol(&format!("{{\"a\":{}", "[".repeat(20_000)));
    let members: String = (0..2_000).map(|n| format!("\"k{n}\":0,")).collect();
    let wide = subprotocol(&format!("{{{members}\"x-api-key\":\"no\"}}"));
    for wrong in [&nested, &wide, "header-", "header-%%", &subprotocol("[]"), &subprotocol("{}")] {
        let mut socket = plane.open(Some(&format!("{wrong}, {SUBPROTOCOL}")), &[]).await;
        let told = socket.text().await;
        assert!(told.contains("UnauthorizedException"), "{told}");
        witness.goes_on(&plane).await;
    }
    let same = vec![SUBPROTOCOL; 1_000].join(",");
    let mut socket = plane.open(Some(&same), &[]).await;
    assert!(socket.text().await.contains("UnauthorizedException"));
    server.end();
}

#[tokio::test]
async fn who_never_reads_costs_little_and_is_let_go() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
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
    witness.beside(&plane, publish).await;
    let (after, _) = server.memory();
    assert!(after < before + 48 * 1_024, "{before} kB grew to {after} kB");
    for socket in &mut slow {
        let mut read = 0;
        while socket.message().await.is_some() {
            read += 1;
        }
        assert!(read < 1_500, "all {read} events were kept for it");
    }
    server.end();
}

#[tokio::test]
async fn pings_of_who_never_reads_fill_no_memory() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
    let mut stream = plane.connect().await.stream.into_inner();
    let (before, _) = server.memory();
    let pings = masked(0x89, &[0; 125]).repeat(1_000);
    let send = async {
        for _ in 0..200 {
            if unless_it_hangs(stream.write_all(&pings)).await.is_err() {
                break;
            }
        }
    };
    witness.beside(&plane, send).await;
    let (after, _) = server.memory();
    assert!(after < before + 9 * 1_024, "{before} kB grew to {after} kB");
    server.end();
}

#[tokio::test]
async fn connections_that_stop_half_way_hold_nobody_up_and_not_the_end() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
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
        witness.goes_on(&plane).await;
    }
    let quiet = plane.connect().await;
    server.end();
    drop((open, quiet));
}

#[tokio::test]
async fn a_thousand_who_connect_at_once_are_all_served_and_leave_nothing_behind() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
    witness.goes_on(&plane).await;
    let files = server.open_files();
    let offered = format!("{}, {SUBPROTOCOL}", plane.credentials());
    let connect = stream::iter(0..1_000).map(async |_| {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let upgrade = plane.upgrade(Some(&offered), &[]);
        let (stream, _) = client_async(upgrade, stream).await.unwrap();
        Socket { stream }
    });
    let all = connect.buffer_unordered(1_000).collect::<Vec<_>>();
    let mut sockets = witness.beside(&plane, all).await;
    let last = sockets.last_mut().unwrap();
    last.subscribe(&plane, "s", "/default/*").await;
    assert_eq!(plane.publish("/default/a", &["1"]).await.status, 200);
    assert_eq!(last.text().await, data("s", "1"));
    assert!(server.open_files() >= files + 1_000);
    drop(sockets);
    let closed = async {
        while server.open_files() > files + 20 {
            witness.goes_on(&plane).await;
        }
    };
    unless_it_hangs(closed).await;
    server.end();
}

/// A request to publish with these headers.
fn request(plane: &Plane, headers: &str, body: &str) -> String {
    format!(
        "POST /apis/{}/event HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\n{headers}\r\n\r\n{body}",
        plane.api, plane.key
    )
}

#[tokio::test]
async fn requests_that_lie_or_never_end_are_refused_or_cut_off() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
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
            "as large as may be",
            request(&plane, "connection: close\r\ncontent-length: 1228800", &larger[..1_228_800]),
            &["200"][..],
        ),
        (
            "one byte more",
            request(&plane, "connection: close\r\ncontent-length: 1228801", &larger),
            &["400"],
        ),
        ("chunks without end", request(&plane, "transfer-encoding: chunked", &chunk), &["400"]),
        (
            "a chunk whose size is none",
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
        ("a length that is none", request(&plane, "content-length: -1", body), &["400"]),
        (
            "both lengths and chunks",
            request(&plane, &close("content-length: 3\r\ntransfer-encoding: chunked"), "0\r\n\r\n"),
            &["400"],
        ),
        ("thousands of headers", request(&plane, &headers, body), &["431"]),
        ("a header without end", request(&plane, &long, body), &["431"]),
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
        let answer = witness.beside(&plane, server.send(bytes.as_bytes())).await;
        let statuses: Vec<&str> = answer.split("HTTP/1.").skip(1).map(|part| &part[2..5]).collect();
        let sound =
            statuses == expected || (statuses.len() == 1 && expected.contains(&statuses[0]));
        // Who is cut off while he still sends may read nothing at all.
        assert!(sound || (statuses.is_empty() && bytes.len() > 500_000), "{name}: {answer}");
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
        witness.goes_on(&plane).await;
    }
    server.end();
}

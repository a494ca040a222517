//! Hostile clients of the data plane do not affect other clients.
use futures_util::SinkExt;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::plane::{Plane, data};

#[tokio::test]
async fn deeply_nested_messages_do_not_overflow_the_stack() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    socket.subscribe(&plane, "s", "/default/*").await;
    for member in ["payload", "authorization", "events", "channel", "id", "type"] {
        let bomb = format!("{{\"{member}\":{}", "[{\"a\":".repeat(150_000));
        let response = socket.ask(&bomb).await;
        assert!(response.contains("The message is not a JSON object"), "{response}");
    }
    // The data plane does not parse the content of an event.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(plane.publish("/default/a", &[&deep]).await.status, 200);
    assert_eq!(socket.text().await, data("s", &deep));
}

#[tokio::test]
async fn a_message_that_is_too_large_is_rejected_and_a_far_larger_one_closes_its_connection() {
    let plane = Plane::start().await;
    let (mut socket, mut other) = (plane.connect().await, plane.connect().await);
    other.subscribe(&plane, "s", "/default/*").await;
    let padding = "x".repeat(1_228_800);
    let message = plane.publish_message("p", "/default/a", &["1"]);
    let message = format!("{{\"padding\":\"{padding}\",{}", &message[1..]);
    assert_eq!(
        socket.ask(&message).await,
        r#"{"type":"publish_error","id":"p","errors":[{"errorType":"BadRequestException","message":"The request exceeds 1.2 MB"}]}"#
    );
    // The server may close the connection before everything is sent.
    let _ = socket.stream.send(Message::text("x".repeat(4_000_000))).await;
    loop {
        match socket.message().await {
            Some(Message::Text(text)) => panic!("no answer was expected: {text}"),
            Some(_) => {}
            None => break,
        }
    }
    assert_eq!(plane.publish("/default/a", &["2"]).await.status, 200);
    assert_eq!(other.text().await, data("s", "2"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_delays_no_other() {
    let plane = Plane::start().await;
    let (mut slow, mut other) = (plane.connect().await, plane.connect().await);
    slow.subscribe(&plane, "slow", "/default/*").await;
    other.subscribe(&plane, "s", "/default/*").await;
    let large = format!("\"{}\"", "x".repeat(200_000));
    // Far more than the queue of one connection and the buffers of its socket hold.
    for _ in 0..30 {
        assert_eq!(plane.publish("/default/a", &[large.as_str(); 4]).await.status, 200);
        for _ in 0..4 {
            assert_eq!(other.text().await.len(), data("s", &large).len());
        }
    }
    let mut read = 0;
    while let Some(message) = slow.message().await {
        assert!(message.is_text(), "a client that does not read gets no close frame");
        read += 1;
    }
    assert!(read < 120, "{read} events were queued for it");
}

#[tokio::test]
async fn invalid_frames_close_only_their_own_connection() {
    let plane = Plane::start().await;
    let mut other = plane.connect().await;
    other.subscribe(&plane, "s", "/default/*").await;
    for bytes in [
        // Not masked; a reserved opcode; invalid UTF-8; a ping that is too long; half a frame.
        &b"\x81\x02{}"[..],
        b"\x83\x80\0\0\0\0",
        b"\x81\x82\0\0\0\0\xff\xfe",
        b"\x89\xfe\xff\xff\0\0\0\0",
        b"\x81\xff\x7f",
    ] {
        let socket = plane.connect().await;
        let mut stream = socket.stream.into_inner();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
        assert_eq!(plane.publish("/default/a", &["1"]).await.status, 200);
        assert_eq!(other.text().await, data("s", "1"));
    }
}

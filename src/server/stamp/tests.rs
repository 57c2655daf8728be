use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, advance};

use super::{ANSWER_TIME, BodyLength, HEAD_TIME, IDLE_TIME, Stamped, State};

/// Reads `(milliseconds, bytes)` and asks for the stamp of each request that `bodies` announces.
fn stamps(reads: &[(u64, &str)], bodies: &[(usize, BodyLength)]) -> Vec<u64> {
    let start = Instant::now();
    let mut state = State::new(start);
    let mut stamps = Vec::new();
    for (index, (at, bytes)) in reads.iter().enumerate() {
        let now = start + Duration::from_millis(*at);
        state.read(bytes.as_bytes(), now);
        for (_, body) in bodies.iter().filter(|(after, _)| *after == index) {
            let stamp = state.begin(*body, now);
            stamps.push(u64::try_from((stamp - start).as_millis()).unwrap());
        }
    }
    stamps
}

const NONE: BodyLength = BodyLength::Known(0);

#[tokio::test]
async fn a_head_counts_from_its_first_byte() {
    let reads = [(10, "G"), (20, "ET / HTTP/1.1\r\nhost: a\r\n"), (300, "\r"), (400, "\n")];
    assert_eq!(stamps(&reads, &[(3, NONE)]), [10]);
}

#[tokio::test]
async fn each_request_of_a_connection_counts_from_its_own_first_byte() {
    let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(stamps(&[(10, get), (900, get)], &[(0, NONE), (1, NONE)]), [10, 900]);
}

#[tokio::test]
async fn a_body_is_not_the_next_request() {
    let reads = [
        (10, "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhe"),
        (200, "llo"),
        (700, "GET / HTTP/1.1\r\n\r\n"),
    ];
    let bodies = [(0, BodyLength::Known(5)), (2, NONE)];
    assert_eq!(stamps(&reads, &bodies), [10, 700]);
}

#[tokio::test]
async fn a_pipelined_request_counts_from_the_read_that_held_its_first_byte() {
    let reads = [
        (10, "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhelloGE"),
        (500, "T / HTTP/1.1\r\n\r\n"),
    ];
    let bodies = [(0, BodyLength::Known(5)), (1, NONE)];
    assert_eq!(stamps(&reads, &bodies), [10, 10]);
}

#[tokio::test]
async fn empty_lines_between_requests_are_not_a_first_byte() {
    let reads = [(10, "\r\n"), (500, "\r\nGET / HTTP/1.1\n\n")];
    assert_eq!(stamps(&reads, &[(1, NONE)]), [500]);
}

#[tokio::test]
async fn the_http2_preface_is_not_a_head() {
    let reads = [(10, "PRI * HT"), (20, "TP/2.0\r\n\r\nSM\r\n\r\n"), (700, "frames")];
    assert_eq!(stamps(&reads, &[(2, NONE)]), [700]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_told_so_and_cut() {
    let (mut client, server) = duplex(1024);
    let (mut stamped, _stamps) = Stamped::new(server, Instant::now());
    client.write_all(b"GET / HT").await.unwrap();
    let mut buffer = [0; 64];
    assert_eq!(stamped.read(&mut buffer).await.unwrap(), 8);
    let before = Instant::now();
    let error = stamped.read(&mut buffer).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(HEAD_TIME <= before.elapsed());
    drop(stamped);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_quietly() {
    let (_client, server) = duplex(1024);
    let (mut stamped, _stamps) = Stamped::new(server, Instant::now());
    let mut buffer = [0; 64];
    advance(IDLE_TIME).await;
    assert_eq!(stamped.read(&mut buffer).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn half_an_http2_preface_is_a_slow_head() {
    let (mut client, server) = duplex(1024);
    let (mut stamped, _stamps) = Stamped::new(server, Instant::now());
    client.write_all(b"PRI * HTTP/2.0\r\n\r\n").await.unwrap();
    let mut buffer = [0; 64];
    assert_eq!(stamped.read(&mut buffer).await.unwrap(), 18);
    let error = stamped.read(&mut buffer).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_chunked_body_is_unread_until_its_end_is_told() {
    let (mut client, server) = duplex(1024);
    let (mut stamped, stamps) = Stamped::new(server, Instant::now());
    client.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(stamped.read(&mut [0; 64]).await.unwrap(), 19);
    let _ = stamps.begin(BodyLength::Chunked, Instant::now());
    assert!(stamps.in_chunked_body());
    stamps.body_ended();
    assert!(!stamps.in_chunked_body());
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_ends_when_it_only_answers_pings() {
    let (mut client, server) = duplex(1024);
    let (mut stamped, stamps) = Stamped::new(server, Instant::now());
    let mut buffer = [0; 64];
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert_eq!(stamped.read(&mut buffer).await.unwrap(), 24);
    advance(IDLE_TIME / 2).await;
    let _ = stamps.begin(NONE, Instant::now());
    let called = Instant::now();
    while called.elapsed() < IDLE_TIME {
        client.write_all(b"ping").await.unwrap();
        assert_eq!(stamped.read(&mut buffer).await.unwrap(), 4);
        advance(Duration::from_secs(20)).await;
    }
    client.write_all(b"ping").await.unwrap();
    assert_eq!(stamped.read(&mut buffer).await.unwrap(), 0, "what can be read is not a use");
}

#[tokio::test(start_paused = true)]
async fn a_silent_http2_connection_ends_on_time() {
    let (mut client, server) = duplex(1024);
    let (mut stamped, _stamps) = Stamped::new(server, Instant::now());
    let mut buffer = [0; 64];
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert_eq!(stamped.read(&mut buffer).await.unwrap(), 24);
    let before = Instant::now();
    assert_eq!(stamped.read(&mut buffer).await.unwrap(), 0);
    assert!(IDLE_TIME <= before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_ends_the_connection() {
    let (mut client, server) = duplex(64);
    let (mut stamped, _stamps) = Stamped::new(server, Instant::now());
    stamped.write_all(&[b'a'; 64]).await.unwrap();
    // Whatever is taken in time, however little, is patience anew.
    for _ in 0..3 {
        let before = Instant::now();
        let (written, ()) = tokio::join!(stamped.write(b"b"), async {
            advance(ANSWER_TIME - Duration::from_millis(1)).await;
            assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 1);
        });
        assert_eq!(written.unwrap(), 1);
        assert!(before.elapsed() < ANSWER_TIME);
    }
    let before = Instant::now();
    let error = stamped.write(b"c").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(ANSWER_TIME <= before.elapsed());
}

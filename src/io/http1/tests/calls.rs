//! What leaves, and when a connection is used again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufWriter, duplex};
use tokio::time::{Instant, advance};

use crate::io::connect::Address;
use crate::io::http1::tests::script::{Script, Seen};
use crate::io::http1::tests::sides::{LIMITS, head, later, run};
use crate::io::http1::{Connection, Exchange, Fetched, Finished, Head, Unsent};
use crate::model::call::{AnswerOutcome, CallFault};

#[test]
fn a_request_is_one_write() {
    let (connection, seen) = connection(Script::of(NO_BID, false));
    let body: Arc<[u8]> = Arc::from(&b"{\"id\":1}"[..]);
    let finished = run(connection.call(&head(), Arc::clone(&body), false));
    assert_eq!(finished.fetched.unwrap(), no_bid());
    let asked = "POST /bid?k=1 HTTP/1.1\r\nhost: acme.example:8080\r\n\
                 content-type: application/json\r\nx-openrtb-version: 2.6\r\n\
                 accept-encoding: gzip\r\ncontent-length: 8\r\n\r\n{\"id\":1}";
    let first = std::mem::take(&mut *seen.lock());
    assert_eq!((String::from_utf8(first.asked).unwrap().as_str(), first.writes), (asked, 1));
    let (connection, seen) = self::connection(Script::of(NO_BID, false));
    run(connection.call(&head(), body, true));
    let gzip = asked.replace("content-length", "content-encoding: gzip\r\ncontent-length");
    assert_eq!(String::from_utf8(seen.lock().asked.clone()).unwrap(), gzip);
}

#[test]
fn the_address_says_what_is_asked_of_whom() {
    for (url, start) in [
        ("https://acme.example", "POST / HTTP/1.1\r\nhost: acme.example\r\n"),
        (
            "https://acme.example:443/a b?c=\"d\"",
            "POST /a%20b?c=%22d%22 HTTP/1.1\r\nhost: acme.example\r\n",
        ),
        ("http://[::1]:8080/x", "POST /x HTTP/1.1\r\nhost: [::1]:8080\r\n"),
    ] {
        let head = Arc::new(Head::post(&Address::parse(url, true).unwrap()));
        let (connection, seen) = connection(Script::of(NO_BID, false));
        run(connection.call(&head, Arc::default(), false));
        let asked = String::from_utf8(seen.lock().asked.clone()).unwrap();
        assert!(asked.starts_with(start), "{url}: {asked}");
        assert!(asked.ends_with("\r\ncontent-length: 0\r\n\r\n"), "{url}: {asked}");
    }
}

#[test]
fn a_request_leaves_whole_however_little_is_taken() {
    let bodies = [0, 1, 1_000, 63 * 1024, 64 * 1024, 200_000];
    for (length, narrow) in bodies.into_iter().flat_map(|length| [(length, 7), (length, 5_000)]) {
        let body: Vec<u8> = (0..length).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
        // The answer comes with the last byte, as a rule; the script begins with the first.
        let (connection, seen) = connection(Script { narrow, ..Script::default() });
        let mut call = connection.call(&head(), Arc::from(&body[..]), false);
        assert!(!call.sent());
        run(async {
            _ = tokio::time::timeout(Duration::from_secs(1), &mut call).await;
        });
        assert!(call.sent());
        let asked = &seen.lock().asked;
        let split = asked.len() - length;
        assert_eq!(asked[split..], body, "{length} by {narrow}");
        assert!(asked[..split].ends_with(format!("content-length: {length}\r\n\r\n").as_bytes()));
    }
}

#[test]
fn what_a_stream_holds_back_is_flushed() {
    run(async {
        let (near, mut far) = duplex(64);
        let connection =
            Connection::new(Box::new(BufWriter::with_capacity(4_096, near)), LIMITS, later());
        let call = tokio::spawn(connection.call(&head(), Arc::from(&b"{}"[..]), false));
        ask(&mut far).await;
        far.write_all(NO_BID).await.unwrap();
        let finished = call.await.unwrap();
        assert_eq!(finished.fetched.unwrap(), no_bid());
        assert!(finished.connection.is_some());
    });
}

#[test]
fn a_connection_that_ended_or_spoke_while_it_waited_sends_nothing() {
    let closed = Script { ends: true, rash: true, ..Script::default() };
    let spoke = Script { rash: true, ..Script::of(NO_BID, false) };
    let broken = Script { breaks_after: Some(0), ..Script::default() };
    for script in [closed, spoke, broken] {
        let (connection, seen) = connection(script.clone());
        let call = connection.call(&head(), Arc::default(), false);
        let Finished { fetched, connection } = run(call);
        assert_eq!(fetched.unwrap_err(), Unsent);
        assert!(connection.is_none() && seen.lock().asked.is_empty() && seen.lock().closed);
    }
}

#[test]
fn a_request_that_breaks_off_is_not_sent_again() {
    let script = Script { breaks_after: Some(20), ends: true, ..Script::default() };
    let (connection, _) = connection(script);
    let Finished { fetched, connection } = run(connection.call(&head(), Arc::default(), false));
    let outcome = AnswerOutcome::Failed(CallFault::Framing);
    assert_eq!(fetched.unwrap(), Fetched { outcome, status: None });
    assert!(connection.is_none());
}

#[test]
fn an_early_answer_counts_and_closes() {
    let early = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
    let refused =
        || Fetched { outcome: AnswerOutcome::Failed(CallFault::Status), status: Some(503) };
    for script in [
        Script { narrow: 10, ..Script::of(early, false) },
        Script { breaks_after: Some(20), ..Script::of(early, true) },
    ] {
        let (connection, _) = connection(script);
        let call = connection.call(&head(), Arc::from([b'x'; 1_000]), false);
        let Finished { fetched, connection } = run(call);
        assert_eq!(fetched.unwrap(), refused());
        assert!(connection.is_none(), "its request was not read");
    }
}

#[test]
fn a_connection_serves_call_after_call() {
    run(async {
        let (near, mut far) = duplex(4_096);
        let mut connection = Connection::new(Box::new(near), LIMITS, later());
        for turn in 0..3 {
            assert!(connection.is_reusable() && connection.is_quiet(), "{turn}");
            let call = tokio::spawn(connection.call(&head(), Arc::from(&b"{}"[..]), false));
            ask(&mut far).await;
            far.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
            let finished = call.await.unwrap();
            let outcome = AnswerOutcome::Body(b"hi".to_vec());
            assert_eq!(finished.fetched.unwrap(), Fetched { outcome, status: Some(200) });
            connection = finished.connection.unwrap();
        }
        drop(far);
        assert!(!connection.is_quiet() && !connection.is_reusable());
    });
}

#[test]
fn a_connection_retires_by_age_and_by_calls() {
    run(async {
        let (peer, _) = Script::default().play();
        let retires = Instant::now() + Duration::from_secs(5);
        let mut connection = Connection::new(Box::new(peer), LIMITS, retires);
        assert!(connection.is_reusable() && connection.is_quiet());
        advance(Duration::from_secs(5)).await;
        assert!(!connection.is_reusable() && connection.is_quiet());
        let (near, mut far) = duplex(4_096);
        tokio::spawn(async move {
            loop {
                ask(&mut far).await;
                far.write_all(NO_BID).await.unwrap();
            }
        });
        let mut connection = Connection::new(Box::new(near), LIMITS, later());
        for turn in 0..10_000 {
            assert!(connection.is_reusable(), "{turn}");
            let finished = connection.call(&head(), Arc::default(), false).await;
            connection = finished.connection.unwrap();
        }
        assert!(!connection.is_reusable());
    });
}

#[test]
fn a_call_can_be_carried_on_by_another_task() {
    fn is_free<T: Send + Unpin + 'static>(value: T) -> T {
        value
    }
    run(async {
        let (near, mut far) = duplex(4_096);
        let connection = Connection::new(Box::new(near), LIMITS, later());
        let mut call = is_free(connection.call(&head(), Arc::from(&b"{}"[..]), false));
        let first = tokio::time::timeout(Duration::from_millis(10), &mut call).await;
        assert!(first.is_err() && call.sent());
        let second = tokio::spawn(call);
        ask(&mut far).await;
        far.write_all(&NO_BID[..10]).await.unwrap();
        tokio::task::yield_now().await;
        far.write_all(&NO_BID[10..]).await.unwrap();
        let finished = second.await.unwrap();
        assert_eq!(finished.fetched.unwrap(), no_bid());
        assert!(finished.connection.is_some_and(|connection| connection.is_reusable()));
    });
}

#[test]
fn a_dropped_call_closes_its_connection() {
    let (connection, seen) = connection(Script::default());
    let call = connection.call(&head(), Arc::default(), false);
    assert!(!seen.lock().closed);
    drop(call);
    assert!(seen.lock().closed);
}

#[test]
fn a_finished_call_stays_finished() {
    let (connection, _) = connection(Script::of(NO_BID, false));
    let mut call = connection.call(&head(), Arc::default(), false);
    run(&mut call);
    let finished = run(&mut call);
    assert!(finished.connection.is_none() && finished.fetched.is_ok());
}

#[test]
fn a_flood_leaves_room_for_others() {
    // Five heads of 60 KB in one go, more than one poll reads.
    let head = format!("HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n", "x".repeat(60_000));
    let (connection, seen) = connection(Script::of(head.repeat(5).as_bytes(), false));
    let mut call = connection.call(&self::head(), Arc::default(), false);
    let mut context = Context::from_waker(Waker::noop());
    assert!(poll(&mut call, &mut context).is_pending());
    assert_eq!(seen.lock().read, 0, "it was not asked before");
    assert!(poll(&mut call, &mut context).is_pending());
    let read = seen.lock().read;
    assert!((200_000..330_000).contains(&read), "{read}");
    let Poll::Ready(finished) = poll(&mut call, &mut context) else {
        panic!("the fifth is too many")
    };
    assert!(finished.connection.is_none());
}

fn poll(call: &mut Exchange, context: &mut Context<'_>) -> Poll<Finished> {
    Pin::new(call).poll(context)
}

fn connection(script: Script) -> (Connection, Arc<Mutex<Seen>>) {
    let (peer, seen) = script.play();
    // Off a runtime the clock is the system's.
    (Connection::new(Box::new(peer), LIMITS, later()), seen)
}

/// Reads a request to its end.
pub(super) async fn ask(far: &mut (impl AsyncRead + Unpin)) {
    let mut asked = Vec::new();
    let end = |asked: &[u8]| {
        let head = memchr::memmem::find(asked, b"\r\n\r\n")? + 4;
        let text = std::str::from_utf8(&asked[..head]).unwrap();
        let length = text.rsplit_once("content-length: ").unwrap().1.trim_end();
        Some(head + length.parse::<usize>().unwrap())
    };
    while end(&asked).is_none_or(|end| asked.len() < end) {
        assert!(0 < far.read_buf(&mut asked).await.unwrap(), "the request breaks off");
    }
}

fn no_bid() -> Fetched {
    Fetched { outcome: AnswerOutcome::Empty, status: Some(204) }
}

const NO_BID: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

//! Each fault is what it says.

use std::{
    io::{ErrorKind, Read},
    sync::Arc,
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use loadtest::{
    bidder::Running,
    character::{Character, Fault, Faults, Share, Spell},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
};

use crate::support::{Answer, ask, bid_request, connect, post, send, start};

#[tokio::test]
async fn a_hung_bidder_takes_the_request_and_says_nothing() {
    for canned in [false, true] {
        let faults = Faults { rate: Share::ALWAYS, kinds: vec![Fault::Hang] };
        let bidder = start(Character { faults, canned, ..Character::named("hung") }).await;
        let mut connection = connect(bidder.address()).await;
        let request = bid_request("dynamic");
        let mut call = Box::pin(send(&mut connection, post(&request)));
        let hanging = async {
            while bidder.counts().faults == 0 {
                yield_now().await;
            }
        };
        tokio::select! {
            answer = &mut call => panic!("answered {answer:?}"),
            () = hanging => {}
        }
        bidder.stop().await;
        assert!(call.await.is_err(), "only its end ends the call");
    }
}

#[tokio::test]
async fn a_resetting_bidder_sends_rst() {
    let bidder = faulty(Fault::Reset).await;
    let body = bid_request("dynamic");
    let mut stream = TcpStream::connect(bidder.address()).await.unwrap();
    let head = "POST /openrtb2 HTTP/1.1\r\nhost: b.example\r\ncontent-length: ";
    let request = format!("{head}{}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let error = stream.read_to_end(&mut answer).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(answer.is_empty());
}

#[tokio::test]
async fn a_failing_bidder_answers_503() {
    assert_eq!(fault(Fault::Http5xx).await.status, 503);
}

#[tokio::test]
async fn a_babbling_bidder_sends_no_json() {
    let answer = fault(Fault::Garbage).await;
    assert_eq!(answer.status, 200);
    assert!(std::str::from_utf8(&answer.body).is_err());
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
}

#[tokio::test]
async fn a_truncating_bidder_stops_in_the_middle() {
    let answer = fault(Fault::TruncatedJson).await;
    let error = serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap_err();
    assert!(error.is_eof(), "{error}");
    assert!(answer.text().starts_with(r#"{"id":"brk-7f3a.1","seatbid":[{"bid":[{"#));
}

#[tokio::test]
async fn a_huge_answer_is_well_formed_and_10_mib() {
    let answer = fault(Fault::Huge).await;
    assert!((10 << 20) <= answer.body.len() && answer.body.len() < (10 << 20) + 100);
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap().is_object());
}

#[tokio::test]
async fn a_gzip_bomb_is_small_until_unpacked() {
    let answer = fault(Fault::GzipBomb).await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert!(answer.body.len() < 1 << 20, "{} bytes packed", answer.body.len());
    let mut decoder = GzDecoder::new(answer.body.as_ref());
    let unpacked = std::io::copy(&mut decoder.by_ref(), &mut std::io::sink()).unwrap();
    assert_eq!(unpacked, 100 << 20);
}

#[tokio::test]
async fn a_slow_answer_comes_a_few_bytes_at_a_time() {
    let bidder = faulty(Fault::SlowDrip).await;
    let mut connection = connect(bidder.address()).await;
    let response = connection.send_request(post(&bid_request("dynamic"))).await.unwrap();
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first.as_ref(), br#"{"id":"b"#);
}

async fn faulty(fault: Fault) -> Running {
    let faults = Faults { rate: Share::ALWAYS, kinds: vec![fault] };
    start(Character { faults, ..Character::named("faulty") }).await
}

async fn fault(fault: Fault) -> Answer {
    let bidder = faulty(fault).await;
    let answer = ask(&bidder, &bid_request("dynamic")).await;
    assert_eq!(bidder.counts().faults, 1);
    answer
}

#[tokio::test]
async fn a_spell_begins_with_the_measurement_and_ends() {
    let ill = Faults { rate: Share::ALWAYS, kinds: vec![Fault::Http5xx] };
    for canned in [false, true] {
        let spell = |from_s, to_s, faults| Spell { from_s, to_s, faults };
        let schedule = vec![
            // It covers no moment, and so hides nothing.
            spell(1_000.0, None, Faults::default()),
            spell(0.0, Some(1_000.0), ill.clone()),
        ];
        let bidder = start(Character { schedule, canned, ..Character::named("ill") }).await;
        assert_eq!(ask(&bidder, &bid_request("dynamic")).await.status, 200, "not begun");
        bidder.begin();
        assert_eq!(ask(&bidder, &bid_request("dynamic")).await.status, 503);
        assert_eq!(bidder.watch().counts().faults, 1);
    }
}

#[test]
fn a_canned_bidder_has_few_faults() {
    let faults = Faults { rate: Share::ALWAYS, kinds: vec![Fault::GzipBomb] };
    let error = Character { faults, canned: true, ..Character::named("x") }.check().unwrap_err();
    assert!(error.to_string().contains("canned"), "{error}");
    let spell = Spell { from_s: 2.0, to_s: Some(1.0), faults: Faults::default() };
    let error = Character { schedule: vec![spell], ..Character::named("x") }.check().unwrap_err();
    assert!(error.to_string().contains("schedule"), "{error}");
}

#[tokio::test]
async fn a_slow_handshake_takes_its_time_and_then_bids() {
    let bidder = Character { tls: true, handshake_ms: 80, ..Character::named("slow") };
    let bidder = start(bidder).await;
    assert!(bidder.endpoint().starts_with("https://127.0.0.1:"), "{}", bidder.endpoint());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(loadtest::bidder::tls::certificate()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let begun = Instant::now();
    let stream = TcpStream::connect(bidder.address()).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.unwrap();
    assert!(Duration::from_millis(80) <= begun.elapsed());
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut connection, driving) = shaken.unwrap();
    tokio::spawn(driving);
    let answer = send(&mut connection, post(&bid_request("dynamic"))).await.unwrap();
    assert_eq!(answer.status, 200);
}

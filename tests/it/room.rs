//! How many connections may ask for one publisher, over real sockets and both protocols.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::{self, Exchange};
use crate::support::http::{self, Answer};
use crate::support::{PATIENCE, until};

#[test]
fn a_publisher_has_so_many_connections() {
    let acme = acme();
    let exchange = capped(2, "", &acme);
    let new = || BufReader::new(http::connect(exchange.traffic));
    let (mut first, mut second, mut third) = (new(), new(), new());
    assert!(sold(ask(&mut first, "arena")) && sold(ask(&mut second, "brisk")));
    // Another publisher's; and once more over a connection that counts already.
    assert!(sold(ask(&mut third, "two")) && sold(ask(&mut first, "arena")));
    let answer = ask(&mut third, "arena").expect("it is answered");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(answer.text().contains("<VAST") && !answer.text().contains("a1.mp4"), "{answer:?}");
    assert!(http::read(&mut third).is_none(), "it is closed");
    assert_eq!(exchange.count(REFUSED, &["\"publisher\""]), 1.0);
    assert_eq!(exchange.count("breakwater_fill_requests_total", &["shed", "arena"]), 1.0);
    // One that goes over to another publisher leaves its place.
    assert!(sold(ask(&mut second, "two")));
    assert!(sold(ask(&mut new(), "arena")));
}

#[test]
fn every_door_closes_what_is_one_too_many() {
    let acme = acme();
    let exchange = capped(1, "", &acme);
    let new = || BufReader::new(http::connect(exchange.traffic));
    let mut first = new();
    assert!(sold(ask(&mut first, "arena")));
    let native = r#"{"placement":"arena"}"#;
    let openrtb = r#"{"id":"r","imp":[{"id":"1","tagid":"arena","video":{"mimes":["video/mp4"],"poddur":60}}]}"#;
    for (target, body, status) in [("/v1/breaks", native, 200), ("/openrtb2/auction", openrtb, 204)]
    {
        let mut more = new();
        let text = format!(
            "POST {target} HTTP/1.1\r\nhost: ads.example\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        more.get_mut().write_all(text.as_bytes()).unwrap();
        let answer = http::read(&mut more).expect("it is answered");
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")));
        assert!(!answer.text().contains("a1.mp4"), "{answer:?}");
        assert!(http::read(&mut more).is_none(), "it is closed");
    }
    assert_eq!(exchange.count(REFUSED, &["\"publisher\""]), 2.0);
    assert!(sold(ask(&mut first, "arena")), "who was first stays");
}

#[test]
fn a_connection_over_http2_is_closed_as_well() {
    let acme = acme();
    let exchange = capped(2, "", &acme);
    let mut first = BufReader::new(http::connect(exchange.traffic));
    let mut second = Caller::connect(exchange.traffic);
    assert!(sold(ask(&mut first, "arena")));
    for _ in 0..3 {
        let [answer] = &second.ask(&["arena"])[..] else { panic!() };
        assert!(answer.contains("a1.mp4"), "streams count once: {answer}");
    }

    let mut third = Caller::connect(exchange.traffic);
    // All at once: what was asked before it is known to be one too many is answered.
    let [other, none, none_again] = &third.ask(&["two", "arena", "arena"])[..] else { panic!() };
    assert!(other.contains("a1.mp4"), "{other}");
    for answer in [none, none_again] {
        assert!(answer.contains("<VAST") && !answer.contains("a1.mp4"), "{answer}");
    }
    third.until_closed();
    assert_eq!(exchange.count(REFUSED, &["\"publisher\""]), 1.0, "a connection, not its streams");
    assert_eq!(exchange.count("breakwater_fill_requests_total", &["shed", "arena"]), 2.0);

    assert!(second.ask(&["arena"])[0].contains("a1.mp4"), "who was first stays");
    drop(first);
    until("there is room for one again", || {
        let mut new = Caller::connect(exchange.traffic);
        new.ask(&["arena"])[0].contains("a1.mp4").then_some(())
    });
}

#[test]
fn connections_of_a_trusted_proxy_count_for_nobody() {
    let acme = acme();
    let exchange = capped(1, "trusted_proxies = [\"127.0.0.0/8\"]\n", &acme);
    let new = || BufReader::new(http::connect(exchange.traffic));
    let mut all = [new(), new(), new()];
    let mut two = Caller::connect(exchange.traffic);
    for _ in 0..2 {
        assert!(all.iter_mut().all(|reader| sold(ask(reader, "arena"))));
        assert!(two.ask(&["arena"])[0].contains("a1.mp4"));
    }
    assert_eq!(exchange.count(REFUSED, &["\"publisher\""]), 0.0);
}

const REFUSED: &str = "breakwater_connections_refused_total";

fn acme() -> Bidder {
    Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)])
}

/// Starts an exchange for two publishers that have `most` connections each; placement `two` is the
/// other one's.
fn capped(most: u32, listen: &str, acme: &Bidder) -> Exchange {
    let data = tempfile::tempdir().unwrap();
    let text = exchange::config(data.path(), &[acme]);
    let cap = format!("[listen]\nmax_connections_per_publisher = {most}\n{listen}");
    let capped = text.replace("[listen]\n", &cap);
    let more = "[[publisher]]\nid = \"pub-two\"\ndomain = \"two.example\"\n\
                [[placement]]\nid = \"two\"\npublisher = \"pub-two\"\n";
    Exchange::start_as(data, &(capped + more))
}

/// Asks by the tag over a connection; none when it was closed.
fn ask(reader: &mut BufReader<TcpStream>, placement: &str) -> Option<Answer> {
    let tag = http::get_bytes(&format!("/v1/vast?placement={placement}"));
    reader.get_mut().write_all(tag.as_bytes()).unwrap();
    http::read(reader)
}

fn sold(answer: Option<Answer>) -> bool {
    answer.unwrap().text().contains("a1.mp4")
}

/// One connection of a caller over HTTP/2, which rests while nothing is asked.
struct Caller {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Caller {
    fn connect(address: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (sender, connection) = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let made = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
            let (sender, connection) = made.unwrap();
            (sender, tokio::spawn(connection))
        });
        Self { runtime, sender, connection }
    }

    /// Asks by the tag for these placements, all at once; returns what was answered.
    fn ask(&mut self, placements: &[&str]) -> Vec<String> {
        let asked = placements.iter().map(|placement| {
            let uri = format!("http://ads.example/v1/vast?placement={placement}");
            self.sender.send_request(Request::get(uri).body(Full::new(Bytes::new())).unwrap())
        });
        let asked: Vec<_> = asked.collect();
        let answers = asked.into_iter().map(|answer| async {
            let answer = answer.await.unwrap();
            assert_eq!(answer.status(), 200);
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8_lossy(&body).into_owned()
        });
        let answers = async { timeout(PATIENCE, join_all(answers)).await };
        self.runtime.block_on(answers).expect("all are answered")
    }

    /// Waits until the exchange closes it.
    fn until_closed(self) {
        // The sender is kept: without one, the caller would close it.
        let Self { runtime, sender, connection } = self;
        let ended = runtime.block_on(async { timeout(PATIENCE, connection).await });
        ended.expect("it is closed").unwrap().expect("it ends in order");
        assert!(sender.is_closed());
    }
}

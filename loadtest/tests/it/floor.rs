//! Floors ask every bidder once with the caller's bytes; canned bidders answer as others do.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use loadtest::{
    bidder::{Running, tls::certificate_pem},
    character::Character,
};

use crate::support::{ask, bid_request, post, renamed, send, start};

/// A child that ends with its test.
struct Floor(Child, SocketAddr);

impl Drop for Floor {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn each_way_asks_every_bidder_once() {
    for (way, tls) in [("hyper", false), ("epoll", false), ("hyper", true)] {
        let mut bidders = Vec::new();
        for name in ["one", "two", "three"] {
            bidders.push(start(Character { tls, canned: true, ..Character::named(name) }).await);
        }
        let floor = floor(way, tls, &bidders).await;
        for n in 0..40 {
            let request = renamed(&bid_request("dynamic"), &format!("request-{n}"));
            let mut connection = crate::support::connect(floor.1).await;
            let answer = send(&mut connection, post(&id_first(&request))).await.unwrap();
            let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(answer["id"], format!("request-{n}"), "{way}");
        }
        for bidder in bidders {
            let counts = bidder.stop().await;
            assert_eq!((counts.requests, counts.bid_responses), (40, 40), "{way}, tls {tls}");
            assert_eq!(counts.connections, 2, "{way}: those that were warm");
        }
    }
}

#[tokio::test]
async fn a_request_in_pieces_is_one_request() {
    for way in ["hyper", "epoll"] {
        let bidder = start(Character { canned: true, ..Character::named("one") }).await;
        let floor = floor(way, false, std::slice::from_ref(&bidder)).await;
        let body = id_first(&bid_request("dynamic"));
        let address = floor.1;
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
            for piece in
                [head.as_str(), "host: x\r\nconnection: close\r\n\r\n", &body[..100], &body[100..]]
            {
                stream.write_all(piece.as_bytes()).unwrap();
                stream.flush().unwrap();
            }
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
            answer
        });
        assert_eq!(&answer.await.unwrap(), b"HTTP/1.1 200", "{way}");
        assert_eq!(bidder.stop().await.requests, 1, "{way}");
    }
}

#[tokio::test]
async fn a_canned_bidder_says_what_it_would_say() {
    let character = || Character::named("same");
    let (plain, canned) =
        (start(character()).await, start(Character { canned: true, ..character() }).await);
    for id in ["a-1", "b-22", "a-1"] {
        let request = id_first(&renamed(&bid_request("dynamic"), id));
        let (one, other) = (ask(&plain, &request).await, ask(&canned, &request).await);
        let port = |text: &str, bidder: &Running| {
            text.replace(&bidder.address().port().to_string(), "port")
        };
        assert_eq!(port(one.text(), &plain), port(other.text(), &canned), "request {id}");
    }
    let silent = Character { notices: false, ..character() };
    let silent = start(silent).await;
    let answer = ask(&silent, &bid_request("dynamic")).await;
    assert!(!answer.text().contains("nurl"), "{}", answer.text());
}

/// Returns the same request with its id as the first key.
fn id_first(request: &str) -> String {
    let mut request: serde_json::Value = serde_json::from_str(request).unwrap();
    let id = request.as_object_mut().unwrap().remove("id").unwrap();
    request.to_string().replacen('{', &format!("{{\"id\":{id},"), 1)
}

async fn floor(way: &str, tls: bool, bidders: &[Running]) -> Floor {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.args(["floor", "--http", way, "--listen", "127.0.0.1:0", "--warm", "2"]);
    for bidder in bidders {
        command.args(["--bidder", &bidder.address().to_string()]);
    }
    if tls {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("floor.pem");
        std::fs::write(&path, certificate_pem()).unwrap();
        command.arg("--tls").arg("--certificate").arg(path);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let out = child.stdout.take().unwrap();
    // The floor warms up meanwhile, and the bidders are on this thread.
    let line = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map(|_| line)
    });
    let line = line.await.unwrap().unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["pid"], child.id());
    let address = told["listening"].as_str().unwrap().parse().unwrap();
    Floor(child, address)
}

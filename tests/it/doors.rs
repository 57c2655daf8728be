//! What each door answers to good and bad input, over raw sockets.
//!
//! `tests/data/doors/*.txt`: a request (head with one line a header, an empty line, the body),
//! `---`, then the status, headers that must be there (`name: value`) or must not (`!name`), and
//! what the body holds (`body: text`, `!body: text`; `body:` alone means empty).
//!
//! In a request `<<x*9>>` is nine times x, `<<lines*9>>` nine headers, `<<length>>` the body's
//! length; a body may be `<<gzip …>>` or `<<chunk …>>`.

use std::fs;
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::Exchange;
use crate::support::http::{self, Answer};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/doors");

#[test]
fn every_door_answers_as_its_cases_say() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let mut cases: Vec<PathBuf> =
        fs::read_dir(DATA).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(50 < cases.len());
    let faults: Vec<String> = cases.iter().flat_map(|case| run(&exchange, case)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // The exchange that was lied to sells on.
    assert!(exchange.tag("placement=arena").text().contains("a1.mp4"));
}

#[test]
fn every_refusal_is_counted_by_its_code() {
    let exchange = Exchange::start(&[]);
    let name = "breakwater_requests_refused_total";
    assert_eq!(exchange.count(name, &[]), 0.0);
    http::get(exchange.traffic, "/v1/vast?placement=nowhere");
    http::get(exchange.traffic, "/nowhere");
    http::post(exchange.traffic, "/v1/breaks", &[], "{");
    for code in ["bad_field", "not_found", "bad_json"] {
        assert_eq!(exchange.count(name, &[&format!("\"{code}\"")]), 1.0, "{code}");
    }
    assert_eq!(exchange.count(name, &[]), 3.0);
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let mut stream = http::connect(exchange.traffic);
    let tag = http::get_bytes("/v1/vast?placement=arena");
    let refused = http::get_bytes("/nowhere");
    let body = "{\"placement\":\"arena\"}";
    let post = format!(
        "POST /v1/breaks HTTP/1.1\r\nhost: ads.example\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    // All at once: the second and third wait in the first one's wake.
    stream.write_all([&*tag, &*refused, &*post, &*tag].concat().as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    for status in [200, 404, 200, 200] {
        let answer = http::read(&mut reader).expect("the connection is kept");
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(status == 200, answer.text().contains("a1.mp4"));
    }
}

#[test]
fn who_says_nothing_more_gets_its_answer() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let tag = http::get_bytes("/v1/vast?placement=arena");
    let cut = &tag[..tag.len() / 2];
    for (requests, answers) in [(tag.clone(), 1), (tag.repeat(3), 3), (tag.clone() + cut, 1)] {
        let mut stream = http::connect(exchange.traffic);
        stream.write_all(requests.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut reader = BufReader::new(stream);
        for _ in 0..answers {
            let answer = http::read(&mut reader).expect("what was asked is answered");
            assert!(answer.text().contains("a1.mp4"), "{answer:?}");
        }
        assert!(http::read(&mut reader).is_none(), "then it is closed");
    }
}

#[test]
fn long_answers_are_packed_for_who_asks() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let ask = |header: &str| {
        let target = "/v1/vast?placement=arena";
        let text = format!("GET {target} HTTP/1.1\r\nhost: h\r\naccept-encoding: {header}\r\n\r\n");
        http::send(exchange.traffic, text.as_bytes())
    };
    let packed = ask("br, gzip;q=0.8");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed.body), &mut text)
        .unwrap();
    assert!(text.contains("a1.mp4"));
    assert_eq!(ask("gzip;q=0").header("content-encoding"), None);
}

#[tokio::test]
async fn http2_without_tls_is_spoken() {
    let (exchange, _acme) = tokio::task::spawn_blocking(|| {
        let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
        (Exchange::start(&[&acme]), acme)
    })
    .await
    .unwrap();
    let stream = tokio::net::TcpStream::connect(exchange.traffic).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    for (target, status) in [("/v1/vast?placement=arena", 200), ("/v1/vast?placement=x", 400)] {
        let uri = format!("http://ads.example{target}");
        let request = Request::get(uri).body(Full::new(Bytes::new())).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status == 200, String::from_utf8_lossy(&body).contains("a1.mp4"));
    }
}

/// Runs one case; returns what was not as it says.
fn run(exchange: &Exchange, path: &Path) -> Vec<String> {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let text = fs::read_to_string(path).unwrap();
    let (request, expected) = text.split_once("---\n").unwrap();
    let answer = ask(exchange.traffic, request);
    let mut lines = expected.lines();
    let status: u16 = lines.next().unwrap().parse().unwrap();
    let mut faults = Vec::new();
    if answer.status != status {
        faults.push(format!("{name}: status {}, not {status}: {answer:?}", answer.status));
    }
    let faulty = lines.filter(|line| !holds(&answer, line));
    faults.extend(faulty.map(|line| format!("{name}: not so: {line}\n  {answer:?}")));
    faults
}

fn holds(answer: &Answer, line: &str) -> bool {
    if let Some(absent) = line.strip_prefix("!body: ") {
        return !answer.text().contains(absent);
    }
    if let Some(absent) = line.strip_prefix('!') {
        return answer.header(absent).is_none();
    }
    let (name, value) = line.split_once(':').unwrap();
    match (name, value.trim()) {
        ("body", "") => answer.body.is_empty(),
        ("body", part) => answer.text().contains(part),
        (name, value) => answer.header(name) == Some(value),
    }
}

fn ask(address: SocketAddr, request: &str) -> Answer {
    let lines = request.split_inclusive('\n').filter(|line| !line.starts_with("# "));
    let request: String = lines.collect();
    let (head, body) = request.split_once("\n\n").unwrap();
    let body = expand_body(body.trim_end_matches('\n'));
    let head = expand(head).replace("<<length>>", &body.len().to_string()).replace('\n', "\r\n");
    http::send(address, &[head.as_bytes(), b"\r\n\r\n", &body].concat())
}

fn expand_body(text: &str) -> Vec<u8> {
    let wrapped = |name| text.strip_prefix(name).and_then(|rest| rest.strip_suffix(">>"));
    if let Some(inner) = wrapped("<<gzip ") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(expand(inner).as_bytes()).unwrap();
        return encoder.finish().unwrap();
    }
    if let Some(inner) = wrapped("<<chunk ") {
        let inner = expand(inner);
        return format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len()).into_bytes();
    }
    expand(text).into_bytes()
}

/// Puts repeats in.
fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<<") {
        let (token, behind) = after.split_once(">>").unwrap();
        out.push_str(before);
        match token.rsplit_once('*') {
            Some(("lines", times)) => {
                let lines = (0..times.parse::<u32>().unwrap()).map(|at| format!("x-{at}: 1"));
                out.push_str(&lines.collect::<Vec<_>>().join("\n"));
            }
            Some((what, times)) => out.push_str(&what.repeat(times.parse().unwrap())),
            None => write_back(&mut out, token),
        }
        rest = behind;
    }
    out + rest
}

fn write_back(out: &mut String, token: &str) {
    out.push_str("<<");
    out.push_str(token);
    out.push_str(">>");
}

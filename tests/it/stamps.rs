//! A deadline counts from a request's first byte, however the bytes come (risk b of the line).
//!
//! No test here sleeps: time passes while another connection's sales wait out a bidder that hangs.

use std::io::{BufReader, Write};

use crate::support::bidder::{Ad, Bidder, Say, response};
use crate::support::exchange::Exchange;
use crate::support::http::{self, Answer};

/// Asks with a patience that is over once two sales at `brisk` (300 ms) have gone by.
const HASTY: &str =
    "GET /v1/vast?placement=arena&deadline_ms=550 HTTP/1.1\r\nhost: ads.example\r\n\r\n";

/// Returns an exchange whose bidder hangs when `brisk` asks.
fn exchange() -> (Exchange, Bidder) {
    let acme = Bidder::start("acme", |request| {
        if request["imp"][0]["tagid"] == "brisk" {
            return Say::Hang;
        }
        let ad = Ad::new("a1", "20", 30);
        Say::Json(response("acme", request, [ad.bid(request, None)].into_iter()))
    });
    (Exchange::start(&[&acme]), acme)
}

/// Lets 600 ms go by.
fn wait_out_two_sales(exchange: &Exchange) {
    for _ in 0..2 {
        let answer = exchange.tag("placement=brisk");
        assert!(!sold(&answer), "the bidder of this placement hangs: {answer:?}");
    }
}

fn sold(answer: &Answer) -> bool {
    assert_eq!(answer.status, 200, "no fill is never an error: {answer:?}");
    answer.text().contains("a1.mp4")
}

#[test]
fn a_head_in_pieces_counts_from_its_first_byte() {
    let (exchange, _acme) = exchange();
    for cut in [1, 3, 40, HASTY.len() - 1] {
        let mut stream = http::connect(exchange.traffic);
        let (before, after) = HASTY.split_at(cut);
        stream.write_all(before.as_bytes()).unwrap();
        wait_out_two_sales(&exchange);
        stream.write_all(after.as_bytes()).unwrap();
        let answer = http::read(&mut BufReader::new(stream)).unwrap();
        assert!(!sold(&answer), "cut at {cut}: {answer:?}");
    }
    let late = exchange.count("breakwater_fill_requests_total", &["arena", "too_late"]);
    assert_eq!(late, 4.0);
}

#[test]
fn the_next_request_of_a_connection_counts_from_its_own_first_byte() {
    let (exchange, _acme) = exchange();
    let stream = http::connect(exchange.traffic);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    let body = "{\"placement\":\"arena\"}";
    let post = |framing: &str| {
        format!("POST /v1/breaks HTTP/1.1\r\nhost: ads.example\r\n{framing}\r\n\r\n")
    };
    let known = post(&format!("content-length: {}", body.len())) + body;
    let chunked =
        post("transfer-encoding: chunked") + &format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let not_found = http::get_bytes("/nowhere");
    for before in [&*known, &*chunked, &*not_found, "\r\n"] {
        writer.write_all(before.as_bytes()).unwrap();
        if before != "\r\n" {
            http::read(&mut reader).unwrap();
        }
        wait_out_two_sales(&exchange);
        writer.write_all(HASTY.as_bytes()).unwrap();
        let answer = http::read(&mut reader).unwrap();
        assert!(sold(&answer), "after {before:?}: {answer:?}");
    }
}

#[test]
fn a_body_in_pieces_counts_from_the_head() {
    let (exchange, _acme) = exchange();
    let body = "{\"placement\":\"arena\",\"deadline_ms\":550}";
    let length = body.len();
    let length = format!("content-length: {length}");
    for framing in [&*length, "transfer-encoding: chunked"] {
        let mut stream = http::connect(exchange.traffic);
        let head = format!("POST /v1/breaks HTTP/1.1\r\nhost: ads.example\r\n{framing}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        wait_out_two_sales(&exchange);
        let rest = match framing.starts_with("content") {
            true => body.to_owned(),
            false => format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        };
        stream.write_all(rest.as_bytes()).unwrap();
        let answer = http::read(&mut BufReader::new(stream)).unwrap();
        assert!(!sold(&answer), "{framing}: {answer:?}");
    }
}

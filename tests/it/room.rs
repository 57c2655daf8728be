//! How many connections may ask for one publisher, over real sockets.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::{self, Exchange};
use crate::support::http::{self, Answer};

#[test]
fn a_publisher_has_so_many_connections() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let data = tempfile::tempdir().unwrap();
    let text = exchange::config(data.path(), &[&acme]);
    let capped = text.replace("[listen]\n", "[listen]\nmax_connections_per_publisher = 2\n");
    let more = "[[publisher]]\nid = \"pub-two\"\ndomain = \"two.example\"\n\
                [[placement]]\nid = \"two\"\npublisher = \"pub-two\"\n";
    let exchange = Exchange::start_as(data, &(capped + more));
    let ask = |reader: &mut BufReader<TcpStream>, placement: &str| {
        let tag = http::get_bytes(&format!("/v1/vast?placement={placement}"));
        reader.get_mut().write_all(tag.as_bytes()).unwrap();
        http::read(reader)
    };
    let sold = |answer: Option<Answer>| answer.unwrap().text().contains("a1.mp4");
    let new = || BufReader::new(http::connect(exchange.traffic));
    let (mut first, mut second, mut third) = (new(), new(), new());
    assert!(sold(ask(&mut first, "arena")) && sold(ask(&mut second, "brisk")));
    // Another publisher's; and once more over a connection that counts already.
    assert!(sold(ask(&mut third, "two")) && sold(ask(&mut first, "arena")));
    let answer = ask(&mut third, "arena").expect("it is answered");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(answer.text().contains("<VAST") && !answer.text().contains("a1.mp4"), "{answer:?}");
    assert!(http::read(&mut third).is_none(), "it is closed");
    let refused = "breakwater_connections_refused_total";
    assert_eq!(exchange.count(refused, &["\"publisher\""]), 1.0);
    assert_eq!(exchange.count("breakwater_fill_requests_total", &["shed", "arena"]), 1.0);
    // One that goes over to another publisher leaves its place.
    assert!(sold(ask(&mut second, "two")));
    assert!(sold(ask(&mut new(), "arena")));
}

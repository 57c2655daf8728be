//! A sale to bidders over HTTP/2: the simulated bidder of `loadtest` speaks it.

use std::future::pending;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use loadtest::bidder::Bidder as Simulated;
use loadtest::character::{Character, Share};
use tokio::runtime::Builder;

use crate::sell::{explained, fates};
use crate::support::bidder::Bidder;
use crate::support::exchange::Exchange;

#[test]
fn a_bidder_over_http2_sells_and_one_that_does_not_speak_it_is_unreachable() {
    let (told, address) = channel();
    // It ends with the test process.
    thread::spawn(move || simulated(&told));
    let modern = Bidder::at("modern", address.recv().unwrap()).with("http2 = true");
    let old = Bidder::at("old", old()).with("http2 = true");
    let exchange = Exchange::start(&[&modern, &old]);
    for sale in 1..=3 {
        let told = explained(&exchange, "arena", 30);
        let won = fates(&told, "modern");
        assert!(won.iter().any(|fate| fate.ends_with(" won")), "sale {sale}: {won:?} in {told}");
        assert_eq!(fates(&told, "old"), ["unreachable"], "sale {sale}");
    }
    let dials =
        |bidder, outcome| exchange.count("breakwater_bidder_dials_total", &[bidder, outcome]);
    assert!(0.0 < dials("bidder=\"old\"", "outcome=\"no_http2\""));
    assert_eq!(dials("bidder=\"old\"", "outcome=\"made\""), 0.0);
    assert_eq!(dials("bidder=\"modern\"", "outcome=\"failed\""), 0.0);
}

/// Runs a server that knows HTTP/1.1 only.
fn old() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Whether the exchange reads it all is its affair.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            let _ = io::copy(&mut stream, &mut io::sink());
        }
    });
    address
}

/// Runs a bidder that always bids 30 s, over HTTP/2 to who asks for it.
fn simulated(told: &Sender<SocketAddr>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let character = Character {
            http2: true,
            durations: vec![30],
            deals: Share::NEVER,
            ..Character::named("modern")
        };
        let running = Simulated::start(character, 7).await.unwrap();
        told.send(running.address()).unwrap();
        pending::<()>().await;
    });
}

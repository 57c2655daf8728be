//! Eight bidders, six of which lie or hang: the good bids win, in time.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sell::{explained, fates};
use crate::support::bidder::{Ad, Bidder, Say, ok, response};
use crate::support::exchange::Exchange;

#[test]
fn good_bids_win_in_time_beside_every_liar() {
    let packed = bomb();
    let bidders = [
        Bidder::bidding("good", vec![Ad::new("g1", "20", 30)]),
        Bidder::bidding("better", vec![Ad::new("b1", "21", 30)]),
        Bidder::start("hung", |_| Say::Hang),
        Bidder::start("huge", |_| Say::Raw(ok("", &[b'x'; 10 << 20]))),
        Bidder::start("bomb", move |_| Say::Raw(ok("content-encoding: gzip\r\n", &packed))),
        Bidder::start("broken", |_| Say::Json("{\"id\":".to_owned())),
        Bidder::bidding("text", vec![Ad::new("t1", "\"9.99\"", 30), Ad::new("t2", "9", 30)]),
        Bidder::start("endless", |request| {
            let bids = [Ad::new("e1", "1e400", 30), Ad::new("e2", "8", 30)];
            Say::Json(response("endless", request, bids.iter().map(|ad| ad.bid(request, None))))
        }),
    ];
    let bidders: Vec<&Bidder> = bidders.iter().collect();
    let exchange = Exchange::start(&bidders);
    // Connections are opened by the first sale; both are held to the same time.
    for sale in 1..=2 {
        let begun = Instant::now();
        let told = explained(&exchange, "brisk", 60);
        let took = begun.elapsed();
        // The exchange answers empty after its own deadline of 310 ms, so the winners below prove that
        // it was met; what comes on top is this machine, busy with other tests.
        assert!(took < Duration::from_millis(900), "sale {sale} took {took:?}");
        assert_eq!(fates(&told, "good"), ["g1 won"], "{told}");
        assert_eq!(fates(&told, "better"), ["b1 won"]);
        assert_eq!(fates(&told, "hung"), ["timeout"]);
        // On a busy machine the time may be up before all of the lie has come.
        for liar in ["huge", "bomb"] {
            let fate = fates(&told, liar);
            assert!(fate == ["bidder_error"] || fate == ["timeout"], "{liar}: {fate:?}");
        }
        assert_eq!(fates(&told, "broken"), ["invalid_response"]);
        assert_eq!(fates(&told, "text"), ["t1 price_missing", "t2 outbid"]);
        assert_eq!(fates(&told, "endless"), ["e1 price_missing", "e2 outbid"]);
    }
}

/// 100 MiB of white space.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..100 {
        encoder.write_all(&[b' '; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

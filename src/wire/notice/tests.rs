//! What needs no parser against the parser.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::proptest;
use proptest::sample::select;

use super::{is_plain, parsed};
use crate::model::ids::BidderId;
use crate::model::market::{Bidder, Dialect};

proptest! {
    #[test]
    fn what_is_plain_is_lawful(
        pieces in vec(select(PIECES), 1..8), odd in any::<char>(), allow_loopback in any::<bool>(),
    ) {
        let bidder = bidder(allow_loopback);
        for url in [pieces.concat(), format!("{}{odd}", pieces.concat())] {
            let url = format!("https://{url}");
            for url in [&*url, &*url.replace("https:", "http:"), &url[8..]] {
                if is_plain(url, &bidder) {
                    assert!(parsed(url, &bidder).is_ok(), "{url:?}");
                }
            }
        }
    }
}

#[test]
fn usual_addresses_are_plain() {
    for url in ["https://acme.example/win?p=${AUCTION_PRICE}", "https://a.acme.example:443?x#y"] {
        assert!(is_plain(url, &bidder(false)), "{url}");
    }
    assert!(is_plain("http://127.0.0.1:9201/win", &bidder(true)));
    assert!(!is_plain("http://127.0.0.1:9201/win", &bidder(false)));
}

fn bidder(allow_loopback: bool) -> Bidder {
    Bidder {
        domains: vec!["acme.example".into(), "192.0.2.1".into()],
        allow_loopback,
        ..Bidder::bare(BidderId::new("acme"), "https://bid.acme.example/".into(), Dialect::Dynamic)
    }
}

const PIECES: &[&str] = &[
    "acme.example",
    "acme.example",
    "a.",
    "ACME.example",
    "xn--a.",
    "..",
    ".",
    "-",
    "_",
    "é",
    "%",
    "127.0.0.1",
    "192.0.2.1",
    "0x7f.1",
    "localhost",
    ":443",
    ":80",
    ":9201",
    ":",
    ":65536",
    ":+1",
    ":0443",
    "@",
    "/",
    "//",
    "?",
    "#",
    "x=1",
    "${AUCTION_PRICE}",
    "[::1]",
    " ",
    "\\",
    "\t",
    "|",
    "^",
    "<",
    "\u{200d}",
    "https://",
    "http://",
];

//! Schemes as a player would read them, however they are dressed up.

use crate::wire::vast::address::{Scheme, scheme, usable};

#[test]
fn sees_through_disguise() {
    let cases = [
        ("https://x.example/", Scheme::Https),
        ("HTTP://x.example/", Scheme::Http),
        ("http:x", Scheme::Http),
        ("javascript:alert(1)", Scheme::Forbidden),
        (" \u{1}java\tscr\nipt\r:alert(1)", Scheme::Forbidden),
        ("JaVaScRiPt:alert(1)", Scheme::Forbidden),
        ("data:text/html,x", Scheme::Forbidden),
        ("file:///etc/passwd", Scheme::Forbidden),
        ("vbscript:x", Scheme::Forbidden),
        ("javascript", Scheme::Other),
        ("javascripts:x", Scheme::Other),
        ("rtmp://x.example/", Scheme::Other),
        ("//x.example/", Scheme::Other),
        ("x.example/?u=javascript:", Scheme::Other),
        ("", Scheme::Other),
        (":", Scheme::Other),
        ("дата:x", Scheme::Other),
    ];
    for (text, expected) in cases {
        assert_eq!(scheme(text), expected, "{text:?}");
    }
}

#[test]
fn passes_on_what_can_be_fetched() {
    for text in ["https://x.example", "HTTP://x.example/a b", "https://x/${AUCTION_ID}?[ERRORCODE]"]
    {
        assert!(usable(text), "{text}");
    }
    let not =
        ["", "https://", "https:///x", "http:x", "//x.example", "ftp://x.example", "httpé://x"];
    for text in not.into_iter().chain(["https://x.example/\n", "https://x.example/\u{85}"]) {
        assert!(!usable(text), "{text:?}");
    }
}

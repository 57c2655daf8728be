//! Spellings of a domain, and what is none.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::proptest;
use proptest::sample::select;

use super::{is_plain, parsed, plain};

#[test]
fn all_spellings_of_a_domain_are_one() {
    for text in [
        "casino.example",
        "Casino.EXAMPLE",
        " casino.example\t",
        "casino.example.",
        "http://casino.example",
        "HTTPS://casino.example/",
        "//casino.example",
        "casino.example/x",
        "casino.example?x=http://other.example",
        "casino.example#other.example",
        "casino.example:443",
        "https://user:pass@casino.example:8443/x@other.example",
        "info@casino.example",
        "https://casino.example\\@other.example",
        "casino%2Eexample",
        "casino。example",
        "cas\u{ad}ino.example",
        "ｃａｓｉｎｏ.example",
    ] {
        assert_eq!(plain(text).as_deref(), Some("casino.example"), "{text:?}");
    }
}

#[test]
fn an_international_name_is_its_ascii_form() {
    for text in
        ["bücher.example", "BÜCHER.example", "bu\u{308}cher.example", "xn--bcher-kva.example"]
    {
        assert_eq!(plain(text).as_deref(), Some("xn--bcher-kva.example"), "{text:?}");
    }
}

#[test]
fn what_lies_below_a_domain_stays_below_it() {
    for (text, expected) in [
        ("https://www.casino.example/", "www.casino.example"),
        ("_ads.casino.example", "_ads.casino.example"),
        ("co.uk", "co.uk"),
    ] {
        assert_eq!(plain(text).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn other_text_is_no_domain() {
    for text in [
        "",
        " ",
        ".",
        "...",
        "casino..example",
        ".casino.example",
        "casino.example..",
        "*.casino.example",
        "casino example",
        "casino.example,other.example",
        "casino.example:",
        "casino.example:x",
        "http:casino.example",
        "http:/casino.example",
        "http://",
        "https:///casino.example",
        "192.0.2.1",
        "0x7f.1",
        "1",
        "[2001:db8::1]",
        "2001:db8::1",
        "xn--a",
        "casino\0.example",
        "casino.example%2Fx",
        &format!("{}.example", "a".repeat(64)),
        &"a.".repeat(128),
        &"é.".repeat(100_000),
    ] {
        assert_eq!(plain(text), None, "{text:?}");
    }
}

proptest! {
    /// What is taken at once is what the parser would make of it.
    #[test]
    fn what_is_plain_stays_as_it_is(pieces in vec(select(PIECES), 0..8), odd in any::<char>()) {
        for text in [pieces.concat(), format!("{}{odd}", pieces.concat())] {
            if is_plain(&text) {
                assert_eq!(parsed(&text).as_deref(), Some(&*text), "{text:?}");
            }
        }
    }
}

const PIECES: &[&str] = &[
    "a",
    "casino",
    "example",
    ".",
    ".",
    ".",
    "-",
    "--",
    "xn--",
    "xn--a",
    "1",
    "0x7f",
    "_",
    "A",
    "192.0.2.1",
    "co.uk",
    "é",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

use hyper::header::{HeaderMap, HeaderValue};

use super::{FORWARDED_FOR, Proxies};

/// The peer, each `X-Forwarded-For` that came, whose word counts in the end.
const CASES: &[(&str, &[&str], &str)] = &[
    ("203.0.113.9", &[], "203.0.113.9"),
    // A stranger's word is not believed.
    ("203.0.113.9", &["198.51.100.7"], "203.0.113.9"),
    ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
    ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
    // What the caller itself wrote stands left of what our proxy added.
    ("10.0.0.1", &["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
    ("10.0.0.1", &["1.2.3.4", "198.51.100.7"], "198.51.100.7"),
    // Two proxies of ours in a row.
    ("10.0.0.1", &["1.2.3.4, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
    ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
    ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
    ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
    // Nothing that can be read: the last that could.
    ("10.0.0.1", &["unknown"], "10.0.0.1"),
    ("10.0.0.1", &["198.51.100.7, unknown, 10.9.9.9"], "10.9.9.9"),
    ("10.0.0.1", &[""], "10.0.0.1"),
    ("10.0.0.1", &[], "10.0.0.1"),
];

#[test]
fn only_our_own_proxies_are_believed_and_only_as_far_as_they_know() {
    let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
    for (peer, forwarded, expected) in CASES {
        let mut headers = HeaderMap::new();
        for value in *forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        let caller = proxies.caller(&headers, peer.parse().unwrap());
        assert_eq!(caller.to_string(), *expected, "{peer} {forwarded:?}");
    }
}

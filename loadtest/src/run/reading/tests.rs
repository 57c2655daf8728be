//! Ads and seconds of VAST and OpenRTB answers.

use super::{Fill, glance, read};

#[test]
fn reads_what_exchanges_answer() {
    let ad = |clock: &str| format!("<Ad><InLine><Duration>{clock}</Duration></InLine></Ad>");
    let pod = format!(
        "<?xml version=\"1.0\"?>\n<VAST version=\"4.2\">{}{}</VAST>",
        ad("00:00:15"),
        ad(" 00:01:00.5 ")
    );
    let cases: [(&str, Option<(u64, u64)>); 14] = [
        ("", Some((0, 0))),
        (" \n", Some((0, 0))),
        ("<VAST version=\"4.2\"/>", Some((0, 0))),
        ("<VAST></VAST>", Some((0, 0))),
        (&pod, Some((2, 75_500))),
        ("<VAST><Ad>", None),
        ("<html></html>", None),
        ("<VAST><Ad><Duration>soon</Duration></Ad></VAST>", None),
        ("<VAST></Ad>", None),
        ("not json", None),
        ("{", None),
        (r#"{"id":"x"}"#, Some((0, 0))),
        (r#"{"id":"x","seatbid":[]}"#, Some((0, 0))),
        (
            r#"{"id":"x","seatbid":[{"bid":[{"id":"1","impid":"1","price":1,"dur":15},{"id":"2","impid":"1","price":2,"dur":30}]}]}"#,
            Some((2, 45_000)),
        ),
    ];
    for (body, expected) in cases {
        let expected = expected.map(|(ads, ms)| Fill { ads, ms });
        assert_eq!(read(body.as_bytes()), expected, "body {body:?}");
        if expected.is_some() {
            assert_eq!(glance(body.as_bytes()), expected, "a glance at {body:?}");
        }
    }
    assert_eq!(read(b"<VAST>\xff</VAST>"), None);
}

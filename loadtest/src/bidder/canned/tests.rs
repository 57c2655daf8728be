//! A learnt answer is the answer, under another id.

use bytes::Bytes;

use super::{quick_id, write};

#[test]
fn the_id_is_found_where_it_is_written_first() {
    let cases: [(&str, Option<&str>); 5] = [
        (r#"{"id":"a-1","imp":[{"id":"1"}]}"#, Some("a-1")),
        (r#"{"at":1,"id":"b"}"#, Some("b")),
        (r#"{"id":""}"#, Some("")),
        (r#"{"id":"open"#, None),
        ("{}", None),
    ];
    for (body, id) in cases {
        assert_eq!(quick_id(body.as_bytes()), id.map(str::as_bytes), "{body}");
    }
}

#[test]
fn the_id_stands_between_the_pieces() {
    let pieces = [Bytes::from_static(b"{\"id\":\""), Bytes::from_static(b"\"}")];
    let mut out = Vec::new();
    write(&pieces, b"x-9", &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.ends_with("content-length: 12\r\n\r\n{\"id\":\"x-9\"}"), "{text}");
}

//! The number stands wherever the template has a placeholder, and no length changes.

use super::Stencil;
use crate::scenario::{Reach, Scenario, target::Origin};

#[test]
fn a_patched_request_is_the_request() {
    let text = r#"
        name = "x"
        [target]
        url = "http://127.0.0.1:80"
        path = "/a?s={session}"
        method = "POST"
        headers = { x-one = "1" }
        body = '{"id":"{session}","n":{n},"m":"{n}{n}","z":1}'
        [load]
        in_flight = 1
        requests = 1
        tmax_ms = 1
    "#;
    let target = Scenario::parse(text).unwrap().target;
    let origin = Origin::parse(&target.url, Reach::Loopback).unwrap();
    let mut stencil = Stencil::new(&target, &origin, 255);
    for (n, digits) in [(0, "100000000000"), (42, "100000000042"), (7_000, "100000007000")] {
        let text = String::from_utf8(stencil.patch(n).to_vec()).unwrap();
        let body = format!(r#"{{"id":"s-ff-{digits}","n":{digits},"m":"{digits}{digits}","z":1}}"#);
        let expected = format!(
            "POST /a?s=s-ff-{digits} HTTP/1.1\r\nhost: 127.0.0.1:80\r\nx-one: 1\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(text, expected);
    }
}

use crate::io::connect::Address;

/// url → TLS, host, port, Host header, path; or `refused`.
const CASES: &str = "
https://bid.acme.example/openrtb2?key=1  true bid.acme.example 443 bid.acme.example /openrtb2?key=1
http://acme.example                      false acme.example 80 acme.example /
http://acme.example:8080/a               false acme.example 8080 acme.example:8080 /a
https://acme.example:443/a               true acme.example 443 acme.example /a
https://ACME.example/a#part              true acme.example 443 acme.example /a
http://127.0.0.1:9000/bid                false 127.0.0.1 9000 127.0.0.1:9000 /bid
http://[::1]:9000/bid                    false ::1 9000 [::1]:9000 /bid
http://2130706433/                       false 127.0.0.1 80 127.0.0.1 /
https://user:pass@acme.example/a         true acme.example 443 acme.example /a
https://acme.example/a%20b/ü?q=ü         true acme.example 443 acme.example /a%20b/%C3%BC?q=%C3%BC
ftp://acme.example/                      refused
file:///etc/passwd                       refused
https://                                 refused
acme.example/a                           refused
-                                        refused
";

#[test]
fn urls_are_read_as_browsers_read_them() {
    for line in CASES.lines().filter(|line| !line.is_empty()) {
        let (url, wanted) = line.split_once(' ').unwrap();
        let read = Address::parse(url, false).map_or_else(
            || "refused".to_owned(),
            |address| {
                let host = address.host.to_str().unwrap();
                let target = &address.target;
                format!("{} {} {} {host} {}", target.tls, target.host, target.port, address.path)
            },
        );
        assert_eq!(read, wanted.trim(), "{url}");
    }
}

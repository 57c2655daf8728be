use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

use crate::io::connect::{Address, Live, Patience, interleave};

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

#[test]
fn families_of_addresses_take_turns() {
    for (given, wanted) in [
        ("", ""),
        ("192.0.2.1:1", "192.0.2.1:1"),
        (
            "192.0.2.1:1 192.0.2.2:1 192.0.2.3:1 [2001:db8::1]:1",
            "192.0.2.1:1 [2001:db8::1]:1 192.0.2.2:1 192.0.2.3:1",
        ),
        (
            "[2001:db8::1]:1 [2001:db8::2]:1 192.0.2.1:1 192.0.2.2:1",
            "[2001:db8::1]:1 192.0.2.1:1 [2001:db8::2]:1 192.0.2.2:1",
        ),
    ] {
        let addresses = |text: &str| -> Vec<SocketAddr> {
            text.split_whitespace().map(|address| address.parse().unwrap()).collect()
        };
        assert_eq!(interleave(&addresses(given)), addresses(wanted), "{given}");
    }
}

#[tokio::test]
async fn an_address_that_refuses_or_hesitates_does_not_hold_up_the_next() {
    let patience = Patience { tcp: Duration::from_secs(60), total: Duration::from_secs(60) };
    let live = Live::new(patience, Vec::new()).unwrap();
    let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    // A listener whose queue is full drops who knocks.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    full.listen(0).unwrap();
    let silent = full.local_addr().unwrap().as_socket().unwrap();
    let mut queue = Vec::new();
    for _ in 0..4 {
        let caller = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        caller.set_nonblocking(true).unwrap();
        let _under_way = caller.connect(&silent.into());
        queue.push(caller);
    }
    let good = good.local_addr().unwrap();
    for addresses in [
        &[good][..],
        &[refusing, good],
        &[silent, good],
        &[silent, refusing, silent, good],
        &[good, silent],
    ] {
        let stream = live.first(addresses).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good, "{addresses:?}");
    }
    assert!(live.first(&[refusing, refusing]).await.is_err());
    assert!(live.first(&[]).await.is_err());
}

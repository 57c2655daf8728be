use std::io::ErrorKind;
use std::sync::Arc;

use crate::io::egress::names::Names;
use crate::io::egress::{is_public, resolve, resolve_public};

const PUBLIC: &str = "
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255
192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255
198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
2001:200:: 2001:4860:4860::8888 2606:4700::1111 2003:: 3ffe:ffff:: 2a00:1450::1
";

const CLOSED: &str = "
0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255
168.63.129.16 169.254.0.0 169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255
192.0.2.1 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.7
203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.0 255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1
2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 3fff::1 3fff:fff::1 5f00::1 fc00::1 fdff::1 fe80::1
fec0::1 ff02::1 1fff::1 4000::1
";

#[test]
fn the_table_of_closed_addresses_holds_at_its_edges() {
    for address in PUBLIC.split_whitespace() {
        assert!(is_public(address.parse().unwrap()), "{address} is public");
    }
    for address in CLOSED.split_whitespace() {
        assert!(!is_public(address.parse().unwrap()), "{address} is closed");
    }
}

#[tokio::test]
async fn literals_are_held_to_the_table_too() {
    let names = Arc::new(Names::default());
    for host in ["127.0.0.1", "[::1]", "::1", "169.254.169.254", "localhost"] {
        let fault = resolve_public(&names, host, 80).await.unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::PermissionDenied, "{host}");
        assert!(!fault.to_string().contains("127"), "the fault tells no address");
    }
    let open = resolve_public(&names, "1.1.1.1", 443).await.unwrap();
    assert_eq!(open, ["1.1.1.1:443".parse().unwrap()]);
    let lifted = resolve(&names, "127.0.0.1", 7).await.unwrap();
    assert_eq!(lifted, ["127.0.0.1:7".parse().unwrap()]);
}

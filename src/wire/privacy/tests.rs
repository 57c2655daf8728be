use std::net::IpAddr;

use openrtb::device::Device;
use openrtb::regs::Regs;

use super::{Viewer, clear, network, sale_opt_out};
use crate::model::passthrough::PrivacyClass;

#[test]
fn networks_are_the_first_bits_of_an_address() {
    let cases = [
        ("203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3::9", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
    ];
    for (address, cut) in cases {
        assert_eq!(network(address.parse::<IpAddr>().unwrap()), cut);
    }
}

#[test]
fn only_a_us_privacy_string_opts_out() {
    let cases = [
        ("1YYN", Some(true)),
        ("1YNN", Some(false)),
        ("1---", None),
        ("2YYN", None),
        ("1YY", None),
    ];
    for (text, opt_out) in cases {
        assert_eq!(sale_opt_out(text), opt_out, "{text}");
    }
}

#[test]
fn nothing_known_follows_the_default() {
    for (gdpr_default, class) in [(true, PrivacyClass::Restricted), (false, PrivacyClass::Open)] {
        let cleared = clear(Viewer { gdpr_default, ..Viewer::default() });
        assert_eq!((cleared.class, cleared.device, cleared.regs), (class, None, None));
    }
}

#[test]
fn what_is_no_address_is_dropped_where_addresses_are_cut() {
    let device = Device { ip: Some("at home".into()), ua: Some("UA".into()), ..Device::default() };
    let regs = Regs { gdpr: Some(true), ..Regs::default() };
    let viewer = Viewer { device: Some(device), regs: Some(regs), ..Viewer::default() };
    assert_eq!(clear(viewer).device.as_deref(), Some(r#"{"ua":"UA"}"#));
}

#[test]
fn what_gpp_says_unread_restricts() {
    let cases: [(&str, &[i32], &str, PrivacyClass); 15] = [
        ("", &[], "", PrivacyClass::Open),
        ("", &[], "1YNN", PrivacyClass::Open),
        ("DBABTA~1YNN", &[6], "", PrivacyClass::Open),
        ("DBABTA~1YNN", &[], "", PrivacyClass::Open),
        ("", &[6], "1YNN", PrivacyClass::Open),
        ("DBABTA~1YYN", &[6], "", PrivacyClass::Restricted),
        ("DBABTA~1---", &[6], "1YNN", PrivacyClass::Restricted),
        ("", &[6], "", PrivacyClass::Restricted),
        ("DBABMA~CPx", &[2], "", PrivacyClass::Restricted),
        ("DBABLA~BVQq", &[7], "", PrivacyClass::Restricted),
        ("DBABrw~1YNN~BVQq", &[6, 27], "", PrivacyClass::Restricted),
        ("DBABrw~1YNN~BVQq", &[], "", PrivacyClass::Restricted),
        ("DBAA", &[], "1YNN", PrivacyClass::Restricted),
        ("", &[99], "1YNN", PrivacyClass::Restricted),
        ("", &[-1], "", PrivacyClass::Restricted),
    ];
    for (gpp, sections, us_privacy, class) in cases {
        let regs = Regs {
            gdpr: Some(false),
            gpp: Some(gpp.into()).filter(|_| !gpp.is_empty()),
            gpp_sid: Some(sections.to_vec()).filter(|_| !sections.is_empty()),
            us_privacy: Some(us_privacy.into()).filter(|_| !us_privacy.is_empty()),
            ..Regs::default()
        };
        let viewer = Viewer { regs: Some(regs), ..Viewer::default() };
        assert_eq!(clear(viewer).class, class, "{gpp} {sections:?} {us_privacy}");
    }
}

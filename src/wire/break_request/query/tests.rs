use super::{Query, holds_macro, millis, number, seconds};

#[test]
fn macros_are_known_by_their_brackets() {
    let macros = ["[A]", "[scte.event_id]-[avail.index]", "x${A:B64}", "{{ .Ip }}", "%%A_B%%"];
    for text in macros {
        assert!(holds_macro(text, false), "{text}");
    }
    let values = ["[]", "[1]", "[2001:db8::1]", "[::]", "$A", "{A}", "${}", "%%", "%%%%", "a]b["];
    for text in values {
        assert!(!holds_macro(text, false), "{text}");
    }
    assert!(!holds_macro("[LIVE] Final", true) && holds_macro("[TITLE]", true));
}

#[test]
fn lengths_are_whole_milliseconds() {
    let cases = [("59.94", Some(59_940)), ("30", Some(30_000)), ("0.9999", Some(999))];
    for (text, length) in cases {
        assert_eq!(seconds(text), length, "{text}");
    }
    for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", "0x1", "1 ", "NaN", "1.2.3"] {
        assert_eq!((seconds(wrong), millis(wrong), number(wrong)), (None, None, None), "{wrong}");
    }
    assert_eq!((millis("59940.7"), number("99999999999999999999")), (Some(59_940), Some(u64::MAX)));
}

#[test]
fn percent_signs_are_decoded_once_and_plus_is_a_space() {
    let query = Query::read("a=1%2525+2%2B3&%61=x", &["a"]);
    assert_eq!(query.text(&["a"]), Some("1%25 2+3"));
    assert_eq!(query.parse(&["a"], |text| (text == "x").then_some(())), Some(()));
    assert_eq!(query.faults().unreadable, 1);
}

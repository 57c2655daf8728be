use super::{FAMILIES, MAX_LONG, MAX_NAME, MAX_TEXT, Query};
use super::{candidates, holds_macro, millis, number, seconds};

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

#[test]
fn macros_behind_openers_are_found() {
    for text in ["[[A]", "[x [A]", "${1${A}", "{{ {{A}}", "a%%%%B%%", "%%1 2%%A%%", "[1][A]"] {
        assert!(holds_macro(text, false), "{text}");
    }
    let longest = "A".repeat(MAX_NAME);
    assert!(holds_macro(&format!("[{longest}]"), false));
    assert!(!holds_macro(&format!("[{longest}A]"), false));
}

/// What is looked at for one family is never more than the value, whatever it repeats.
#[test]
fn no_value_makes_the_search_for_macros_long() {
    let pieces = ["[", "${", "${1", "{{", "%%", "%", "[]", "[1]", "${1}", "{{1}}", "%%1", "]["];
    for piece in pieces {
        let mut text = piece.repeat(32 * 1024 / piece.len());
        for tail in ["", "]", "}", "}}", "%%"] {
            text.push_str(tail);
            for (open, close) in FAMILIES {
                let (mut steps, mut bytes) = (0, 0);
                for name in candidates(&text, open, close) {
                    steps += 1;
                    bytes += name.len();
                }
                assert!(steps <= text.len() && bytes <= text.len(), "{piece} {open} {tail}");
            }
            assert!(!holds_macro(&text, false), "{piece} {tail}");
        }
    }
}

#[test]
fn values_have_a_longest_length() {
    for (key, most) in
        [("scte35", MAX_LONG), ("consent", MAX_LONG), ("gpp", MAX_LONG), ("ua", MAX_TEXT)]
    {
        for (length, unreadable) in [(most, 0), (most + 1, 1)] {
            let text = format!("{key}={}", "%61".repeat(length));
            let query = Query::read(&text, &[key]);
            assert_eq!(query.text(&[key]).is_some(), unreadable == 0, "{key} {length}");
            assert_eq!(query.faults().unreadable, unreadable, "{key} {length}");
        }
    }
}

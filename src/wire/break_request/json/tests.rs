use super::{Object, Whole, depth, read};

#[test]
fn depth_counts_brackets_outside_of_strings() {
    let cases =
        [("", 0), ("1", 0), ("{}", 1), ("[{\"a\":[]}]", 3), ("\"[[\\\"[\"", 0), ("]]][", 1)];
    for (text, levels) in cases {
        assert_eq!(depth(text), levels, "{text}");
    }
}

#[test]
fn sixty_four_levels_are_read_and_one_more_is_too_many() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let fault = |levels: usize| {
        let body = nested(levels);
        let mut scratch = Vec::new();
        let read: Result<serde::de::IgnoredAny, _> = read(body.as_bytes(), &mut scratch);
        read.err().map(|refusal| refusal.code)
    };
    assert_eq!(fault(64), None);
    assert_eq!(fault(65), Some("too_complex"));
}

#[test]
fn both_readers_refuse_what_is_not_json() {
    let wrong: [&[u8]; 12] = [
        b"",
        b"{",
        b"{}}",
        b"{} x",
        b"\xef\xbb\xbf{}",
        b"{\"a\":NaN}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{'a':1}",
        b"{\"a\":01}",
        b"{\"a\":1,}",
        b"\0",
    ];
    for body in wrong {
        let mut scratch = Vec::new();
        let read: Result<Object<std::collections::BTreeMap<String, serde_json::Value>>, _> =
            read(body, &mut scratch);
        assert_eq!(read.err().map(|it| it.code), Some("bad_json"), "{}", body.escape_ascii());
    }
}

#[test]
fn whole_numbers_may_stand_in_strings() {
    for (text, number) in [("7", Some(7)), ("\"7\"", Some(7)), ("true", Some(1)), ("-7", None)] {
        let mut scratch = Vec::new();
        let read: Option<Whole> = read(text.as_bytes(), &mut scratch).ok();
        assert_eq!(read.map(|whole| whole.0), number, "{text}");
    }
}

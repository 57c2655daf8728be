//! Templates are cut at placeholders only.

use super::template::Template;

#[test]
fn placeholders_are_filled_and_other_braces_kept() {
    let cases = [
        ("", ""),
        ("plain", "plain"),
        ("{n}", "7"),
        ("{n}{n}{session}", "77s-ff-7"),
        (
            r#"{"id":"{session}","n":{n},"b":"{break}","x":{}}"#,
            r#"{"id":"s-ff-7","n":7,"b":"b-ff-7","x":{}}"#,
        ),
        ("{{n}} {N} {session", "{7} {N} {session"),
        ("é{n}é", "é7é"),
    ];
    for (text, filled) in cases {
        assert_eq!(Template::from(text.to_owned()).fill(255, 7), filled, "template {text:?}");
    }
}

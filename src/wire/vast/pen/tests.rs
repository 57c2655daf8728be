//! What is written, byte for byte as quick-xml's writer would.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::proptest;
use proptest::sample::select;
use quick_xml::Writer;
use quick_xml::events::{BytesCData, BytesEnd, BytesStart, BytesText, Event};

use super::{Attribute, Pen, clean};
use crate::wire::macros::Values;

proptest! {
    #[test]
    fn it_writes_as_quick_xml_does(
        value in text(), other in text(), content in text(), url in text(),
    ) {
        let values = Values::default();
        let mut pen = Pen::new(&values, 0);
        let attributes: [Attribute<'_>; 2] = [("b", (&*value).into()), ("c:d", (&*other).into())];
        pen.open("a", &attributes);
        pen.text(&content);
        pen.url_element("u", &attributes[..1], &url);
        pen.text_element("t", [], &content);
        pen.close("a");
        let (found, emptied) = pen.finish();
        assert!(!emptied);
        assert_eq!(found, by_events(&attributes, &content, &url));
    }
}

fn by_events(attributes: &[Attribute<'_>], content: &str, url: &str) -> String {
    let mut out = Writer::new(Vec::new());
    let start = |name: &'static str, attributes: &[Attribute<'_>]| {
        let mut start = BytesStart::new(name);
        for (name, value) in attributes {
            start.push_attribute((*name, &*clean(value)));
        }
        Event::Start(start.into_owned())
    };
    let (content, url) = (clean(content), clean(url));
    out.write_event(start("a", attributes)).unwrap();
    out.write_event(Event::Text(BytesText::new(&content))).unwrap();
    out.write_event(start("u", &attributes[..1])).unwrap();
    for section in BytesCData::escaped(&url) {
        out.write_event(Event::CData(section)).unwrap();
    }
    out.write_event(Event::End(BytesEnd::new("u"))).unwrap();
    out.write_event(start("t", &[])).unwrap();
    out.write_event(Event::Text(BytesText::new(&content))).unwrap();
    out.write_event(Event::End(BytesEnd::new("t"))).unwrap();
    out.write_event(Event::End(BytesEnd::new("a"))).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    let letter = any::<char>().prop_map(|letter| letter.to_string());
    let piece = prop_oneof![8 => select(PIECES).prop_map(str::to_owned), 1 => letter];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&str] = &[
    "<",
    ">",
    "&",
    "'",
    "\"",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "]",
    "]]",
    "]]>",
    "]]>>",
    "x",
    "é",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{fffe}",
    "\u{ffdf}",
    "\u{ef00}",
    "https://a.example/?b=1&c=2",
];

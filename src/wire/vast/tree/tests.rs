//! The scanner against quick-xml: what it takes, the other reads too, and as the same.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof};
use proptest::proptest;
use proptest::sample::{Index, select};

use super::build::Piece;
use super::scan::Sink;
use super::{
    Content, Element, Fault, SPACE, Tree, all_legal, entity, events, legal, parse, scan, trim,
};

/// All documents of the cases, sound and broken.
#[test]
fn both_readings_mean_the_same_of_the_cases() {
    let documents = documents();
    let taken = documents.iter().filter(|document| agree(document)).count();
    // All that are sound must be read the first way, or all this is for nothing; of the others
    // there are many, and below the dashes of a case stands no document.
    assert!(documents.len() / 4 < taken, "{taken} of {}", documents.len());
}

#[test]
fn usual_documents_are_scanned() {
    for document in [
        "<a/>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b='1' c=\"2\"><!-- x --> <b/>\n</a >",
        "<a>x&amp;y &#65;<![CDATA[<&>]]></a>",
        "<a b = '&lt;\n'/>",
        "<é:b xmlns:é='u'/>",
    ] {
        assert!(agree(document), "{document}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn both_readings_mean_the_same_of_changed_documents(
        which in any::<Index>(),
        changes in vec((any::<Index>(), 0..3_u8, piece()), 1..5),
    ) {
        let documents = documents();
        let mut document: Vec<char> = which.get(&documents).chars().collect();
        for (at, way, piece) in changes {
            let at = at.index(document.len() + 1);
            match way {
                0 => drop(document.splice(at..at, piece.chars())),
                1 => drop(document.splice(at..(at + piece.len()).min(document.len()), [])),
                _ => drop(document.splice(at..(at + 1).min(document.len()), piece.chars())),
            }
        }
        agree(&String::from_iter(document));
    }

    #[test]
    fn both_readings_mean_the_same_of_pieces(pieces in vec(piece(), 0..24)) {
        agree(&pieces.concat());
        agree(&format!("<a>{}</a>", pieces.concat()));
        agree(&format!("<a {}/>", pieces.concat()));
    }

    #[test]
    fn characters_are_judged_alike(text in any::<String>(), odd in select(ODD)) {
        for text in [text.clone(), text + odd] {
            assert_eq!(all_legal(&text), text.chars().all(legal), "{text:?}");
            assert_eq!(trim(&text), text.trim_matches(SPACE));
        }
    }
}

/// A text that is nothing but references is the dearest to read; twice as long, it takes twice the work.
#[test]
fn floods_are_read_in_work_by_their_length() {
    for (before, unit, after) in FLOODS {
        let flood = |units: usize| [before, &*unit.repeat(units), after].concat();
        let units = (32 << 10) / unit.len();
        let [half, whole] = [units, 2 * units].map(|units| Work::of(&flood(units)));
        for ((what, half), (_, whole)) in half.counts().into_iter().zip(whole.counts()) {
            assert!(
                whole <= 2 * half + unit.len(),
                "{what} of {unit}: {half}, and {whole} of twice as much"
            );
        }
    }
}

/// What is decoded is not decoded again, however deep references are written.
#[test]
fn one_level_of_references_is_resolved() {
    let deep = "&amp;amp;amp;lt;".repeat(4 << 10);
    let document = format!("<a b='{deep}'>{deep}</a>");
    let tree = parse(&document).unwrap();
    let meant = "&amp;amp;lt;".repeat(4 << 10);
    assert_eq!(tree.root().text(), meant);
    assert_eq!(tree.root().attribute("b"), Some(&*meant));
    assert!(matches!(tree.root().text(), Cow::Borrowed(_)), "it is decoded once, for all readers");
}

/// What reading a document takes, counted.
struct Work {
    /// What the scanner hands over, and the bytes of it.
    scanned: Counting,
    /// Bytes that are kept apart from the source, by each way of reading.
    kept: [usize; 2],
}

impl Work {
    fn of(document: &str) -> Self {
        let mut scanned = Counting::default();
        let taken = scan::read_into(document, &mut scanned).is_some();
        let kept = [scan::read(document), events::read(document).ok()]
            .map(|tree| tree.map_or(0, |tree| tree.lists.decoded.len() + tree.lists.nodes.len()));
        assert!(taken || kept[0] == 0);
        Self { scanned, kept }
    }

    fn counts(&self) -> [(&'static str, usize); 4] {
        let Self { scanned: Counting { steps, bytes, .. }, kept: [scan, events] } = *self;
        [("steps", steps), ("bytes", bytes), ("kept", scan), ("kept by events", events)]
    }
}

/// Counts what is handed over.
#[derive(Default)]
struct Counting {
    steps: usize,
    bytes: usize,
    open: usize,
}

impl Counting {
    fn step(&mut self, bytes: usize) -> Option<()> {
        self.steps += 1;
        self.bytes += bytes;
        Some(())
    }

    fn piece(&mut self, piece: &Piece<'_>) -> Option<()> {
        self.step(match piece {
            Piece::Source(place) => place.len(),
            Piece::Decoded(text) => text.len(),
        })
    }
}

impl<'a> Sink<'a> for Counting {
    fn is_open(&self) -> bool {
        self.open != 0
    }

    fn name(&self) -> Option<&'a str> {
        // The floods have one element.
        Some("a")
    }

    fn begin(&mut self, name: Range<usize>) -> Option<()> {
        self.open += 1;
        self.step(name.len())
    }

    fn attribute(&mut self, name: Range<usize>, value: Piece<'_>) -> Option<()> {
        self.step(name.len())?;
        self.piece(&value)
    }

    fn end(&mut self) -> Option<()> {
        self.open -= 1;
        self.step(0)
    }

    fn text(&mut self, piece: Piece<'_>) -> Option<()> {
        self.piece(&piece)
    }

    fn reference(&mut self, name: &str) -> Option<()> {
        self.step(name.len())?;
        entity(name).map(drop)
    }
}

/// Reads a document both ways, panics when they differ, and says whether the first way took it.
fn agree(document: &str) -> bool {
    let found = parse(document).map(|tree| print(&tree));
    if !all_legal(document) {
        assert_eq!(found, Err(Fault::Character));
        return false;
    }
    let trimmed = document.trim_start_matches('\u{feff}').trim_start_matches(SPACE);
    let events = events::read(trimmed).map(|tree| print(&tree));
    assert_eq!(found, events, "{document}");
    let Some(tree) = scan::read(trimmed) else { return false };
    assert_eq!(Ok(print(&tree)), events, "{document}");
    true
}

/// Prints a tree so that any difference shows.
fn print(tree: &Tree<'_>) -> String {
    fn element_of(element: Element<'_, '_>, out: &mut String) {
        write!(out, "<{}", element.name()).unwrap();
        for (name, value) in element.attributes() {
            write!(out, " {name}={value:?}").unwrap();
        }
        write!(out, " text={:?}>", element.text()).unwrap();
        for content in element.content() {
            match content {
                Content::Element(child) => element_of(child, out),
                Content::Text(text) => write!(out, "{text:?}").unwrap(),
            }
        }
        out.push_str("</>");
    }
    let mut out = format!("{} ", tree.element_count());
    element_of(tree.root(), &mut out);
    let names: Vec<&str> = tree.elements().map(Element::name).collect();
    out + &names.join(" ")
}

/// What stands before, again and again, and behind.
const FLOODS: &[(&str, &str, &str)] = &[
    ("<a>", "&lt;", "</a>"),
    ("<a>", "&amp;", "</a>"),
    ("<a>", "&amp;lt;", "</a>"),
    ("<a>", "&#x26;#x26;#60;", "</a>"),
    ("<a>", "&#0000000000000000000000065;", "</a>"),
    ("<a>", "&#000000000000000000000000000000000065;", "</a>"),
    ("<a>", "]]&gt;", "</a>"),
    ("<a>", "x &lt;\r\n", "</a>"),
    ("<a>", "&lt;<![CDATA[&lt;]]>", "</a>"),
    ("<a>", "&lt;<!-- - -->", "</a>"),
    ("<a b='", "&lt;", "'/>"),
    ("<a b='", "&amp;amp;lt;\n", "'/>"),
    ("<a><![CDATA[", "]&lt;]>", "]]></a>"),
    // Refused, and at once.
    ("<a>", "&", "</a>"),
    ("<a>", "&lt", "</a>"),
    ("<a>", "&lt;&nbsp;", "</a>"),
    ("<a b='", "&lt", "'/>"),
    ("<a>", "&lt;", ""),
];

/// What documents are changed by.
pub(in crate::wire::vast) fn piece() -> impl Strategy<Value = String> {
    let letter = any::<char>().prop_map(|letter| letter.to_string());
    prop_oneof![30 => select(PIECES).prop_map(str::to_owned), 1 => letter]
}

#[expect(clippy::disallowed_methods, reason = "cases are files; what is tested reads none")]
pub(in crate::wire::vast) fn documents() -> Vec<String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire/vast");
    let mut documents = Vec::new();
    for folder in ["read", "unwrap", "write"] {
        for entry in std::fs::read_dir(data.join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            documents.extend(text.split("\n---\n").map(str::to_owned));
        }
    }
    let broken = std::fs::read_to_string(data.join("broken.txt")).unwrap();
    let broken = broken.lines().filter_map(|line| line.rsplit_once(" → "));
    documents.extend(broken.map(|(document, _)| document.replace("\\n", "\n")));
    documents.sort();
    documents
}

/// More cases when slow tests are asked for.
pub(in crate::wire::vast) fn cases() -> u32 {
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    if slow { 200_000 } else { 1000 }
}

const PIECES: &[&str] = &[
    "<",
    ">",
    "/",
    "&",
    ";",
    "=",
    "'",
    "\"",
    " ",
    "\n",
    "\t",
    "\r",
    "\r\n",
    "]",
    "]]",
    "]]>",
    "-",
    "--",
    "-->",
    "!",
    "?",
    "?>",
    ":",
    "x",
    "a",
    "1",
    ".",
    "é",
    "<a>",
    "</a>",
    "<b>",
    "</b>",
    "<b/>",
    "</a >",
    "<a b='1'>",
    "<a b=\"1\" c='>'/>",
    " b='1'",
    " b:c='x y'",
    " b = '&amp;'",
    " b='<'",
    " b='\t\r\n'",
    "&lt;",
    "&amp;",
    "&#65;",
    "&#x42;",
    "&#0;",
    "&nbsp;",
    "&#32;",
    "<![CDATA[",
    "<![CDATA[]]>",
    "<![CDATA[x]]>",
    "<![CDATA[\r]]>",
    "<!--",
    "<!-- x -->",
    "<!---->",
    "<!-->",
    "<!--->",
    "<?xml version=\"1.0\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<?x y?>",
    "<!DOCTYPE a>",
    "\u{feff}",
    "\u{1}",
    "\u{fffe}",
    "\u{7f}",
    "\u{85}",
];

const ODD: &[&str] = &["", "\u{1}", "\u{fffe}", "\u{ffff}", "\u{ffdf}", "\u{f}", "\n", " x\t"];

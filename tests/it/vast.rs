//! VAST in and out: facts of bidders' documents, the pod we write, and what strangers read of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use breakwater::model::bid::MarkupFacts;
use breakwater::model::reason::LossReason;
use breakwater::wire::sold;
use breakwater::wire::vast;
use breakwater::wire::vast::read;
use breakwater::wire::vast::tree::{self, Content, Element, Fault};
use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::Index;

use crate::sale::Sale;

/// Every document of `read/` says below its dashes what is read of it.
#[test]
fn facts_of_documents() {
    for path in cases("read") {
        let facts = |document: &str| print(&read::facts(document));
        check(&path, facts);
    }
}

/// Every document of `write/` says below its dashes what ad it becomes, our tokens left out.
#[test]
fn ads_from_documents() {
    for path in cases("write") {
        check(&path, |document| {
            let sold = Sale::of(&[document]).finish();
            assert_eq!(sold.unwritten, [0_u16; 0], "{path:?}");
            lines(&without_tokens(&vast::document(&sold)))
        });
    }
}

/// Each line of `broken.txt` breaks one rule of well-formedness, or none.
#[test]
fn rules_of_xml() {
    let cases = std::fs::read_to_string(data().join("broken.txt")).unwrap();
    for line in cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (document, rule) = line.rsplit_once(" → ").unwrap();
        let document =
            document.replace("\\n", "\n").replace("\\1", "\u{1}").replace("\\f", "\u{fffe}");
        let found = tree::parse(&document).err();
        assert_eq!(
            found.map_or_else(|| "ok".to_owned(), |fault| format!("{fault:?}")),
            rule,
            "{line}"
        );
    }
}

#[test]
fn limits_of_xml() {
    let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let many = |elements| format!("<a>{}</a>", "<b/>".repeat(elements - 1));
    let wide = |attributes| {
        let attributes: String = (0..attributes).map(|at| format!(" a{at}='1'")).collect();
        format!("<a{attributes}/>")
    };
    let fault = |document: String| tree::parse(&document).err();
    assert_eq!(fault(nested(tree::MAX_DEPTH)), None);
    assert_eq!(fault(nested(tree::MAX_DEPTH + 1)), Some(Fault::Depth));
    assert_eq!(fault(many(tree::MAX_ELEMENTS)), None);
    assert_eq!(fault(many(tree::MAX_ELEMENTS + 1)), Some(Fault::Elements));
    assert_eq!(fault(wide(tree::MAX_ATTRIBUTES)), None);
    assert_eq!(fault(wide(tree::MAX_ATTRIBUTES + 1)), Some(Fault::Attributes));
}

#[test]
fn limits_of_addresses_to_call() {
    let defect = |events: usize, each: usize| {
        let trackings: String = (0..events * each)
            .map(|at| format!("<Tracking event='e{}'>https://t.example/</Tracking>", at / each))
            .collect();
        let document = format!(
            "<VAST version='4.2'><Ad><InLine><Creatives><Creative><Linear>\
             <TrackingEvents>{trackings}</TrackingEvents><MediaFiles>\
             <MediaFile type='video/mp4'>https://m.example/</MediaFile></MediaFiles>\
             </Linear></Creative></Creatives></InLine></Ad></VAST>"
        );
        read::facts(&document).defect
    };
    assert_eq!(defect(1, read::MAX_TRACKERS_OF_EVENT), None);
    assert_eq!(defect(1, read::MAX_TRACKERS_OF_EVENT + 1), Some(LossReason::MarkupBroken));
    assert_eq!(defect(read::MAX_TRACKERS, 1), None);
    assert_eq!(defect(read::MAX_TRACKERS + 1, 1), Some(LossReason::MarkupBroken));
}

/// A title that needs escaping grows beyond what is answered: the ad is left out, not the pod.
#[test]
fn an_ad_that_grows_too_large_is_left_out() {
    let titled = |title: usize| {
        let title = "&".repeat(title);
        format!(
            "<VAST version='4.2'><Ad><InLine><AdTitle><![CDATA[{title}]]></AdTitle><Creatives>\
             <Creative><Linear><Duration>00:00:15</Duration><MediaFiles>\
             <MediaFile type='video/mp4'>https://m.example/</MediaFile></MediaFiles>\
             </Linear></Creative></Creatives></InLine></Ad></VAST>"
        )
    };
    let (small, large) = (titled(20_000), titled(sold::MAX_INLINE / 5));
    let sold = Sale::of(&[&small, &large]).finish();
    assert_eq!((sold.ads.len(), sold.unwritten), (1, vec![2]));
}

/// A pod of every document that can be sold is read by strangers as we meant it.
#[test]
fn strangers_read_the_pod() {
    let documents: Vec<String> = cases("write").iter().map(|path| split(path).0).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let sold = Sale::of(&documents).finish();
    let pod = vast::document(&sold);
    lint(&pod);
    in_schema_order(&pod);

    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(&pod).unwrap();
    assert_eq!(read.ads.len(), documents.len());
    for (at, ad) in read.ads.iter().enumerate() {
        assert_eq!(ad.sequence, i32::try_from(at + 1).ok(), "document order is play order");
        let inline = ad.in_line.as_ref().unwrap();
        assert!(inline.errors[0].starts_with("https://ads.breakwater.example/v1/b/"));
        assert!(inline.impressions[0].uri.starts_with("https://ads.breakwater.example/v1/b/"));
        let linear = inline.creatives.creatives[0].linear.as_ref().unwrap();
        assert_eq!(linear.duration.as_ref().unwrap().to_string(), "00:00:15");
        let trackings = &linear.tracking_events.as_ref().unwrap().trackings;
        let five: Vec<String> =
            trackings.iter().take(5).map(|tracking| tracking.event.to_string()).collect();
        assert_eq!(five, ["start", "firstQuartile", "midpoint", "thirdQuartile", "complete"]);
        assert!(!linear.media_files.as_ref().unwrap().media_files.is_empty());
    }
    let mut servings: Vec<_> =
        read.ads.iter().map(|ad| ad.in_line.as_ref().unwrap().ad_serving_id.clone()).collect();
    servings.dedup();
    assert_eq!(servings.len(), documents.len(), "each serving has its own id");
}

#[test]
fn nothing_sold_is_an_empty_document() {
    let sold = Sale::of(&[]).finish();
    assert_eq!(vast::document(&sold), vast::empty());
    lint(vast::empty());
}

/// The originals of the reference say what an exchange should make of them.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn originals_of_the_reference() {
    let Ok(reference) = std::env::var("BREAKWATER_REFERENCE") else {
        println!("skipped: BREAKWATER_REFERENCE is not set");
        return;
    };
    let folder = Path::new(&reference).join("vast-examples");
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: Vec<serde_json::Value> = serde_json::from_str(&manifest).unwrap();
    assert!(!manifest.is_empty());
    for entry in manifest {
        let name = entry["file"].as_str().unwrap();
        let document = std::fs::read_to_string(folder.join(name)).unwrap();
        original(name, &document, &entry);
    }
}

fn original(name: &str, document: &str, entry: &serde_json::Value) {
    let facts = read::facts(document);
    let none = Vec::new();
    let ads = entry["ads"].as_array().unwrap_or(&none);
    let expected = match (entry["verdict"].as_str().unwrap(), ads.len()) {
        ("accept", 1) => None,
        ("accept", _) => Some("several_ads"),
        ("follow-wrapper", _) => Some("wrapper_refused"),
        ("no-ad", _) => Some("markup_missing"),
        _ => Some("markup_broken"),
    };
    assert_eq!(facts.defect.map(|reason| reason.name()), expected, "{name}");
    assert_eq!(usize::from(facts.ads), ads.len(), "{name}");
    if expected.is_some() {
        return;
    }
    let ad = &ads[0];
    let millis = u32::try_from(facts.duration.unwrap().0).unwrap();
    assert_eq!(Some(f64::from(millis) / 1000.0), ad["duration_s"].as_f64(), "{name}");
    assert_eq!(facts.media.len(), ad["media"].as_array().unwrap().len(), "{name}");
    let ids: Vec<(&str, &str)> = ad["universal_ad_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| (id["registry"].as_str().unwrap(), id["value"].as_str().unwrap()))
        .collect();
    let found: Vec<(&str, &str)> =
        facts.universal_ids.iter().map(|(registry, value)| (&**registry, &**value)).collect();
    assert_eq!(found, ids, "{name}");
    let pod = vast::document(&Sale::of(&[document]).finish());
    lint(&pod);
    in_schema_order(&pod);
    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(&pod).unwrap();
    let inline = read.ads[0].in_line.as_ref().unwrap();
    let impressions: Vec<&str> =
        inline.impressions.iter().skip(1).map(|impression| &*impression.uri).collect();
    let theirs: Vec<&str> =
        ad["impressions"].as_array().unwrap().iter().filter_map(|url| url.as_str()).collect();
    assert_eq!(impressions, theirs, "{name}");
}

/// One edit of a document.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Cut(Index, Index),
    Copy(Index, Index, Index),
    Put(Index, String),
}

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    const PIECES: &[&str] = &[
        "<",
        ">",
        "&",
        "]]>",
        "<![CDATA[",
        "<!--",
        "<?",
        "${AUCTION_PRICE}",
        "${AUCTION_SEAT_ID:X}",
        "<Ad>",
        "</Ad>",
        "<InLine>",
        "<Linear/>",
        "<MediaFile>",
        "javascript:",
        "https://x.example/",
        "&#0;",
        "&lt;",
        "\u{1}",
        "\u{fffe}",
        "é",
        "'",
        "\"",
        " a:b='c'",
        "<x:y/>",
        "version='9.9'",
    ];
    let piece = proptest::sample::select(PIECES).prop_map(str::to_owned);
    let edit = proptest::prop_oneof![
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Cut(from, to)),
        (any::<Index>(), any::<Index>(), any::<Index>())
            .prop_map(|(from, to, at)| Edit::Copy(from, to, at)),
        (any::<Index>(), piece).prop_map(|(at, piece)| Edit::Put(at, piece)),
    ];
    proptest::collection::vec(edit, 0..6)
}

proptest! {
    /// Whatever arrives, reading it ends, and what can be sold is written as it should be.
    #[test]
    fn mutated_documents(which in any::<Index>(), edits in edits()) {
        let documents = cases("write");
        let mut document: Vec<char> = split(which.get::<PathBuf>(&documents)).0.chars().collect();
        for edit in edits {
            apply(&mut document, &edit);
        }
        let document = String::from_iter(document);
        let facts = read::facts(&document);
        let sold = Sale::of(&[&document]).finish();
        assert!(!vast::document(&sold).is_empty());
        if facts.defect.is_none() {
            assert_eq!(sold.ads.len(), 1, "what may be sold can be written");
            let pod = vast::document(&sold);
            in_schema_order(&pod);
            let again = read::facts(&pod);
            assert_eq!(again.defect, None, "{pod}");
            assert_eq!(again.media.len(), facts.media.len());
        }
    }
}

pub(crate) fn apply(document: &mut Vec<char>, edit: &Edit) {
    let length = document.len() + 1;
    let range = |from: &Index, to: &Index| {
        let (from, to) = (from.index(length), to.index(length));
        from.min(to)..from.max(to).min(from.min(to) + 200)
    };
    match edit {
        Edit::Cut(from, to) => drop(document.drain(range(from, to))),
        Edit::Copy(from, to, at) => {
            let piece: Vec<char> = document[range(from, to)].to_vec();
            let at = at.index(length);
            document.splice(at..at, piece);
        }
        Edit::Put(at, piece) => {
            let at = at.index(length);
            document.splice(at..at, piece.chars());
        }
    }
}

/// Says that a stranger's linter finds no error.
pub(crate) fn lint(document: &str) {
    let result = vastlint_core::validate(document);
    let errors: Vec<String> = result
        .issues
        .iter()
        .filter(|issue| issue.severity == vastlint_core::Severity::Error)
        .map(|issue| format!("{} {:?}", issue.id, issue.path))
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{document}");
}

/// Says that the children of each known element stand in the order of the 4.2 schema.
pub(crate) fn in_schema_order(document: &str) {
    let tree = tree::parse(document).unwrap();
    for element in tree.elements() {
        let Some((_, order)) = ORDER.iter().find(|(name, _)| *name == element.name()) else {
            continue;
        };
        let mut last = 0;
        for child in element.children() {
            let place = order.iter().position(|name| *name == child.name());
            let place = place.unwrap_or_else(|| panic!("{} in {}", child.name(), element.name()));
            assert!(last <= place, "{} in {}", child.name(), element.name());
            last = place;
        }
    }
}

const ORDER: &[(&str, &[&str])] = &[
    ("VAST", &["Ad"]),
    ("Ad", &["InLine"]),
    (
        "InLine",
        &[
            "AdSystem",
            "Error",
            "Extensions",
            "Impression",
            "Pricing",
            "ViewableImpression",
            "AdServingId",
            "AdTitle",
            "AdVerifications",
            "Advertiser",
            "Category",
            "Creatives",
            "Description",
            "Expires",
            "Survey",
        ],
    ),
    ("Creatives", &["Creative"]),
    ("Creative", &["Linear", "UniversalAdId"]),
    (
        "Linear",
        &["Icons", "TrackingEvents", "AdParameters", "Duration", "MediaFiles", "VideoClicks"],
    ),
    ("MediaFiles", &["ClosedCaptionFiles", "MediaFile", "Mezzanine", "InteractiveCreativeFile"]),
    ("VideoClicks", &["ClickTracking", "CustomClick", "ClickThrough"]),
];

fn print(facts: &MarkupFacts) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        writeln!(out, "{name} {value}").unwrap();
    };
    match facts.defect {
        Some(reason) => line("defect", &reason.name()),
        None => line("defect", &"none"),
    }
    if let Some((major, minor)) = facts.version {
        line("version", &format!("{major}.{minor}"));
    }
    line("ads", &facts.ads);
    if let Some(duration) = facts.duration {
        line("duration", &duration);
    }
    for media in &facts.media {
        let start: String = media[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        line("media", &start);
    }
    for mime in &facts.media_types {
        line("type", mime);
    }
    for (registry, value) in &facts.universal_ids {
        line("id", &format!("{registry} {value}"));
    }
    line("insecure", &facts.insecure);
    line("apis", &format!("{:?}", facts.apis));
    out
}

/// Replaces each token of ours by its kind's number.
pub(crate) fn without_tokens(document: &str) -> String {
    let keyring = crate::sale::keyring();
    let mut pieces = document.split("/v1/b/");
    let mut out = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let end = piece.find(']').unwrap();
        let token = breakwater::wire::beacon::open(&keyring, &piece[..end], crate::sale::ARRIVAL);
        write!(out, "/v1/b/{}{}", token.unwrap().kind.name(), &piece[end..]).unwrap();
    }
    out
}

/// Prints a document one node a line, so that a difference can be read.
pub(crate) fn lines(document: &str) -> String {
    fn print(element: Element<'_, '_>, depth: usize, out: &mut String) {
        let pad = "  ".repeat(depth);
        write!(out, "{pad}{}", element.name()).unwrap();
        for (name, value) in element.attributes() {
            write!(out, " {name}={value:?}").unwrap();
        }
        out.push('\n');
        for content in element.content() {
            match content {
                Content::Element(child) => print(child, depth + 1, out),
                Content::Text(text) => writeln!(out, "{pad}  {text:?}").unwrap(),
            }
        }
    }
    let tree = tree::parse(document).unwrap();
    let mut out = String::new();
    print(tree.root(), 0, &mut out);
    out
}

pub(crate) fn check(path: &Path, run: impl Fn(&str) -> String) {
    let (document, expected) = split(path);
    let found = run(&document);
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(path, format!("{document}\n---\n{found}")).unwrap();
    } else {
        assert_eq!(found, expected, "{path:?}");
    }
}

/// Splits a case into document and expectation.
pub(crate) fn split(path: &Path) -> (String, String) {
    let text = std::fs::read_to_string(path).unwrap();
    let (document, expected) = text.split_once("\n---\n").unwrap_or((&text, ""));
    (document.to_owned(), expected.to_owned())
}

pub(crate) fn cases(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data().join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire/vast")
}

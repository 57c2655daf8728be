//! Facts gathered in one pass against those of the tree.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::proptest;
use proptest::sample::Index;

use super::{facts_of_tree, plain};
use crate::wire::vast::tree::tests::{cases, documents, piece};

/// All documents of the cases, sound and broken.
#[test]
fn both_ways_find_the_same_in_the_cases() {
    let documents = documents();
    let taken = documents.iter().filter(|document| agree(document)).count();
    assert!(20 < taken, "{taken} of {}", documents.len());
}

#[test]
fn usual_documents_need_no_tree() {
    for inside in [
        "",
        "<Impression>https://t.example/i?a=1&amp;b=2</Impression>",
        "<AdTitle>Fish &amp; Chips &#169;</AdTitle><Description>javascript:1</Description>",
        "<Error><![CDATA[ http://t.example/e?${AUCTION_PRICE} ]]> <!-- x --></Error>",
        "<Extensions><Extension type=\"other\"><x>1</x></Extension></Extensions>",
        "<Creatives><Creative><CompanionAds><Companion/></CompanionAds></Creative></Creatives>",
    ] {
        assert!(agree(&around(inside)), "{inside}");
    }
    // Nothing is taken that cannot be sold.
    for inside in ["<x>javascript:1</x>", &"<x>${AUCTION_ID}</x>".repeat(65), "<x a='&#36;'/>"] {
        assert!(!agree(&around(inside)), "{inside}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn both_ways_find_the_same_in_changed_documents(
        which in any::<Index>(),
        changes in vec((any::<Index>(), 0..4_u8, piece(), any::<Index>()), 1..4),
    ) {
        let documents = documents();
        let mut document: Vec<char> = which.get(&documents).chars().collect();
        for (at, way, piece, what) in changes {
            let at = at.index(document.len() + 1);
            match way {
                0 => drop(document.splice(at..at, piece.chars())),
                1 => drop(document.splice(at..(at + piece.len()).min(document.len()), [])),
                _ => {
                    // Between two tags, where it may matter.
                    let tags = document.iter().enumerate().filter(|(_, it)| **it == '<');
                    let tags: Vec<usize> = tags.map(|(at, _)| at).collect();
                    let at = if tags.is_empty() { 0 } else { tags[at % tags.len()] };
                    drop(document.splice(at..at, what.get(PARTS).chars()));
                }
            }
        }
        agree(&String::from_iter(document));
    }

    #[test]
    fn both_ways_find_the_same_in_parts(parts in vec(any::<Index>(), 0..12)) {
        let parts: Vec<&str> = parts.iter().map(|part| *part.get(PARTS)).collect();
        agree(&parts.concat());
        agree(&around(&parts.concat()));
        agree(&SOUND.replace("<Linear>", &format!("{}<Linear>", parts.concat())));
        agree(&SOUND.replace("<MediaFiles>", &format!("{}<MediaFiles>", parts.concat())));
        agree(&SOUND.replace("<MediaFile ", &format!("{}<MediaFile ", parts.concat())));
    }
}

/// Reads a document both ways, panics when they differ, and says whether the first way took it.
fn agree(document: &str) -> bool {
    let Some(found) = plain::facts(document) else { return false };
    assert_eq!(found, facts_of_tree(document), "{document}");
    assert_eq!(found.defect, None, "{document}");
    true
}

/// A sound document with something before its creatives.
fn around(inside: &str) -> String {
    SOUND.replace("<Creatives>", &format!("{inside}<Creatives>"))
}

const SOUND: &str = "<VAST version=\"4.2\"><Ad><InLine><Creatives><Creative><UniversalAdId \
                     idRegistry=\"r\">v</UniversalAdId><Linear><Duration>00:00:15</Duration>\
                     <MediaFiles><MediaFile type=\"video/mp4\">https://c.example/a.mp4?x\
                     </MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>";

const PARTS: &[&str] = &[
    "<Ad>",
    "</Ad>",
    "<Ad/>",
    "<InLine>",
    "</InLine>",
    "<Wrapper/>",
    "<Creatives>",
    "</Creatives>",
    "<Creative>",
    "</Creative>",
    "<Linear>",
    "</Linear>",
    "<Linear/>",
    "<Duration>00:00:30</Duration>",
    "<Duration/>",
    "<MediaFiles>",
    "</MediaFiles>",
    "<MediaFile type='VIDEO/MP4 '>https://c.example/b.mp4#x</MediaFile>",
    "<MediaFile type='application/javascript' apiFramework=' vpaid'>http://c.example/v.js</MediaFile>",
    "<MediaFile>nothing</MediaFile>",
    "<MediaFile>https://c.example/c&amp;d</MediaFile>",
    "<MediaFile><x>1</x>https://c.example/c<x/></MediaFile>",
    "<InteractiveCreativeFile type='text/html' apiFramework='SIMID'>x</InteractiveCreativeFile>",
    "<UniversalAdId idRegistry='r'>v</UniversalAdId>",
    "<UniversalAdId idRegistry=' s ' idValue=' w '/>",
    "<UniversalAdId idRegistry='s'>a&amp;b</UniversalAdId>",
    "<UniversalAdId idRegistry='unknown'>v</UniversalAdId>",
    "<Extensions><Extension type='UniversalAdId'><UniversalAdId idRegistry='e'>v</UniversalAdId></Extension></Extensions>",
    "<Extensions><Extension>",
    "</Extension></Extensions>",
    "<Tracking event='start'>https://t.example/?a&amp;b</Tracking>",
    "<Tracking event='start'>http://t.example/</Tracking>",
    "<Error>javascript:1</Error>",
    "<AdTitle>file:1 &lt;</AdTitle>",
    "<a b='${AUCTION_PRICE}' c='&amp;'/>",
    "text",
    " ",
    "&#32;",
    "&#36;",
    "<!-- x -->",
    "<![CDATA[ x ]]>",
];

//! VAST: a bidder's document read under strict rules, and the pod we answer with.
//!
//! `tree` reads, `read` says what a document holds, `unwrap` follows a Wrapper to its ad, `write`
//! makes one ad of our answer. Nothing of a bidder is ever copied as bytes: it is decoded, checked,
//! and written again.

use crate::wire::house::SoldHouse;
use crate::wire::quote::decimal;
use crate::wire::sold::{Sold, SoldAd};

pub mod address;
pub mod clock;
pub mod pen;
pub mod read;
pub mod shown;
pub mod tree;
pub mod unwrap;
pub mod write;

/// Returns the pod as VAST 4.2: document order is play order, all ads `InLine`.
#[must_use]
pub fn document(sold: &Sold) -> String {
    let bought = sold.ads.iter().map(|ad| ((ad.pod, ad.sequence), Written::of(ad)));
    let house = sold.house.iter().map(|ad| ((ad.pod, ad.sequence), Written::of_house(ad)));
    let mut ads: Vec<_> = bought.chain(house).collect();
    if ads.is_empty() {
        return empty().to_owned();
    }
    ads.sort_by_key(|(place, _)| *place);
    let ads: Vec<Written<'_>> = ads.into_iter().map(|(_, ad)| ad).collect();
    enclose(&ads)
}

/// Returns one ad of the pod as a VAST 4.2 document of its own: the `adm` of an OpenRTB answer.
#[must_use]
pub fn single(ad: &SoldAd) -> String {
    single_in_pieces(ad).concat()
}

/// Returns the same document in pieces, for whom that spares a copy.
#[must_use]
pub fn single_in_pieces(ad: &SoldAd) -> [&str; 6] {
    // The serving id is made of an auction's id and a number: nothing in it is escaped.
    let (start, end) = ("<Ad id=\"", "\" adType=\"video\">");
    [OPENING, start, &ad.serving_id, end, &ad.inline, "</Ad></VAST>"]
}

/// Returns the answer for "nothing to show".
#[must_use]
pub fn empty() -> &'static str {
    "<VAST version=\"4.2\" xmlns=\"http://www.iab.com/VAST\"/>"
}

/// An ad as it stands in a document, its `InLine` written.
struct Written<'a> {
    serving_id: &'a str,
    sequence: u16,
    inline: &'a str,
}

impl<'a> Written<'a> {
    fn of(ad: &'a SoldAd) -> Self {
        Self { serving_id: &ad.serving_id, sequence: ad.sequence, inline: &ad.inline }
    }

    fn of_house(ad: &'a SoldHouse) -> Self {
        Self { serving_id: &ad.serving_id, sequence: ad.sequence, inline: &ad.inline }
    }
}

/// Writes the ads into a document; each `InLine` was written whole before.
fn enclose(ads: &[Written<'_>]) -> String {
    let room = ads.iter().map(|ad| ad.inline.len() + 128).sum::<usize>() + 128;
    let mut out = String::with_capacity(room);
    out.push_str(OPENING);
    for ad in ads {
        out.push_str("<Ad");
        pen::attribute(&mut out, "id", ad.serving_id);
        pen::attribute(&mut out, "sequence", decimal(ad.sequence.into(), &mut [0; 20]));
        pen::attribute(&mut out, "adType", "video");
        out.push('>');
        out.push_str(ad.inline);
        out.push_str("</Ad>");
    }
    out.push_str("</VAST>");
    debug_assert!(tree::parse(&out).is_ok(), "our own answer must be well formed: {out}");
    out
}

/// How every document of ours that holds ads begins.
const OPENING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
                       <VAST version=\"4.2\" xmlns=\"http://www.iab.com/VAST\">";

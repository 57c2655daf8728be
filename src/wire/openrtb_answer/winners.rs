//! The answer with the winners alone, written straight into its bytes: every sale over OpenRTB ends
//! here, and markup is most of it.
//!
//! A test holds it to what the `openrtb` crate writes of the same response.

use crate::model::money::Cpm;
use crate::wire::openrtb_answer::{Asker, number};
use crate::wire::quote::{decimal, escaped, quoted};
use crate::wire::sold::{Sold, SoldAd};
use crate::wire::vast;

/// Writes the response.
pub(super) fn write(sold: &Sold, asker: &Asker) -> String {
    // Quotes of markup are escaped, and it names few addresses besides those counted here.
    let ads = sold.ads.iter().map(|ad| ad.inline.len() + ad.inline.len() / 8 + AROUND_AD);
    let mut out = Out(Vec::with_capacity(ads.sum::<usize>() + AROUND));
    out.raw("{\"id\":").text(&asker.id);
    let ads: Vec<(&SoldAd, &str)> =
        sold.ads.iter().filter_map(|ad| Some((ad, asker.imp(ad)?))).collect();
    if !ads.is_empty() {
        out.raw(",\"seatbid\":");
        seats(&mut out, &ads);
    }
    if let Some(auction) = sold.auction {
        out.raw(",\"bidid\":").text(&auction.to_string());
    }
    out.raw(",\"cur\":").text(sold.currency.as_str()).raw("}");
    String::from_utf8(out.0).expect("texts were put between ASCII")
}

/// Writes the seats in the order in which they first won.
fn seats(out: &mut Out, ads: &[(&SoldAd, &str)]) {
    let same = |one: &SoldAd, other: &SoldAd| one.bidder == other.bidder && one.seat == other.seat;
    out.raw("[");
    for (at, (first, _)) in ads.iter().enumerate() {
        if ads[..at].iter().any(|(before, _)| same(before, first)) {
            continue;
        }
        out.item().raw("{\"bid\":[");
        for (ad, imp) in ads[at..].iter().filter(|(ad, _)| same(ad, first)) {
            bid(out.item(), ad, imp);
        }
        out.raw("]").maybe(",\"seat\":", first.seat.as_ref().map(|seat| seat.as_str())).raw("}");
    }
    out.raw("]");
}

/// Writes one bid, its members in the order of the specification.
fn bid(out: &mut Out, ad: &SoldAd, imp: &str) {
    out.raw("{\"id\":").text(ad.bid.as_str()).raw(",\"impid\":").text(imp);
    out.raw(",\"price\":").price(ad.net);
    out.raw(",\"burl\":").text(ad.billing_url.of(&ad.inline));
    out.raw(",\"adm\":").texts(&vast::single_in_pieces(ad));
    out.maybe(",\"adid\":", ad.ad_id.as_deref());
    out.list(",\"adomain\":", &ad.advertisers, |out, domain| {
        out.text(domain);
    });
    out.maybe(",\"bundle\":", ad.bundle.as_deref());
    out.maybe(",\"cid\":", ad.campaign.as_deref());
    out.maybe(",\"crid\":", ad.creative.as_ref().map(|creative| creative.as_str()));
    if !ad.categories.is_empty() {
        out.raw(",\"cattax\":").number(ad.category_taxonomy);
    }
    out.list(",\"cat\":", &ad.categories, |out, category| {
        out.text(category);
    });
    out.list(",\"attr\":", &ad.attributes, |out, code| {
        out.number(*code);
    });
    out.list(",\"apis\":", &ad.apis, |out, code| {
        out.number(*code);
    });
    out.raw(",\"protocol\":").number(openrtb::list::protocol::VAST_4_2);
    out.maybe(",\"language\":", ad.language.as_deref());
    out.maybe(",\"dealid\":", ad.deal.as_ref().map(|deal| deal.as_str()));
    let side = |pixels: u32| i32::try_from(pixels).ok();
    if let Some(width) = ad.size.and_then(|(width, _)| side(width)) {
        out.raw(",\"w\":").number(width);
    }
    if let Some(height) = ad.size.and_then(|(_, height)| side(height)) {
        out.raw(",\"h\":").number(height);
    }
    if let Some(seconds) = side(ad.seconds.0) {
        out.raw(",\"dur\":").number(seconds);
    }
    out.raw(",\"mtype\":").number(openrtb::list::markup::VIDEO);
    out.raw(",\"ext\":{\"breakwater\":{\"bidder\":").text(ad.bidder.as_str());
    out.raw(",\"sequence\":").number(ad.sequence.into()).raw("}}}");
}

/// The bytes of an answer.
struct Out(Vec<u8>);

impl Out {
    fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        quoted(text, &mut self.0);
        self
    }

    /// Writes pieces as one text.
    fn texts(&mut self, pieces: &[&str]) -> &mut Self {
        self.0.push(b'"');
        pieces.iter().for_each(|piece| escaped(piece, &mut self.0));
        self.0.push(b'"');
        self
    }

    fn number(&mut self, number: i32) -> &mut Self {
        if number < 0 {
            self.raw("-");
        }
        self.raw(decimal(number.unsigned_abs().into(), &mut [0; 20]))
    }

    /// Writes a price as the shortest decimal that a reader takes for the same number.
    fn price(&mut self, price: Cpm) -> &mut Self {
        let micros = price.micros();
        if !(SMALLEST_PLAIN..LARGEST_PLAIN).contains(&micros) {
            let number = serde_json::to_string(&number(price));
            return self.raw(&number.expect("a price is finite"));
        }
        self.raw(&price.to_string());
        if micros % 1_000_000 == 0 { self.raw(".0") } else { self }
    }

    /// Writes the text of a member that may be absent.
    fn maybe(&mut self, key: &str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.raw(key).text(text),
            None => self,
        }
    }

    /// Writes a list that is left out when it is empty.
    fn list<T>(&mut self, key: &str, items: &[T], write: impl Fn(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        self.raw(key).raw("[");
        for item in items {
            write(self.item(), item);
        }
        self.raw("]");
    }

    /// Separates an item of a list from the one before.
    fn item(&mut self) -> &mut Self {
        if self.0.last() == Some(&b'[') { self } else { self.raw(",") }
    }
}

/// Below and from these, in micros, the decimal text is not what a number is written as: an exponent
/// stands there, or there are more digits than a float tells apart.
const SMALLEST_PLAIN: i64 = 1_000;
const LARGEST_PLAIN: i64 = 1_000_000_000_000_000;

/// What an ad takes besides its markup, in bytes.
const AROUND_AD: usize = 1_024;
/// What the response takes besides its ads.
const AROUND: usize = 256;

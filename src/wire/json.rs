//! The decision itself as JSON, for people, tools and server-side stitchers.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::time::UnixMillis;
use crate::wire::house::SoldHouse;
use crate::wire::sold::{Sold, SoldAd};
use crate::wire::vast::write::{Media, Tracker};

/// Returns the decision as JSON; prices stand in it only `with_price`, for callers who showed who
/// they are.
#[must_use]
pub fn decision(sold: &Sold, with_price: bool) -> String {
    let decision = Decision {
        auction: sold.auction.map(|auction| auction.to_string()),
        break_id: sold.break_id.as_str(),
        placement: sold.placement.as_str(),
        expires: timestamp(sold.expires),
        ads: ads(sold, with_price),
        seconds: Count {
            total: sold.seconds.total.0,
            sold: sold.seconds.sold.0,
            house: sold.seconds.house.0,
            unfilled: sold.seconds.unfilled.0,
        },
        unfilled: unfilled(sold),
        no_fill: sold.no_fill.map(|reason| reason.name()),
    };
    let mut text = Vec::with_capacity(room(sold));
    serde_json::to_writer(&mut text, &decision).expect("texts and numbers always make JSON");
    String::from_utf8(text).expect("JSON is text")
}

/// Guesses the length of a decision, rather too high: most of it are addresses.
fn room(sold: &Sold) -> usize {
    // Each address stands in its `InLine` too.
    let ads = sold.ads.iter().map(|ad| ad.inline.len() + 64 * ad.trackers.len() + 512);
    ads.sum::<usize>() + 1024 * sold.house.len() + 512
}

/// Unfilled seconds with their reason.
#[derive(Debug, Serialize)]
struct Unfilled {
    seconds: u32,
    reason: &'static str,
}

/// Returns the unfilled seconds of a sale as JSON objects.
fn unfilled(sold: &Sold) -> Vec<Unfilled> {
    let entries = sold.unfilled.iter();
    entries
        .map(|(seconds, reason)| Unfilled { seconds: seconds.0, reason: reason.name() })
        .collect()
}

#[derive(Serialize)]
struct Decision<'a> {
    auction: Option<String>,
    #[serde(rename = "break")]
    break_id: &'a str,
    placement: &'a str,
    expires: String,
    ads: Vec<Ad<'a>>,
    seconds: Count,
    unfilled: Vec<Unfilled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_fill: Option<&'static str>,
}

#[derive(Serialize)]
struct Ad<'a> {
    start_ms: u64,
    duration_ms: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    house: bool,
    bidder: Option<&'a str>,
    seat: Option<&'a str>,
    bid: Option<&'a str>,
    creative: Option<&'a str>,
    creative_key: &'a str,
    advertiser: Vec<&'a str>,
    deal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpm: Option<String>,
    currency: &'a str,
    media: Vec<File<'a>>,
    trackers: Vec<Call<'a>>,
    click: Option<&'a str>,
}

#[derive(Serialize)]
struct File<'a> {
    url: &'a str,
    #[serde(rename = "type")]
    mime: Option<&'a str>,
    width: Option<u32>,
    height: Option<u32>,
    bitrate: Option<u32>,
}

#[derive(Serialize)]
struct Call<'a> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<&'a str>,
    url: &'a str,
}

#[derive(Serialize)]
struct Count {
    #[serde(rename = "break")]
    total: u32,
    sold: u32,
    house: u32,
    unfilled: u32,
}

/// Returns all ads, sold and house, pod by pod in play order.
fn ads(sold: &Sold, with_price: bool) -> Vec<Ad<'_>> {
    let bought = sold.ads.iter().map(|it| ((it.pod, it.sequence), ad(sold, it, with_price)));
    let own = sold.house.iter().map(|it| ((it.pod, it.sequence), house(sold, it)));
    let mut ads: Vec<_> = bought.chain(own).collect();
    ads.sort_by_key(|(place, _)| *place);
    ads.into_iter().map(|(_, ad)| ad).collect()
}

/// Returns a house ad: as one that nobody bid for.
fn house<'a>(sold: &'a Sold, ad: &'a SoldHouse) -> Ad<'a> {
    Ad {
        start_ms: ad.start.0,
        duration_ms: ad.length.0,
        house: true,
        bidder: None,
        seat: None,
        bid: None,
        creative: Some(&ad.id),
        creative_key: &ad.creative_key,
        advertiser: Vec::new(),
        deal: None,
        cpm: None,
        currency: sold.currency.as_str(),
        media: ad.media.iter().map(|it| file(it, &ad.inline)).collect(),
        trackers: ad.trackers.iter().map(|it| call(it, &ad.inline)).collect(),
        click: ad.click.as_ref().map(|it| it.of(&ad.inline)),
    }
}

fn ad<'a>(sold: &'a Sold, ad: &'a SoldAd, with_price: bool) -> Ad<'a> {
    Ad {
        start_ms: ad.start.0,
        duration_ms: ad.length.0,
        house: false,
        bidder: Some(ad.bidder.as_str()),
        seat: ad.seat.as_ref().map(|seat| seat.as_str()),
        bid: Some(ad.bid.as_str()),
        creative: ad.creative.as_ref().map(|creative| creative.as_str()),
        creative_key: &ad.creative_key,
        advertiser: ad.advertisers.iter().map(|domain| &**domain).collect(),
        deal: ad.deal.as_ref().map(|deal| deal.as_str()),
        cpm: with_price.then(|| ad.net.price_text()),
        currency: sold.currency.as_str(),
        media: ad.media.iter().map(|it| file(it, &ad.inline)).collect(),
        trackers: ad.trackers.iter().map(|it| call(it, &ad.inline)).collect(),
        click: ad.click.as_ref().map(|it| it.of(&ad.inline)),
    }
}

fn file<'a>(media: &'a Media, inline: &'a str) -> File<'a> {
    File {
        url: media.url.of(inline),
        mime: media.mime.as_deref(),
        width: media.width,
        height: media.height,
        bitrate: media.bitrate,
    }
}

fn call<'a>(tracker: &'a Tracker, inline: &'a str) -> Call<'a> {
    let url = tracker.url.of(inline);
    Call { event: &tracker.event, offset: tracker.offset.as_deref(), url }
}

/// Returns an instant as RFC 3339 writes it, in UTC.
pub(super) fn timestamp(instant: UnixMillis) -> String {
    let millis = i64::try_from(instant.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX).to_string()
}

//! A sale as an OpenRTB 2.6 response: winners only, and on request why everyone else lost.

use std::borrow::Cow;

use openrtb::ext::Ext;
use openrtb::non_bid::{NonBid, SeatNonBid};
use openrtb::response::{Bid, BidResponse, SeatBid};

use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::money::Cpm;
use crate::model::outcome::{Fate, Outcome};
use crate::model::plan::AuctionInput;
use crate::wire::sold::{Sold, SoldAd};
use crate::wire::vast;

mod trace;

/// Returns the response with the winners; none when nothing was sold.
#[must_use]
pub fn answer(sold: &Sold, request_id: &str, imp_id: &str) -> Option<String> {
    (!sold.ads.is_empty()).then(|| write(&response(sold, request_id, imp_id)))
}

/// Returns the response with the explanation: `ext.seatnonbid`, and in `ext.breakwater.trace` every
/// bidder, called or not, and every bid with its fate; with `nbr` when nothing was sold.
///
/// Without an auction (`auction` is none) the `nbr` is all there is to explain.
#[must_use]
pub fn explained(
    sold: &Sold,
    request_id: &str,
    imp_id: &str,
    auction: Option<&(AuctionInput, Outcome)>,
) -> String {
    let mut response = response(sold, request_id, imp_id);
    if sold.ads.is_empty() {
        response.nbr = Some(sold.no_fill.map_or(0, |reason| i32::from(reason.nbr())));
    }
    let Some((input, outcome)) = auction else { return write(&response) };
    let mut ours = Ext::new();
    let trace = trace::of(sold, input, outcome);
    ours.set("trace", &trace).expect("texts and integers always make JSON");
    let mut ext = Ext::new();
    let non_bids = non_bids(imp_id, input, outcome);
    ext.set("seatnonbid", &non_bids).expect("texts and integers always make JSON");
    ext.insert("breakwater", openrtb::ext::Value::Object(ours));
    response.ext = Some(ext);
    write(&response)
}

fn response<'a>(sold: &'a Sold, request_id: &'a str, imp_id: &'a str) -> BidResponse<'a> {
    let mut seats: Vec<(&SoldAd, SeatBid<'a>)> = Vec::new();
    for ad in &sold.ads {
        let bid = bid(ad, imp_id);
        let same = |(first, _): &&mut (&SoldAd, SeatBid<'a>)| {
            first.bidder == ad.bidder && first.seat == ad.seat
        };
        match seats.iter_mut().find(same) {
            Some((_, seat)) => seat.bid.push(bid),
            None => {
                let seat = ad.seat.as_ref().map(|seat| seat.as_str().into());
                seats.push((ad, SeatBid { bid: vec![bid], seat, ..SeatBid::default() }));
            }
        }
    }
    let seats: Vec<SeatBid<'a>> = seats.into_iter().map(|(_, seat)| seat).collect();
    BidResponse {
        id: Some(request_id.into()),
        seatbid: (!seats.is_empty()).then_some(seats),
        bidid: sold.auction.map(|auction| auction.to_string().into()),
        cur: Some(sold.currency.as_str().to_owned().into()),
        ..BidResponse::default()
    }
}

fn bid<'a>(ad: &'a SoldAd, imp_id: &'a str) -> Bid<'a> {
    let mut ours = Ext::new();
    ours.insert("bidder", ad.bidder.as_str());
    ours.insert("sequence", u64::from(ad.sequence));
    let mut ext = Ext::new();
    ext.insert("breakwater", openrtb::ext::Value::Object(ours));
    let text = |text: &'a Option<Box<str>>| text.as_deref().map(Cow::Borrowed);
    let side = |pixels: u32| i32::try_from(pixels).ok();
    Bid {
        id: ad.bid.as_str().into(),
        impid: imp_id.into(),
        price: Some(number(ad.net)),
        burl: Some(ad.billing_url.as_str().into()),
        adm: Some(vast::single(ad).into()),
        adid: text(&ad.ad_id),
        adomain: list(ad.advertisers.iter().map(|domain| Cow::Borrowed(&**domain))),
        bundle: text(&ad.bundle),
        cid: text(&ad.campaign),
        crid: ad.creative.as_ref().map(|creative| creative.as_str().into()),
        cattax: (!ad.categories.is_empty()).then_some(ad.category_taxonomy),
        cat: list(ad.categories.iter().map(|category| Cow::Borrowed(&**category))),
        attr: list(ad.attributes.iter().copied()),
        apis: list(ad.apis.iter().copied()),
        protocol: Some(openrtb::list::protocol::VAST_4_2),
        language: text(&ad.language),
        dealid: ad.deal.as_ref().map(|deal| deal.as_str().into()),
        w: ad.size.and_then(|(width, _)| side(width)),
        h: ad.size.and_then(|(_, height)| side(height)),
        dur: i32::try_from(ad.seconds.0).ok(),
        mtype: Some(openrtb::list::markup::VIDEO),
        ext: Some(ext),
        ..Bid::default()
    }
}

/// Returns why each seat that did not win has no bid in the answer, seats in the order of replies.
///
/// A bidder that sent no bids, or named no seat, stands under its own id.
fn non_bids<'a>(
    imp_id: &'a str,
    input: &'a AuctionInput,
    outcome: &Outcome,
) -> Vec<SeatNonBid<'a>> {
    let mut seats: Vec<(&str, SeatNonBid<'a>)> = Vec::new();
    for (index, reply) in input.replies.iter().enumerate() {
        let fates = outcome.fates.get(index).map_or(&[][..], Vec::as_slice);
        for (seat, code) in codes(reply, fates) {
            let entry =
                NonBid { impid: imp_id.into(), statuscode: i32::from(code), ..NonBid::default() };
            let same = |(bidder, other): &&mut (&str, SeatNonBid<'a>)| {
                *bidder == reply.bidder.as_str() && other.seat.as_deref() == Some(seat)
            };
            match seats.iter_mut().find(same) {
                Some((_, seat)) => seat.nonbid.push(entry),
                None => {
                    let seat = SeatNonBid {
                        seat: Some(seat.into()),
                        nonbid: vec![entry],
                        ..SeatNonBid::default()
                    };
                    seats.push((reply.bidder.as_str(), seat));
                }
            }
        }
    }
    seats.into_iter().map(|(_, seat)| seat).collect()
}

/// Returns each loss of a reply as (seat, status code).
fn codes<'a>(reply: &'a Reply, fates: &[Fate]) -> Vec<(&'a str, u16)> {
    if let ReplyOutcome::Nothing(reason) = reply.outcome
        && reply.bids.is_empty()
    {
        return vec![(reply.bidder.as_str(), reason.non_bid_code())];
    }
    let bids = reply.bids.iter().zip(fates);
    bids.filter_map(|(bid, fate)| match fate {
        Fate::Won(_) => None,
        Fate::Lost(reason) => {
            let seat = bid.seat.as_ref().map_or(reply.bidder.as_str(), |seat| seat.as_str());
            Some((seat, reason.non_bid_code()))
        }
    })
    .collect()
}

/// Returns a price as the number whose shortest decimal is the price's own text.
fn number(price: Cpm) -> f64 {
    price.to_string().parse().expect("a plain decimal is a number")
}

fn list<T>(items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let items: Vec<T> = items.collect();
    (!items.is_empty()).then_some(items)
}

fn write(response: &BidResponse<'_>) -> String {
    serde_json::to_string(response).expect("a response of finite prices always makes JSON")
}

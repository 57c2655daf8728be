//! A sale as an OpenRTB 2.6 response: winners only, and on request why everyone else lost.

use std::borrow::Cow;
use std::sync::Arc;

use openrtb::ext::Ext;
use openrtb::non_bid::{NonBid, SeatNonBid};
use openrtb::response::{Bid, BidResponse, SeatBid};

use crate::model::break_request::BreakRequest;
use crate::model::money::Cpm;
use crate::wire::explain::Explanation;
use crate::wire::explain::bidders::{Bidder, Ending};
use crate::wire::sold::{Sold, SoldAd};
use crate::wire::vast;

mod winners;

/// Who is answered: what a request calls itself and its imps.
///
/// It need not be the request that was sold: repeats share one sale (decision 30), and each is
/// answered in its own words.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asker {
    /// The request's id.
    pub id: Arc<str>,
    /// The ids of its imps, in order.
    pub imps: Vec<Arc<str>>,
}

impl Asker {
    /// Returns who is behind a request.
    #[must_use]
    pub fn of(request: &BreakRequest) -> Self {
        let imps = request.imps.iter();
        Self {
            id: request.request_id.clone().unwrap_or_default(),
            imps: imps.map(|imp| imp.id.clone().unwrap_or_default()).collect(),
        }
    }

    /// Returns its name for the imp that an ad fills: the one of the same id, else of the same
    /// place; none where it asked for no such imp.
    fn imp(&self, ad: &SoldAd) -> Option<&str> {
        let same = ad.imp.as_deref().and_then(|imp| self.named(imp));
        same.or_else(|| self.imps.get(ad.part).map(|imp| &**imp))
    }

    fn named(&self, imp: &str) -> Option<&str> {
        self.imps.iter().map(|own| &**own).find(|own| *own == imp)
    }

    /// Returns its first imp: where a bid that names none of them is told of.
    fn first(&self) -> &str {
        self.imps.first().map_or("", |imp| &**imp)
    }
}

/// Returns the response with the winners; none when nothing was sold.
#[must_use]
pub fn answer(sold: &Sold, asker: &Asker) -> Option<String> {
    (!sold.ads.is_empty()).then(|| winners::write(sold, asker))
}

/// Returns the response with the explanation: `ext.seatnonbid`, and in `ext.breakwater.trace` the
/// auction as `wire::explain` tells it; with `nbr` when nothing was sold.
///
/// Without an auction (`told` is none) the `nbr` is all there is to explain.
#[must_use]
pub fn explained(sold: &Sold, asker: &Asker, told: Option<&Explanation>) -> String {
    let mut response = response(sold, asker);
    if sold.ads.is_empty() {
        response.nbr = Some(sold.no_fill.map_or(0, |reason| i32::from(reason.nbr())));
    }
    let Some(told) = told else { return write(&response) };
    let mut ours = Ext::new();
    ours.set("trace", told).expect("texts and integers always make JSON");
    let mut ext = Ext::new();
    let non_bids = non_bids(asker, told);
    ext.set("seatnonbid", &non_bids).expect("texts and integers always make JSON");
    ext.insert("breakwater", openrtb::ext::Value::Object(ours));
    response.ext = Some(ext);
    write(&response)
}

fn response<'a>(sold: &'a Sold, asker: &'a Asker) -> BidResponse<'a> {
    let mut seats: Vec<(&SoldAd, SeatBid<'a>)> = Vec::new();
    for ad in &sold.ads {
        let Some(imp) = asker.imp(ad) else { continue };
        let bid = bid(ad, imp);
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
        id: Some((&*asker.id).into()),
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
        burl: Some(ad.billing_url.of(&ad.inline).into()),
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
fn non_bids<'a>(asker: &'a Asker, told: &'a Explanation) -> Vec<SeatNonBid<'a>> {
    let mut seats: Vec<(&str, SeatNonBid<'a>)> = Vec::new();
    for bidder in &told.bidders {
        for (seat, imp, code) in losses(asker, bidder) {
            let entry =
                NonBid { impid: imp.into(), statuscode: i32::from(code), ..NonBid::default() };
            let same = |(own, other): &&mut (&str, SeatNonBid<'a>)| {
                *own == bidder.bidder && other.seat.as_deref() == Some(seat)
            };
            match seats.iter_mut().find(same) {
                Some((_, seat)) => seat.nonbid.push(entry),
                None => {
                    let seat = SeatNonBid {
                        seat: Some(seat.into()),
                        nonbid: vec![entry],
                        ..SeatNonBid::default()
                    };
                    seats.push((&bidder.bidder, seat));
                }
            }
        }
    }
    seats.into_iter().map(|(_, seat)| seat).collect()
}

/// Returns each loss of a bidder as (seat, imp, status code): of its bids, else one for each imp it
/// was offered, or for all when it was offered none.
fn losses<'a>(asker: &'a Asker, bidder: &'a Bidder) -> Vec<(&'a str, &'a str, u16)> {
    if let Some(code) = bidder.non_bid {
        let offered = bidder.imps.iter().filter_map(|imp| asker.named(imp));
        let mut imps: Vec<&str> = offered.collect();
        if imps.is_empty() {
            imps.extend(asker.imps.iter().map(|imp| &**imp));
        }
        return imps.into_iter().map(|imp| (&*bidder.bidder, imp, code)).collect();
    }
    let lost = bidder.bids.iter().filter_map(|bid| match &bid.fate {
        Ending::Won { .. } => None,
        Ending::Lost { non_bid, .. } => {
            let imp = bid.asked_imp.as_deref().and_then(|imp| asker.named(imp));
            let seat = bid.seat.as_deref().unwrap_or(&bidder.bidder);
            Some((seat, imp.unwrap_or_else(|| asker.first()), *non_bid))
        }
    });
    lost.collect()
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

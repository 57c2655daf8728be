//! Bids are good bids, and their markup is valid VAST by two independent readers.

use std::collections::BTreeSet;

use loadtest::{
    cast,
    character::{Character, Markup},
};
use openrtb::{
    request::BidRequest,
    response::{Bid, BidResponse},
};

use crate::support::{ask, bid_request, start};

#[tokio::test]
async fn every_bid_is_a_good_bid() {
    let compact = Character { markup: Markup::Compact, ..Character::named("compact") };
    for character in [cast::fast(), cast::slow(), cast::rich(), compact] {
        let (id, markup) = (character.id.clone(), character.markup);
        let bidder = start(Character { latency_multiplier: 0.0, ..character }).await;
        for (name, most) in [("dynamic", 8), ("structured", 3), ("bounds", 8)] {
            let text = bid_request(name);
            let answer = ask(&bidder, &text).await;
            assert_eq!(answer.status, 200, "{id} on {name}: it bids on these with seed 7");
            let request: BidRequest<'_> = serde_json::from_str(&text).unwrap();
            let response: BidResponse<'_> = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(response.id.as_deref(), Some(request.id.as_ref()));
            assert_eq!(response.cur.as_deref(), Some("USD"));
            let seats = response.seatbid.as_ref().unwrap();
            assert!(seats.iter().all(|seat| seat.seat.is_some()));
            let bids: Vec<_> = seats.iter().flat_map(|seat| &seat.bid).collect();
            assert!((1..=most).contains(&bids.len()), "{id} on {name}: {} bids", bids.len());
            let ids: BTreeSet<_> = bids.iter().map(|bid| bid.id.as_ref()).collect();
            assert_eq!(ids.len(), bids.len(), "bid ids are unique");
            for bid in bids {
                check_bid(&request, bid);
                check_notices(bid, &bidder.address().to_string(), markup);
                check_markup(bid, markup);
            }
        }
    }
}

fn check_bid(request: &BidRequest<'_>, bid: &Bid<'_>) {
    let imp = request.imp.iter().find(|imp| imp.id == bid.impid).expect("it names an imp");
    let video = imp.video.as_ref().unwrap();
    let (price, dur) = (bid.price.unwrap(), bid.dur.unwrap());
    let per_second = video.mincpmpersec.unwrap_or(0.0) * f64::from(dur);
    assert!(imp.bidfloor.unwrap_or(0.0).max(per_second) <= price, "price {price} for {dur} s");
    match &video.rqddurs {
        Some(lengths) => assert!(lengths.contains(&dur), "{dur} s"),
        None => assert!((6..=30).contains(&dur), "{dur} s"),
    }
    assert!(video.protocols.as_ref().unwrap().contains(&bid.protocol.unwrap()));
    assert_eq!(bid.mtype, Some(2));
    assert_eq!(bid.adomain.as_ref().unwrap().len(), 1);
    assert!(bid.crid.is_some());
    if let (Some(w), Some(h)) = (bid.w, bid.h) {
        assert_eq!((w, h), (video.w.unwrap_or(1_920), video.h.unwrap_or(1_080)));
    }
}

fn check_notices(bid: &Bid<'_>, address: &str, markup: Markup) {
    let win = bid.nurl.as_deref().unwrap();
    assert!(win.starts_with(&format!("http://{address}/win?b={}", bid.id)), "{win}");
    assert!(win.contains("${AUCTION_PRICE}"));
    match (markup, bid.lurl.as_deref()) {
        (Markup::Compact, loss) => assert_eq!(loss, None),
        (Markup::Full, loss) => {
            let loss = loss.unwrap();
            assert!(loss.starts_with(&format!("http://{address}/loss?b={}", bid.id)), "{loss}");
            assert!(loss.contains("${AUCTION_LOSS}") && loss.contains("${AUCTION_MIN_TO_WIN}"));
        }
    }
}

fn check_markup(bid: &Bid<'_>, markup: Markup) {
    let adm = bid.adm.as_deref().unwrap();
    let verdict = vastlint_core::validate(adm);
    assert!(verdict.summary.is_valid(), "{:#?}\n{adm}", verdict.issues);
    assert_eq!(adm.matches("http:").count(), 1, "only the namespace is not https");

    let vast: vast4_rs::Vast<'_> = vast4_rs::from_str(adm).unwrap();
    let version = if bid.protocol == Some(15) { "4.3" } else { "4.2" };
    assert_eq!(vast.version, version);
    assert_eq!(vast.ads.len(), 1);
    let ad = vast.ads[0].in_line.as_ref().unwrap();
    assert_eq!(ad.impressions.len(), 1);
    assert_eq!(ad.ad_serving_id, bid.id);
    let creative = &ad.creatives.creatives[0];
    assert_eq!(creative.id, bid.crid);
    assert_eq!(creative.universal_ad_id.len(), 1);
    let linear = creative.linear.as_ref().unwrap();
    let seconds = u64::try_from(bid.dur.unwrap()).unwrap();
    assert_eq!(linear.duration, Some(std::time::Duration::from_secs(seconds).into()));
    let trackers = &linear.tracking_events.as_ref().unwrap().trackings;
    assert_eq!(trackers.len(), 5);
    let files = &linear.media_files.as_ref().unwrap().media_files;
    assert!(files.iter().all(|file| file.uri.starts_with("https://")));
    match markup {
        Markup::Full => {
            assert_eq!((ad.errors.len(), files.len()), (1, 2));
            assert!(trackers.iter().all(|tracker| tracker.uri.contains("[CACHEBUSTING]")));
            assert!(ad.impressions[0].uri.contains("${AUCTION_PRICE}"));
            assert!(linear.video_clicks.as_ref().unwrap().click_through.is_some());
        }
        Markup::Compact => assert_eq!(files.len(), 1),
    }
}

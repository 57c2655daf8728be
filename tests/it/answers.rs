//! A sale as its callers and bidders meet it: decision JSON, OpenRTB, notices, money.

use std::collections::BTreeSet;
use std::path::Path;

use breakwater::model::ids::{BidId, DealId};
use breakwater::model::insight::Insight;
use breakwater::model::money::{Amount, Currency};
use breakwater::model::reason::{NoFillReason, UnfilledReason};
use breakwater::model::time::{Millis, Seconds, UnixMillis};
use breakwater::wire::beacon::{self, Kind};
use breakwater::wire::explain::{self, Asked, Explanation};
use breakwater::wire::notice::{self, MAX_URL, NoticeKind};
use breakwater::wire::openrtb_answer::Asker;
use breakwater::wire::sold::{BEACON_LIFE, Nothing, Sold, beacon_expiry};
use breakwater::wire::{json, openrtb_answer, vast};
use openrtb::response::BidResponse;
use serde_json::Value;

use crate::rich::rich;
use crate::sale::{self, ARRIVAL, Sale};

#[test]
fn the_decision_is_as_published() {
    let sold = Sale::of(&[MARKUP, MARKUP]).finish();
    let decision: Value = serde_json::from_str(&json::decision(&sold, true)).unwrap();
    assert_eq!(decision["auction"], "auc_018f3c2e9a7b7c4d8e5f001122334455");
    assert_eq!(decision["break"], "brk-42");
    assert_eq!(decision["placement"], "arena-1-mid");
    assert_eq!(decision["expires"], "2026-11-20T20:16:04Z");
    let seconds = serde_json::json!({"break": 60, "sold": 30, "house": 0, "unfilled": 30});
    assert_eq!(decision["seconds"], seconds);
    let unfilled = serde_json::json!([{"seconds": 30, "reason": "below_floor"}]);
    assert_eq!(decision["unfilled"], unfilled);
    let ad = &decision["ads"][1];
    assert_eq!((&ad["start_ms"], &ad["duration_ms"]), (&15_000.into(), &15_000.into()));
    assert_eq!(
        (&ad["bidder"], &ad["seat"], &ad["bid"]),
        (&"acme".into(), &"a1".into(), &"b2".into())
    );
    assert_eq!((&ad["creative"], &ad["deal"]), (&"c-2".into(), &Value::Null));
    assert_eq!(ad["advertiser"], serde_json::json!(["acme.example"]));
    // 18.40 less 15 %.
    assert_eq!((&ad["cpm"], &ad["currency"]), (&"15.64".into(), &"USD".into()));
    let media = serde_json::json!([{
        "url": "https://cdn.acme.example/a.mp4", "type": "video/mp4",
        "width": 1280, "height": 720, "bitrate": 2500,
    }]);
    assert_eq!(ad["media"], media);
    assert_eq!(ad["click"], "https://acme.example/");
    let events: Vec<&str> = ad["trackers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["event"].as_str().unwrap())
        .collect();
    let expected = [
        "error",
        "impression",
        "impression",
        "start",
        "firstQuartile",
        "midpoint",
        "thirdQuartile",
        "complete",
        "progress",
        "click",
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_decision_without_credential_shows_no_price() {
    let sold = Sale::of(&[MARKUP]).finish();
    let decision = json::decision(&sold, false);
    assert!(!decision.contains("cpm") && !decision.contains("15.64"), "{decision}");
}

#[test]
fn the_openrtb_answer_holds_the_winners() {
    let sale = Sale::of(&[MARKUP, MARKUP]);
    let (sold, asker) = (sale.finish(), asker(&["7"]));
    let text = openrtb_answer::answer(&sold, &asker).unwrap();
    let response: BidResponse<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(response.id.as_deref(), Some("req-1"));
    assert_eq!(response.bidid.as_deref(), Some("auc_018f3c2e9a7b7c4d8e5f001122334455"));
    assert_eq!(response.currency(), "USD");
    assert_eq!(response.nbr, None);
    assert!(response.ext.is_none(), "no explanation was asked for");
    let bids: Vec<_> = response.bids().collect();
    assert_eq!(bids.len(), 2);
    for (at, (seat, bid)) in bids.into_iter().enumerate() {
        assert_eq!(seat.seat.as_deref(), Some("a1"));
        assert_eq!(bid.id, format!("b{}", at + 1));
        assert_eq!(bid.impid, "7");
        assert_eq!(bid.price, Some(15.64));
        assert_eq!(bid.crid.as_deref(), Some(&*format!("c-{}", at + 1)));
        assert_eq!((bid.dur, bid.mtype, bid.protocol), (Some(15), Some(2), Some(13)));
        assert_eq!((bid.w, bid.h), (Some(1920), Some(1080)));
        assert_eq!(bid.cid.as_deref(), Some("camp-1"));
        assert_eq!((&bid.nurl, &bid.lurl), (&None, &None));
        let ours: Value = bid.ext.as_ref().unwrap().parse("breakwater").unwrap();
        assert_eq!(ours, serde_json::json!({"bidder": "acme", "sequence": at + 1}));
        let adm = bid.adm.as_deref().unwrap();
        assert_eq!(vast::read::facts(adm).defect, None);
        assert!(!adm.contains("sequence=\"2\""), "a document of one ad is no pod");
        assert!(adm.contains(bid.burl.as_deref().unwrap()), "burl and Impression bill once");
    }
    assert!(openrtb_answer::answer(&Sale::of(&[]).finish(), &asker).is_none());
}

/// The winners alone are written by hand, with the explanation by the crate: the same bytes.
#[test]
fn winners_are_written_as_the_crate_writes_them() {
    let (sale, _) = rich(MARKUP);
    let mut sold = sale.finish();
    let own = Asker::of(&sale.request);
    let same = |sold: &Sold, asker: &Asker| {
        let text = openrtb_answer::answer(sold, asker).unwrap();
        assert_eq!(text, openrtb_answer::explained(sold, asker, None));
    };
    same(&sold, &own);
    for imps in [&["x"][..], &[], &["a\"b\\c"]] {
        same(&sold, &asker(imps));
    }
    let ad = &mut sold.ads[0];
    ad.bid = BidId::new("\u{0}\u{1f}\u{7f} \"é\\/\u{2028}\t\n\r\u{8}\u{c}");
    ad.inline.push_str("<!-- a run that is longer than eight bytes, then \" and \n -->");
    ad.seat = None;
    (ad.deal, ad.creative) = (Some(DealId::new("d-1")), None);
    (ad.ad_id, ad.campaign, ad.bundle) = (None, None, Some("com.x".into()));
    ad.language = Some("de".into());
    ad.size = Some((u32::MAX, 1080));
    (ad.attributes, ad.apis) = (vec![1, -2], vec![7]);
    ad.advertisers = vec!["a.example".into(), "b.example".into()];
    (ad.categories, ad.category_taxonomy) = (vec!["1".into(), "IAB1-2".into()], 6);
    let prices = [0, 1, 9, 10, 999, 1_000, 5_000_000, 18_400_000, 15_640_001, 123_456_789_012_345];
    let large = [999_999_999_999_999, 1_000_000_000_000_000, 9_007_199_254_740_993, i64::MAX];
    for micros in prices.into_iter().chain(large) {
        sold.ads[0].net = sale::cpm(micros);
        same(&sold, &own);
    }
}

/// Two pods, three imps, two placements: each ad answers its own imp, and no two share a beacon.
#[test]
fn several_imps_are_answered_each_by_its_name() {
    let (mut sale, _) = rich(MARKUP);
    // The same ads, the last of them alone in the second pod.
    sale.input.plan.parts[1].pod = 1;
    sale.outcome.wins[2].sequence = 1;
    let sold = sale.finish();
    let own = Asker::of(&sale.request);
    let places = |text: &str| -> Vec<String> {
        let response: BidResponse<'_> = serde_json::from_str(text).unwrap();
        let mut places: Vec<String> = response
            .bids()
            .map(|(_, bid)| {
                let ours: Value = bid.ext.as_ref().unwrap().parse("breakwater").unwrap();
                format!("{} {} {}", bid.id, bid.impid, ours["sequence"])
            })
            .collect();
        places.sort_unstable();
        places
    };
    let text = openrtb_answer::answer(&sold, &own).unwrap();
    assert_eq!(places(&text), ["b1 mid 1", "b2 last 1", "z1 mid 2"]);
    let slots: Vec<(usize, u16, u16)> =
        sold.ads.iter().map(|ad| (ad.pod, ad.sequence, ad.slot)).collect();
    assert_eq!(slots, [(0, 1, 1), (0, 2, 2), (1, 1, 3)]);
    let billing: BTreeSet<&str> = sold.ads.iter().map(|ad| ad.billing_url.of(&ad.inline)).collect();
    assert_eq!(billing.len(), 3, "no two ads are one to a beacon");
    assert_eq!((sold.seconds.total, sold.seconds.sold), (Seconds(90), Seconds(60)));

    // A repeat is answered in its own words: by its names, else by place, else not at all.
    let asked = |imps: &[&str]| places(&openrtb_answer::answer(&sold, &asker(imps)).unwrap());
    assert_eq!(asked(&["last", "mid"]), ["b1 mid 1", "b2 last 1", "z1 mid 2"]);
    assert_eq!(asked(&["x", "y", "z"]), ["b1 x 1", "b2 y 1", "z1 x 2"]);
    assert_eq!(asked(&["x"]), ["b1 x 1", "z1 x 2"]);
}

#[test]
fn nothing_sold_leaves_the_seconds_of_every_pod() {
    let (sale, _) = rich(MARKUP);
    let why = Nothing {
        request: NoFillReason::Shed,
        seconds: UnfilledReason::Shed,
        currency: Currency::USD,
    };
    let sold = Sold::nothing(&sale.request, ARRIVAL, why);
    assert_eq!(sold.seconds.unfilled, Seconds(90));
    assert_eq!(sold.unfilled, [(Seconds(90), UnfilledReason::Shed)]);
}

/// Prices hidden by the placement of an ad's own imp, discounts told, the currency the bid's.
#[test]
fn macros_of_a_rich_auction() {
    let markup = MARKUP.replace(
        "/i]",
        "/i?p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}&m=${AUCTION_MIN_TO_WIN}&r=${AUCTION_MBR}\
         &d=${AUCTION_DISCOUNT_PCT}&o=${AUCTION_DISCOUNT_CPM}]",
    );
    let (mut sale, insight) = rich(&markup);
    let pixels = |sale: &Sale| -> Vec<String> {
        let sold = sale.finish();
        let own = sold.ads.iter().flat_map(|ad| ad.trackers.iter().map(|it| it.url.of(&ad.inline)));
        let own = own.filter_map(|url| url.split_once("/i?").map(|(_, it)| it.into()));
        own.collect()
    };
    let hidden = "p=&c=USD&m=&r=&d=&o=";
    let first = ["p=22&c=USD&m=22&r=0.55&d=&o=", "p=9.1&c=EUR&m=9.1&r=1&d=&o="];
    assert_eq!(pixels(&sale), [first[0], first[1], hidden]);
    for imp in &mut sale.request.imps {
        imp.placement = sale.request.placement.clone();
    }
    assert_eq!(pixels(&sale), [first[0], first[1], "p=8&c=USD&m=6.25&r=0.8&d=20&o=2"]);

    let losses = notice::losses(&sale.input, &sale.outcome, &insight.minimums);
    let told: Vec<&str> =
        losses.iter().filter_map(|it| it.url.split_once('?').map(|(_, query)| query)).collect();
    // The two of `zenith` and `low` may call nobody at acme.example.
    assert_eq!(told, ["c=504&m="]);
    assert!(notice::asks_minimums(&sale.input, &sale.outcome));
    assert!(!notice::asks_minimums(&Sale::of(&[]).input, &Sale::of(&[]).outcome));
}

#[test]
fn losers_on_price_are_told_what_would_have_tied() {
    let (mut sale, insight) = rich(MARKUP);
    for bid in sale.input.replies.iter_mut().flat_map(|reply| &mut reply.bids) {
        let url = bid.creative.loss_url.take().unwrap();
        let seat = bid.seat.as_ref().map_or("low", |seat| seat.as_str());
        let host = if seat == "z" { "zenith" } else { seat };
        let host = if host == "a1" { "acme" } else { host };
        bid.creative.loss_url = Some(url.replace("acme", host).into());
    }
    for bid in &mut sale.input.replies[2].bids {
        let url = bid.creative.loss_url.take().unwrap();
        bid.creative.loss_url = Some(url.replace("acme", "low").into());
    }
    let losses = notice::losses(&sale.input, &sale.outcome, &insight.minimums);
    let told: Vec<&str> = losses.iter().map(|it| &*it.url).collect();
    let expected = [
        "https://acme.example/l?c=504&m=",
        "https://zenith.example/l?c=102&m=9.1",
        "https://low.example/l?c=102&m=9.86622",
        "https://low.example/l?c=100&m=",
        "https://low.example/l?c=3&m=",
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_explanation_tells_every_fate() {
    let sale = Sale::of(&[MARKUP]);
    let told = told(&sale);
    let text = openrtb_answer::explained(&sale.finish(), &asker(&["7"]), Some(&told));
    let response: BidResponse<'_> = serde_json::from_str(&text).unwrap();
    let non_bids = response.seat_non_bids().unwrap();
    let codes: Vec<(&str, i32)> = non_bids
        .iter()
        .flat_map(|seat| {
            seat.nonbid.iter().map(|entry| (seat.seat.as_deref().unwrap(), entry.statuscode))
        })
        .collect();
    assert_eq!(codes, [("a1", 301), ("idle", 0)]);
    let text: Value = serde_json::from_str(&text).unwrap();
    let trace = &text["ext"]["breakwater"]["trace"];
    assert_eq!(trace["bidders"].as_array().unwrap().len(), 2);
    let acme = &trace["bidders"][0];
    assert_eq!((&acme["bidder"], &acme["outcome"]), (&"acme".into(), &"bids".into()));
    assert_eq!((&acme["called"], &acme["arrived_us"]), (&true.into(), &12_000.into()));
    let (won, lost) = (&acme["bids"][0], &acme["bids"][1]);
    assert_eq!((&won["fate"], &won["clearing"]), (&"won".into(), &"18.40".into()));
    assert_eq!((&lost["fate"], &lost["reason"]), (&"lost".into(), &"below_floor".into()));
    assert_eq!((&lost["loss"], &lost["price"]), (&100.into(), &"4.99".into()));
    assert_eq!(trace["bidders"][1]["outcome"], "no_bid");
}

#[test]
fn an_explained_no_fill_has_its_reason() {
    let mut sale = Sale::of(&[]);
    sale.outcome.no_fill = Some(NoFillReason::TooLate);
    let told = told(&sale);
    let text = openrtb_answer::explained(&sale.finish(), &asker(&["7"]), Some(&told));
    let response: BidResponse<'_> = serde_json::from_str(&text).unwrap();
    assert!(response.is_no_bid());
    assert_eq!(response.nbr, Some(15));
}

#[test]
fn beacons_carry_what_booking_needs() {
    let sold = Sale::of(&[MARKUP, MARKUP]).finish();
    let mut found = Vec::new();
    for ad in &sold.ads {
        let ours = ad
            .trackers
            .iter()
            .map(|tracker| tracker.url.of(&ad.inline))
            .filter_map(|url| url.strip_prefix("https://ads.breakwater.example/v1/b/"));
        for token in ours {
            let token = beacon::open(&sale::keyring(), token, ARRIVAL).unwrap();
            assert_eq!(token.slot, ad.slot);
            assert_eq!(token.price, Amount::from_nanos(18_400_000), "gross, per impression");
            assert_eq!(token.bid, ad.bid);
            assert_eq!(token.publisher.as_str(), "pub-1");
            let expiry = beacon_expiry(ARRIVAL, sold.expires).0 / 1000;
            assert_eq!(u64::from(token.expiry_s), expiry);
            found.push((token.slot, token.kind));
        }
        let billing = ad.billing_url.of(&ad.inline).rsplit('/').next().unwrap();
        let token = beacon::open(&sale::keyring(), billing, ARRIVAL).unwrap();
        assert_eq!(token.kind, Kind::Impression);
    }
    found.sort_unstable();
    let all = [1, 2].into_iter().flat_map(|slot| Kind::ALL.map(|(kind, _)| (slot, kind)));
    assert_eq!(found, Vec::from_iter(all), "each kind once an ad");
}

#[test]
fn beacons_outlive_the_sale_and_no_token_its_longest_life() {
    let hours = |count: u64| Millis(count * 3_600_000);
    let expiry = |expires| beacon_expiry(ARRIVAL, expires);
    assert_eq!(expiry(UnixMillis(0)), ARRIVAL.plus(BEACON_LIFE));
    assert_eq!(expiry(ARRIVAL.plus(hours(6))), ARRIVAL.plus(hours(6)).plus(BEACON_LIFE));
    assert_eq!(expiry(ARRIVAL.plus(hours(21))), ARRIVAL.plus(beacon::MAX_LIFE));
    assert_eq!(expiry(ARRIVAL.plus(hours(100))), ARRIVAL.plus(beacon::MAX_LIFE));
}

#[test]
fn a_creative_has_one_name_in_every_auction() {
    let sold = Sale::of(&[MARKUP]).finish();
    assert_eq!(sold.ads[0].creative_key, "acme:c-1");
    assert!(sold.ads[0].inline.contains("<Creative id=\"acme:c-1\""), "{}", sold.ads[0].inline);
    let named =
        MARKUP.replace("</Linear>", "</Linear><UniversalAdId idRegistry=\"r\">v</UniversalAdId>");
    assert_eq!(Sale::of(&[&named]).finish().ads[0].creative_key, "r:v");
}

#[test]
fn a_placement_may_hide_prices_from_players() {
    let markup =
        MARKUP.replace("/i]", "/i?p=${AUCTION_PRICE}&m=${AUCTION_MBR}&c=${AUCTION_CURRENCY}]");
    let mut sale = Sale::of(&[&markup]);
    assert!(sale.finish().ads[0].inline.contains("/i?p=18.4&m=1&c=USD]"));
    let mut placement = (*sale.request.placement).clone();
    placement.price_in_markup = false;
    sale.request.imps[0].placement = placement.into();
    assert!(sale.finish().ads[0].inline.contains("/i?p=&m=&c=USD]"));
}

#[test]
fn macros_that_grow_too_much_are_emptied_and_the_ad_plays() {
    let markup = MARKUP.replace("/i]", "/i?a=${AUCTION_AD_ID}]");
    let mut sale = Sale::of(&[&markup]);
    let bid = &mut sale.input.replies[0].bids[0];
    bid.creative.ad_id = Some("é".repeat(20_000).into());
    let sold = sale.finish();
    assert_eq!((sold.ads.len(), &sold.emptied[..]), (1, &[1][..]));
    assert!(sold.ads[0].inline.contains("/i?a=]]>"));
}

/// It cannot happen after `facts`; if it does, the publisher is told the truth and nobody pays.
#[test]
fn a_win_that_cannot_be_written_is_answered_as_unfilled() {
    let mut sale = Sale::of(&[MARKUP, MARKUP]);
    sale.input.replies[0].bids[0].creative.markup = "<VAST".into();
    let sold = sale.finish();
    assert_eq!((sold.ads.len(), &sold.unwritten[..]), (1, &[1][..]));
    assert_eq!(sold.ads[0].start, Millis(15_000));
    assert_eq!((sold.seconds.sold, sold.seconds.unfilled), (Seconds(15), Seconds(45)));
    assert_eq!(
        sold.unfilled,
        [(Seconds(30), UnfilledReason::BelowFloor), (Seconds(15), UnfilledReason::Technical)]
    );
    assert_eq!(sold.no_fill, None);
    sale.input.replies[0].bids[1].creative.markup = "".into();
    assert_eq!(sale.finish().no_fill, Some(NoFillReason::Technical));
}

#[test]
fn odd_names_cannot_break_the_document() {
    let mut sale = Sale::of(&[MARKUP]);
    let bid = &mut sale.input.replies[0].bids[0];
    bid.creative_id = Some(breakwater::model::ids::CreativeId::new("\u{1}<\"'&\u{fffe}]]>"));
    bid.id = BidId::new("\"/><Ad>");
    let pod = vast::document(&sale.finish());
    assert_eq!(vast::read::facts(&pod).ads, 1, "{pod}");
}

#[test]
fn winners_and_losers_are_told() {
    let sale = Sale::of(&[MARKUP, MARKUP]);
    let wins = notice::wins(&sale.input, &sale.outcome);
    assert_eq!(wins.len(), 2);
    assert_eq!((wins[0].bidder.as_str(), wins[0].kind), ("acme", NoticeKind::Win));
    assert_eq!(wins[0].url, "https://acme.example/win?p=18.4&l=0");
    let losses = notice::losses(&sale.input, &sale.outcome, &[]);
    assert_eq!(losses.len(), 1);
    assert_eq!(
        (losses[0].kind, &*losses[0].url),
        (NoticeKind::Loss, "https://acme.example/loss?p=&l=100")
    );
}

#[test]
fn a_notice_that_grows_too_much_is_dropped() {
    let mut sale = Sale::of(&[MARKUP]);
    let bid = &mut sale.input.replies[0].bids[0];
    bid.creative.ad_id = Some("x".repeat(20_000).into());
    bid.creative.win_url = Some("https://acme.example/${AUCTION_AD_ID}".into());
    assert_eq!(notice::wins(&sale.input, &sale.outcome), []);
}

/// Each line of the file is an address and the rule it breaks.
#[test]
fn addresses_of_notices() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire/notice_urls.txt");
    let mut bidder = sale::bidder("acme");
    bidder.domains.push("xn--bcher-kva.example".into());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (url, rule) = line.rsplit_once("→ ").unwrap();
        let url = url.trim_end_matches(' ');
        let local = url.strip_prefix("loopback ");
        bidder.allow_loopback = local.is_some();
        let quoted = format!("\"{}\"", local.unwrap_or(url));
        let url: String = serde_json::from_str(&quoted).unwrap();
        let found = notice::check_url(&url, &bidder).err().map_or("ok", |rule| rule.name());
        assert_eq!(found, rule, "{line}");
    }
    bidder.allow_loopback = false;
    let long = |length: usize| format!("https://acme.example/{:a<1$}", "", length - 21);
    assert_eq!(notice::check_url(&long(MAX_URL), &bidder), Ok(()));
    let above = notice::check_url(&long(MAX_URL + 1), &bidder);
    assert_eq!(above.map_err(|rule| rule.name()), Err("too_long"));
}

/// Returns who is answered, with these names for its imps.
fn asker(imps: &[&str]) -> Asker {
    Asker { id: "req-1".into(), imps: imps.iter().map(|imp| (*imp).into()).collect() }
}

/// Tells a sale, as far as its outcome says.
fn told(sale: &Sale) -> Explanation {
    let asked = Asked::of(&sale.request);
    explain::explain(&asked, &sale.input, &sale.outcome, &Insight::default())
}

pub(crate) const MARKUP: &str = r#"<VAST version="4.2"><Ad><InLine><AdSystem>Acme</AdSystem>
<Impression><![CDATA[https://t.acme.example/i]]></Impression><AdTitle>Spring</AdTitle>
<Creatives><Creative><Linear><Duration>00:00:15</Duration>
<TrackingEvents><Tracking event="progress" offset="00:00:03">https://t.acme.example/p</Tracking></TrackingEvents>
<MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="1280" height="720" bitrate="2500">
<![CDATA[https://cdn.acme.example/a.mp4]]></MediaFile></MediaFiles>
<VideoClicks><ClickThrough>https://acme.example/</ClickThrough></VideoClicks>
</Linear></Creative></Creatives></InLine></Ad></VAST>"#;

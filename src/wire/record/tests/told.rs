//! What parties and checks read of an outcome is what was decided, and nothing looser is taken.

use super::sample::drawn;
use crate::model::bid::{Bid, Reply};
use crate::model::outcome::{Fate, Outcome, Win};
use crate::wire::record::outcome::read::{OwnFate, OwnWin, Sale, counts, fates, sales};
use crate::wire::record::prices::{floors, offered};
use crate::wire::record::read::read;
use crate::wire::record::read::view::view;
use crate::wire::record::scan::Scan;

#[test]
fn what_is_told_is_what_was_decided() {
    for seed in 0..400 {
        let sample = drawn(seed);
        let payload = sample.payload();
        let (view, record) = (view(&payload).unwrap(), read(&payload).unwrap());
        let (input, outcome) = (&sample.input, &sample.outcome);
        let told = record.counts().unwrap();
        let (asked, bids) =
            (input.chosen.asked.len(), input.replies.iter().map(|it| it.bids.len()));
        assert_eq!((told.asked, told.bids), (asked as u64, bids.sum::<usize>() as u64), "{seed}");
        let all = (told.total, told.sold, told.house, told.unfilled);
        let seconds = &outcome.seconds;
        assert_eq!(all, (seconds.total, seconds.sold, seconds.house, seconds.unfilled), "{seed}");
        assert_eq!(record.currency().unwrap(), input.plan.terms.currency, "{seed}");

        let told = view.sales().unwrap();
        assert_eq!(told, record.sales().unwrap(), "{seed}");
        let unfilled: Vec<_> = outcome.unfilled.iter().map(|it| (it.seconds, it.reason)).collect();
        assert_eq!(told.unfilled, unfilled, "{seed}");
        assert_eq!(told.wins.len(), outcome.wins.len(), "{seed}");
        for (sale, win) in told.wins.iter().zip(&outcome.wins) {
            let (reply, fees) = (&input.replies[win.bid.reply], input.plan.terms.fees.fees());
            is_sale(sale, win, reply);
            let fees = fees.iter().map(|fee| &*fee.name).zip(win.split.fees.iter().copied());
            let told = sale.fees.iter().map(|(name, amount)| (&**name, *amount));
            assert!(told.eq(fees), "{seed}");
        }
        for (reply, own) in input.replies.iter().zip(&outcome.fates) {
            let bidder = reply.bidder.as_str();
            assert_eq!(record.reply(&reply.bidder).unwrap().bids.len(), reply.bids.len(), "{seed}");
            assert_eq!(record.fates(&reply.bidder).unwrap().is_none(), reply.bids.is_empty());
            let offered = view.offered(bidder).unwrap();
            assert_eq!(offered.len(), reply.bids.len(), "{seed}");
            for (told, bid) in offered.iter().zip(&reply.bids) {
                assert_eq!(told.deal.as_deref(), bid.deal.as_ref().map(|deal| deal.as_str()));
                assert_eq!(told.price, bid.price.as_ref().map(|price| price.cpm), "{seed}");
            }
            if !reply.bids.is_empty() {
                let told = view.fates(bidder).unwrap();
                assert_eq!(told.currency, input.plan.terms.currency.as_str(), "{seed}");
                assert_eq!(told.bids.len(), own.len(), "{seed}");
                for ((told, bid), fate) in told.bids.iter().zip(&reply.bids).zip(own) {
                    is_fate(told, bid, *fate, outcome);
                }
            }
        }
        let told = view.floors().unwrap();
        assert_eq!(told.len(), input.plan.parts.len(), "{seed}");
        for (told, part) in told.iter().zip(&input.plan.parts) {
            let deals: Vec<_> = part.deals.iter().map(|it| (it.id.as_str(), &it.floor)).collect();
            let own: Vec<_> = told.deals.iter().map(|(id, floor)| (&**id, floor)).collect();
            assert_eq!((&told.floor, own), (&part.floor, deals), "{seed}");
        }
    }
}

#[test]
fn what_is_not_canonical_is_not_read() {
    let counted = r#"{"asked":1,"bids":2,"house":3,"sold":4,"total":5,"unfilled":6}"#;
    assert!(counts(counted.as_bytes()).is_some());
    let win = r#"{"bid":"b","bidder":"a","clearing":"5","fees":[["x","1"]],"length":"30000","net":"4","part":0,"seconds":30,"sequence":1,"start":"0"}"#;
    let sold = format!(
        r#"{{"house":[{{"any":["thing",null,-1,true]}}],"search":"exact","wins":[{win}]}}"#
    );
    assert!(sales(sold.as_bytes()).is_some());
    let fate =
        r#"{"bids":[{"fate":"outbid","id":"b","imp":"1","unmapped":true}],"currency":"USD"}"#;
    assert!(fates(fate.as_bytes()).is_some());
    let bid = r#"{"bids":[{"cur":"USD","deal":"d","price":{"micros":"5","text":"0.000005"}}],"sent":true}"#;
    assert!(offered(bid.as_bytes()).is_some());
    let other = bid.replace("0.000005", "0.000006");
    assert!(offered(other.as_bytes()).is_none(), "text and number are one price");
    let part = r#"{"break":{"a":[]},"parts":[{"deals":[{"id":"d","pricing":"first"}],"floor":{"fixed":"5"},"pod":0}],"tmax":"1"}"#;
    assert!(floors(part.as_bytes()).is_some());
    let deep = "[".repeat(1 << 20);
    let cases = [
        ("asked\":1", "asked\":-1"),
        ("asked\":1", "asked\":1.0"),
        ("\"net\":\"4\"", "\"net\":\"-4\""),
        ("\"net\":\"4\"", "\"net\":4"),
        ("\"clearing\":\"5\",", ""),
        ("\"clearing\":\"5\",", "\"clearing\":\"5\",\"clearing\":\"5\","),
        ("[{\"any\":[\"thing\",null,-1,true]}]", "[{\"any\":[\"thing\",null,-1,true}]]"),
        ("[{\"any\":[\"thing\",null,-1,true]}]", "[{\"any\":[\"thing\",null,-1,nul]}]"),
        ("[{\"any\":[\"thing\",null,-1,true]}]", "[{\"any\" :[]}]"),
        ("[{\"any\":[\"thing\",null,-1,true]}]", "[{any:[]}]"),
        ("[{\"any\":[\"thing\",null,-1,true]}]", "[\"thi\nng\"]"),
        ("[{\"any\":[\"thing\",null,-1,true]}]", &deep),
        ("\"outbid\"", "\"won\""),
        ("\"outbid\"", "\"no reason\""),
        ("\"deal\":\"d\",\"price\"", "\"price\""),
        ("{\"cur\":\"USD\",\"deal\":\"d\",", "{\"deal\":\"d\",\"cur\":\"USD\","),
        ("\"sent\":true", "\"sent\":true,\"zzz\":1"),
        ("\"sent\":true}", "\"sent\":true}}"),
        ("\"fixed\":\"5\"", "\"fixed\":\"05\""),
        ("\"floor\":{\"fixed\":\"5\"},", ""),
        ("{\"a\":[]}", "{\"a\":[]"),
    ];
    let texts = [counted, &sold, fate, bid, part];
    for (from, to) in cases {
        let text = *texts.iter().find(|text| text.contains(from)).unwrap();
        let bytes = text.replacen(from, to, 1).into_bytes();
        let read = [
            counts(&bytes).is_some(),
            sales(&bytes).is_some(),
            fates(&bytes).is_some(),
            offered(&bytes).is_some(),
            floors(&bytes).is_some(),
        ];
        // A bid need not name a deal.
        let fits = to == "\"price\"";
        assert_eq!(read.contains(&true), fits, "{from} to {}", &to[..to.len().min(80)]);
    }
}

#[test]
fn values_that_are_stepped_over_nest_only_so_deep() {
    for (depth, fits) in [(1, true), (15, true), (17, false), (1 << 16, false)] {
        let text = format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let read = Scan::section(text.as_bytes(), |scan| scan.pass(&[key!("x")]));
        assert_eq!(read.is_some(), fits, "{depth}");
    }
}

fn is_sale(sale: &Sale<'_>, win: &Win, reply: &Reply) {
    assert_eq!(*sale.bid, *reply.bids[win.bid.bid].id.as_str());
    assert_eq!(*sale.bidder, *reply.bidder.as_str());
    assert_eq!((sale.clearing, sale.net), (win.clearing, win.split.net));
    assert_eq!((sale.part, sale.seconds), (win.part, win.seconds));
    assert_eq!(sale.length, win.length);
    assert_eq!((sale.sequence, sale.start), (win.sequence, win.start));
}

fn is_fate(told: &OwnFate<'_>, bid: &Bid, fate: Fate, outcome: &Outcome) {
    assert_eq!(*told.bid, *bid.id.as_str());
    match (&told.fate, fate) {
        (Err(told), Fate::Lost(reason)) => assert_eq!(*told, reason),
        (Ok(told), Fate::Won(index)) => {
            let win = &outcome.wins[index];
            let own = OwnWin {
                clearing: win.clearing,
                off: win.discount.map(|discount| discount.off),
                markup: index + 1,
                min_to_win: win.min_to_win,
                part: win.part,
                pay: win.pay,
                seconds: win.seconds,
                sequence: win.sequence,
                start: win.start,
                tie: win.tie,
            };
            assert_eq!(*told, own);
        }
        (told, fate) => panic!("{told:?} is not {fate:?}"),
    }
}

//! What parties and checks read of an outcome is what was decided, and nothing looser is taken.

use std::collections::BTreeMap;

use super::sample::drawn;
use crate::model::bid::{Bid, Reply};
use crate::model::money::Currency;
use crate::model::outcome::{Fate, Outcome, Win};
use crate::model::plan::Plan;
use crate::wire::record::decided;
use crate::wire::record::outcome::read::{OwnFate, OwnWin, Sale, counts, fates, sales};
use crate::wire::record::prices::{ForSale, Own, Unpaired, for_sale, own};
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
            let paired = view.own().find(|(id, _)| *id == bidder).map(|(_, own)| own.unwrap());
            assert_eq!(paired.is_some(), !reply.bids.is_empty(), "{seed}");
            if let Some(paired) = paired {
                is_own(&paired, reply, input.plan.terms.currency);
                let told = record.fates(&reply.bidder).unwrap().unwrap();
                assert_eq!(told.currency, input.plan.terms.currency.as_str(), "{seed}");
                assert_eq!(told.bids.len(), own.len(), "{seed}");
                for ((told, bid), fate) in told.bids.iter().zip(&reply.bids).zip(own) {
                    is_fate(told, bid, *fate, outcome);
                }
                let won = told.bids.iter().filter_map(|told| told.fate.ok());
                assert!(won.eq(paired.wins.iter().map(|(_, win)| *win)), "{seed}");
            }
        }
        is_for_sale(&view.for_sale().unwrap(), &input.plan);
        // What is made from the decision is what is read.
        assert_eq!(decided::counts(input, outcome), record.counts().unwrap(), "{seed}");
        assert_eq!(decided::for_sale(&input.plan), view.for_sale().unwrap(), "{seed}");
        assert_eq!(decided::sales(input, outcome), record.sales().unwrap(), "{seed}");
        let own: BTreeMap<&str, Own<'_>> = decided::own(input, outcome).collect();
        assert!(own.into_iter().eq(view.own().map(|(id, own)| (id, own.unwrap()))), "{seed}");
    }
}

#[test]
fn what_is_not_canonical_is_not_read() {
    let counted = r#"{"asked":1,"bids":2,"house":3,"sold":4,"total":5,"unfilled":6}"#;
    assert!(counts(counted.as_bytes()).is_some());
    let win = r#"{"bid":"b","bidder":"a","clearing":"5","fees":[["x","1"]],"length":"30000","net":"4","part":0,"seconds":30,"sequence":1,"start":"0"}"#;
    let sold = format!(
        r#"{{"no_fill":[{{"any":["thing",null,-1,true]}}],"search":"exact","wins":[{win}]}}"#
    );
    assert!(sales(sold.as_bytes()).is_some());
    let fate =
        r#"{"bids":[{"fate":"outbid","id":"b","imp":"1","unmapped":true}],"currency":"USD"}"#;
    assert!(fates(fate.as_bytes()).is_some());
    let bid = r#"{"bids":[{"cur":"USD","deal":"d","id":"b","imp":"1","price":{"micros":"5","text":"0.000005"}}],"sent":true}"#;
    let fates_of = fate.as_bytes();
    assert!(own(bid.as_bytes(), fates_of).is_ok());
    let other = bid.replace("0.000005", "0.000006");
    assert_eq!(
        own(other.as_bytes(), fates_of),
        Err(Unpaired::Bids),
        "text and number are one price"
    );
    assert_eq!(own(bid.as_bytes(), b"{}"), Err(Unpaired::Fates));
    assert_eq!(own(br#"{"sent":true}"#, fates_of), Err(Unpaired::Count));
    let none = own(br#"{"sent":true}"#, br#"{"bids":[],"currency":"USD"}"#);
    assert_eq!(none.map(|own| own.count), Ok(0));
    let renamed = bid.replace("\"id\":\"b\"", "\"id\":\"c\"");
    assert_eq!(own(renamed.as_bytes(), fates_of).unwrap().misnamed.as_deref(), Some("c"));
    let part = r#"{"break":{"a":[]},"fees":[{"name":"x","ppm":999999}],"parts":[{"deals":[{"id":"d","pricing":"first"}],"floor":{"fixed":"5"},"pod":0,"seconds":30}],"terms":{"currency":"USD","pricing":"first"},"tmax":"1"}"#;
    assert!(for_sale(part.as_bytes()).is_some());
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
        ("\"deal\":\"d\",\"id\"", "\"id\""),
        ("{\"cur\":\"USD\",\"deal\":\"d\",", "{\"deal\":\"d\",\"cur\":\"USD\","),
        ("\"sent\":true", "\"sent\":true,\"zzz\":1"),
        ("\"sent\":true}", "\"sent\":true}}"),
        ("\"fixed\":\"5\"", "\"fixed\":\"05\""),
        ("\"floor\":{\"fixed\":\"5\"},", ""),
        ("\"ppm\":999999", "\"ppm\":1000000"),
        ("\"pricing\":\"first\"}]", "\"pricing\":\"worst\"}]"),
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
            own(&bytes, fates_of).is_ok(),
            for_sale(&bytes).is_some(),
        ];
        // A bid need not name a deal.
        let fits = to == "\"id\"";
        assert_eq!(read.contains(&true), fits, "{from} to {}", &to[..to.len().min(80)]);
    }
}

#[test]
fn values_that_are_stepped_over_nest_only_so_deep() {
    for (depth, fits) in [(1, true), (15, true), (17, false), (1 << 16, false)] {
        let text = format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let read = Scan::section(text.as_bytes(), |scan| scan.pass(keys!["x"]));
        assert_eq!(read.is_some(), fits, "{depth}");
    }
}

fn is_own(own: &Own<'_>, reply: &Reply, currency: Currency) {
    assert_eq!((own.count, own.currency), (reply.bids.len() as u64, currency));
    assert_eq!(own.misnamed, None);
    for (told, _) in &own.wins {
        let fits = |bid: &&Bid| {
            *told.id == *bid.id.as_str()
                && *told.imp == *bid.imp.as_str()
                && told.deal.as_deref() == bid.deal.as_ref().map(|deal| deal.as_str())
                && told.price == bid.price.as_ref().map(|price| price.cpm)
                && (told.currency, told.seconds) == (bid.currency, bid.seconds)
        };
        assert!(reply.bids.iter().any(|bid| fits(&bid)), "{told:?}");
    }
}

fn is_for_sale(told: &ForSale<'_>, plan: &Plan) {
    let terms = &plan.terms;
    assert_eq!((told.currency, told.pricing), (terms.currency, terms.pricing));
    assert_eq!((&told.rates, told.seconds), (&terms.rates, u64::from(plan.seconds().0)));
    let fees = terms.fees.fees().iter().map(|fee| (&*fee.name, fee.ppm));
    assert!(told.fees.iter().map(|(name, ppm)| (&**name, *ppm)).eq(fees));
    assert_eq!(told.parts.len(), plan.parts.len());
    for (told, part) in told.parts.iter().zip(&plan.parts) {
        assert_eq!((&told.floor, told.seconds), (&part.floor, part.seconds));
        let deals = part.deals.iter();
        let deals = deals.map(|it| (it.id.as_str(), &it.floor, it.pricing, it.discount_ppm));
        let own = told.deals.iter();
        let own = own.map(|it| (&*it.id, &it.floor, it.pricing, it.discount_ppm));
        assert!(own.eq(deals));
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
    assert_eq!((&*told.bid, &*told.imp), (bid.id.as_str(), bid.imp.as_str()));
    match (&told.fate, fate) {
        (Err(told), Fate::Lost(reason)) => assert_eq!(*told, reason),
        (Ok(told), Fate::Won(index)) => {
            let win = &outcome.wins[index];
            let own = OwnWin {
                clearing: win.clearing,
                off: win.discount.map(|discount| (discount.ppm, discount.off)),
                length: win.length,
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

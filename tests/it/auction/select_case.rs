//! Chooses among bidders given as text, and prints who is asked.
//!
//! `brownout LEVEL`; `bidder ID` with `value=N`, `quota=exhausted`, `health=throttled|open`,
//! `explored`, `owed` (a guaranteed deal names it), `unknown` (without a standing);
//! `deal guaranteed` or `deal named ID`: one open to everybody, one of ID that is no guarantee;
//! `many N`: N bidders b1, b2 … worth 1, 2 …; `standings reversed`.

use std::sync::Arc;

use breakwater::auction::select::select;
use breakwater::model::deal::Deal;
use breakwater::model::ids::BidderId;
use breakwater::model::market::Dialect;
use breakwater::model::plan::Plan;
use breakwater::model::standing::{BidderStanding, Brownout, Health, Quota, Standing};

use crate::auction::build;

/// Chooses among the bidders of a case and prints who is asked, and why others are not.
pub(crate) fn run(text: &str) -> String {
    let pods = vec![build::pod("1", breakwater::model::category::Separation::default())];
    let mut plan = build::plan(build::terms(), pods, vec![build::part()]);
    let mut standing = Standing::default();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["brownout", level] => standing.brownout = Brownout::from_name(level).unwrap(),
            ["bidder", id, words @ ..] => add_bidder(&mut plan, &mut standing, id, words),
            ["many", count] => {
                for number in 1..=count.parse().unwrap() {
                    let value = format!("value={number}");
                    add_bidder(&mut plan, &mut standing, &format!("b{number}"), &[&value]);
                }
            }
            ["deal", "guaranteed"] => add_deal(&mut plan, None, true),
            ["deal", "named", id] => add_deal(&mut plan, Some(id), false),
            ["standings", "reversed"] => standing.bidders.reverse(),
            _ => panic!("no such line: {line}"),
        }
    }
    let chosen = select(&plan, &standing);
    let id = |index: &usize| plan.offers[*index].bidder.id.to_string();
    let asked: Vec<String> = chosen.asked.iter().map(id).collect();
    let mut lines =
        vec![["asked".to_owned()].into_iter().chain(asked).collect::<Vec<_>>().join(" ")];
    let skipped = chosen.skipped.iter();
    lines.extend(skipped.map(|(index, reason)| format!("{} {}", id(index), reason.name())));
    lines.join("\n") + "\n"
}

fn add_bidder(plan: &mut Plan, standing: &mut Standing, id: &str, words: &[&str]) {
    let offer = build::offer(plan, build::bidder(id, Dialect::Dynamic));
    plan.offers.push(offer);
    let mut own = BidderStanding::free(BidderId::new(id));
    for word in words {
        match word.split_once('=') {
            Some(("value", value)) => own.value = value.parse().unwrap(),
            Some(("quota", "exhausted")) => own.quota = Quota::Exhausted,
            Some(("health", "throttled")) => own.health = Health::Throttled,
            Some(("health", "open")) => own.health = Health::Open,
            None if *word == "explored" => own.explored = true,
            None if *word == "owed" => add_deal(plan, Some(id), true),
            None if *word == "unknown" => return,
            _ => panic!("no such word of a bidder: {word}"),
        }
    }
    standing.bidders.push(own);
}

fn add_deal(plan: &mut Plan, bidder: Option<&str>, guaranteed: bool) {
    let bidders = bidder.into_iter().map(BidderId::new).collect();
    let deal = Deal { bidders, guaranteed, ..build::deal("d") };
    plan.parts[0].deals.push(Arc::new(deal));
}

//! Decides an auction given as text and prints every fate.
//!
//! `case::read` says which lines there are.

pub(crate) mod read;

use breakwater::auction::decide::decide;
use breakwater::auction::minimums::minimums;
use breakwater::model::money::Cpm;
use breakwater::model::outcome::{BidRef, Fate, HousePlay, Outcome, Search, Win};
use breakwater::model::plan::AuctionInput;

use super::oracle;

/// Decides the auction of a case and prints the outcome; a small one must be the oracle's too.
pub(crate) fn run(text: &str) -> String {
    let input = read::read(text);
    let outcome = decide(&input);
    let needed = minimums(&input, &outcome);
    let mut lines = fates(&input, &outcome, &needed);
    lines.extend(seconds(&input, &outcome));
    let bids: usize = input.replies.iter().map(|reply| reply.bids.len()).sum();
    if bids <= SMALL
        && let Err(fault) = oracle::check(&input, &outcome, &needed)
    {
        lines.push(format!("oracle: {fault}"));
    }
    lines.join("\n") + "\n"
}

/// Prints the fate of each bid, in the order received.
pub(crate) fn fates(
    input: &AuctionInput,
    outcome: &Outcome,
    needed: &[Vec<Option<Cpm>>],
) -> Vec<String> {
    let mut lines = Vec::new();
    for (reply, fates) in outcome.fates.iter().enumerate() {
        for (bid, fate) in fates.iter().enumerate() {
            let at = BidRef { reply, bid };
            let mut line = match fate {
                Fate::Won(index) => won(input, &outcome.wins[*index]),
                Fate::Lost(reason) => format!("lost {} {}", reason.loss_code(), reason.name()),
            };
            let least = match fate {
                Fate::Won(index) => outcome.wins[*index].min_to_win,
                Fate::Lost(_) => needed[reply][bid],
            };
            if let Some(least) = least {
                line += &format!(" needed {}", least.price_text());
            }
            if outcome.unmapped.contains(&at) {
                line += " unmapped";
            }
            lines.push(format!("{} {line}", name(input, at)));
        }
    }
    lines
}

/// Prints what became of the seconds.
pub(crate) fn seconds(input: &AuctionInput, outcome: &Outcome) -> Vec<String> {
    let count = outcome.seconds;
    let mut lines = vec![format!("{} s: {} sold", count.total.0, count.sold.0)];
    if count.house.0 != 0 {
        lines[0] += &format!(", {} house", count.house.0);
    }
    lines.extend(outcome.house.iter().map(|play| house(input, play)));
    for unfilled in &outcome.unfilled {
        let pod = match input.plan.pods.len() {
            1 => String::new(),
            _ => format!("{} ", input.plan.pods[unfilled.pod].id),
        };
        let best = unfilled.best.map(|at| format!(": {}", name(input, at))).unwrap_or_default();
        lines.push(format!(
            "unfilled {pod}{} s {}{best}",
            unfilled.seconds.0,
            unfilled.reason.name()
        ));
    }
    if let Some(reason) = outcome.no_fill {
        lines.push(format!("no_fill {}", reason.name()));
    }
    if outcome.search == Search::Bounded {
        lines.push("search bounded".into());
    }
    lines
}

fn house(input: &AuctionInput, play: &HousePlay) -> String {
    let part = &input.plan.parts[play.part];
    let ad = &part.house[play.ad];
    let mut line = format!("house {} plays {}", ad.id, play.sequence);
    if 1 < input.plan.pods.len() {
        line += &format!(" of {}", input.plan.pods[part.pod].id);
    }
    if 1 < input.plan.parts.len() {
        line += &format!(" in part {}", play.part + 1);
    }
    line + &format!(" at {} for {} s since {}", play.start, ad.seconds.0, play.since.name())
}

fn won(input: &AuctionInput, win: &Win) -> String {
    let part = &input.plan.parts[win.part];
    let bid = &input.replies[win.bid.reply].bids[win.bid.bid];
    let mut line = format!("won {}", win.sequence);
    if 1 < input.plan.pods.len() {
        line += &format!(" of {}", input.plan.pods[part.pod].id);
    }
    if 1 < input.plan.parts.len() {
        line += &format!(" in part {}", win.part + 1);
    }
    line += &format!(" at {} for {} s pays {}", win.start, win.seconds.0, win.pay.price_text());
    if bid.currency != input.plan.terms.currency {
        line += &format!(" {} clears {}", bid.currency, win.clearing.price_text());
    }
    line += &format!(" net {}", win.split.net.price_text());
    for fee in &win.split.fees {
        line += &format!(" fee {fee}");
    }
    if let Some(discount) = win.discount {
        line += &format!(" discount {} ppm {}", discount.ppm, discount.off.price_text());
    }
    if let Some(tie) = win.tie {
        line += &format!(" tie {}", tie.name());
    }
    line
}

fn name(input: &AuctionInput, at: BidRef) -> String {
    let reply = &input.replies[at.reply];
    format!("{} {}", reply.bidder, reply.bids[at.bid].id)
}

/// The most bids that the oracle is asked about.
const SMALL: usize = 14;

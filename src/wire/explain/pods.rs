//! What was for sale, what of it was sold in which order, and why the rest was not.

use serde::Serialize;

use crate::model::bid::Bid;
use crate::model::insight::Reckoned;
use crate::model::market::Fit;
use crate::model::outcome::{self, BidRef, Fate, HousePlay, TieBreak, Win};
use crate::model::plan::{self, Place, Shape};
use crate::wire::explain::pods::rules::{category, floor, lengths, terms};
use crate::wire::explain::{Case, percent, pricing_name};

mod rules;

/// The ads of one break.
#[derive(Clone, Debug, Serialize)]
pub struct Pod {
    /// `podid` on the wire.
    pub pod: String,
    /// Nominal seconds for sale.
    pub seconds: u32,
    /// Of these, sold.
    pub sold: u32,
    /// Rules that keep two ads out of it: `advertiser`, `category`, `creative`, `media`.
    pub separation: Vec<&'static str>,
    /// Categories of which it takes one ad at most.
    pub exclusive: Vec<String>,
    /// What it is sold in.
    pub parts: Vec<Part>,
    /// Its ads in play order.
    pub ads: Vec<Ad>,
    /// The publisher's own ads, in play order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub house: Vec<House>,
    /// Its seconds that nobody bought and no house ad fills.
    pub unfilled: Vec<Unfilled>,
}

/// What is sold as one.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The caller's imp.
    pub imp: Option<String>,
    /// Its placement.
    pub placement: String,
    /// `stretch` or `slot`.
    pub kind: &'static str,
    /// `any`, `first`, `last` or `edge`.
    pub place: &'static str,
    /// Nominal seconds.
    pub seconds: u32,
    /// The most ads.
    pub max_ads: u16,
    /// The lengths allowed, in words.
    pub lengths: String,
    /// Whether real lengths must fit, too.
    pub fit: &'static str,
    /// The gross floor, in words.
    pub floor: String,
    /// Whether only deals are taken.
    pub private_auction: bool,
    /// Whether deals come before all else.
    pub deals_first: bool,
    /// The deals that hold for it.
    pub deals: Vec<DealTerms>,
}

/// The terms of a deal.
#[derive(Clone, Debug, Serialize)]
pub struct DealTerms {
    /// Its name on the wire.
    pub deal: String,
    /// `first`, `second` or `fixed`.
    pub pricing: &'static str,
    /// Its own floor, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// Whether it is served before all else.
    pub guaranteed: bool,
    /// The negotiated discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_percent: Option<String>,
    /// The bidders it is offered to; empty means any.
    pub bidders: Vec<String>,
    /// The seats that may use it; empty means any.
    pub seats: Vec<String>,
    /// The advertisers it is for; empty means any.
    pub advertisers: Vec<String>,
}

/// One ad that won.
#[derive(Clone, Debug, Serialize)]
pub struct Ad {
    /// Its number in the auction, from 1.
    pub slot: usize,
    /// Its place in the pod, from 1.
    pub sequence: u16,
    /// Real milliseconds from the start of what is sold of the pod.
    pub start_ms: u64,
    /// Its own length.
    pub duration_ms: u64,
    /// Nominal seconds it is sold as.
    pub seconds: u32,
    /// The caller's imp.
    pub imp: Option<String>,
    /// Who bid.
    pub bidder: String,
    /// The seat that bid.
    pub seat: Option<String>,
    /// The bidder's name for its bid.
    pub bid: String,
    /// Its creative.
    pub creative: Option<String>,
    /// Domains of its advertiser.
    pub advertiser: Vec<String>,
    /// What it is about.
    pub categories: Vec<Subject>,
    /// Its deal.
    pub deal: Option<String>,
    /// How its price was found.
    pub pricing: &'static str,
    /// What it bid, in `bid_currency`.
    pub price: Option<String>,
    /// The currency of its bid.
    pub bid_currency: String,
    /// What it counted in the sum of the pod.
    pub counted: Option<String>,
    /// The least it had to offer.
    pub floor: Option<String>,
    /// What it pays, gross.
    pub clearing: String,
    /// What it pays in `bid_currency`, after its discount.
    pub pay: String,
    /// Its negotiated discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    /// What the publisher earns.
    pub net: String,
    /// Name and price of each fee.
    pub fees: Vec<(String, String)>,
    /// The least bid that would have tied, in `bid_currency`.
    pub needed: Option<String>,
    /// Whether a pod without it was worth as much, so that the rules for ties chose.
    pub tied: bool,
    /// Which of them: `seconds`, `ads` or `keys`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tie: Option<&'static str>,
}

/// A discount that a deal grants.
#[derive(Clone, Debug, Serialize)]
pub struct Discount {
    /// Its share of the bid.
    pub percent: String,
    /// The same in the bid's currency.
    pub cpm: String,
}

/// What an ad is about.
#[derive(Clone, Debug, Serialize)]
pub struct Subject {
    /// `cattax`.
    pub taxonomy: i32,
    /// Its id there.
    pub id: String,
    /// Its name there, where the taxonomy is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'static str>,
}

/// One of the publisher's own ads, in seconds that nobody bought.
#[derive(Clone, Debug, Serialize)]
pub struct House {
    /// The publisher's name for it.
    pub house: String,
    /// Its place in the pod, from 1.
    pub sequence: u16,
    /// Real milliseconds from the start of what plays of the pod.
    pub start_ms: u64,
    /// Its own length.
    pub duration_ms: u64,
    /// Nominal seconds it takes.
    pub seconds: u32,
    /// The name of the reason why the first of them was not sold.
    pub since: &'static str,
    /// The same in a sentence.
    pub why: &'static str,
}

/// Seconds that nobody bought.
#[derive(Clone, Debug, Serialize)]
pub struct Unfilled {
    /// How many.
    pub seconds: u32,
    /// The name of the reason.
    pub reason: &'static str,
    /// The same in a sentence.
    pub why: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// The best bid that was refused there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<Refused>,
}

/// A bid that was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// Who bid.
    pub bidder: String,
    /// Its name for the bid.
    pub bid: String,
    /// What it bid.
    pub price: Option<String>,
    /// In which currency.
    pub currency: String,
    /// Its nominal seconds.
    pub seconds: Option<u32>,
    /// The name of the reason for its loss.
    pub reason: &'static str,
}

impl Case<'_> {
    pub(super) fn pod(&self, index: usize) -> Pod {
        let pod = &self.input.plan.pods[index];
        let own = |part: &plan::Part| part.pod == index;
        let parts = self.input.plan.parts.iter().enumerate().filter(|(_, part)| own(part));
        let wins = self.outcome.wins.iter().enumerate();
        let wins = wins.filter(|(_, win)| own(&self.input.plan.parts[win.part]));
        let ads: Vec<Ad> = wins.map(|(index, win)| self.ad(index, win)).collect();
        let house = self.outcome.house.iter();
        let house = house.filter(|play| own(&self.input.plan.parts[play.part]));
        let unfilled = self.outcome.unfilled.iter().filter(|entry| entry.pod == index);
        let rules = &pod.separation;
        let separation = [
            (rules.advertiser, "advertiser"),
            (rules.category, "category"),
            (rules.creative, "creative"),
            (rules.media, "media"),
        ];
        Pod {
            pod: pod.id.to_string(),
            seconds: pod.seconds.0,
            sold: ads.iter().map(|ad| ad.seconds).sum(),
            separation: separation.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect(),
            exclusive: rules.exclusive.iter().map(category).collect(),
            parts: parts.map(|(index, part)| self.part(index, part)).collect(),
            ads,
            house: house.map(|play| self.house(play)).collect(),
            unfilled: unfilled.map(|entry| self.unfilled(entry)).collect(),
        }
    }

    fn part(&self, index: usize, part: &plan::Part) -> Part {
        Part {
            imp: self.asked.imp(index),
            placement: self.asked.placement(index),
            kind: match part.shape {
                Shape::Stretch => "stretch",
                Shape::Slot => "slot",
            },
            place: match part.place {
                Place::Any => "any",
                Place::First => "first",
                Place::Last => "last",
                Place::Edge => "edge",
            },
            seconds: part.seconds.0,
            max_ads: part.max_ads,
            lengths: lengths(&part.lengths),
            fit: match part.fit {
                Fit::Nominal => "nominal",
                Fit::Real => "real",
            },
            floor: floor(&part.floor),
            private_auction: part.private_auction,
            deals_first: part.deals_first,
            deals: part.deals.iter().map(|deal| terms(deal)).collect(),
        }
    }

    fn ad(&self, index: usize, win: &Win) -> Ad {
        let reply = &self.input.replies[win.bid.reply];
        let bid = &reply.bids[win.bid.bid];
        let reckoned = self.reckoned(win.bid);
        let part = &self.input.plan.parts[win.part];
        let deal = reckoned.and_then(|it| it.deal).and_then(|deal| part.deals.get(deal));
        let terms = &self.input.plan.terms;
        let fees = terms.fees.fees().iter().zip(&win.split.fees);
        Ad {
            slot: index + 1,
            sequence: win.sequence,
            start_ms: win.start.0,
            duration_ms: win.length.0,
            seconds: win.seconds.0,
            imp: self.asked.imp(win.part),
            bidder: reply.bidder.to_string(),
            seat: bid.seat.as_ref().map(ToString::to_string),
            bid: bid.id.to_string(),
            creative: bid.creative_id.as_ref().map(ToString::to_string),
            advertiser: bid.advertisers.iter().map(|owner| owner.domain.to_string()).collect(),
            categories: subjects(bid, reckoned),
            deal: deal.map(|deal| deal.id.to_string()),
            pricing: pricing_name(deal.map_or(terms.pricing, |deal| deal.pricing)),
            price: bid.price.as_ref().map(|price| price.text.to_string()),
            bid_currency: bid.currency.to_string(),
            counted: reckoned.and_then(|it| it.counted).map(|price| price.price_text()),
            floor: reckoned.and_then(|it| it.floor).map(|price| price.price_text()),
            clearing: win.clearing.price_text(),
            pay: win.pay.price_text(),
            discount: win.discount.map(|discount| Discount {
                percent: percent(discount.ppm),
                cpm: discount.off.price_text(),
            }),
            net: win.split.net.price_text(),
            fees: fees.map(|(fee, cpm)| (fee.name.to_string(), cpm.price_text())).collect(),
            needed: win.min_to_win.map(|price| price.price_text()),
            tied: win.tie.is_some(),
            tie: win.tie.map(TieBreak::name),
        }
    }

    fn house(&self, play: &HousePlay) -> House {
        let ad = &self.input.plan.parts[play.part].house[play.ad];
        House {
            house: ad.id.to_string(),
            sequence: play.sequence,
            start_ms: play.start.0,
            duration_ms: ad.length.0,
            seconds: ad.seconds.0,
            since: play.since.name(),
            why: play.since.sentence(),
        }
    }

    pub(super) fn unfilled(&self, entry: &outcome::Unfilled) -> Unfilled {
        Unfilled {
            seconds: entry.seconds.0,
            reason: entry.reason.name(),
            why: entry.reason.sentence(),
            remedy: entry.reason.remedy(),
            best: entry.best.and_then(|at| self.refused(at)),
        }
    }

    fn refused(&self, at: BidRef) -> Option<Refused> {
        let reply = &self.input.replies[at.reply];
        let bid = &reply.bids[at.bid];
        let Fate::Lost(reason) = self.outcome.fates[at.reply][at.bid] else { return None };
        Some(Refused {
            bidder: reply.bidder.to_string(),
            bid: bid.id.to_string(),
            price: bid.price.as_ref().map(|price| price.text.to_string()),
            currency: bid.currency.to_string(),
            seconds: bid.seconds.map(|seconds| seconds.0),
            reason: reason.name(),
        })
    }

    pub(super) fn reckoned(&self, at: BidRef) -> Option<&Reckoned> {
        self.insight.reckoned.get(at.reply)?.get(at.bid)
    }
}

/// Returns the categories of a bid with their names.
pub(super) fn subjects(bid: &Bid, reckoned: Option<&Reckoned>) -> Vec<Subject> {
    let labels = reckoned.map_or(&[][..], |it| &it.labels);
    let categories = bid.categories.iter().enumerate();
    categories
        .map(|(index, id)| Subject {
            taxonomy: bid.category_taxonomy,
            id: id.to_string(),
            label: labels.get(index).copied().flatten(),
        })
        .collect()
}

//! The bids that may compete, with all that the rules ask about them.

use std::collections::BTreeSet;

use breakwater::model::bid::{Bid, MediaHash};
use breakwater::model::category::Category;
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::Floor;
use breakwater::model::market::Dialect;
use breakwater::model::outcome::BidRef;
use breakwater::model::plan::{AuctionInput, Part, Place, Shape};
use breakwater::model::reason::LossReason;
use sha2::{Digest, Sha256};

use super::{Refused, taxonomy};

/// A bid that may compete.
pub(super) struct Ad<'a> {
    pub(super) at: BidRef,
    pub(super) bid: &'a Bid,
    pub(super) deal: Option<&'a Deal>,
    /// Index of its part, and of its pod.
    pub(super) part: usize,
    pub(super) pod: usize,
    pub(super) seconds: u32,
    pub(super) millis: u64,
    /// The places it takes.
    pub(super) place: Place,
    /// The expanded imp it answers; one ad may have it.
    pub(super) imp: Option<(usize, &'a str)>,
    pub(super) group: Option<(usize, u16)>,
    /// 0 guaranteed, 1 a deal that comes first, 2 open.
    pub(super) tier: usize,
    /// What it counts, what it offers to pay, and its floor; micros of the auction's currency.
    pub(super) counts: i64,
    pub(super) offered: i64,
    pub(super) floor: i64,
    pub(super) pricing: Pricing,
    pub(super) key: [u8; 32],
}

/// All of them, and what keeps them apart.
pub(super) struct Ads<'a> {
    pub(super) input: &'a AuctionInput,
    pub(super) list: Vec<Ad<'a>>,
    /// Of each ad, those it must not share a pod with, as a mask.
    pub(super) apart: Vec<u32>,
    /// Why the others may not compete: groups broken by a refusal stand here too.
    pub(super) refused: Refused,
}

impl<'a> Ads<'a> {
    pub(super) fn of(input: &'a AuctionInput, mut refused: Refused) -> Self {
        for (reply, reasons) in refused.iter_mut().enumerate() {
            for (bid, reason) in reasons.iter_mut().enumerate() {
                let at = BidRef { reply, bid };
                if reason.is_none() && place(input, at).is_none() {
                    *reason = Some(LossReason::SlotTaken);
                }
            }
        }
        let broken = |at: BidRef, refused: &Refused| {
            let bids = &input.replies[at.reply].bids;
            let group = bids[at.bid].group;
            group.is_some()
                && (0..bids.len())
                    .any(|it| bids[it].group == group && refused[at.reply][it].is_some())
        };
        let mut all = refused.clone();
        let mut list = Vec::new();
        for (reply, reasons) in refused.iter().enumerate() {
            for (bid, reason) in reasons.iter().enumerate() {
                let at = BidRef { reply, bid };
                match reason {
                    Some(_) => {}
                    None if broken(at, &refused) => {
                        all[reply][bid] = Some(LossReason::GroupIncomplete);
                    }
                    None => list.push(ad(input, at)),
                }
            }
        }
        let mut ads = Self { input, list, apart: Vec::new(), refused: all };
        ads.apart = (0..ads.list.len()).map(|index| ads.kept_from(index)).collect();
        ads
    }

    /// Returns the ads of a mask.
    pub(super) fn members(&self, mask: u32) -> Vec<&Ad<'a>> {
        let inside = |(index, _): &(usize, &Ad<'a>)| mask & (1 << index) != 0;
        self.list.iter().enumerate().filter(inside).map(|(_, ad)| ad).collect()
    }

    /// Returns an ad with all of its group, as a mask.
    pub(super) fn group(&self, index: usize) -> u32 {
        let group = self.list[index].group;
        let same = |other: &Ad<'_>| other.group.is_some() && other.group == group;
        (0..self.list.len())
            .filter(|&other| other == index || same(&self.list[other]))
            .fold(0, |mask, other| mask | 1 << other)
    }

    fn kept_from(&self, index: usize) -> u32 {
        (0..self.list.len())
            .filter(|&other| other != index && self.conflict(&self.list[index], &self.list[other]))
            .fold(0, |mask, other| mask | 1 << other)
    }

    fn conflict(&self, one: &Ad<'_>, two: &Ad<'_>) -> bool {
        if one.pod != two.pod {
            return false;
        }
        let rules = &self.input.plan.pods[one.pod].separation;
        let both_in = |exclusive: &Category| {
            let lies_in = |ad: &Ad<'_>| {
                categories(ad.bid).iter().any(|category| taxonomy::hits(exclusive, category))
            };
            lies_in(one) && lies_in(two)
        };
        (rules.advertiser && same_advertiser(one.bid, two.bid))
            || (rules.category && same_category(one.bid, two.bid))
            || (rules.creative && same_creative(one, two))
            || (rules.media && same_media(one.bid, two.bid))
            || rules.exclusive.iter().any(both_in)
    }
}

/// Returns the part that a bid answers, and its imp's id when that is one of several of a stretch.
pub(super) fn part(input: &AuctionInput, at: BidRef) -> Option<(usize, bool)> {
    let reply = &input.replies[at.reply];
    let offer = input.plan.offers.iter().find(|offer| offer.bidder.id == reply.bidder)?;
    let imp = offer.imps.iter().find(|imp| imp.id == reply.bids[at.bid].imp)?;
    let stretch = input.plan.parts[imp.part].shape == Shape::Stretch;
    Some((imp.part, stretch && offer.dialect == Dialect::Structured))
}

/// Returns the deal that a bid names, if its part has it.
pub(super) fn deal<'a>(input: &'a AuctionInput, at: BidRef, part: &'a Part) -> Option<&'a Deal> {
    let named = input.replies[at.reply].bids[at.bid].deal.as_ref()?;
    part.deals.iter().find(|deal| deal.id == *named).map(|deal| &**deal)
}

/// Returns what a bid of `price` offers to pay: less its discount, in the auction's currency.
pub(super) fn offered(
    input: &AuctionInput,
    bid: &Bid,
    deal: Option<&Deal>,
    price: i64,
) -> Option<i64> {
    let price = i128::from(price);
    let ppm = i128::from(deal.map_or(0, |deal| deal.discount_ppm));
    let own = price - price * ppm / 1_000_000;
    let terms = &input.plan.terms;
    if bid.currency == terms.currency {
        return i64::try_from(own).ok();
    }
    let rate = terms.rates.iter().find(|rate| rate.from == bid.currency)?;
    i64::try_from(own * i128::from(rate.e12) / 1_000_000_000_000).ok()
}

/// Returns the floor of a bid: of its deal, else of its part, at its length.
pub(super) fn floor(part: &Part, deal: Option<&Deal>, seconds: u32) -> i64 {
    match deal.and_then(|deal| deal.floor.as_ref()).unwrap_or(&part.floor) {
        Floor::Fixed(floor) => floor.micros(),
        Floor::PerSecond(floor) => floor.micros() * i64::from(seconds),
        Floor::ByLength { steps, otherwise } => {
            let holds = |min: u32, max: u32| min <= seconds && seconds <= max;
            let in_range = steps.iter().filter(|step| {
                holds(step.min.map_or(0, |it| it.0), step.max.map_or(u32::MAX, |it| it.0))
            });
            in_range.map(|step| step.floor.micros()).max().unwrap_or_else(|| otherwise.micros())
        }
    }
}

/// Returns the places a bid takes; none when its part can never give it what it asks for.
fn place(input: &AuctionInput, at: BidRef) -> Option<Place> {
    let Some((index, _)) = part(input, at) else { return Some(Place::Any) };
    let part = &input.plan.parts[index];
    let asked = Place::of(input.replies[at.reply].bids[at.bid].slot_in_pod);
    if part.shape == Shape::Slot {
        return match (part.place, asked) {
            (Place::First, Place::Last) | (Place::Last, Place::First) => None,
            (place, _) => Some(place),
        };
    }
    let others = |place| {
        let owns = |(other, it): (usize, &Part)| {
            other != index && it.pod == part.pod && it.shape == Shape::Slot && it.place == place
        };
        input.plan.parts.iter().enumerate().any(owns)
    };
    match (asked, others(Place::First), others(Place::Last)) {
        (Place::Any, _, _) => Some(Place::Any),
        (Place::First, true, _) | (Place::Last, _, true) | (Place::Edge, true, true) => None,
        (Place::Edge, true, false) => Some(Place::Last),
        (Place::Edge, false, true) => Some(Place::First),
        (asked, _, _) => Some(asked),
    }
}

fn ad(input: &AuctionInput, at: BidRef) -> Ad<'_> {
    let reply = &input.replies[at.reply];
    let bid = &reply.bids[at.bid];
    let (index, expanded) = part(input, at).unwrap();
    let part = &input.plan.parts[index];
    let deal = deal(input, at, part);
    let seconds = bid.seconds.unwrap().0;
    let stated = bid.markup.as_ref().unwrap().duration;
    let offered = offered(input, bid, deal, bid.price.as_ref().unwrap().cpm.micros()).unwrap();
    let floor = floor(part, deal, seconds);
    let pricing = deal.map_or(input.plan.terms.pricing, |deal| deal.pricing);
    Ad {
        at,
        bid,
        deal,
        part: index,
        pod: part.pod,
        seconds,
        millis: stated.map_or_else(|| u64::from(seconds) * 1000, |length| length.0),
        place: place(input, at).unwrap(),
        imp: expanded.then(|| (at.reply, bid.imp.as_str())),
        group: bid.group.map(|group| (at.reply, group)),
        tier: match deal {
            Some(deal) if deal.guaranteed => 0,
            Some(_) if part.deals_first => 1,
            Some(_) | None => 2,
        },
        counts: if pricing == Pricing::Fixed { floor.min(offered) } else { offered },
        offered,
        floor,
        pricing,
        key: key(input, reply.bidder.as_str(), bid),
    }
}

fn key(input: &AuctionInput, bidder: &str, bid: &Bid) -> [u8; 32] {
    let seat = bid.seat.as_ref().map_or("", |seat| seat.as_str());
    let mut bytes = vec![0, 16];
    bytes.extend(input.draw.seed);
    for text in [bidder, seat, bid.imp.as_str(), bid.id.as_str()] {
        bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    Sha256::digest(bytes).into()
}

pub(super) fn categories(bid: &Bid) -> Vec<Category> {
    let category = |id: &str| Category { taxonomy: bid.category_taxonomy, id: id.into() };
    bid.categories.iter().map(|id| category(id)).collect()
}

fn same_advertiser(one: &Bid, two: &Bid) -> bool {
    one.advertisers
        .iter()
        .any(|left| two.advertisers.iter().any(|right| left.registrable == right.registrable))
}

fn same_category(one: &Bid, two: &Bid) -> bool {
    let (left, right) = (categories(one), categories(two));
    left.iter().any(|left| {
        right.iter().any(|right| taxonomy::hits(left, right) || taxonomy::hits(right, left))
    })
}

/// Any name of a creative that both have: a registered id, the bidder's own, all of its files.
fn same_creative(one: &Ad<'_>, two: &Ad<'_>) -> bool {
    let (left, right) = (one.bid.markup.as_ref().unwrap(), two.bid.markup.as_ref().unwrap());
    let files = |media: &[MediaHash]| media.iter().copied().collect::<BTreeSet<_>>();
    left.universal_ids.iter().any(|id| right.universal_ids.contains(id))
        || (one.at.reply == two.at.reply && one.bid.creative_id == two.bid.creative_id)
        || (!left.media.is_empty() && files(&left.media) == files(&right.media))
}

fn same_media(one: &Bid, two: &Bid) -> bool {
    let media = |bid: &Bid| bid.markup.as_ref().unwrap().media.clone();
    let right = media(two);
    media(one).iter().any(|file| right.contains(file))
}

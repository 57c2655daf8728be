//! Markets of real size: as in a live sports break, and as an attacker would make them.

use crate::auction::candidate::{Candidate, Tier};
use crate::auction::fill::problem::PartLimits;
use crate::auction::fill::tests::cases::Case;
use crate::auction::fill::tests::draw::Draw;
use crate::model::money::Cpm;
use crate::model::outcome::BidRef;
use crate::model::plan::Place;
use crate::model::time::{Millis, Seconds};

/// What a live market is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live {
    pub(super) seconds: u32,
    pub(super) ads: u32,
    pub(super) bids: usize,
    pub(super) bidders: usize,
    pub(super) advertisers: usize,
    /// Whether categories exclude one another too.
    pub(super) categories: bool,
    /// Percent of bids for an end of the pod.
    pub(super) ends: u64,
}

/// 180 s, 12 ads, 300 bids, advertisers and categories in conflict.
pub(super) const LONG: Live = Live {
    seconds: 180,
    ads: 12,
    bids: 300,
    bidders: 30,
    advertisers: 80,
    categories: true,
    ends: 6,
};

/// 60 s, 4 ads, 60 bids from 20 bidders, separation on.
pub(super) const SHORT: Live =
    Live { seconds: 60, ads: 4, bids: 60, bidders: 20, advertisers: 40, categories: true, ends: 6 };

/// Draws a market as in a live sports break.
///
/// Lengths: mostly 30 s and 15 s. Prices: by the second, bell-shaped on a doubling scale, with a
/// discount for length. Advertisers: the n-th is 1/n as frequent as the first, and each has a
/// category, most of them below one of 25 branches. A branch conflicts with what lies below it,
/// its leaves do not with one another.
pub(super) fn live(seed: u64, market: &Live) -> Case {
    let mut draw = Draw::new(seed);
    let part = PartLimits::stretch(market.seconds, market.ads);
    let mut case = Case::new(vec![part]);
    let weights: Vec<u64> =
        (1..=market.advertisers).map(|rank| 10_000 / u64::try_from(rank).unwrap()).collect();
    let categories: Vec<(usize, usize)> =
        (0..market.advertisers).map(|_| (draw.index(25), draw.index(4))).collect();
    let mut advertiser_of = Vec::new();
    let mut creative_of = Vec::new();
    for index in 0..market.bids {
        let advertiser = weighted(&mut draw, &weights);
        advertiser_of.push(advertiser);
        creative_of.push((advertiser, draw.below(4)));
        let seconds = LENGTHS[weighted(&mut draw, &LENGTH_WEIGHTS)];
        let price = price(&mut draw, seconds, advertiser);
        case.candidates.push(Candidate {
            bid: BidRef { reply: draw.index(market.bidders), bid: index },
            pod: 0,
            part: 0,
            tier: Tier::Open,
            price,
            seconds: Seconds(seconds),
            length: Seconds(seconds).millis(),
            slot: slot(&mut draw, market.ends),
            imp: None,
            group: None,
        });
        case.keys.push(draw.key());
    }
    let having = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..market.bids).filter(|&index| wanted(index)).collect()
    };
    for advertiser in 0..market.advertisers {
        case.clique(having(&|index| advertiser_of[index] == advertiser));
    }
    if market.categories {
        for branch in 0..25 {
            let at =
                |leaf: usize| having(&|index| categories[advertiser_of[index]] == (branch, leaf));
            let leaves: Vec<Vec<usize>> = (0..4).map(at).collect();
            // The first of a branch stands for the branch itself.
            for leaf in &leaves {
                case.clique(leaf.clone());
            }
            for leaf in &leaves[1..] {
                case.across(leaves[0].clone(), leaf.clone());
            }
        }
    }
    case
}

/// Draws a market built to defeat pruning: lengths with nothing in common, worth by the second
/// almost the same, and exclusions at random, so that few make a clique.
pub(super) fn hostile(seed: u64, bids: usize) -> Case {
    let mut draw = Draw::new(seed);
    let part = PartLimits::stretch(899, 40);
    let mut case = Case::new(vec![part]);
    for index in 0..bids {
        let seconds = 11 + draw.below(47);
        let micros = seconds * 1_000_000 + draw.below(1000);
        case.candidates.push(Candidate {
            bid: BidRef { reply: 0, bid: index },
            pod: 0,
            part: 0,
            tier: Tier::Open,
            price: Cpm::from_micros(i64::try_from(micros).unwrap()).unwrap(),
            seconds: Seconds(u32::try_from(seconds).unwrap()),
            length: Millis(seconds * 1000),
            slot: Place::Any,
            imp: None,
            group: None,
        });
        case.keys.push(draw.key());
    }
    for index in 1..bids {
        let others = (0..index).filter(|_| draw.chance(30)).collect();
        case.across(vec![index], others);
    }
    case
}

fn weighted(draw: &mut Draw, weights: &[u64]) -> usize {
    let mut at = draw.below(weights.iter().sum());
    for (index, weight) in weights.iter().enumerate() {
        if at < *weight {
            return index;
        }
        at -= weight;
    }
    weights.len() - 1
}

/// A price per mille: so much a second, times a power of two that four dice spread, with an
/// advertiser's own level.
fn price(draw: &mut Draw, seconds: u32, advertiser: usize) -> Cpm {
    let base = 300_000 + 7_919 * (u64::try_from(advertiser).unwrap() * 37 % 61);
    let dice: u64 = (0..4).map(|_| draw.below(256)).sum();
    let scale = 1024 + dice * 3;
    let discount = match seconds {
        0..=10 => 120,
        11..=15 => 110,
        16..=20 => 104,
        21..=30 => 100,
        _ => 92,
    };
    let micros = base * u64::from(seconds) * scale / 2048 * discount / 100 + draw.below(10_000);
    Cpm::from_micros(i64::try_from(micros).unwrap()).unwrap()
}

fn slot(draw: &mut Draw, percent: u64) -> Place {
    if draw.chance(percent) {
        draw.one_of(&[Place::First, Place::First, Place::Last, Place::Edge])
    } else {
        Place::Any
    }
}

const LENGTHS: [u32; 7] = [6, 10, 15, 20, 30, 45, 60];
const LENGTH_WEIGHTS: [u64; 7] = [4, 4, 36, 6, 42, 3, 5];

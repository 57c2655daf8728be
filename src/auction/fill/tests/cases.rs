//! Small markets in which every rule meets every other.

use crate::auction::candidate::{Candidate, Key, Tier};
use crate::auction::fill::conflicts::Conflicts;
use crate::auction::fill::problem::PartLimits;
use crate::auction::fill::tests::draw::Draw;
use crate::model::money::Cpm;
use crate::model::outcome::BidRef;
use crate::model::plan::{Place, Shape};
use crate::model::time::{Millis, Seconds};

/// A market to be searched.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) candidates: Vec<Candidate>,
    pub(super) keys: Vec<Key>,
    pub(super) parts: Vec<PartLimits>,
    pub(super) conflicts: Conflicts,
    /// What `conflicts` was made from: two sides that exclude one another.
    pub(super) sides: Vec<(Vec<usize>, Vec<usize>)>,
}

impl Case {
    pub(super) fn new(parts: Vec<PartLimits>) -> Self {
        let conflicts = Conflicts::default();
        Self { candidates: Vec::new(), keys: Vec::new(), parts, conflicts, sides: Vec::new() }
    }

    /// Says whether two exclude one another, pods aside.
    pub(super) fn conflict(&self, left: usize, right: usize) -> bool {
        self.sides.iter().any(|(some, others)| {
            (some.contains(&left) && others.contains(&right))
                || (some.contains(&right) && others.contains(&left))
        })
    }

    pub(super) fn clique(&mut self, members: Vec<usize>) {
        self.conflicts.clique(&members);
        self.sides.push((members.clone(), members));
    }

    pub(super) fn across(&mut self, left: Vec<usize>, right: Vec<usize>) {
        self.conflicts.across(&left, &right);
        self.sides.push((left, right));
    }

    /// Returns the same market with its bids in another order.
    pub(super) fn permuted(&self, order: &[usize]) -> Self {
        let mut other = Self::new(self.parts.clone());
        other.candidates = order.iter().map(|&index| self.candidates[index]).collect();
        other.keys = order.iter().map(|&index| self.keys[index]).collect();
        let place = |side: &Vec<usize>| -> Vec<usize> {
            let at = |index: &usize| order.iter().position(|other| other == index).unwrap();
            side.iter().map(at).collect()
        };
        for (left, right) in self.sides.iter().rev() {
            if left == right {
                other.clique(place(left));
            } else {
                other.across(place(right), place(left));
            }
        }
        other
    }
}

/// Draws a market of few bids in which any rule may be at work.
pub(super) fn small(seed: u64) -> Case {
    let mut draw = Draw::new(seed);
    let pods = if draw.chance(70) { 1 } else { 2 };
    let mut parts: Vec<PartLimits> =
        (0..1 + draw.below(3)).map(|_| part(&mut draw, pods)).collect();
    parts.sort_by_key(|part| part.pod);
    let mut case = Case::new(parts);
    let count = if draw.chance(10) { 10 } else { draw.index(9) };
    let rules = Rules {
        prices: draw.one_of(&[Prices::Few, Prices::Many, Prices::Many, Prices::Huge]),
        tiers: draw.chance(40),
        slots: draw.chance(40),
        groups: draw.chance(40),
        imps: draw.chance(30),
    };
    for index in 0..count {
        let bid = bid(&mut draw, &case.parts, rules, index);
        case.candidates.push(bid);
        case.keys.push(draw.key());
    }
    if 1 < count && draw.chance(70) {
        conflicts(&mut draw, &mut case);
    }
    case
}

/// Draws a market in which most sums are equal.
pub(super) fn equals(seed: u64) -> Case {
    let mut draw = Draw::new(seed);
    let mut case = Case::new(vec![PartLimits::stretch(90, 4 + u32::from(seed.is_multiple_of(2)))]);
    for index in 0..14 {
        let rules =
            Rules { prices: Prices::One, tiers: false, slots: false, groups: false, imps: false };
        let mut bid = bid(&mut draw, &case.parts, rules, index);
        bid.seconds = Seconds(15);
        case.candidates.push(bid);
        case.keys.push(draw.key());
    }
    conflicts(&mut draw, &mut case);
    case
}

/// 24 bids of nearly equal worth of which 7 fit: more ties than a long search settles in its steps,
/// found by climbing from random markets.
pub(super) fn tied() -> Case {
    let part = PartLimits { millis: 261_000, ..PartLimits::stretch(261, 7) };
    let mut case = Case::new(vec![part]);
    let mut draw = Draw::new(2);
    for (index, (millis, more, _)) in TIED.into_iter().enumerate() {
        case.candidates.push(Candidate {
            bid: BidRef { reply: 0, bid: index },
            pod: 0,
            part: 0,
            tier: Tier::Open,
            price: Cpm::from_micros(1_000_000 + more).unwrap(),
            seconds: Seconds(if millis < 14_000 { 3 } else { 15 }),
            length: Millis(millis),
            // Two are for the first place, and alike.
            slot: if millis == 15_236 { Place::First } else { Place::Any },
            imp: None,
            group: None,
        });
        case.keys.push(draw.key());
    }
    for (index, (_, _, apart)) in TIED.into_iter().enumerate() {
        let others: Vec<usize> = (0..index).filter(|other| apart >> other & 1 == 1).collect();
        if !others.is_empty() {
            case.across(vec![index], others);
        }
    }
    case
}

/// Real milliseconds, micros beyond 1.00, and a bit for each bid before that it excludes.
const TIED: [(u64, i64, u32); 24] = [
    (15_382, 0, 0x0),
    (14_881, 0, 0x0),
    (3_000, 0, 0x0),
    (14_008, 0, 0x5),
    (15_168, 0, 0x0),
    (14_763, 0, 0x8),
    (15_000, 0, 0x10),
    (14_881, 0, 0x2),
    (15_236, 0, 0x10),
    (15_176, 0, 0x0),
    (14_603, 0, 0x0),
    (14_649, 1, 0x3),
    (15_000, 2, 0x24),
    (15_000, 0, 0x90),
    (15_000, 0, 0x2040),
    (14_758, 0, 0x51),
    (14_661, 1, 0x42),
    (15_280, 0, 0x1082),
    (14_257, 0, 0x8a80),
    (14_492, 0, 0x10104),
    (15_000, 0, 0xa0),
    (14_996, 0, 0x800),
    (15_236, 0, 0x900),
    (14_118, 0, 0x0),
];

#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each rule is at work or not")]
struct Rules {
    prices: Prices,
    tiers: bool,
    slots: bool,
    groups: bool,
    imps: bool,
}

#[derive(Clone, Copy, Debug)]
enum Prices {
    One,
    Few,
    Many,
    Huge,
}

fn part(draw: &mut Draw, pods: u64) -> PartLimits {
    let seconds = draw.one_of(&[15, 30, 45, 60, 61, 90]);
    PartLimits {
        shape: Shape::Stretch,
        pod: u16::try_from(draw.below(pods)).unwrap(),
        seconds,
        millis: if draw.chance(75) { u64::MAX } else { u64::from(seconds) * 999 },
        ads: u32::try_from(draw.one_of(&[1, 1, 2, 3, 4, 9])).unwrap(),
    }
}

fn bid(draw: &mut Draw, parts: &[PartLimits], rules: Rules, index: usize) -> Candidate {
    let part = draw.index(parts.len());
    let micros = match rules.prices {
        Prices::One => 7_000_000,
        Prices::Few => 1_000_000 * (1 + draw.below(3)),
        Prices::Many => 1 + draw.below(30_000_000),
        Prices::Huge => u64::try_from(i64::MAX).unwrap() - draw.below(3) * draw.below(1 << 62),
    };
    let seconds = draw.one_of(&[5, 6, 10, 15, 15, 15, 20, 30, 30, 45]);
    let spread = draw.below(1000);
    Candidate {
        bid: BidRef { reply: index, bid: 0 },
        pod: parts[part].pod,
        part: u16::try_from(part).unwrap(),
        tier: if rules.tiers {
            draw.one_of(&[Tier::Guaranteed, Tier::Deal, Tier::Open, Tier::Open])
        } else {
            Tier::Open
        },
        price: Cpm::from_micros(i64::try_from(micros).unwrap()).unwrap(),
        seconds: Seconds(seconds),
        length: Millis(u64::from(seconds) * 1000 + spread - 500),
        slot: if rules.slots {
            draw.one_of(&[Place::Any, Place::Any, Place::First, Place::Last, Place::Edge])
        } else {
            Place::Any
        },
        imp: (rules.imps && draw.chance(60)).then(|| (part, draw.index(2))),
        group: (rules.groups && draw.chance(40))
            .then(|| (0, u16::try_from(draw.below(3)).unwrap())),
    }
}

fn conflicts(draw: &mut Draw, case: &mut Case) {
    let count = case.candidates.len();
    for _ in 0..1 + draw.below(4) {
        let mut some: Vec<usize> = (0..count).filter(|_| draw.chance(30)).collect();
        let others: Vec<usize> = (0..count).filter(|_| draw.chance(20)).collect();
        match draw.below(3) {
            0 => case.clique(some),
            1 => case.across(some, others),
            _ => {
                some.truncate(1);
                case.across(some, vec![draw.index(count)]);
            }
        }
    }
}

impl PartLimits {
    /// Returns the limits of a pod that is sold as a whole.
    pub(super) fn stretch(seconds: u32, ads: u32) -> Self {
        Self { pod: 0, shape: Shape::Stretch, seconds, millis: u64::MAX, ads }
    }
}

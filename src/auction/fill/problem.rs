//! The candidates of an auction as items: what is chosen whole, what it takes, what it excludes.

use std::cmp::Ordering;
use std::ops::Range;

use crate::auction::candidate::{Candidate, Keys};
use crate::auction::fill::bits::Matrix;
use crate::auction::fill::conflicts::Conflicts;
use crate::auction::fill::few::MOST_FEW;
use crate::auction::fill::relation::Relation;
use crate::auction::fill::score::{Extent, Levels, Packing, Score, Width, add_price};
use crate::model::market::Fit;
use crate::model::outcome::Search;
use crate::model::plan::{Part, Place, Pod, Shape};
use crate::model::time::{MAX_BREAK, Seconds};

/// What one part of a pod can hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::auction) struct PartLimits {
    /// The pod it belongs to.
    pub(in crate::auction) pod: u16,
    /// Whether it takes several ads, or is the slot of one.
    pub(in crate::auction) shape: Shape,
    /// Nominal seconds.
    pub(in crate::auction) seconds: u32,
    /// Real milliseconds; the largest number where only nominal seconds count.
    pub(in crate::auction) millis: u64,
    /// Ads; 1 of a slot.
    pub(in crate::auction) ads: u32,
}

/// The ads of all pods that were found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::auction) struct Filled {
    /// The chosen, as ascending indexes of the candidates.
    pub(in crate::auction) chosen: Vec<usize>,
    /// How they were found.
    pub(in crate::auction) search: Search,
    /// The steps it took.
    pub(in crate::auction) steps: u32,
}

/// All that a search reads.
#[derive(Debug)]
pub(in crate::auction) struct Problem<'a> {
    pub(in crate::auction) candidates: &'a [Candidate],
    pub(in crate::auction) parts: &'a [PartLimits],
    pub(in crate::auction) relation: &'a Conflicts,
    pub(in crate::auction) keys: &'a Keys<'a>,
    /// Whether one ad is all there is to choose: then nothing below is filled in.
    pub(in crate::auction) single: bool,
    /// Groups and single bids, the most valuable first.
    pub(super) items: Vec<Item>,
    /// Those of them that can never be sold.
    pub(super) impossible: Vec<usize>,
    /// For each candidate its item.
    pub(super) item_of: Vec<usize>,
    /// Which items exclude one another.
    pub(super) conflicts: Matrix,
    /// Items that must be looked at together, in the order of their first parts.
    pub(super) components: Vec<Vec<usize>>,
    pub(super) packing: Packing,
    pub(super) width: Width,
    /// Whether there are so few items that `few` is tried first.
    pub(in crate::auction) few: bool,
    members: Vec<usize>,
    pieces: Vec<Piece>,
    places: Vec<Hold>,
}

/// Bids that are chosen together or not at all.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// What it adds to the sums of prices.
    pub(super) levels: Levels,
    /// Nominal seconds.
    pub(super) seconds: u32,
    /// Ads.
    pub(super) ads: u32,
    members: Range<usize>,
    pieces: Range<usize>,
    places: Range<usize>,
}

/// What an item takes of one part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// The part.
    pub(super) part: usize,
    /// Nominal seconds.
    pub(super) seconds: u32,
    /// Real milliseconds.
    pub(super) millis: u64,
    /// Ads.
    pub(super) ads: u32,
    /// What it adds to the sums of prices there.
    pub(super) levels: Levels,
}

/// Places an item takes of one pod: of the first, of the last, of either.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    /// The pod.
    pub(super) pod: usize,
    /// Bids for the first, the last, either.
    pub(super) takes: Ends,
}

/// Counts of ads that hold the first place, the last, either.
pub(in crate::auction) type Ends = [u32; 3];

impl PartLimits {
    /// Returns the limits of a part, of which a pod has no more than it has itself.
    pub(in crate::auction) fn of(part: &Part, pod: &Pod) -> Self {
        // More than 900 s are never sold.
        let seconds = part.seconds.min(pod.seconds).min(Seconds::nominal(MAX_BREAK)).0;
        let millis = match part.fit {
            Fit::Nominal => u64::MAX,
            Fit::Real => part.real.min(MAX_BREAK).0,
        };
        let pod = u16::try_from(part.pod).expect("a request has at most thousands of pods");
        let ads = u32::from(part.max_ads).min(seconds);
        Self { pod, shape: part.shape, seconds, millis, ads }
    }
}

impl<'a> Problem<'a> {
    /// Reads the candidates; each names a part that there is, and that part's pod.
    pub(in crate::auction) fn new(
        candidates: &'a [Candidate],
        parts: &'a [PartLimits],
        relation: &'a Conflicts,
        keys: &'a Keys<'a>,
    ) -> Self {
        let single = parts.len() == 1
            && parts[0].ads == 1
            && candidates.iter().all(|candidate| candidate.group.is_none());
        let room = if single { 0 } else { candidates.len() };
        let mut problem = Self {
            candidates,
            parts,
            relation,
            keys,
            single,
            items: Vec::with_capacity(room),
            impossible: Vec::new(),
            item_of: vec![0; room],
            conflicts: Matrix::default(),
            components: Vec::new(),
            packing: Packing::of(&Extent::default()).0,
            width: Width::Narrow,
            few: false,
            members: Vec::with_capacity(room),
            pieces: Vec::with_capacity(room),
            places: Vec::new(),
        };
        if single {
            return problem;
        }
        problem.read_items();
        problem.sort_items();
        let relation = Relation::of(&problem);
        problem.settle(relation);
        (problem.packing, problem.width) = Packing::of(&problem.extent());
        problem.few = problem.width == Width::Narrow && problem.items.len() <= MOST_FEW;
        problem
    }

    /// Returns the candidates of an item.
    pub(super) fn members(&self, item: usize) -> &[usize] {
        &self.members[self.items[item].members.clone()]
    }

    /// Returns the candidates that are chosen with one or not at all, itself among them.
    pub(in crate::auction) fn group(&self, candidate: usize) -> &[usize] {
        self.members(self.item_of[candidate])
    }

    /// Returns what an item takes, by part.
    pub(super) fn pieces(&self, item: usize) -> &[Piece] {
        &self.pieces[self.items[item].pieces.clone()]
    }

    /// Returns the places an item takes, by pod.
    pub(super) fn places(&self, item: usize) -> &[Hold] {
        &self.places[self.items[item].places.clone()]
    }

    /// Returns what an item is worth.
    pub(super) fn score<S: Score>(&self, item: usize) -> S {
        let item = &self.items[item];
        S::of(&self.packing, &item.levels, item.seconds, item.ads)
    }

    /// Returns what a piece of an item is worth.
    pub(super) fn piece_score<S: Score>(&self, piece: &Piece) -> S {
        S::of(&self.packing, &piece.levels, piece.seconds, piece.ads)
    }

    /// Says whether real lengths count in a part.
    pub(super) fn counts_millis(&self, part: usize) -> bool {
        self.parts[part].millis != u64::MAX
    }

    fn read_items(&mut self) {
        let mut grouped: Vec<usize> = Vec::new();
        for (index, candidate) in self.candidates.iter().enumerate() {
            if candidate.group.is_some() {
                grouped.push(index);
            } else {
                self.add_item(&[index]);
            }
        }
        grouped.sort_unstable_by_key(|&index| (self.candidates[index].group, index));
        let candidates = self.candidates;
        for group in
            grouped.chunk_by(|&left, &right| candidates[left].group == candidates[right].group)
        {
            self.add_item(group);
        }
    }

    fn add_item(&mut self, members: &[usize]) {
        let (from_members, from_pieces, from_places) =
            (self.members.len(), self.pieces.len(), self.places.len());
        let (mut levels, mut seconds) = ([0; 3], 0u32);
        for &member in members {
            let bid = &self.candidates[member];
            self.members.push(member);
            add_price(&mut levels, bid.tier, bid.price.micros());
            seconds = seconds.saturating_add(bid.seconds.0);
            self.add_piece(from_pieces, bid);
            self.add_place(from_places, bid);
        }
        self.items.push(Item {
            levels,
            seconds,
            ads: u32::try_from(members.len()).unwrap_or(u32::MAX),
            members: from_members..self.members.len(),
            pieces: from_pieces..self.pieces.len(),
            places: from_places..self.places.len(),
        });
    }

    fn add_piece(&mut self, from: usize, bid: &Candidate) {
        let part = usize::from(bid.part);
        let known = self.pieces[from..].iter().position(|piece| piece.part == part);
        let at = known.map_or(self.pieces.len(), |at| from + at);
        if at == self.pieces.len() {
            self.pieces.push(Piece { part, seconds: 0, millis: 0, ads: 0, levels: [0; 3] });
        }
        let piece = &mut self.pieces[at];
        piece.seconds = piece.seconds.saturating_add(bid.seconds.0);
        piece.millis = piece.millis.saturating_add(bid.length.0);
        piece.ads += 1;
        add_price(&mut piece.levels, bid.tier, bid.price.micros());
    }

    fn add_place(&mut self, from: usize, bid: &Candidate) {
        let end = match bid.slot {
            Place::Any => return,
            Place::First => 0,
            Place::Last => 1,
            Place::Edge => 2,
        };
        let pod = usize::from(bid.pod);
        let known = self.places[from..].iter().position(|place| place.pod == pod);
        let at = known.map_or(self.places.len(), |at| from + at);
        if at == self.places.len() {
            self.places.push(Hold { pod, takes: [0; 3] });
        }
        self.places[at].takes[end] += 1;
    }

    /// Sorts so that nothing that follows depends on the order in which bids came.
    fn sort_items(&mut self) {
        let mut items = std::mem::take(&mut self.items);
        items.sort_unstable_by(|left, right| self.compare(left, right));
        self.items = items;
        for (index, item) in self.items.iter().enumerate() {
            for &member in &self.members[item.members.clone()] {
                self.item_of[member] = index;
            }
        }
    }

    fn compare(&self, left: &Item, right: &Item) -> Ordering {
        let worth = right.levels.cmp(&left.levels).then(right.seconds.cmp(&left.seconds));
        worth.then(left.ads.cmp(&right.ads)).then_with(|| {
            let key = |item: &Item| {
                let members = &self.members[item.members.clone()];
                members.iter().map(|&member| self.keys.of(member)).min()
            };
            key(left).cmp(&key(right))
        })
    }

    /// Takes out the items that can never be sold, and ties parts that must be looked at together.
    fn settle(&mut self, mut relation: Relation) {
        for item in 0..self.items.len() {
            for two in self.pieces(item).windows(2) {
                relation.parts.join(two[0].part, two[1].part);
            }
        }
        let ends = |bid: &&Candidate| bid.slot != Place::Any;
        for left in self.candidates.iter().filter(ends) {
            // One part stands for all of a pod that hold a bid for an end of it.
            let first = self.candidates.iter().filter(ends).find(|bid| bid.pod == left.pod);
            let first = first.map_or(left.part, |bid| bid.part);
            relation.parts.join(usize::from(first), usize::from(left.part));
        }
        let mut members = vec![Vec::new(); self.parts.len()];
        for item in 0..self.items.len() {
            if relation.torn.has(item) || !self.fits_alone(item) {
                self.impossible.push(item);
                continue;
            }
            members[relation.parts.root(self.pieces(item)[0].part)].push(item);
        }
        // A root is the least of its parts.
        self.components = members.into_iter().filter(|members| !members.is_empty()).collect();
        self.conflicts = relation.matrix;
    }

    fn fits_alone(&self, item: usize) -> bool {
        let within = |piece: &Piece| {
            let part = &self.parts[piece.part];
            piece.seconds <= part.seconds && piece.millis <= part.millis && piece.ads <= part.ads
        };
        self.pieces(item).iter().all(within)
            && self.places(item).iter().all(|place| ends_hold(&place.takes))
    }

    fn extent(&self) -> Extent {
        let mut extent = Extent::default();
        for item in self.components.iter().flatten().map(|&item| &self.items[item]) {
            extent.price += item.levels[2];
            extent.all_seconds += u64::from(item.seconds);
            extent.all_ads += u64::from(item.ads);
            extent.guaranteed += item.levels[0];
            extent.deals |= item.levels[1] != item.levels[0];
            for &member in &self.members[item.members.clone()] {
                extent.add(&self.candidates[member]);
            }
        }
        extent.seconds = self.parts.iter().map(|part| u64::from(part.seconds)).sum();
        extent.ads = self.parts.iter().map(|part| u64::from(part.ads)).sum();
        extent
    }
}

/// Says whether bids for the ends of a pod find them: one holds the first place, one the last.
///
/// A single ad holds both, so nothing more is asked of it.
pub(in crate::auction) fn ends_hold(ends: &Ends) -> bool {
    ends[0] <= 1 && ends[1] <= 1 && ends[0] + ends[1] + ends[2] <= 2
}

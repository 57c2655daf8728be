//! The critical price: the least at which a bid is no loss to its pod (decisions 6, 7).

use crate::auction::fill::best::Grounds;
use crate::auction::fill::bits::{Bits, has};
use crate::auction::fill::few;
use crate::auction::fill::field::{Field, Spare};
use crate::auction::fill::problem::{Filled, Problem};
use crate::auction::fill::score::{Levels, Score, Spread, Width, add_price};
use crate::auction::fill::search::Goal;
use crate::auction::fill::solve::{Ground, Room, Solved, Unit, walk};
use crate::auction::fill::start::{Best, forced, swapped};
use crate::auction::fill::sum::Sum;
use crate::auction::fill::table::{Grain, Tables};
use crate::auction::fill::without;
use crate::auction::fill::without::Without;
use crate::model::money::Cpm;
use crate::model::outcome::{Search, TieBreak};

/// What one bid would have needed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::auction) struct Critical {
    /// The least price, floors aside; `None` when no price would do.
    pub(in crate::auction) price: Option<Cpm>,
    /// What decides between the selections with it and without it, where their prices add up to the
    /// same as the bid stands.
    pub(in crate::auction) tie: Option<TieBreak>,
    /// Whether both selections that were compared are the best there are.
    pub(in crate::auction) search: Search,
    /// The steps it took.
    pub(in crate::auction) steps: u32,
}

impl Problem<'_> {
    /// Returns, for each of some candidates, the least price at which the best selection with it
    /// equals or beats the best without it, ties of seconds, ads and keys aside; other bids stay
    /// as they are.
    ///
    /// `best` is what `Problem::best` returned; each candidate has `steps` of its own, which the
    /// chosen of a component pool: one walk serves them all, and the first of them is said to have
    /// taken its steps.
    pub(in crate::auction) fn critical(
        &self,
        best: &Filled,
        asked: &[usize],
        steps: u32,
    ) -> Vec<Critical> {
        self.critical_on(Grounds::default(), best, asked, steps)
    }

    /// Returns the same, from what the search that found `best` left.
    pub(in crate::auction) fn critical_on(
        &self,
        grounds: Grounds,
        best: &Filled,
        asked: &[usize],
        steps: u32,
    ) -> Vec<Critical> {
        if self.single {
            return asked.iter().map(|&candidate| self.critical_single(best, candidate)).collect();
        }
        match self.width {
            Width::Narrow => self.critical_as::<i64>(grounds.0, best, (asked, steps)),
            Width::Wide => self.critical_as::<i128>(Vec::new(), best, (asked, steps)),
            Width::Widest => self.critical_as::<Spread>(Vec::new(), best, (asked, steps)),
        }
    }

    fn critical_single(&self, best: &Filled, candidate: usize) -> Critical {
        if !self.possible(candidate) {
            return Critical { price: None, tie: None, search: Search::Exact, steps: 0 };
        }
        let won = best.chosen.first() == Some(&candidate);
        let rival =
            if won { self.best_single(Some(candidate)) } else { best.chosen.first().copied() };
        let with = Sum::of_candidate(self, candidate);
        let without = rival.map_or_else(Sum::default, |rival| Sum::of_candidate(self, rival));
        let lifted = self.lift([0; 3], without.levels, candidate, (best.search, 0));
        Critical { tie: with.tie(&without), ..lifted }
    }

    fn critical_as<S: Score>(
        &self,
        grounds: Vec<Option<Ground<S>>>,
        best: &Filled,
        (asked, steps): (&[usize], u32),
    ) -> Vec<Critical> {
        let mut stands = Bits::empty(self.items.len());
        for &candidate in &best.chosen {
            stands.insert(self.item_of[candidate]);
        }
        let none = Critical { price: None, tie: None, search: Search::Exact, steps: 0 };
        let mut found = vec![none; asked.len()];
        let mut tables = Tables::default();
        let mut grounds = grounds.into_iter();
        for component in &self.components {
            let mut ground = grounds.next().flatten();
            for won in [true, false] {
                let here = (0..asked.len()).filter(|&place| {
                    let item = self.item_of[asked[place]];
                    stands.has(item) == won && component.binary_search(&item).is_ok()
                });
                let here: Vec<usize> = here.collect();
                if here.is_empty() {
                    continue;
                }
                let items: Vec<usize> = here.iter().map(|&at| self.item_of[asked[at]]).collect();
                let ground = ground.take_if(|_| won);
                let few = few::otherwise(self, component, (&items, won), steps);
                let solved = few.unwrap_or_else(|| {
                    let others = Others::<S>::of(self, (component, &stands), (&items, won), ground);
                    if won {
                        return others.solve_removals(self, steps);
                    }
                    let one = |order| others.solve(self, order, steps, &mut tables);
                    (0..here.len()).map(one).collect()
                });
                let stand = component.iter().filter(|&&item| stands.has(item));
                let stand = Sum::of_items(self, stand);
                for (&place, (solved, taken)) in here.iter().zip(solved) {
                    let search = if solved.exact { best.search } else { Search::Bounded };
                    let other = Sum::of_items(self, &solved.items);
                    let (with, without) = if won { (stand, other) } else { (other, stand) };
                    let mut rest = with.levels;
                    let bid = &self.candidates[asked[place]];
                    add_price(&mut rest, bid.tier, -bid.price.micros());
                    let lifted = self.lift(rest, without.levels, asked[place], (search, taken));
                    found[place] = Critical { tie: with.tie(&without), ..lifted };
                }
            }
        }
        found
    }

    /// Returns the price that lifts `with`, to which the bid adds, to `without`.
    fn lift(
        &self,
        with: Levels,
        without: Levels,
        candidate: usize,
        (search, steps): (Search, u32),
    ) -> Critical {
        let tier = self.candidates[candidate].tier;
        let mut counts = [0; 3];
        add_price(&mut counts, tier, 1);
        let first = counts.iter().position(|&count| count == 1).unwrap_or(2);
        // What stands before the bid's own level is the same at any price of it.
        let before = with[..first].cmp(&without[..first]);
        let lifted = |price: i128| -> Levels {
            std::array::from_fn(|level| with[level] + counts[level] * price)
        };
        let least = (without[first] - with[first]).max(0);
        let price = match before {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Greater => Some(0),
            std::cmp::Ordering::Equal if without <= lifted(least) => Some(least),
            std::cmp::Ordering::Equal => Some(least + 1),
        };
        let price = price.and_then(|price| i64::try_from(price).ok()).and_then(Cpm::from_micros);
        Critical { price, tie: None, search, steps }
    }
}

/// The selections of one component with each of some items decided the other way round.
///
/// They differ little from what stands and from one another, so one field serves them all.
#[derive(Debug)]
struct Others<S> {
    /// The items that stand, ascending.
    stands: Vec<usize>,
    /// For each item asked about, a good selection the other way round.
    starts: Vec<(usize, Best<S>)>,
    room: Room,
    field: Field<S>,
}

impl<S: Score> Others<S> {
    /// Takes the items asked about, all of which stand or none, from a ground that holds for them
    /// or else from all units of their component.
    fn of(
        problem: &Problem<'_>,
        (component, stands): (&[usize], &Bits),
        (asked, won): (&[usize], bool),
        ground: Option<Ground<S>>,
    ) -> Self {
        let room = Room::of(problem);
        let stand: Vec<usize> =
            component.iter().copied().filter(|&item| stands.has(item)).collect();
        let best = Best {
            score: stand.iter().fold(S::ZERO, |sum, &item| sum.plus(problem.score(item))),
            items: stand.clone(),
        };
        let starts = |field: &Field<S>| -> Vec<(usize, Best<S>)> {
            let order = field.order(problem, &room);
            let start = |&item: &usize| match won {
                true => (item, swapped(problem, &order, &room, (&best, item))),
                false => (item, forced(problem, &order, (&room, &stand), item)),
            };
            asked.iter().map(start).collect()
        };
        let least = |starts: &[(usize, Best<S>)]| {
            starts.iter().map(|(_, start)| start.score).min().unwrap_or(S::ZERO)
        };
        if let Some(Ground { field, floor }) = ground {
            let starts = starts(&field);
            if floor <= least(&starts) {
                return Self { stands: stand, starts, room, field };
            }
        }
        let unit = |&item: &usize| Unit { item, score: problem.score(item) };
        let units: Vec<Unit<S>> = component.iter().map(unit).collect();
        let spare = if won { Spare::One } else { Spare::None };
        let mut field = Field::coarse(problem, &units, &room, (&best, spare));
        let starts = starts(&field);
        field.refine(problem, &room, (&best, least(&starts)));
        Self { stands: stand, starts, room, field }
    }

    /// Solves for all items asked about, each kept out; returns the steps of each.
    fn solve_removals(&self, problem: &Problem<'_>, steps: u32) -> Vec<(Solved, u32)> {
        let none = Solved { items: Vec::new(), exact: false };
        let mut solved = vec![(none, 0); self.starts.len()];
        // That one first whose loss costs most.
        let mut order: Vec<usize> = (0..self.starts.len()).collect();
        order.sort_by_key(|&at| (self.starts[at].1.score, self.starts[at].0));
        // Bids of one group are one item, and lost together.
        order.dedup_by_key(|at| self.starts[*at].0);
        for asked in order.chunks(without::MOST) {
            let share = steps.saturating_mul(u32::try_from(asked.len()).unwrap_or(u32::MAX));
            let mut left = share;
            let (best, exact) = self.remove(problem, asked, &mut left);
            for (&at, best) in asked.iter().zip(best) {
                let item = self.starts[at].0;
                let mut items = best.items;
                items.sort_unstable();
                for ((other, _), solved) in self.starts.iter().zip(&mut solved) {
                    if *other == item {
                        solved.0 = Solved { items: items.clone(), exact };
                    }
                }
            }
            solved[asked[0]].1 = share - left;
        }
        solved
    }

    /// Walks for some of the items asked about; returns the best without each, and whether there
    /// are none better.
    fn remove(
        &self,
        problem: &Problem<'_>,
        asked: &[usize],
        steps: &mut u32,
    ) -> (Vec<Best<S>>, bool) {
        let items: Vec<usize> = asked.iter().map(|&at| self.starts[at].0).collect();
        let mut best: Vec<Best<S>> = asked.iter().map(|&at| self.starts[at].1.clone()).collect();
        let mut field = self.field.clone();
        if self.sweep(problem, &field, (&items, &mut best), &STAGES[..2], steps) {
            return (best, true);
        }
        // What was found by then strikes out more, and fits the prices to what is left.
        let least = best.iter().map(|best| best.score).min().unwrap_or(S::ZERO);
        let stand = self.stands.iter().fold(S::ZERO, |sum, &item| sum.plus(problem.score(item)));
        let stands = Best { items: Vec::new(), score: stand };
        field.refine(problem, &self.room, (&stands, least));
        let exact = self.sweep(problem, &field, (&items, &mut best), &STAGES[2..], steps);
        (best, exact)
    }

    /// Walks the units of a field, stage by stage; says whether nothing was left unseen.
    fn sweep(
        &self,
        problem: &Problem<'_>,
        field: &Field<S>,
        (items, best): (&[usize], &mut [Best<S>]),
        stages: &[(Option<Grain>, u32)],
        steps: &mut u32,
    ) -> bool {
        let least = |best: &[Best<S>]| {
            let score = best.iter().map(|best| best.score).min().unwrap_or(S::ZERO);
            Best { items: Vec::new(), score }
        };
        let (mut classes, mut dual) = field.clone().finish(problem, &self.room, &least(best));
        dual.bring_front(&mut classes, items);
        let mut tables = Tables::default();
        for &(grain, most) in stages {
            if (grain.is_none() && dual.bound == i64::MAX) || *steps == 0 {
                continue;
            }
            dual.strike(&mut classes, &least(best));
            if let Some(grain) = grain {
                tables.fill(problem, &classes, &dual.reduced, (&self.room, grain));
            }
            let asked = (items, &mut *best);
            let field = (&classes, &dual);
            if Without::new(problem, field, &self.room, asked, &mut tables).run(steps, most) {
                return true;
            }
        }
        false
    }

    /// Solves for one item asked about, which does not stand, forced in; returns the steps it took.
    fn solve(
        &self,
        problem: &Problem<'_>,
        asked: usize,
        steps: u32,
        tables: &mut Tables<S>,
    ) -> (Solved, u32) {
        let (item, ref start) = self.starts[asked];
        let (mut room, mut best) = (self.room.clone(), start.clone());
        let row = problem.conflicts.row(item);
        room.take(problem, item);
        best.items.retain(|&other| other != item);
        best.score = best.score.minus(problem.score(item));
        let mut field = self.field.within(|unit| {
            unit.item != item && !has(row, unit.item) && room.holds(problem, unit.item)
        });
        field.descend(problem, &room, &best, ROUNDS);
        field.repair(problem, &room, &mut best);
        let mut left = steps;
        let mut solved = walk(problem, field, &room, best, (Goal::Any, &mut left), tables);
        solved.items.push(item);
        solved.items.sort_unstable();
        (solved, steps - left)
    }
}

/// The tables of a walk for all winners, none at first, and the steps that are tried with them:
/// with what the search left, then once the prices are fitted anew.
const STAGES: [(Option<Grain>, u32); 4] = [
    (None, 150),
    (Some(Grain { rounded: true, most: 1 << 20 }), 6_000),
    (Some(Grain { rounded: true, most: 1 << 20 }), 30_000),
    (Some(Grain { rounded: false, most: 1 << 19 }), u32::MAX),
];

/// Rounds that fit the prices of a whole field to one question.
const ROUNDS: usize = 8;

//! The critical price: the least at which a bid is no loss to its pod (decisions 6, 7).

use crate::auction::fill::bits::{Bits, has};
use crate::auction::fill::field::{Field, NEAR};
use crate::auction::fill::problem::{Filled, Problem};
use crate::auction::fill::score::{Levels, Score, Spread, Width, add_price};
use crate::auction::fill::search::Goal;
use crate::auction::fill::solve::{Room, STAGES, Solved, Unit, walk};
use crate::auction::fill::start::{Best, improve, pack};
use crate::auction::fill::table::Tables;
use crate::auction::fill::without;
use crate::auction::fill::without::Without;
use crate::model::money::Cpm;
use crate::model::outcome::Search;

/// What one bid would have needed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::auction) struct Critical {
    /// The least price, floors aside; `None` when no price would do.
    pub(in crate::auction) price: Option<Cpm>,
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
    /// `best` is what `Problem::best` returned; each candidate has `steps` of its own.
    pub(in crate::auction) fn critical(
        &self,
        best: &Filled,
        asked: &[usize],
        steps: u32,
    ) -> Vec<Critical> {
        if self.single {
            return asked.iter().map(|&candidate| self.critical_single(best, candidate)).collect();
        }
        match self.width {
            Width::Narrow => self.critical_as::<i64>(best, asked, steps),
            Width::Wide => self.critical_as::<i128>(best, asked, steps),
            Width::Widest => self.critical_as::<Spread>(best, asked, steps),
        }
    }

    fn critical_single(&self, best: &Filled, candidate: usize) -> Critical {
        if !self.possible(candidate) {
            return Critical { price: None, search: Search::Exact, steps: 0 };
        }
        let won = best.chosen.first() == Some(&candidate);
        let rival =
            if won { self.best_single(Some(candidate)) } else { best.chosen.first().copied() };
        let without = rival.map_or([0; 3], |rival| self.levels(&[rival]));
        self.lift([0; 3], without, candidate, (best.search, 0))
    }

    fn critical_as<S: Score>(&self, best: &Filled, asked: &[usize], steps: u32) -> Vec<Critical> {
        let mut stands = Bits::empty(self.items.len());
        for &candidate in &best.chosen {
            stands.insert(self.item_of[candidate]);
        }
        let none = Critical { price: None, search: Search::Exact, steps: 0 };
        let mut found = vec![none; asked.len()];
        let mut tables = Tables::default();
        for component in &self.components {
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
                let others = Others::<S>::of(self, component, &stands, &items);
                let solved = if won {
                    others.solve_removals(self, steps)
                } else {
                    let one = |order| others.solve(self, order, steps, &mut tables);
                    (0..here.len()).map(one).collect()
                };
                for (&place, (solved, taken)) in here.iter().zip(solved) {
                    let search = if solved.exact { best.search } else { Search::Bounded };
                    let (with, without) = if won {
                        (&others.stands, &solved.items)
                    } else {
                        (&solved.items, &others.stands)
                    };
                    let with = self.levels_but(with, asked[place]);
                    let without = self.levels_but(without, asked[place]);
                    found[place] = self.lift(with, without, asked[place], (search, taken));
                }
            }
        }
        found
    }

    /// Returns the sums of prices of all bids of some items but one.
    fn levels_but(&self, items: &[usize], candidate: usize) -> Levels {
        let members = items.iter().flat_map(|&item| self.members(item)).copied();
        self.levels(&members.filter(|&member| member != candidate).collect::<Vec<_>>())
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
        Critical { price, search, steps }
    }

    /// Returns the sums of prices of some candidates.
    fn levels(&self, candidates: &[usize]) -> Levels {
        let mut levels = [0; 3];
        for &index in candidates {
            let bid = &self.candidates[index];
            add_price(&mut levels, bid.tier, bid.price.micros());
        }
        levels
    }
}

/// The selections of one component with each of some items decided the other way round.
///
/// They differ little from what stands and from one another, so one field serves them all.
#[derive(Debug)]
struct Others<S> {
    /// The items that stand, ascending.
    stands: Vec<usize>,
    /// For each item asked about: whether it stands, and a good selection the other way round.
    starts: Vec<(usize, bool, Best<S>)>,
    room: Room,
    field: Field<S>,
}

impl<S: Score> Others<S> {
    fn of(problem: &Problem<'_>, component: &[usize], stands: &Bits, asked: &[usize]) -> Self {
        let room = Room::of(problem);
        let unit = |&item: &usize| Unit { item, score: problem.score(item) };
        let units: Vec<Unit<S>> = component.iter().map(unit).collect();
        let stand: Vec<usize> =
            component.iter().copied().filter(|&item| stands.has(item)).collect();
        let best = Best {
            score: stand.iter().fold(S::ZERO, |sum, &item| sum.plus(problem.score(item))),
            items: stand.clone(),
        };
        let mut kept = Bits::empty(problem.items.len());
        for &item in asked {
            if stands.has(item) {
                kept.insert(item);
            }
        }
        let mut field = Field::coarse(problem, &units, &room, (&best, &kept));
        let order = field.order(problem, &room);
        let starts: Vec<(usize, bool, Best<S>)> = asked
            .iter()
            .map(|&item| {
                let won = stands.has(item);
                let start = other_way(problem, &order, (&room, &stand), (item, won));
                (item, won, start)
            })
            .collect();
        let floor = starts.iter().map(|(.., start)| start.score).min().unwrap_or(S::ZERO);
        field.refine(problem, &room, (&best, floor));
        Self { stands: stand, starts, room, field }
    }

    /// Solves for all items asked about, each kept out; returns the steps of each.
    fn solve_removals(&self, problem: &Problem<'_>, steps: u32) -> Vec<(Solved, u32)> {
        let none = Solved { items: Vec::new(), exact: false };
        let mut solved = vec![(none, 0); self.starts.len()];
        // That one first whose loss costs most.
        let mut order: Vec<usize> = (0..self.starts.len()).collect();
        order.sort_by_key(|&at| (self.starts[at].2.score, self.starts[at].0));
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
                for ((other, ..), solved) in self.starts.iter().zip(&mut solved) {
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
        let mut best: Vec<Best<S>> = asked.iter().map(|&at| self.starts[at].2.clone()).collect();
        let floor = Best { items: Vec::new(), score: best[0].score };
        let (mut classes, mut dual) = self.field.clone().finish(problem, &self.room, &floor);
        dual.bring_front(&mut classes, &items);
        let bounded = dual.bound != i64::MAX;
        let mut tables = Tables::default();
        for (stage, (grain, most)) in STAGES.into_iter().enumerate() {
            if (grain.is_none() && !bounded) || (*steps == 0 && 1 < stage) {
                continue;
            }
            let score = best.iter().map(|best| best.score).min().unwrap_or(S::ZERO);
            dual.strike(&mut classes, &Best { items: Vec::new(), score });
            if let Some(grain) = grain {
                tables.fill(problem, &classes, &dual.reduced, (&self.room, grain));
            }
            let field = (&classes, &dual);
            let asked = (&items[..], &mut best[..]);
            let mut walk = Without::new(problem, field, &self.room, asked, &mut tables);
            if walk.run(steps, most) {
                return (best, true);
            }
        }
        (best, false)
    }

    /// Solves for one item asked about, which does not stand, forced in; returns the steps it took.
    fn solve(
        &self,
        problem: &Problem<'_>,
        asked: usize,
        steps: u32,
        tables: &mut Tables<S>,
    ) -> (Solved, u32) {
        let (item, _, ref start) = self.starts[asked];
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

/// Returns a good selection with an item that does not stand, or without one that does.
///
/// What stands is mended; so is what is made anew of the units in their order, and the better taken.
fn other_way<S: Score>(
    problem: &Problem<'_>,
    order: &[Unit<S>],
    (room, stands): (&Room, &[usize]),
    (item, won): (usize, bool),
) -> Best<S> {
    let mut room = room.clone();
    let row = problem.conflicts.row(item);
    if !won {
        room.take(problem, item);
    }
    let legal =
        |other: usize| other != item && (won || (!has(row, other) && room.holds(problem, other)));
    let order: Vec<Unit<S>> = order.iter().copied().filter(|unit| legal(unit.item)).collect();
    let stand =
        |&other: &usize| legal(other).then(|| Unit { item: other, score: problem.score(other) });
    let stand: Vec<Unit<S>> = stands.iter().filter_map(stand).collect();
    let near = &order[..order.len().min(NEAR)];
    let mut mended = pack(problem, stand.iter(), &room);
    improve(problem, near, &room, &mut mended);
    let mut anew = pack(problem, order.iter(), &room);
    improve(problem, near, &room, &mut anew);
    let mut best = if mended.score < anew.score { anew } else { mended };
    if !won {
        best.items.push(item);
        best.score = best.score.plus(problem.score(item));
    }
    best
}

/// Rounds that fit the prices of a whole field to one question.
const ROUNDS: usize = 8;

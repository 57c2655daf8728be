//! A few items: the best selection without prices, classes or tables.
//!
//! Most auctions have so few bids that finding good bounds takes longer than looking at what simple
//! ones leave. A selection is one word of bits; what this does not finish soon, `solve` begins anew.

use crate::auction::fill::problem::Problem;
use crate::auction::fill::search::keys;
use crate::auction::fill::solve::{Room, Solved};

/// Returns the best selection of a component, the least of equals; none when it is not found soon.
pub(super) fn solve(problem: &Problem<'_>, component: &[usize], steps: &mut u32) -> Option<Solved> {
    let mut few = Few::of(problem, component, *steps)?;
    let start = few.start();
    let solved = few.solve(start)?;
    *steps -= few.steps();
    Some(solved)
}

/// Returns for each of some items of a component the best selection without it, where they `won`,
/// else with it, and the steps it took; none when one is not found soon.
pub(super) fn otherwise(
    problem: &Problem<'_>,
    component: &[usize],
    (asked, won): (&[usize], bool),
    steps: u32,
) -> Option<Vec<(Solved, u32)>> {
    let mut few = Few::of(problem, component, steps)?;
    let one = |&item: &usize| {
        few.left = few.most;
        // Which of equals it is does not matter to prices.
        few.least = false;
        let mut start = few.start();
        if won {
            start.taken = 1 << item;
            let solved = few.solve(start)?;
            return Some((solved, few.steps()));
        }
        if !few.room.holds(problem, item) {
            return None;
        }
        few.room.take(problem, item);
        let solved = few.solve(few.with(&start, item));
        few.room.give(problem, item);
        Some((solved?, few.steps()))
    };
    asked.iter().map(one).collect()
}

/// A search.
struct Few<'a> {
    problem: &'a Problem<'a>,
    /// The component's items, the most valuable first.
    items: &'a [usize],
    worths: Vec<Worth>,
    room: Room,
    /// Whether of equals the least is looked for, by decision 5.
    least: bool,
    best: Best,
    /// How many nodes may be looked at, and how many of them still.
    most: u32,
    left: u32,
}

/// What the items from one on are worth.
#[derive(Clone, Copy, Debug)]
struct Worth {
    /// The worth of the item.
    own: i64,
    /// The sum of those before it.
    before: i64,
    /// The most that it or one behind it is worth by the second, rounded up.
    by_second: i64,
}

/// The best selection known.
#[derive(Clone, Copy, Debug)]
struct Best {
    score: i64,
    chosen: u64,
}

/// A selection and what is left beside it.
#[derive(Clone, Copy, Debug)]
struct Node {
    score: i64,
    chosen: u64,
    /// Items that are chosen or kept out.
    taken: u64,
    /// Nominal seconds of all parts.
    seconds: i64,
    /// Ads of all parts.
    ads: usize,
}

impl<'a> Few<'a> {
    /// Prepares a search; none where there is too much to look at.
    fn of(problem: &'a Problem<'a>, items: &'a [usize], steps: u32) -> Option<Self> {
        if !problem.few {
            return None;
        }
        let most = steps.saturating_mul(NODES).min(MOST_NODES);
        let none = Worth { own: 0, before: 0, by_second: 0 };
        let mut worths = vec![none; items.len() + 1];
        let mut before = 0;
        for (worth, &item) in worths.iter_mut().zip(items) {
            let own = problem.score(item);
            *worth = Worth { own, before, by_second: 0 };
            before += own;
        }
        worths[items.len()].before = before;
        let mut by_second = 0;
        for (worth, &item) in worths.iter_mut().zip(items).rev() {
            let seconds = i64::from(problem.items[item].seconds.max(1));
            by_second = by_second.max(worth.own / seconds + 1);
            worth.by_second = by_second;
        }
        let (room, best) = (Room::of(problem), Best { score: 0, chosen: 0 });
        Some(Self { problem, items, worths, room, least: true, best, most, left: most })
    }

    /// Returns the node where nothing is chosen.
    fn start(&self) -> Node {
        let seconds = self.room.parts.iter().map(|part| i64::from(part.seconds)).sum();
        let ads = self.room.parts.iter().map(|part| u64::from(part.ads)).sum::<u64>();
        let ads = usize::try_from(ads).unwrap_or(usize::MAX);
        Node { score: 0, chosen: 0, taken: 0, seconds, ads }
    }

    /// Returns the node with one more item, which fits.
    fn with(&self, node: &Node, number: usize) -> Node {
        let item = &self.problem.items[number];
        Node {
            score: node.score + self.problem.score::<i64>(number),
            chosen: node.chosen | 1 << number,
            taken: node.taken | 1 << number,
            seconds: node.seconds - i64::from(item.seconds),
            ads: node.ads - usize::try_from(item.ads).unwrap_or(node.ads),
        }
    }

    /// Returns the steps that were taken.
    fn steps(&self) -> u32 {
        (self.most - self.left).div_ceil(NODES)
    }

    /// Returns the best selection that begins with a node; none when it is not found soon.
    fn solve(&mut self, start: Node) -> Option<Solved> {
        self.best = Best { score: start.score, chosen: start.chosen };
        self.walk(0, &start)?;
        let chosen = self.best.chosen;
        let items = self.items.iter().copied().filter(|item| chosen >> item & 1 == 1);
        let mut items: Vec<usize> = items.collect();
        items.sort_unstable();
        Some(Solved { items, exact: true })
    }

    /// Looks at all selections that add items from one on; none when they are too many.
    fn walk(&mut self, from: usize, node: &Node) -> Option<()> {
        let problem = self.problem;
        for at in from..self.items.len() {
            if node.ads == 0 || self.is_beaten(node.score + self.rest(at, node)) {
                return Some(());
            }
            self.left = self.left.checked_sub(1)?;
            let item = self.items[at];
            let apart = node.taken >> item & 1 == 1
                || problem.conflicts.row(item)[0] & node.chosen != 0
                || !self.room.holds(problem, item);
            if apart {
                continue;
            }
            let with = self.with(node, item);
            self.record(&with);
            self.room.take(problem, item);
            let walked = self.walk(at + 1, &with);
            self.room.give(problem, item);
            walked?;
        }
        Some(())
    }

    /// Returns the most that items from one on may add to a node.
    fn rest(&self, at: usize, node: &Node) -> i64 {
        let first = &self.worths[at];
        let last = self.worths.len().min(at.saturating_add(node.ads).saturating_add(1)) - 1;
        let by_ads = self.worths[last].before - first.before;
        by_ads.min(first.by_second.saturating_mul(node.seconds))
    }

    /// Says whether nothing worth so much at most is wanted.
    fn is_beaten(&self, most: i64) -> bool {
        if self.least { most < self.best.score } else { most <= self.best.score }
    }

    /// Remembers a selection if it is better, or as good and before the best.
    fn record(&mut self, node: &Node) {
        let better = self.best.score < node.score
            || (self.least && self.best.score == node.score && self.comes_first(node.chosen));
        if better {
            self.best = Best { score: node.score, chosen: node.chosen };
        }
    }

    /// Says whether a selection comes before the best, which is worth as much.
    fn comes_first(&self, chosen: u64) -> bool {
        let items = |chosen: u64| -> Vec<usize> {
            self.items.iter().copied().filter(|item| chosen >> item & 1 == 1).collect()
        };
        let (own, known) = (items(chosen), items(self.best.chosen));
        keys(self.problem, &own) < keys(self.problem, &known)
    }
}

/// The most items of a problem: a selection is a word.
pub(super) const MOST_FEW: usize = 24;

/// The nodes that are about as much work as one step of a walk with bounds.
const NODES: u32 = 8;

/// The most nodes: about as much work as the bounds of so few items are.
const MOST_NODES: u32 = 1_000;

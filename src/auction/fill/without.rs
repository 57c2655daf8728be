//! The best selections that lack one of some items, for each of these items, in one walk.
//!
//! A walk without one winner sees most of what a walk without another sees. So a single one goes
//! through all selections that lack some of them, and leaves a node when nothing can come of it
//! that is better than the best known without any item that it lacks or may yet lack. The items'
//! classes come first, that item's first whose loss costs most: what has the first few need only
//! beat what the rest cost. Read `search` first.

use crate::auction::fill::classes::Classes;
use crate::auction::fill::field::Dual;
use crate::auction::fill::path::Path;
use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::Score;
use crate::auction::fill::solve::Room;
use crate::auction::fill::start::Best;
use crate::auction::fill::table::Tables;

/// The most items that one walk asks about.
pub(super) const MOST: usize = 64;

/// A walk for all of some items.
#[derive(Debug)]
pub(super) struct Without<'a, S> {
    problem: &'a Problem<'a>,
    classes: &'a Classes<S>,
    dual: &'a Dual<S>,
    /// The items, the one of each of the first classes.
    items: &'a [usize],
    /// For each of them, the best selection known that lacks it.
    best: &'a mut [Best<S>],
    tables: &'a mut Tables<S>,
    path: Path<'a>,
    /// How often one of `best` became better.
    changes: u32,
    steps: u32,
    /// Whether to go on.
    on: bool,
}

/// A node of the walk.
#[derive(Clone, Copy, Debug)]
struct Node<S> {
    /// What its selection is worth.
    score: S,
    /// The same, less the price of its exclusions.
    reduced: S,
    /// What its choices cost against the bound.
    regret: i64,
    /// The items that it lacks for good, a bit each.
    lacks: u64,
    /// What must be beaten: the least of the best without an item that it lacks or may lack; none
    /// where it has them all.
    least: Option<S>,
    /// `Without::changes` when `least` was found.
    changes: u32,
}

impl<'a, S: Score> Without<'a, S> {
    /// Starts from `room` with the best known; item by item their classes come first.
    pub(super) fn new(
        problem: &'a Problem<'a>,
        (classes, dual): (&'a Classes<S>, &'a Dual<S>),
        room: &Room,
        (items, best): (&'a [usize], &'a mut [Best<S>]),
        tables: &'a mut Tables<S>,
    ) -> Self {
        assert!(items.len() <= MOST && items.len() <= classes.count(), "a bit and a class each");
        let path = Path::new(problem, room);
        let (changes, steps, on) = (0, 0, true);
        Self { problem, classes, dual, items, best, tables, path, changes, steps, on }
    }

    /// Walks all there is, or until the steps are taken; says whether nothing was left unseen.
    pub(super) fn run(&mut self, steps: &mut u32, most: u32) -> bool {
        let most = most.min(*steps);
        (self.steps, self.on) = (most, true);
        let root =
            Node { score: S::ZERO, reduced: S::ZERO, regret: 0, lacks: 0, least: None, changes: 0 };
        let least = self.least(0, 0);
        self.walk(0, Node { least, changes: self.changes, ..root });
        *steps -= most - self.steps;
        self.path.leave_all();
        self.on
    }

    fn walk(&mut self, from: usize, mut node: Node<S>) {
        let (classes, dual) = (self.classes, self.dual);
        for class in from..classes.count() {
            self.refresh(class, &mut node);
            if !self.step() || !self.may(&node, class) {
                return;
            }
            for index in classes.starts[class]..classes.starts[class + 1] {
                if !self.step() {
                    return;
                }
                let regret = node.regret.saturating_add(dual.choose[index]);
                if self.too_dear(node.least, regret) {
                    break;
                }
                let unit = classes.units[index];
                if !self.path.takes(unit.item) {
                    continue;
                }
                let mut with = Node {
                    score: node.score.plus(unit.score),
                    reduced: node.reduced.plus(dual.reduced[index]),
                    regret,
                    ..node
                };
                if class < self.items.len() {
                    with.lacks |= u64::from(self.items[class] != unit.item) << class;
                    with.least = self.least(class + 1, with.lacks);
                }
                if !self.may_join(&with, class + 1, unit.item) {
                    continue;
                }
                self.path.choose(unit.item);
                self.record(&with, class + 1);
                self.walk(class + 1, with);
                self.path.leave();
                if !self.on {
                    return;
                }
                self.refresh(class, &mut node);
            }
            node.regret = node.regret.saturating_add(dual.skip[class]);
            if class < self.items.len() {
                node.lacks |= 1 << class;
            }
        }
    }

    /// Takes one of the steps; says whether to go on.
    fn step(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(steps) => self.steps = steps,
            None => self.on = false,
        }
        self.on
    }

    /// Returns the least of the best without an item of the classes from `class` on or of `lacks`.
    fn least(&self, class: usize, lacks: u64) -> Option<S> {
        let known = self.best.iter().enumerate();
        let open = known.filter(|(place, _)| class <= *place || lacks >> place & 1 == 1);
        open.map(|(_, best)| best.score).min()
    }

    /// Looks again at what must be beaten, where something better was found since.
    fn refresh(&mut self, class: usize, node: &mut Node<S>) {
        if node.changes != self.changes {
            node.least = self.least(class, node.lacks);
            node.changes = self.changes;
        }
    }

    /// Says whether something better may come of a node that an item is yet to join.
    fn may_join(&mut self, node: &Node<S>, class: usize, item: usize) -> bool {
        if self.too_dear(node.least, node.regret) {
            return false;
        }
        if self.tables.is_empty() {
            return true;
        }
        let rest = self.tables.rest_after(self.problem, &mut self.path.room, class, item);
        self.better(node, rest)
    }

    /// Says whether something better may come of a node.
    fn may(&self, node: &Node<S>, class: usize) -> bool {
        !self.too_dear(node.least, node.regret)
            && (self.tables.is_empty()
                || self.better(node, self.tables.rest(&self.path.room, class)))
    }

    fn better(&self, node: &Node<S>, rest: S) -> bool {
        node.least.is_some_and(|least| least < node.reduced.plus(rest).plus(self.dual.base))
    }

    /// Says whether choices cost too much against the bound, or nothing is left to be beaten.
    fn too_dear(&self, least: Option<S>, regret: i64) -> bool {
        let Some(least) = least else {
            return true;
        };
        least.number().is_some_and(|least| self.dual.bound.saturating_sub(regret) <= least)
    }

    /// Remembers the selection at the current node for all items that it lacks so far, where it is
    /// better.
    fn record(&mut self, node: &Node<S>, class: usize) {
        if node.least.is_none_or(|least| node.score <= least) {
            return;
        }
        for (place, best) in self.best.iter_mut().enumerate() {
            let lacks = class <= place || node.lacks >> place & 1 == 1;
            if lacks && best.score < node.score {
                best.score = node.score;
                best.items.clone_from(&self.path.chosen);
                self.changes += 1;
            }
        }
    }
}

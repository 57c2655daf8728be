//! Branch and bound, class by class.
//!
//! A step looks at one unit or leaves one class; a node is left when `table` or `dual` says that
//! nothing as good as the best can come of it. Bounded in steps and never in time, so that a replay
//! ends where the live search did.

use crate::auction::candidate::Key;
use crate::auction::fill::classes::Classes;
use crate::auction::fill::field::Dual;
use crate::auction::fill::path::Path;
use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::Score;
use crate::auction::fill::solve::Room;
use crate::auction::fill::start::Best;
use crate::auction::fill::table::{Grain, Tables};

/// What a walk looks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Goal {
    /// The least of the best selections, by decision 5.
    Least,
    /// Any best selection.
    Any,
    /// Any selection as good as the best that is known.
    Reach,
}

/// What walks found.
#[derive(Clone, Debug)]
pub(super) struct Found<S> {
    /// The best selection known.
    pub(super) best: Best<S>,
    /// Whether equals were too many to look at each: `best` is one of them.
    pub(super) many_ties: bool,
    /// Whether nothing was left unseen.
    pub(super) complete: bool,
}

/// A walk and what it found.
#[derive(Debug)]
pub(super) struct Walk<'a, S> {
    /// What it found, and those before it.
    pub(super) found: Found<S>,
    /// What the classes not yet looked at may add.
    pub(super) tables: Tables<S>,
    problem: &'a Problem<'a>,
    classes: &'a Classes<S>,
    dual: &'a Dual<S>,
    path: Path<'a>,
    goal: Goal,
    ties: u32,
    steps: u32,
    /// Whether to go on.
    on: bool,
}

/// The values of the selection at a node.
#[derive(Clone, Copy, Debug)]
struct Node<S> {
    /// What it is worth.
    score: S,
    /// The same, less the price of its exclusions.
    reduced: S,
    /// What its choices cost against the bound.
    regret: i64,
}

impl<'a, S: Score> Walk<'a, S> {
    /// Starts from `room` and from the best known, without tables.
    pub(super) fn new(
        problem: &'a Problem<'a>,
        classes: &'a Classes<S>,
        dual: &'a Dual<S>,
        room: &Room,
        found: Found<S>,
    ) -> Self {
        Self {
            found,
            tables: Tables::default(),
            problem,
            classes,
            dual,
            path: Path::new(problem, room),
            goal: Goal::Any,
            ties: 0,
            steps: 0,
            on: true,
        }
    }

    /// Makes tables, follows them down to one selection, which is often
    /// the best, and keeps them for what comes.
    pub(super) fn dive(&mut self, grain: Grain) {
        self.tabulate(grain);
        self.follow();
    }

    /// Makes tables.
    pub(super) fn tabulate(&mut self, grain: Grain) {
        let room = (&self.path.room, grain);
        self.tables.fill(self.problem, self.classes, &self.dual.reduced, room);
    }

    /// Follows the tables down to one selection, which is often the best.
    fn follow(&mut self) {
        let (problem, classes) = (self.problem, self.classes);
        let mut score = S::ZERO;
        for class in 0..classes.count() {
            let mut most = self.tables.rest(&self.path.room, class + 1);
            let mut at = None;
            for index in classes.starts[class]..classes.starts[class + 1] {
                let item = classes.units[index].item;
                if !self.path.takes(item) {
                    continue;
                }
                let rest = self.tables.rest_after(problem, &mut self.path.room, class + 1, item);
                let with = self.dual.reduced[index].plus(rest);
                if most < with {
                    (most, at) = (with, Some(index));
                }
            }
            if let Some(unit) = at.map(|at| classes.units[at]) {
                self.path.choose(unit.item);
                score = score.plus(unit.score);
            }
        }
        if self.found.best.score < score {
            self.found.best = Best { items: self.path.chosen.clone(), score };
        }
        self.path.leave_all();
    }

    /// Walks all there is, or until `most` of the steps are taken.
    pub(super) fn run(&mut self, goal: Goal, steps: &mut u32, most: u32) {
        let most = most.min(*steps);
        self.goal = if self.found.many_ties { Goal::Any } else { goal };
        (self.steps, self.on, self.found.complete) = (most, true, true);
        let root = Node { score: S::ZERO, reduced: S::ZERO, regret: 0 };
        self.walk(0, root);
        *steps -= most - self.steps;
        self.path.leave_all();
    }

    /// Looks for a selection as good as the best that has all of `fixed` and none of `banned`.
    ///
    /// The items of `fixed` are legal together.
    pub(super) fn reach(&mut self, fixed: &[usize], banned: &[u64], steps: &mut u32) -> bool {
        let mut root = Node { score: S::ZERO, reduced: S::ZERO, regret: 0 };
        for class in 0..self.classes.count() {
            for index in self.classes.starts[class]..self.classes.starts[class + 1] {
                let unit = &self.classes.units[index];
                if fixed.contains(&unit.item) {
                    root.score = root.score.plus(unit.score);
                    root.reduced = root.reduced.plus(self.dual.reduced[index]);
                    // Its class will be left, as barred, and what that costs is added then.
                    root.regret += self.dual.choose[index] - self.dual.skip[class];
                }
            }
        }
        for &item in fixed {
            self.path.choose(item);
        }
        self.path.bar(banned);
        (self.goal, self.steps, self.on) = (Goal::Reach, *steps, true);
        let known = std::mem::take(&mut self.found.best.items);
        if root.score == self.found.best.score {
            self.record(root.score);
        } else {
            self.walk(0, root);
        }
        *steps = self.steps;
        self.path.leave_all();
        let reached = self.found.complete && !self.on;
        if !reached {
            self.found.best.items = known;
        }
        reached
    }

    /// Says whether items are legal together.
    pub(super) fn fits(&mut self, items: &[usize]) -> bool {
        let mut fits = true;
        for &item in items {
            if !self.path.takes(item) {
                fits = false;
                break;
            }
            self.path.choose(item);
        }
        self.path.leave_all();
        fits
    }

    fn walk(&mut self, from: usize, mut node: Node<S>) {
        let (classes, dual) = (self.classes, self.dual);
        for class in from..classes.count() {
            if !self.step() || !self.may(&node, class) {
                return;
            }
            for index in classes.starts[class]..classes.starts[class + 1] {
                if !self.step() {
                    return;
                }
                let unit = classes.units[index];
                let regret = node.regret.saturating_add(dual.choose[index]);
                if self.too_dear(regret) {
                    break;
                }
                if !self.path.takes(unit.item) {
                    continue;
                }
                let with = Node {
                    score: node.score.plus(unit.score),
                    reduced: node.reduced.plus(dual.reduced[index]),
                    regret,
                };
                if !self.may_join(&with, class + 1, unit.item) {
                    continue;
                }
                self.path.choose(unit.item);
                self.record(with.score);
                self.walk(class + 1, with);
                self.path.leave();
                if !self.on {
                    return;
                }
            }
            node.regret = node.regret.saturating_add(dual.skip[class]);
        }
    }

    /// Takes one of the steps; says whether to go on.
    fn step(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(steps) => self.steps = steps,
            None => (self.found.complete, self.on) = (false, false),
        }
        self.on
    }

    /// Says whether something wanted may come of a node that an item is yet to join.
    fn may_join(&mut self, node: &Node<S>, class: usize, item: usize) -> bool {
        if self.too_dear(node.regret) {
            return false;
        }
        if self.tables.is_empty() {
            return true;
        }
        let rest = self.tables.rest_after(self.problem, &mut self.path.room, class, item);
        self.wanted(node, rest)
    }

    /// Says whether something wanted may come of a node.
    fn may(&self, node: &Node<S>, class: usize) -> bool {
        if self.too_dear(node.regret) {
            return false;
        }
        if self.tables.is_empty() {
            return true;
        }
        self.wanted(node, self.tables.rest(&self.path.room, class))
    }

    fn wanted(&self, node: &Node<S>, rest: S) -> bool {
        let most = node.reduced.plus(rest).plus(self.dual.base);
        match self.goal {
            Goal::Any => self.found.best.score < most,
            Goal::Least | Goal::Reach => self.found.best.score <= most,
        }
    }

    /// Says whether choices cost too much against the bound.
    fn too_dear(&self, regret: i64) -> bool {
        let Some(best) = self.found.best.score.number() else {
            return false;
        };
        let left = self.dual.bound.saturating_sub(regret);
        match self.goal {
            Goal::Any => left <= best,
            Goal::Least | Goal::Reach => left < best,
        }
    }

    /// Remembers the selection at the current node if it is better.
    fn record(&mut self, score: S) {
        match self.goal {
            _ if self.found.best.score < score => self.ties = 0,
            Goal::Least if self.found.best.score == score => {
                if !self.comes_first() {
                    return;
                }
            }
            Goal::Reach if self.found.best.score == score => self.on = false,
            Goal::Least | Goal::Any | Goal::Reach => return,
        }
        self.found.best.score = score;
        self.found.best.items.clone_from(&self.path.chosen);
    }

    /// Says whether the current selection comes before an equal one, by decision 5.
    fn comes_first(&mut self) -> bool {
        let known = &self.found.best.items;
        if known.len() == self.path.chosen.len()
            && self.path.chosen.iter().all(|item| known.contains(item))
        {
            return false;
        }
        self.ties += 1;
        if MOST_TIES < self.ties {
            (self.found.many_ties, self.goal) = (true, Goal::Any);
        }
        keys(self.problem, &self.path.chosen) < keys(self.problem, known)
    }
}

/// Returns the ascending keys of all bids of some items.
pub(super) fn keys<'a>(problem: &'a Problem<'_>, items: &[usize]) -> Vec<&'a Key> {
    let members = items.iter().flat_map(|&item| problem.members(item));
    let mut keys: Vec<&Key> = members.map(|&member| problem.keys.of(member)).collect();
    keys.sort_unstable();
    keys
}

/// The most equals that are compared one by one.
const MOST_TIES: u32 = 32;

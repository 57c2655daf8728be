//! Branch and bound over items in the order of their keys.
//!
//! Two walks. The first finds how good the best pod is, taking the more promising branch first.
//! The second looks for the first pod that good, taking each item before leaving it: of two pods
//! with equally many ads, the one that holds the lowest key in which they differ comes first, and
//! that is the tie rule of decision 5. Bounded in steps and never in time, so that a replay ends
//! where the live search did.

use crate::auction::candidate::Candidate;
use crate::auction::fill::table::Table;
use crate::auction::fill::{Item, Limits, Load, Score, share_imp};
use crate::model::outcome::Search;

/// The best pod found.
#[derive(Debug)]
pub(super) struct Found {
    /// The chosen items, as indexes of the items searched.
    pub(super) chosen: Vec<usize>,
    /// Whether it is the best there is.
    pub(super) search: Search,
}

/// Returns the best pod, or the best found within `steps`.
pub(super) fn search(
    candidates: &[Candidate],
    items: &[&Item],
    table: &Table,
    limits: &Limits,
    steps: u32,
) -> Found {
    let mut walk = Walk { candidates, items, table, limits, steps, chosen: Vec::new() };
    let (best, chosen, complete) = walk.highest();
    if !complete {
        return Found { chosen, search: Search::Bounded };
    }
    match walk.first_of(best) {
        Some(chosen) => Found { chosen, search: Search::Exact },
        None => Found { chosen, search: Search::Bounded },
    }
}

struct Walk<'a> {
    candidates: &'a [Candidate],
    items: &'a [&'a Item],
    table: &'a Table,
    limits: &'a Limits,
    /// Nodes left to look at.
    steps: u32,
    /// Items of the pod at the current node.
    chosen: Vec<usize>,
}

/// A pod under construction: every one is legal as it stands.
#[derive(Clone, Copy)]
struct Node {
    /// The next item to decide on.
    next: usize,
    /// How many of `Walk::chosen` it keeps.
    kept: usize,
    /// The item it adds to them.
    added: Option<usize>,
    load: Load,
    score: Score,
    /// The best score that can come of it.
    bound: Score,
}

impl Walk<'_> {
    /// Returns the highest score, a pod that has it, and whether nothing was left unseen.
    fn highest(&mut self) -> (Score, Vec<usize>, bool) {
        let (mut best, mut pod) = (0, Vec::new());
        let mut stack = vec![self.root()];
        while let Some(node) = stack.pop() {
            if node.bound <= best {
                continue;
            }
            if !self.visit(&node) {
                return (best, pod, false);
            }
            if best < node.score {
                best = node.score;
                pod.clone_from(&self.chosen);
            }
            let (with, without) = self.branches(&node);
            match with {
                Some(with) if without.bound <= with.bound => stack.extend([without, with]),
                Some(with) => stack.extend([with, without]),
                None => stack.push(without),
            }
        }
        (best, pod, true)
    }

    /// Returns the pod that comes first of those with a score, or `None` when the steps ran out.
    fn first_of(&mut self, score: Score) -> Option<Vec<usize>> {
        let mut stack = vec![self.root()];
        while let Some(node) = stack.pop() {
            if node.bound < score {
                continue;
            }
            if !self.visit(&node) {
                return None;
            }
            // Every price is above 0, so nothing can be added to a pod that is as good as any.
            if node.score == score {
                return Some(std::mem::take(&mut self.chosen));
            }
            let (with, without) = self.branches(&node);
            stack.push(without);
            stack.extend(with);
        }
        unreachable!("the first walk saw a pod with this score")
    }

    fn root(&self) -> Node {
        let load = Load::default();
        let bound = self.table.best(0, &load, self.limits);
        Node { next: 0, kept: 0, added: None, load, score: 0, bound }
    }

    /// Makes `node` the current one; says whether a step was left for it.
    fn visit(&mut self, node: &Node) -> bool {
        let Some(steps) = self.steps.checked_sub(1) else {
            return false;
        };
        self.steps = steps;
        self.chosen.truncate(node.kept);
        self.chosen.extend(node.added);
        true
    }

    /// Returns the nodes with the next item, if it is legal there, and without it.
    fn branches(&self, node: &Node) -> (Option<Node>, Node) {
        let (rank, kept) = (node.next, self.chosen.len());
        let Some(item) = self.items.get(rank) else {
            // A leaf: nothing can come of it that is better than itself.
            return (None, Node { bound: Score::MIN, added: None, kept, ..*node });
        };
        let next = rank + 1;
        let bound = node.score + self.table.best(next, &node.load, self.limits);
        let without = Node { next, kept, added: None, bound, ..*node };
        let load = node.load.plus(item.load);
        if !load.within(self.limits)
            || node.load.places_clash(item.load)
            || self.chosen.iter().any(|&other| share_imp(self.candidates, item, self.items[other]))
        {
            return (None, without);
        }
        let score = node.score + item.score;
        let bound = score + self.table.best(next, &load, self.limits);
        (Some(Node { next, kept, added: Some(rank), load, score, bound }), without)
    }
}

//! What excludes what, item by item, and which parts it ties together.

use crate::auction::candidate::Candidate;
use crate::auction::fill::bits::{Bits, Matrix};
use crate::auction::fill::problem::Problem;
use crate::model::plan::Place;

/// What excludes what.
#[derive(Debug)]
pub(super) struct Relation {
    /// Which items exclude one another.
    pub(super) matrix: Matrix,
    /// Groups two of whose own bids exclude one another.
    pub(super) torn: Bits,
    /// Which parts must be looked at together.
    pub(super) parts: Parts,
}

/// Parts that are tied together, as a forest; a root is the least of its tree.
#[derive(Debug)]
pub(super) struct Parts(Vec<usize>);

impl Relation {
    /// Returns what excludes what among the items of a problem.
    pub(super) fn of(problem: &Problem<'_>) -> Self {
        let count = problem.items.len();
        let mut relation = Self {
            matrix: Matrix::empty(count),
            torn: Bits::empty(count),
            parts: Parts((0..problem.parts.len()).collect()),
        };
        let mut side = Bits::empty(count);
        problem.relation.for_each(|left, right| relation.add(problem, left, right, &mut side));
        for clique in own_cliques(problem.candidates) {
            relation.add(problem, &clique, &clique, &mut side);
        }
        relation
    }

    /// Adds that each of the left excludes each of the right where they share a pod.
    fn add(&mut self, problem: &Problem<'_>, left: &[usize], right: &[usize], side: &mut Bits) {
        if problem.parts.iter().all(|part| part.pod == problem.parts[0].pod) {
            self.add_in_pod(problem, left, right, side);
            return;
        }
        let pod = |index: usize| problem.candidates[index].pod;
        let mut pods: Vec<u16> = left.iter().map(|&index| pod(index)).collect();
        pods.sort_unstable();
        pods.dedup();
        for wanted in pods {
            let within = |side: &[usize]| -> Vec<usize> {
                side.iter().copied().filter(|&index| pod(index) == wanted).collect()
            };
            self.add_in_pod(problem, &within(left), &within(right), side);
        }
    }

    fn add_in_pod(
        &mut self,
        problem: &Problem<'_>,
        left: &[usize],
        right: &[usize],
        side: &mut Bits,
    ) {
        self.add_one_way(problem, left, right, side);
        if left != right {
            self.add_one_way(problem, right, left, side);
        }
    }

    fn add_one_way(
        &mut self,
        problem: &Problem<'_>,
        from: &[usize],
        to: &[usize],
        side: &mut Bits,
    ) {
        if from.is_empty() || to.is_empty() {
            return;
        }
        let part = |member: usize| usize::from(problem.candidates[member].part);
        for &member in to {
            side.insert(problem.item_of[member]);
            self.parts.join(part(from[0]), part(member));
        }
        for &member in from {
            let item = problem.item_of[member];
            let row = self.matrix.row_mut(item);
            for (word, other) in row.iter_mut().zip(&side.0) {
                *word |= other;
            }
            // No item excludes itself; a group whose own bids do is torn.
            row[item / 64] &= !(1 << (item % 64));
            let mates = problem.members(item);
            if mates.iter().any(|mate| *mate != member && to.contains(mate)) {
                self.torn.insert(item);
            }
        }
        for &member in to {
            side.remove(problem.item_of[member]);
        }
    }
}

impl Parts {
    /// Returns the least part of the tree of a part.
    pub(super) fn root(&self, mut part: usize) -> usize {
        while self.0[part] != part {
            part = self.0[part];
        }
        part
    }

    /// Ties two parts together.
    pub(super) fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        self.0[left.max(right)] = left.min(right);
    }
}

/// Returns the cliques that the bids make by themselves: for one structured imp of a bidder, and
/// for the first or the last place of one pod.
fn own_cliques(candidates: &[Candidate]) -> Vec<Vec<usize>> {
    let mut cliques = Vec::new();
    let mut imps: Vec<usize> =
        (0..candidates.len()).filter(|&index| candidates[index].imp.is_some()).collect();
    imps.sort_unstable_by_key(|&index| (candidates[index].imp, index));
    let same_imp = |left: &usize, right: &usize| candidates[*left].imp == candidates[*right].imp;
    cliques.extend(imps.chunk_by(same_imp).map(<[usize]>::to_vec));
    let mut ends: Vec<usize> = (0..candidates.len())
        .filter(|&index| matches!(candidates[index].slot, Place::First | Place::Last))
        .collect();
    let end = |index: usize| (candidates[index].slot == Place::First, candidates[index].pod);
    ends.sort_unstable_by_key(|&index| (end(index), index));
    cliques.extend(ends.chunk_by(|&left, &right| end(left) == end(right)).map(<[usize]>::to_vec));
    cliques
}

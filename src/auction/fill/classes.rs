//! Units in classes of which at most one is chosen, and the exclusions that cross them.

use crate::auction::fill::bits::{Bits, shared};
use crate::auction::fill::problem::Problem;
use crate::auction::fill::solve::Unit;

/// Units sorted by class; at most one of a class is in a legal pod.
#[derive(Clone, Debug)]
pub(super) struct Classes<S> {
    /// The units, class by class.
    pub(super) units: Vec<Unit<S>>,
    /// Where each class starts, and one more.
    pub(super) starts: Vec<usize>,
}

impl<S: Copy> Classes<S> {
    /// Parts units into classes: a greedy cover of their exclusions by cliques.
    ///
    /// Larger classes make tighter bounds. A clique starts from the most valuable unit, then from
    /// the one beside it that shares most of its exclusions, then takes what fits.
    pub(super) fn of(problem: &Problem<'_>, units: &[Unit<S>]) -> Self {
        let mut free = Bits::empty(problem.items.len());
        let mut unit_of = vec![0; problem.items.len()];
        for (index, unit) in units.iter().enumerate() {
            free.insert(unit.item);
            unit_of[unit.item] = index;
        }
        let mut sorted = Vec::with_capacity(units.len());
        let mut starts = vec![0];
        let mut near = free.clone();
        for unit in units {
            if !free.has(unit.item) {
                continue;
            }
            free.remove(unit.item);
            sorted.push(*unit);
            let row = problem.conflicts.row(unit.item);
            near.0.clone_from(&free.0);
            near.keep(row);
            let overlap = |&item: &usize| shared(problem.conflicts.row(item), &near.0);
            let closest = near.iter().map(|item| (overlap(&item), std::cmp::Reverse(item))).max();
            let mut next = closest.map(|(_, item)| item.0);
            while let Some(item) = next {
                free.remove(item);
                sorted.push(units[unit_of[item]]);
                near.keep(problem.conflicts.row(item));
                next = near.iter().next();
            }
            starts.push(sorted.len());
        }
        Self { units: sorted, starts }
    }

    /// Returns how many classes there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the units of a class.
    pub(super) fn class(&self, class: usize) -> &[Unit<S>] {
        &self.units[self.starts[class]..self.starts[class + 1]]
    }

    /// Keeps some of the units, and the classes that have any.
    pub(super) fn retain(&mut self, keep: impl Fn(usize, &Unit<S>) -> bool) {
        let mut units = Vec::with_capacity(self.units.len());
        let mut starts = vec![0];
        for class in 0..self.count() {
            for index in self.starts[class]..self.starts[class + 1] {
                if keep(index, &self.units[index]) {
                    units.push(self.units[index]);
                }
            }
            if starts.last() != Some(&units.len()) {
                starts.push(units.len());
            }
        }
        (self.units, self.starts) = (units, starts);
    }

    /// Returns cliques that cover the exclusions between classes, as indexes of the units.
    pub(super) fn crossing(&self, problem: &Problem<'_>) -> Vec<Vec<usize>> {
        let mut alive = Bits::empty(problem.items.len());
        let mut unit_of = vec![0; problem.items.len()];
        for (index, unit) in self.units.iter().enumerate() {
            alive.insert(unit.item);
            unit_of[unit.item] = index;
        }
        let mut open: Vec<Bits> = Vec::with_capacity(self.units.len());
        for class in 0..self.count() {
            let mut others = alive.clone();
            for unit in self.class(class) {
                others.remove(unit.item);
            }
            for unit in self.class(class) {
                let mut row = others.clone();
                row.keep(problem.conflicts.row(unit.item));
                open.push(row);
            }
        }
        let mut cliques: Vec<Vec<usize>> = Vec::new();
        for index in 0..self.units.len() {
            loop {
                let Some(other) = open[index].iter().next() else { break };
                if MOST_CROSSING <= cliques.len() {
                    return cliques;
                }
                let clique = self.extend(problem, &alive, [index, unit_of[other]], &unit_of);
                let mut mask = Bits::empty(problem.items.len());
                for &member in &clique {
                    mask.insert(self.units[member].item);
                }
                for &member in &clique {
                    for (word, mask) in open[member].0.iter_mut().zip(&mask.0) {
                        *word &= !mask;
                    }
                }
                cliques.push(clique);
            }
        }
        cliques
    }

    fn extend(
        &self,
        problem: &Problem<'_>,
        alive: &Bits,
        start: [usize; 2],
        unit_of: &[usize],
    ) -> Vec<usize> {
        let mut near = alive.clone();
        let mut clique = Vec::from(start);
        for index in start {
            near.keep(problem.conflicts.row(self.units[index].item));
        }
        let overlap = |&item: &usize| shared(problem.conflicts.row(item), &near.0);
        let closest = near.iter().map(|item| (overlap(&item), std::cmp::Reverse(item))).max();
        let mut next = closest.map(|(_, item)| item.0);
        while let Some(item) = next {
            clique.push(unit_of[item]);
            near.keep(problem.conflicts.row(item));
            next = near.iter().next();
        }
        clique
    }
}

/// The most exclusions between classes that are priced; the walk sees them all.
const MOST_CROSSING: usize = 128;

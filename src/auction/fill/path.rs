//! Where a walk stands: what it chose, what that bars, and the room it leaves.

use crate::auction::fill::bits::has;
use crate::auction::fill::problem::Problem;
use crate::auction::fill::solve::Room;

/// The choices of a walk, in the order they were made.
#[derive(Debug)]
pub(super) struct Path<'a> {
    problem: &'a Problem<'a>,
    /// What the choices leave.
    pub(super) room: Room,
    /// The items chosen.
    pub(super) chosen: Vec<usize>,
    /// What each of them bars, and those before it: a set a level.
    barred: Vec<u64>,
    words: usize,
}

impl<'a> Path<'a> {
    /// Starts with nothing chosen.
    pub(super) fn new(problem: &'a Problem<'a>, room: &Room) -> Self {
        let words = problem.items.len().div_ceil(64);
        Self { problem, room: room.clone(), chosen: Vec::new(), barred: vec![0; words], words }
    }

    /// Says whether an item may be chosen next.
    pub(super) fn takes(&self, item: usize) -> bool {
        !has(&self.barred[self.barred.len() - self.words..], item)
            && self.room.holds(self.problem, item)
    }

    /// Chooses an item, which may be.
    pub(super) fn choose(&mut self, item: usize) {
        self.room.take(self.problem, item);
        self.chosen.push(item);
        let top = self.barred.len() - self.words;
        self.barred.extend_from_within(top..);
        let top = top + self.words;
        for (word, row) in self.barred[top..].iter_mut().zip(self.problem.conflicts.row(item)) {
            *word |= row;
        }
        self.barred[top + item / 64] |= 1 << (item % 64);
    }

    /// Bars items until the last choice is taken back.
    pub(super) fn bar(&mut self, items: &[u64]) {
        let top = self.barred.len() - self.words;
        for (word, items) in self.barred[top..].iter_mut().zip(items) {
            *word |= items;
        }
    }

    /// Takes the last choice back.
    pub(super) fn leave(&mut self) {
        if let Some(item) = self.chosen.pop() {
            self.room.give(self.problem, item);
            self.barred.truncate(self.barred.len() - self.words);
        }
    }

    /// Takes all choices back.
    pub(super) fn leave_all(&mut self) {
        while !self.chosen.is_empty() {
            self.leave();
        }
    }
}

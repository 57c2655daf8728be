//! Which bids are never in one pod together.

/// A symmetric relation over candidates: competitive separation, by whatever it is decided.
///
/// It counts within a pod only, so who fills it need not look at pods. Most of it is cliques; what
/// is not transitive (a category conflicts with its children, they not with one another) is told
/// side against side.
#[derive(Clone, Debug, Default)]
pub(in crate::auction) struct Conflicts {
    /// Bids all of which conflict with one another.
    cliques: Vec<Vec<usize>>,
    /// Bids of the left that conflict with all of the right.
    sides: Vec<(Vec<usize>, Vec<usize>)>,
}

impl Conflicts {
    /// Says that each of these conflicts with all others of them.
    pub(in crate::auction) fn clique(&mut self, members: &[usize]) {
        if 1 < members.len() {
            self.cliques.push(members.to_vec());
        }
    }

    /// Says that each of the left conflicts with each of the right.
    pub(in crate::auction) fn across(&mut self, left: &[usize], right: &[usize]) {
        if !left.is_empty() && !right.is_empty() {
            self.sides.push((left.to_vec(), right.to_vec()));
        }
    }

    /// Says whether nothing conflicts.
    pub(in crate::auction) fn is_empty(&self) -> bool {
        self.cliques.is_empty() && self.sides.is_empty()
    }

    /// Calls `visit` with each two sides that conflict; a clique is both.
    pub(in crate::auction) fn for_each(&self, mut visit: impl FnMut(&[usize], &[usize])) {
        for clique in &self.cliques {
            visit(clique, clique);
        }
        for (left, right) in &self.sides {
            visit(left, right);
        }
    }
}

//! The categories of a pod's contenders, each resolved once.

use std::ops::Range;

use crate::auction::category::list::declared;
use crate::auction::category::tables::{Node, TABLES, Tables, family};
use crate::auction::fill::conflicts::Conflicts;
use crate::auction::separation::{Key, Member, group};
use crate::auction::text::mark;
use crate::model::category::Category;

/// Who declares which category.
#[derive(Debug)]
pub(super) struct Categories<'a> {
    /// Contenders, category by category; ascending within one.
    indexes: Vec<usize>,
    /// The known categories, ascending, and where their contenders stand in `indexes`.
    known: Vec<(Node, Range<usize>)>,
    /// Categories that no table knows, ascending, each with a contender.
    unknown: Vec<(Unknown<'a>, usize)>,
}

/// A category that no table knows: its family or else its taxonomy, and its id.
type Unknown<'a> = (Result<usize, i32>, &'a str);

impl<'a> Categories<'a> {
    /// Resolves what the members declare.
    pub(super) fn of(members: &[Member<'a>]) -> Self {
        let tables: &Tables = &TABLES;
        let mut found: Vec<(Node, usize)> = Vec::with_capacity(members.len());
        let mut unknown = Vec::new();
        for member in members {
            let taxonomy = member.bid.category_taxonomy;
            for id in declared(member.bid) {
                match tables.node(taxonomy, id) {
                    Some(node) => found.push((node, member.index)),
                    None => unknown.push((name(taxonomy, id), member.index)),
                }
            }
        }
        unknown.sort_unstable();
        found.sort_unstable();
        found.dedup();
        let mut indexes = Vec::with_capacity(found.len());
        let mut known = Vec::new();
        for alike in found.chunk_by(|left, right| left.0 == right.0) {
            let start = indexes.len();
            indexes.extend(alike.iter().map(|&(_, index)| index));
            known.push((alike[0].0, start..indexes.len()));
        }
        Self { indexes, known, unknown }
    }

    /// Keeps those of one category apart, and those of which one lies above the other's.
    pub(super) fn relate(&self, conflicts: &mut Conflicts) {
        let tables: &Tables = &TABLES;
        group(&self.unknown, conflicts);
        for (node, range) in &self.known {
            let own = &self.indexes[range.clone()];
            conflicts.clique(own);
            for &block in tables.hitting(*node).iter().filter(|block| *block != node) {
                // Two that lie above one another, by mappings, meet here twice: once is enough.
                let twice = || *node < block && tables.covers(*node, block);
                let above = self.declaring(block);
                if !above.is_empty() && !twice() {
                    conflicts.across(above, own);
                }
            }
        }
    }

    /// Returns who declares a category or one below it, ascending, some perhaps twice in a row.
    pub(super) fn within(&self, category: &Category) -> Vec<usize> {
        let tables: &Tables = &TABLES;
        let mut within: Vec<usize> = match tables.exact(category.taxonomy, &category.id) {
            Some(block) => {
                let below = self.known.iter().filter(|(node, _)| tables.covers(block, *node));
                below.flat_map(|(_, range)| &self.indexes[range.clone()]).copied().collect()
            }
            None => {
                let name = name(category.taxonomy, &category.id);
                let same = self.unknown.iter().filter(|(other, _)| *other == name);
                same.map(|&(_, index)| index).collect()
            }
        };
        within.sort_unstable();
        within
    }

    fn declaring(&self, node: Node) -> &[usize] {
        let at = self.known.binary_search_by_key(&node, |(node, _)| *node);
        at.map_or(&[], |at| &self.indexes[self.known[at].1.clone()])
    }
}

impl Key for Unknown<'_> {
    fn mark(&self) -> u64 {
        mark(self.1.as_bytes(), 0)
    }
}

fn name(taxonomy: i32, id: &str) -> Unknown<'_> {
    (family(taxonomy).ok_or(taxonomy), id.trim())
}

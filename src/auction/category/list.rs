//! A list of categories, made ready to test many bids against.

use crate::auction::category::same;
use crate::auction::category::tables::{Families, NODES, TABLES, Tables};
use crate::model::bid::Bid;
use crate::model::category::Category;

/// Categories blocked or allowed, resolved once.
#[derive(Debug)]
pub(in crate::auction) struct List<'a> {
    /// A bit for each known category of the list.
    bits: [u64; NODES.div_ceil(64)],
    /// The families of its known categories.
    homes: Families,
    /// The families of whose categories each known one can hit some.
    reached_from: Families,
    /// Those that no table knows.
    unknown: Vec<&'a Category>,
}

/// What a list says of a category, or of a bid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::auction) enum Verdict {
    /// One of the list hits it.
    Hit,
    /// None does.
    Clear,
    /// None is known to, but of at least one it cannot be told.
    Unmapped,
}

impl<'a> List<'a> {
    /// Resolves a list.
    pub(in crate::auction) fn new(categories: &'a [Category]) -> Self {
        let tables: &Tables = &TABLES;
        let bits = [0; NODES.div_ceil(64)];
        let mut list = Self { bits, homes: 0, reached_from: !0, unknown: Vec::new() };
        for category in categories {
            match tables.exact(category.taxonomy, &category.id) {
                Some(node) => {
                    list.bits[node.index() / 64] |= 1 << (node.index() % 64);
                    list.homes |= tables.home(node);
                    list.reached_from &= tables.reached_from(node);
                }
                None => list.unknown.push(category),
            }
        }
        list
    }

    /// Returns what it says of a bid: the worst that it says of one of its categories.
    ///
    /// A bid that declares no category is clear.
    pub(in crate::auction) fn of_bid(&self, bid: &Bid) -> Verdict {
        let mut verdict = Verdict::Clear;
        for id in declared(bid) {
            match self.of(bid.category_taxonomy, id) {
                Verdict::Hit => return Verdict::Hit,
                Verdict::Unmapped => verdict = Verdict::Unmapped,
                Verdict::Clear => {}
            }
        }
        verdict
    }

    /// Says whether a bid declares a category, and each lies within one of the list.
    pub(in crate::auction) fn holds(&self, bid: &Bid) -> bool {
        declared(bid).next().is_some()
            && declared(bid).all(|id| self.of(bid.category_taxonomy, id) == Verdict::Hit)
    }

    fn of(&self, taxonomy: i32, id: &str) -> Verdict {
        let tables: &Tables = &TABLES;
        let exact = tables.exact(taxonomy, id);
        if exact.is_none() && self.unknown.iter().any(|listed| same(listed, taxonomy, id)) {
            return Verdict::Hit;
        }
        let Some(node) = exact.or_else(|| tables.node(taxonomy, id)) else {
            return Verdict::Unmapped;
        };
        let listed = |index: usize| self.bits[index / 64] >> (index % 64) & 1 == 1;
        if tables.hitting(node).iter().any(|node| listed(node.index())) {
            return Verdict::Hit;
        }
        let told = self.homes & !tables.maps_to(node) == 0
            && self.reached_from & tables.home(node) != 0
            && self.unknown.is_empty();
        if told { Verdict::Clear } else { Verdict::Unmapped }
    }
}

/// Returns the ids of categories that a bid declares.
pub(in crate::auction) fn declared(bid: &Bid) -> impl Iterator<Item = &str> {
    bid.categories.iter().map(|id| id.trim()).filter(|id| !id.is_empty())
}
